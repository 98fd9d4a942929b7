//! What DynamoDB charges
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).

const READ_BYTES: usize = 4096;
const WRITE_BYTES: usize = 1024;

/// Capacity units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge(pub f64);

impl Charge {
    /// A read of items with this size in all.
    pub(crate) fn read(bytes: usize, consistent: bool) -> Self {
        let units = bytes.div_ceil(READ_BYTES).max(1) as f64;
        Self(if consistent { units } else { units / 2.0 })
    }

    /// A write of an item whose larger state has this size.
    pub(crate) fn write(bytes: usize) -> Self {
        Self(bytes.div_ceil(WRITE_BYTES).max(1) as f64)
    }
}
