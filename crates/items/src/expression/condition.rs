//! Conditions: of writes, of filters, and of the keys of a query.

use std::cmp::Ordering;

use hookstep_tables::{AttributeValue, Item};

use super::parser::Parser;
use super::path::Path;
use super::{Placeholders, invalid};
use crate::error::Answered;

/// How deep conditions nest at most.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparison, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path, bool),
    BeginsWith(Path, Operand),
    Contains(Path, Operand),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Path(Path),
    Value(String),
    Size(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Condition {
    pub(crate) fn parse(text: &str) -> Answered<Self> {
        let mut parser = Parser::new(text)?;
        let condition = or(&mut parser, MAX_DEPTH)?;
        parser.end()?;
        Ok(condition)
    }

    /// The attributes that the condition looks at.
    pub(crate) fn names<'b>(&'b self, placeholders: Placeholders<'b>) -> Answered<Vec<&'b str>> {
        let mut names = Vec::new();
        self.each_path(&mut |path| {
            names.push(path.begin(placeholders)?);
            Ok(())
        })?;
        Ok(names)
    }

    fn each_path<'b>(&'b self, visit: &mut dyn FnMut(&'b Path) -> Answered<()>) -> Answered<()> {
        let of = |operand: &'b Operand, visit: &mut dyn FnMut(&'b Path) -> Answered<()>| match operand {
            Operand::Path(path) | Operand::Size(path) => visit(path),
            Operand::Value(_) => Ok(()),
        };
        match self {
            Self::And(one, other) | Self::Or(one, other) => {
                one.each_path(visit)?;
                other.each_path(visit)
            }
            Self::Not(condition) => condition.each_path(visit),
            Self::Compare(left, _, right) => {
                of(left, visit)?;
                of(right, visit)
            }
            Self::Between(operand, low, high) => {
                [operand, low, high].into_iter().try_for_each(|operand| of(operand, visit))
            }
            Self::In(operand, list) => {
                of(operand, visit)?;
                list.iter().try_for_each(|listed| of(listed, visit))
            }
            Self::Exists(path, _) => visit(path),
            Self::BeginsWith(path, operand) | Self::Contains(path, operand) => {
                visit(path)?;
                of(operand, visit)
            }
        }
    }

    /// Whether the condition holds for an item; one that does not exist is empty.
    pub(crate) fn holds(&self, item: &Item, placeholders: Placeholders<'_>) -> Answered<bool> {
        let value = |operand: &Operand| operand.value(item, placeholders);
        Ok(match self {
            Self::And(one, other) => one.holds(item, placeholders)? && other.holds(item, placeholders)?,
            Self::Or(one, other) => one.holds(item, placeholders)? || other.holds(item, placeholders)?,
            Self::Not(condition) => !condition.holds(item, placeholders)?,
            Self::Compare(left, comparison, right) => match (value(left)?, value(right)?) {
                (Some(left), Some(right)) => compare(&left, *comparison, &right),
                _ => false,
            },
            Self::Between(operand, low, high) => match (value(operand)?, value(low)?, value(high)?) {
                (Some(operand), Some(low), Some(high)) => {
                    compare(&operand, Comparison::GreaterOrEqual, &low)
                        && compare(&operand, Comparison::LessOrEqual, &high)
                }
                _ => false,
            },
            Self::In(operand, list) => {
                let Some(operand) = value(operand)? else { return Ok(false) };
                for listed in list {
                    if value(listed)?.is_some_and(|listed| compare(&operand, Comparison::Equal, &listed)) {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Exists(path, exists) => path.find(item, placeholders)?.is_some() == *exists,
            Self::BeginsWith(path, prefix) => {
                match (path.find(item, placeholders)?, value(prefix)?.as_deref()) {
                    (Some(AttributeValue::S(text)), Some(AttributeValue::S(prefix))) => {
                        text.starts_with(prefix.as_str())
                    }
                    _ => false,
                }
            }
            Self::Contains(path, part) => match (path.find(item, placeholders)?, value(part)?.as_deref()) {
                (Some(AttributeValue::S(text)), Some(AttributeValue::S(part))) => {
                    text.contains(part.as_str())
                }
                (Some(AttributeValue::Ss(texts)), Some(AttributeValue::S(part))) => texts.contains(part),
                (Some(AttributeValue::L(values)), Some(part)) => values.contains(part),
                _ => false,
            },
        })
    }
}

/// A value of an item or of a request, or one that was made.
enum Found<'a> {
    Borrowed(&'a AttributeValue),
    Made(AttributeValue),
}

impl std::ops::Deref for Found<'_> {
    type Target = AttributeValue;

    fn deref(&self) -> &AttributeValue {
        match self {
            Self::Borrowed(value) => value,
            Self::Made(value) => value,
        }
    }
}

impl Operand {
    pub(super) fn parse(parser: &mut Parser) -> Answered<Self> {
        if parser.function(&["size"]).is_some() {
            let path = parser.path()?;
            parser.expect(")")?;
            return Ok(Self::Size(path));
        }
        let path = parser.path_or_value()?;
        Ok(path)
    }

    fn value<'a>(&self, item: &'a Item, placeholders: Placeholders<'a>) -> Answered<Option<Found<'a>>> {
        Ok(match self {
            Self::Path(path) => path.find(item, placeholders)?.map(Found::Borrowed),
            Self::Value(name) => Some(Found::Borrowed(placeholders.value(name)?)),
            Self::Size(path) => path
                .find(item, placeholders)?
                .and_then(size)
                .map(|size| Found::Made(AttributeValue::N(size.to_string()))),
        })
    }
}

impl Parser {
    fn path_or_value(&mut self) -> Answered<Operand> {
        if let Some(value) = self.value() {
            Ok(Operand::Value(value))
        } else {
            self.path().map(Operand::Path)
        }
    }
}

fn size(value: &AttributeValue) -> Option<usize> {
    Some(match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::M(fields) => fields.len(),
        AttributeValue::L(values) => values.len(),
        AttributeValue::Ss(members) | AttributeValue::Ns(members) => members.len(),
        AttributeValue::Bs(members) => members.len(),
        _ => return None,
    })
}

fn compare(left: &AttributeValue, comparison: Comparison, right: &AttributeValue) -> bool {
    let ordering = match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => compare_numbers(left, right),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.as_ref().cmp(right.as_ref())),
        _ => return comparison == Comparison::Equal && left == right,
    };
    ordering.is_some_and(|ordering| comparison.holds(ordering))
}

