//! Output: data goes to standard output, all else to standard error. A reader that goes away (`| head`) is not an error.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

/// Writes a line to standard output.
pub(crate) fn line(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Writes a text to standard output as it is.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a value to standard output as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Writes a line to standard error, for people.
pub(crate) fn note(note: impl Display) {
    // If standard error cannot be written to, there is no other place to report it.
    let _ = writeln!(io::stderr().lock(), "{note}");
}

/// Whether the reader of standard output has gone.
pub(crate) fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// A colour of the terminal's own palette, or a weight (ECMA-48).
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}

/// The text in a colour, if standard output is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
pub(crate) fn paint(colour: Colour, text: &str) -> String {
    let plain = hookstep_ambient::env::required("NO_COLOR").is_ok_and(|value| !value.is_empty());
    if plain || !io::stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\x1b[{}m{text}\x1b[0m", colour as u8)
}

/// A text of a receiver or a producer, without the characters that a terminal would obey: controls, and those
/// that change the direction of text.
pub(crate) fn sanitise(text: &str) -> String {
    let is_obeyed = |c: char| {
        let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (c.is_control() && c != '\n' && c != '\t')
    };
    text.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}
