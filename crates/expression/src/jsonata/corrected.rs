//! Where the evaluator differs from the reference implementation of JSONata, and can be corrected from
//! outside: expressions are rewritten before they are evaluated, and some functions are replaced.

use std::collections::HashSet;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::tree::{own_variables, parts};
use super::url;

/// A function of ours, which no expression can name because of the blank: a number without its fraction.
/// `$fromMillis` refuses a fraction.
const WHOLE: &str = "whole milliseconds";

/// A function of ours: nothing in place of an empty list. `$reduce` makes null of it.
const SOME: &str = "some items";

/// The functions that [`replace_functions`] replaces.
const REPLACED: [&str; 4] = ["encodeUrl", "encodeUrlComponent", "decodeUrl", "decodeUrlComponent"];

/// Rewrites an expression so that it yields what the reference implementation does.
pub(crate) fn rewrite(ast: &mut AstNode) {
    let own = own_variables(ast);
    visit(ast, &own);
}

fn visit(node: &mut AstNode, own: &HashSet<String>) {
    // `a ~> $f(b)` is `$f(a, b)`.
    if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node {
        visit(lhs, own);
        match &mut **rhs {
            AstNode::Function { name, args, .. } => {
                args.iter_mut().for_each(|argument| visit(argument, own));
                wrap_first(name, args.len() + 1, lhs, own);
            }
            AstNode::Variable(name) => wrap_first(name, 1, lhs, own),
            other => visit(other, own),
        }
        return;
    }
    for part in parts(node) {
        visit(part, own);
    }
    match node {
        AstNode::Function { name, args, is_builtin: true } if !own.contains(name) => {
            correct_call(name, args, own);
        }
        _ => {}
    }
}

/// Corrects a call of one of JSONata's functions.
fn correct_call(name: &mut String, args: &mut Vec<AstNode>, own: &HashSet<String>) {
    // A function of the host is not given the context in place of an argument that is left out.
    if args.is_empty() && (REPLACED.contains(&name.as_str()) || name == "fromMillis") {
        args.push(AstNode::Variable(String::new()));
    }
    // The evaluator's `$now` takes no arguments.
    if name == "now" && !args.is_empty() {
        "fromMillis".clone_into(name);
        args.insert(0, call("millis", Vec::new()));
    }
    // Nor is `$fromMillis`, once its argument is wrapped.
    if name == "fromMillis" && matches!(args.first(), Some(AstNode::String(_))) {
        args.insert(0, AstNode::Variable(String::new()));
    }
    let count = args.len();
    if let Some(first) = args.first_mut() {
        wrap_first(name, count, first, own);
    }
}

/// Wraps the first of `count` arguments of a function whose treatment of that argument differs.
fn wrap_first(name: &str, count: usize, argument: &mut AstNode, own: &HashSet<String>) {
    let wrapper = match (name, count) {
        ("fromMillis", _) => WHOLE,
        // With a first value, the result for an empty list is that value.
        ("reduce", 2) => SOME,
        _ => return,
    };
    if *argument != AstNode::Placeholder && !own.contains(name) {
        let inner = std::mem::replace(argument, AstNode::Null);
        *argument = call(wrapper, vec![inner]);
    }
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

/// Replaces functions of the evaluator. `random` makes numbers in `0.0..1.0`.
pub(crate) fn replace_functions(
    evaluator: &mut Evaluator,
    random: fn() -> f64,
) -> Result<(), EvaluatorError> {
    evaluator.register_fn_override("random", move |_: &[JValue]| Ok(JValue::from_f64(random())))?;
    evaluator.register_fn_override("encodeUrl", |args: &[JValue]| {
        of_text("encodeUrl", args, |text| Some(url::encode(text)))
    })?;
    evaluator.register_fn_override("encodeUrlComponent", |args: &[JValue]| {
        of_text("encodeUrlComponent", args, |text| Some(url::encode_component(text)))
    })?;
    evaluator.register_fn_override("decodeUrl", |args: &[JValue]| of_text("decodeUrl", args, url::decode))?;
    evaluator.register_fn_override("decodeUrlComponent", |args: &[JValue]| {
        of_text("decodeUrlComponent", args, url::decode_component)
    })?;
    evaluator.register_fn(WHOLE, |args: &[JValue]| {
        Ok(match args.first() {
            Some(JValue::Number(number)) => JValue::from_f64(number.trunc()),
            other => other.cloned().unwrap_or(JValue::Undefined),
        })
    })?;
    evaluator.register_fn(SOME, |args: &[JValue]| {
        Ok(match args.first() {
            Some(JValue::Array(items)) if items.is_empty() => JValue::Undefined,
            other => other.cloned().unwrap_or(JValue::Undefined),
        })
    })
}

fn of_text(name: &str, args: &[JValue], make: fn(&str) -> Option<String>) -> Result<JValue, EvaluatorError> {
    match args.first() {
        None | Some(JValue::Undefined) => Ok(JValue::Undefined),
        Some(JValue::String(text)) => make(text).map(JValue::string).ok_or_else(|| {
            EvaluatorError::EvaluationError(format!("D3140: Malformed URL passed to ${name}(): \"{text}\""))
        }),
        Some(_) => Err(EvaluatorError::TypeError(format!(
            "T0410: Argument 1 of function \"{name}\" does not match function signature"
        ))),
    }
}
