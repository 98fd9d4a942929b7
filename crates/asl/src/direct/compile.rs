//! Finds the direct form of an expression in its syntax tree.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep};

use crate::functions;
use crate::json::Name;
use crate::scope::from_number;

use super::context::ContextField;
use super::{Direct, Json, Negated, Operator, Order, Root};

impl Direct {
    /// The direct form, or `None` if the expression needs the evaluator.
    pub(crate) fn of(node: &AstNode) -> Option<Direct> {
        match node {
            AstNode::String(text) => Some(Direct::Literal(Json::from(text.as_str()))),
            AstNode::Number(number) => from_number(*number).map(Direct::Literal),
            AstNode::Boolean(bool) => Some(Direct::Literal(Json::Bool(*bool))),
            AstNode::Null => Some(Direct::Literal(Json::Null)),
            AstNode::Variable(name) => variable(name, &[]),
            AstNode::Path { steps } => path(steps),
            AstNode::Block(expressions) => match expressions.as_slice() {
                [only] => Direct::of(only),
                _ => None,
            },
            AstNode::Function { name, args, is_builtin: true } => call(name, args),
            AstNode::Binary { op, lhs, rhs } => binary(*op, lhs, rhs),
            AstNode::Conditional { condition, then_branch, else_branch } => Some(Direct::Conditional(
                boxed(condition)?,
                boxed(then_branch)?,
                match else_branch {
                    Some(otherwise) => Some(boxed(otherwise)?),
                    None => None,
                },
            )),
            AstNode::Object(fields) => object(fields),
            _ => None,
        }
    }
}

fn boxed(node: &AstNode) -> Option<Box<Direct>> {
    Direct::of(node).map(Box::new)
}

fn path(steps: &[PathStep]) -> Option<Direct> {
    let (first, rest) = steps.split_first()?;
    let AstNode::Variable(name) = &first.node else { return None };
    let names: Vec<&str> = rest.iter().map(name_of).collect::<Option<_>>()?;
    if !is_bare(first) {
        return None;
    }
    if name != "states" {
        return variable(name, &names);
    }
    let (part, below) = names.split_first()?;
    let root = match *part {
        "input" => Root::Input,
        "result" | "errorOutput" => Root::Special((*part).to_owned()),
        "context" => {
            return ContextField::at(below).map(|field| Direct::Path(Root::Context(field), Vec::new()));
        }
        _ => return None,
    };
    Some(Direct::Path(root, owned(below)))
}

/// A variable without a value is undefined, unless a function has its name.
fn variable(name: &str, steps: &[&str]) -> Option<Direct> {
    if name.is_empty() || name == "states" || functions::is_known(name) {
        return None;
    }
    Some(Direct::Path(Root::Variable(name.to_owned()), owned(steps)))
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn name_of(step: &PathStep) -> Option<&str> {
    match &step.node {
        AstNode::Name(name) if is_bare(step) => Some(name),
        _ => None,
    }
}

/// Whether the step has no predicate and binds nothing.
fn is_bare(step: &PathStep) -> bool {
    step.stages.is_empty()
        && step.focus.is_none()
        && step.index_var.is_none()
        && step.ancestor_label.is_none()
        && !step.is_tuple
        && !step.inner_tuple
}

fn call(name: &str, arguments: &[AstNode]) -> Option<Direct> {
    let [argument] = arguments else { return None };
    let argument = boxed(argument)?;
    match name {
        "exists" => Some(Direct::Exists(argument)),
        "not" => Some(Direct::Not(argument)),
        "toMillis" => Some(Direct::ToMillis(argument)),
        _ => None,
    }
}

fn binary(operator: BinaryOp, one: &AstNode, other: &AstNode) -> Option<Direct> {
    let ordered = |order| Some(Direct::Ordered(order, boxed(one)?, boxed(other)?));
    let calculated = |operator| Some(Direct::Calculated(operator, boxed(one)?, boxed(other)?));
    match operator {
        BinaryOp::And => Some(Direct::And(boxed(one)?, boxed(other)?)),
        BinaryOp::Or => Some(Direct::Or(boxed(one)?, boxed(other)?)),
        BinaryOp::Equal => Some(Direct::Equal(Negated::No, boxed(one)?, boxed(other)?)),
        BinaryOp::NotEqual => Some(Direct::Equal(Negated::Yes, boxed(one)?, boxed(other)?)),
        BinaryOp::LessThan => ordered(Order::Less),
        BinaryOp::LessThanOrEqual => ordered(Order::LessOrEqual),
        BinaryOp::GreaterThan => ordered(Order::Greater),
        BinaryOp::GreaterThanOrEqual => ordered(Order::GreaterOrEqual),
        BinaryOp::Add => calculated(Operator::Add),
        BinaryOp::Subtract => calculated(Operator::Subtract),
        BinaryOp::Multiply => calculated(Operator::Multiply),
        BinaryOp::Divide => calculated(Operator::Divide),
        _ => None,
    }
}

fn object(fields: &[(AstNode, AstNode)]) -> Option<Direct> {
    let mut object: Vec<(Name, Direct)> = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let AstNode::String(name) = name else { return None };
        // JSONata refuses a repeated name.
        if object.iter().any(|(known, _)| **known == **name) {
            return None;
        }
        object.push((Name::from(name.clone()), Direct::of(value)?));
    }
    Some(Direct::Object(object))
}
