//! How large DynamoDB counts an item
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).

use crate::{AttributeValue, Item};

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
