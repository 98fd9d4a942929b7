//! A YAML value that knows its lines, and which parts came from the environment.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use crate::settings::BoxError;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Counted from 1.
    pub(super) line: u64,
    pub(super) tree: Tree,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Scalar(Value),
    /// A text with parts from the environment, and the text as the file has it.
    FromEnv {
        value: String,
        shown: String,
    },
    List(Vec<Node>),
    /// In the order of the file. The line is the key's.
    Map(Vec<(String, Node)>),
}

/// Reads YAML 1.2: only `true` and `false` are that, and no key is there twice.
pub(super) fn parse(yaml: &str) -> Result<Node, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(yaml, serde_saphyr::options! { strict_booleans: true })
}

impl Node {
    /// The value as the API is given it.
    pub(super) fn value(&self) -> Value {
        self.json(&|value, _| Value::from(value))
    }

    /// The value as it may be shown.
    pub(super) fn shown(&self) -> Value {
        self.json(&|_, shown| Value::from(shown))
    }

    fn json(&self, choose: &impl Fn(&str, &str) -> Value) -> Value {
        match &self.tree {
            Tree::Scalar(value) => value.clone(),
            Tree::FromEnv { value, shown } => choose(value, shown),
            Tree::List(nodes) => nodes.iter().map(|node| node.json(choose)).collect(),
            Tree::Map(fields) => {
                let fields = fields.iter().map(|(name, node)| (name.clone(), node.json(choose)));
                Value::Object(Map::from_iter(fields))
            }
        }
    }

    /// The field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        let Tree::Map(fields) = &self.tree else { return None };
        fields.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// The text of a field, if it is one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.field(name)?.value().as_str().map(str::to_owned)
    }

    /// The line of the API's `retry.schedule_seconds[1]`, or of as much of it as is there.
    pub(super) fn line_of(&self, path: &str) -> u64 {
        let mut node = self;
        for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            let next = match &node.tree {
                Tree::List(nodes) => part.parse().ok().and_then(|index: usize| nodes.get(index)),
                _ => node.field(part),
            };
            let Some(next) = next else { break };
            node = next;
        }
        node.line
    }

    /// Puts the environment in the place of every `${NAME}`.
    pub(super) fn fill(&mut self, env: &impl Fn(&str) -> Option<String>) -> Result<(), BoxError> {
        match &mut self.tree {
            Tree::Scalar(Value::String(text)) => {
                let shown = text.clone();
                let (value, is_from_env) =
                    filled(text, env).map_err(|reason| format!("line {}: {reason}", self.line))?;
                self.tree =
                    if is_from_env { Tree::FromEnv { value, shown } } else { Tree::Scalar(value.into()) };
                Ok(())
            }
            Tree::Scalar(_) | Tree::FromEnv { .. } => Ok(()),
            Tree::List(nodes) => nodes.iter_mut().try_for_each(|node| node.fill(env)),
            Tree::Map(fields) => fields.iter_mut().try_for_each(|(_, node)| node.fill(env)),
        }
    }
}

/// The text with the environment in it, and whether there was anything to put in.
fn filled(text: &str, env: &impl Fn(&str) -> Option<String>) -> Result<(String, bool), String> {
    let (mut out, mut rest, mut is_from_env) = (String::new(), text, false);
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out += &rest[..at - 1];
            out += "${";
            rest = &rest[at + 2..];
            continue;
        }
        let end = rest[at..].find('}').ok_or("a ${ without its }")?;
        let name = &rest[at + 2..at + end];
        out += &rest[..at];
        out += &env(name).ok_or_else(|| format!("the environment variable {name:?} must be set"))?;
        rest = &rest[at + end + 1..];
        is_from_env = true;
    }
    Ok((out + rest, is_from_env))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Tree>::deserialize(deserializer)?;
        Ok(Self { line: referenced.line(), tree: value })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has too")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a number that JSON has"))?;
        Ok(Tree::Scalar(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Tree::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut fields: Vec<(String, Node)> = Vec::new();
        while let Some((key, mut node)) = entries.next_entry::<Spanned<String>, Node>()? {
            node.line = key.referenced.line();
            fields.push((key.value, node));
        }
        Ok(Tree::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(yaml: &str) -> Node {
        parse(yaml).unwrap()
    }

    #[test]
    fn values_are_those_of_json_and_know_their_lines() {
        let node =
            read("a: 1\nb:\n  - x\n  - {c: null, d: 1.5, e: yes}\n'1': \"2\"\nf: true\ng: 2026-01-02\n");
        let expected = json!({
            "a": 1, "b": ["x", {"c": null, "d": 1.5, "e": "yes"}], "1": "2", "f": true, "g": "2026-01-02"
        });
        assert_eq!(node.value(), expected);
        for (path, line) in
            [("a", 1), ("b", 2), ("b[0]", 3), ("b[1].d", 4), ("b[1].none", 4), ("f", 6), ("x", 1)]
        {
            assert_eq!(node.line_of(path), line, "{path}");
        }
    }

    #[test]
    fn the_environment_is_put_in_and_not_shown() {
        let mut node = read("a: ${ONE}-${TWO}\nb: $${ONE} $x\nc: ['${ONE}']\n");
        let env = |name: &str| (name == "ONE" || name == "TWO").then(|| name.to_lowercase());
        node.fill(&env).unwrap();
        assert_eq!(node.value(), json!({"a": "one-two", "b": "${ONE} $x", "c": ["one"]}));
        assert_eq!(node.shown(), json!({"a": "${ONE}-${TWO}", "b": "${ONE} $x", "c": ["${ONE}"]}));
        let error = read("a: 1\nb: ${NONE}\n").fill(&env).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("NONE"), "{error}");
    }

    #[test]
    fn what_json_does_not_have_is_refused() {
        for wrong in ["a: .nan", "a: 1\na: 2", "a: [", "{1: 2"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
