//! What DynamoDB charges, and how large it counts an item
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).

use hookstep_tables::{AttributeValue, Item};

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

/// The size of an item as DynamoDB counts it, in bytes.
pub fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of(value)).sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::M(fields) => {
            3 + fields.iter().map(|(name, value)| name.len() + size_of(value) + 1).sum::<usize>()
        }
        AttributeValue::L(values) => 3 + values.iter().map(|value| size_of(value) + 1).sum::<usize>(),
        AttributeValue::Ss(members) => members.iter().map(String::len).sum(),
        AttributeValue::Ns(members) => members.iter().map(|number| number.len().div_ceil(2) + 1).sum(),
        AttributeValue::Bs(members) => members.iter().map(|bytes| bytes.as_ref().len()).sum(),
        _ => 1,
    }
}