/// Whole numbers exactly, others as doubles.
fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return Some(left.cmp(&right));
    }
    left.parse::<f64>().ok()?.partial_cmp(&right.parse().ok()?)
}

fn or(parser: &mut Parser, depth: usize) -> Answered<Condition> {
    let depth = depth.checked_sub(1).ok_or_else(|| invalid("the expression nests too deeply"))?;
    let mut condition = and(parser, depth)?;
    while parser.keyword("OR") {
        condition = Condition::Or(Box::new(condition), Box::new(and(parser, depth)?));
    }
    Ok(condition)
}

fn and(parser: &mut Parser, depth: usize) -> Answered<Condition> {
    let mut condition = not(parser, depth)?;
    while parser.keyword("AND") {
        condition = Condition::And(Box::new(condition), Box::new(not(parser, depth)?));
    }
    Ok(condition)
}

fn not(parser: &mut Parser, depth: usize) -> Answered<Condition> {
    let depth = depth.checked_sub(1).ok_or_else(|| invalid("the expression nests too deeply"))?;
    if parser.keyword("NOT") {
        return Ok(Condition::Not(Box::new(not(parser, depth)?)));
    }
    if parser.take("(") {
        let condition = or(parser, depth)?;
        parser.expect(")")?;
        return Ok(condition);
    }
    if let Some(function) =
        parser.function(&["attribute_exists", "attribute_not_exists", "begins_with", "contains"])
    {
        return call(parser, function);
    }
    comparison(parser)
}

