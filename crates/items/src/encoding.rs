//! The encoding of an item's attributes in its row: a version, then each attribute as its name and its value. Lengths and
//! counts are LEB128. The attributes of the key are not in it: they are columns.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use hookstep_tables::{AttributeValue, Item};

use crate::definition::TableDefinition;

/// The version of the encoding.
const VERSION: u8 = 1;

/// How deep a value may nest, as in DynamoDB.
const MAX_DEPTH: usize = 32;

const STRING: u8 = b's';
const NUMBER: u8 = b'n';
const BINARY: u8 = b'b';
const TRUE: u8 = b'1';
const FALSE: u8 = b'0';
const NULL: u8 = b'-';
const MAP: u8 = b'm';
const LIST: u8 = b'l';
const STRINGS: u8 = b'S';
const NUMBERS: u8 = b'N';
const BINARIES: u8 = b'B';

/// What keeps bytes from being an item.
type Damage = &'static str;

/// Encodes an item without its key.
pub(crate) fn encode(item: &Item, table: &TableDefinition) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(VERSION);
    for (name, value) in item.iter().filter(|(name, _)| !table.is_key(name)) {
        put_bytes(name.as_bytes(), &mut bytes);
        put(value, &mut bytes);
    }
    bytes
}

/// Decodes an item, without its key.
pub(crate) fn decode(bytes: &[u8]) -> Result<Item, Damage> {
    decode_into(HashMap::with_capacity(24), bytes, |_| true)
}

/// Decodes some attributes of an item. Of the others, only where they end is looked at.
pub(crate) fn decode_only(bytes: &[u8], is_wanted: impl Fn(&str) -> bool) -> Result<Item, Damage> {
    decode_into(HashMap::new(), bytes, is_wanted)
}

fn decode_into(mut item: Item, bytes: &[u8], is_wanted: impl Fn(&str) -> bool) -> Result<Item, Damage> {
    let (version, mut rest) = bytes.split_first().ok_or("the row is empty")?;
    if *version != VERSION {
        return Err("the row has another encoding");
    }
    while !rest.is_empty() {
        let name = take_str(&mut rest)?;
        if is_wanted(name) {
            item.insert(name.to_owned(), take(&mut rest, MAX_DEPTH)?);
        } else {
            skip(&mut rest, MAX_DEPTH)?;
        }
    }
    Ok(item)
}

fn put(value: &AttributeValue, bytes: &mut Vec<u8>) {
    match value {
        AttributeValue::S(text) => tagged(STRING, text.as_bytes(), bytes),
        AttributeValue::N(number) => tagged(NUMBER, number.as_bytes(), bytes),
        AttributeValue::B(blob) => tagged(BINARY, blob.as_ref(), bytes),
        AttributeValue::Bool(truth) => bytes.push(if *truth { TRUE } else { FALSE }),
        AttributeValue::M(fields) => {
            bytes.push(MAP);
            put_length(fields.len(), bytes);
            for (name, value) in fields {
                put_bytes(name.as_bytes(), bytes);
                put(value, bytes);
            }
        }
        AttributeValue::L(values) => {
            bytes.push(LIST);
            put_length(values.len(), bytes);
            values.iter().for_each(|value| put(value, bytes));
        }
        AttributeValue::Ss(texts) => set(STRINGS, texts.iter().map(String::as_bytes), bytes),
        AttributeValue::Ns(numbers) => set(NUMBERS, numbers.iter().map(String::as_bytes), bytes),
        AttributeValue::Bs(blobs) => set(BINARIES, blobs.iter().map(AsRef::as_ref), bytes),
        // A kind that the SDK does not know cannot have been sent by us.
        _ => bytes.push(NULL),
    }
}

fn set<'a>(tag: u8, members: impl ExactSizeIterator<Item = &'a [u8]>, bytes: &mut Vec<u8>) {
    bytes.push(tag);
    put_length(members.len(), bytes);
    members.for_each(|member| put_bytes(member, bytes));
}

fn tagged(tag: u8, content: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(tag);
    put_bytes(content, bytes);
}

fn put_bytes(content: &[u8], bytes: &mut Vec<u8>) {
    put_length(content.len(), bytes);
    bytes.extend_from_slice(content);
}

