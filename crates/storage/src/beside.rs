//! A change that goes with another one.

use std::fmt;

use rusqlite::{Connection, Error};

/// A change that is made in the transaction of another one: both or neither. It may be run several times, each time after the
/// one before was rolled back.
pub struct Beside(Box<Change>);

type Change = dyn FnMut(&Connection) -> Result<(), Error> + Send;

impl Beside {
    /// Makes this change.
    pub fn new(change: impl FnMut(&Connection) -> Result<(), Error> + Send + 'static) -> Self {
        Self(Box::new(change))
    }

    /// Makes the change in the current transaction.
    ///
    /// # Errors
    /// If a statement fails.
    pub fn run(&mut self, connection: &Connection) -> Result<(), Error> {
        (self.0)(connection)
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Beside")
    }
}