fn call(parser: &mut Parser, function: &str) -> Answered<Condition> {
    let path = parser.path()?;
    let condition = match function {
        "attribute_exists" => Condition::Exists(path, true),
        "attribute_not_exists" => Condition::Exists(path, false),
        _ => {
            parser.expect(",")?;
            let operand = Operand::parse(parser)?;
            if function == "contains" {
                Condition::Contains(path, operand)
            } else {
                Condition::BeginsWith(path, operand)
            }
        }
    };
    parser.expect(")")?;
    Ok(condition)
}

fn comparison(parser: &mut Parser) -> Answered<Condition> {
    let left = Operand::parse(parser)?;
    if parser.keyword("BETWEEN") {
        let low = Operand::parse(parser)?;
        if !parser.keyword("AND") {
            return Err(invalid("BETWEEN lacks its AND"));
        }
        return Ok(Condition::Between(left, low, Operand::parse(parser)?));
    }
    if parser.keyword("IN") {
        parser.expect("(")?;
        let mut list = vec![Operand::parse(parser)?];
        while parser.take(",") {
            list.push(Operand::parse(parser)?);
        }
        parser.expect(")")?;
        return Ok(Condition::In(left, list));
    }
    let signs = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let comparison = signs.into_iter().find(|(sign, _)| parser.take(sign));
    let (_, comparison) = comparison.ok_or_else(|| invalid("the expression lacks a comparison"))?;
    Ok(Condition::Compare(left, comparison, Operand::parse(parser)?))
}

/// A limit of the sort keys of a query, and whether the limit itself belongs to them.
pub(crate) type Bound = Option<(String, bool)>;

/// The partition, and the limits of the sort keys, that a query's condition of the key names.
pub(crate) fn key_range(
    condition: &Condition,
    (partition_key, sort_key): (&str, Option<&str>),
    placeholders: Placeholders<'_>,
) -> Answered<(String, Bound, Bound)> {
    let unsupported = || invalid("the key condition must be a partition and at most one range of sort keys");
    let (partition, range) = match condition {
        Condition::And(partition, range) => (partition.as_ref(), Some(range.as_ref())),
        partition => (partition, None),
    };
    let text = |operand: &Operand| match operand {
        Operand::Value(name) => match placeholders.value(name)? {
            AttributeValue::S(text) => Ok(text.clone()),
            _ => Err(invalid("a key is a string")),
        },
        _ => Err(unsupported()),
    };
    let is = |operand: &Operand, name: Option<&str>| match operand {
        Operand::Path(path) => Ok::<_, crate::Refusal>(Some(path.top(placeholders)?) == name),
        _ => Ok(false),
    };
    let pk = match partition {
        Condition::Compare(key, Comparison::Equal, value) if is(key, Some(partition_key))? => text(value)?,
        _ => return Err(unsupported()),
    };
    let (low, high) = match range {
        None => (None, None),
        Some(Condition::Compare(key, comparison, value)) if is(key, sort_key)? => {
            let value = text(value)?;
            match comparison {
                Comparison::Equal => (Some((value.clone(), true)), Some((value, true))),
                Comparison::Less => (None, Some((value, false))),
                Comparison::LessOrEqual => (None, Some((value, true))),
                Comparison::Greater => (Some((value, false)), None),
                Comparison::GreaterOrEqual => (Some((value, true)), None),
            }
        }
        Some(Condition::Between(key, low, high)) if is(key, sort_key)? => {
            (Some((text(low)?, true)), Some((text(high)?, true)))
        }
        Some(Condition::BeginsWith(path, prefix)) if Some(path.top(placeholders)?) == sort_key => {
            let prefix = text(prefix)?;
            // The largest character there is; no key of ours has it.
            let high = format!("{prefix}\u{10ffff}");
            (Some((prefix, true)), Some((high, true)))
        }
        Some(_) => return Err(unsupported()),
    };
    Ok((pk, low, high))
}