fn put_length(mut length: usize, bytes: &mut Vec<u8>) {
    while length >= 0x80 {
        bytes.push((length as u8 & 0x7f) | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn take(rest: &mut &[u8], depth: usize) -> Result<AttributeValue, Damage> {
    let depth = depth.checked_sub(1).ok_or("a value nests too deeply")?;
    let (tag, after) = rest.split_first().ok_or("a value is cut off")?;
    *rest = after;
    Ok(match *tag {
        STRING => AttributeValue::S(take_text(rest)?),
        NUMBER => AttributeValue::N(take_text(rest)?),
        BINARY => AttributeValue::B(Blob::new(take_bytes(rest)?)),
        TRUE => AttributeValue::Bool(true),
        FALSE => AttributeValue::Bool(false),
        NULL => AttributeValue::Null(true),
        MAP => {
            let fields = take_length(rest)?;
            AttributeValue::M(
                (0..fields)
                    .map(|_| Ok((take_text(rest)?, take(rest, depth)?)))
                    .collect::<Result<_, Damage>>()?,
            )
        }
        LIST => {
            let values = take_length(rest)?;
            AttributeValue::L((0..values).map(|_| take(rest, depth)).collect::<Result<_, _>>()?)
        }
        STRINGS => AttributeValue::Ss(take_set(rest, take_text)?),
        NUMBERS => AttributeValue::Ns(take_set(rest, take_text)?),
        BINARIES => AttributeValue::Bs(take_set(rest, |rest| Ok(Blob::new(take_bytes(rest)?)))?),
        _ => return Err("a value has an unknown kind"),
    })
}

fn skip(rest: &mut &[u8], depth: usize) -> Result<(), Damage> {
    let depth = depth.checked_sub(1).ok_or("a value nests too deeply")?;
    let (tag, after) = rest.split_first().ok_or("a value is cut off")?;
    *rest = after;
    match *tag {
        STRING | NUMBER | BINARY => take_bytes(rest).map(drop),
        TRUE | FALSE | NULL => Ok(()),
        MAP => (0..take_length(rest)?).try_for_each(|_| take_bytes(rest).and_then(|_| skip(rest, depth))),
        LIST => (0..take_length(rest)?).try_for_each(|_| skip(rest, depth)),
        STRINGS | NUMBERS | BINARIES => (0..take_length(rest)?).try_for_each(|_| take_bytes(rest).map(drop)),
        _ => Err("a value has an unknown kind"),
    }
}

fn take_set<T>(rest: &mut &[u8], take: impl Fn(&mut &[u8]) -> Result<T, Damage>) -> Result<Vec<T>, Damage> {
    let members = take_length(rest)?;
    (0..members).map(|_| take(rest)).collect()
}

fn take_text(rest: &mut &[u8]) -> Result<String, Damage> {
    take_str(rest).map(str::to_owned)
}

fn take_str<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Damage> {
    std::str::from_utf8(take_bytes(rest)?).map_err(|_| "a text is no UTF-8")
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Damage> {
    let length = take_length(rest)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or("a text is cut off")?;
    *rest = after;
    Ok(bytes)
}

fn take_length(rest: &mut &[u8]) -> Result<usize, Damage> {
    let mut length = 0;
    for shift in (0..35).step_by(7) {
        let (byte, after) = rest.split_first().ok_or("a length is cut off")?;
        *rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err("a length is too large")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: TableDefinition = TableDefinition {
        name: "t",
        number: 1,
        partition_key: "pk",
        sort_key: Some("sk"),
        indexes: &[],
        views: &[],
    };

    fn value() -> impl Strategy<Value = AttributeValue> {
        let leaf = prop_oneof![
            any::<String>().prop_map(AttributeValue::S),
            any::<i64>().prop_map(|number| AttributeValue::N(number.to_string())),
            any::<Vec<u8>>().prop_map(|bytes| AttributeValue::B(Blob::new(bytes))),
            any::<bool>().prop_map(AttributeValue::Bool),
            Just(AttributeValue::Null(true)),
            prop::collection::vec(any::<String>(), 1..4).prop_map(AttributeValue::Ss),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
                prop::collection::hash_map(any::<String>(), inner, 0..4).prop_map(AttributeValue::M),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(item in prop::collection::hash_map("[a-z]{3,5}", value(), 0..8)) {
            prop_assert_eq!(decode(&encode(&item, &TABLE)), Ok(item));
        }

        #[test]
        fn a_part_of_an_item_is_what_the_whole_has_of_it(
            item in prop::collection::hash_map("[a-z]{3,5}", value(), 0..8),
            last in "[a-z]",
        ) {
            let is_wanted = |name: &str| name < last.as_str();
            let part = item.clone().into_iter().filter(|(name, _)| is_wanted(name)).collect();
            prop_assert_eq!(decode_only(&encode(&item, &TABLE), is_wanted), Ok(part));
        }

        #[test]
        fn damaged_rows_are_told(bytes: Vec<u8>) {
            let (whole, part) = (decode(&bytes), decode_only(&bytes, |_| false));
            // What is skipped is looked at less closely.
            prop_assert!(whole.is_err() || part.is_ok());
        }
    }
}
