//! Expressions that fail for every body, which are refused when a webhook is saved: regular expressions that
//! are none, functions that do not exist, and calls with a wrong number of arguments.

use std::collections::{HashMap, HashSet};

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::functions::string::build_regex;
use regex_syntax::ast::parse::Parser;

use super::functions::arguments;
use super::tree::{own_variables, parts};
use crate::fault::Expression;
use crate::{Fault, locate};

/// The functions whose second argument is a function.
const TAKE_FUNCTIONS: [&str; 7] = ["each", "filter", "map", "reduce", "sift", "single", "sort"];

/// Checks a parsed expression, whose text is `text`.
pub(crate) fn check(expression: Expression, text: &str, ast: &mut AstNode) -> Result<(), Fault> {
    let own = own_variables(ast);
    let texts = texts(ast);
    Check { expression, text, own, texts, calls: HashMap::new() }.visit(ast, 0)
}

struct Check<'a> {
    expression: Expression,
    text: &'a str,
    /// What the expression sets itself, and what may therefore be a function.
    own: HashSet<String>,
    /// The strings in the expression. An object may have a function under one of them.
    texts: HashSet<String>,
    /// How many calls of each function were seen, to find the place of the next one.
    calls: HashMap<String, usize>,
}

impl Check<'_> {
    /// Checks a node, to which `~>` passes `piped` arguments.
    fn visit(&mut self, node: &mut AstNode, piped: usize) -> Result<(), Fault> {
        match node {
            AstNode::Regex { pattern, flags } => self.regex(pattern, flags)?,
            AstNode::Function { name, args, is_builtin: true } => {
                self.call(name, args.len() + piped)?;
                let function = 1_usize.saturating_sub(piped);
                if let Some(AstNode::Variable(given)) =
                    args.get(function).filter(|_| TAKE_FUNCTIONS.contains(&&**name))
                {
                    self.known(given, locate::Named::Anywhere)?;
                }
            }
            AstNode::Function { name, is_builtin: false, .. } => self.call_without_sign(name)?,
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
                self.visit(lhs, 0)?;
                if let AstNode::Variable(name) = &**rhs {
                    self.known(name, locate::Named::Anywhere)?;
                }
                return self.visit(rhs, 1);
            }
            _ => {}
        }
        for part in parts(node) {
            self.visit(part, 0)?;
        }
        Ok(())
    }

    fn regex(&self, pattern: &str, flags: &str) -> Result<(), Fault> {
        let place = || locate::literal(self.text, &format!("/{pattern}/"));
        let (offset, reason) = match (Parser::new().parse(pattern), build_regex(pattern, flags)) {
            (Err(error), _) => (error.span().start.offset, error.kind().to_string()),
            (Ok(_), Err(error)) => (0, error.to_string()),
            (Ok(_), Ok(_)) => return Ok(()),
        };
        let within = pattern.get(..offset).map_or(0, |before| before.chars().count());
        let reason = format!("S0302: the regular expression /{pattern}/ cannot be used: {reason}");
        Err(Fault { position: Some(place() + 1 + within), ..self.expression.fault(reason) })
    }

    fn call(&mut self, name: &str, count: usize) -> Result<(), Fault> {
        let seen = self.calls.entry(name.to_owned()).or_default();
        *seen += 1;
        let nth = *seen;
        self.known(name, locate::Named::Called)?;
        let Some(takes) = arguments(name).filter(|_| !self.own.contains(name)) else { return Ok(()) };
        if takes.contains(&count) {
            return Ok(());
        }
        let wanted = match (*takes.start(), *takes.end()) {
            (least, most) if least == most => least.to_string(),
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let plural = if wanted == "1" { "" } else { "s" };
        let reason = format!("T0410: ${name} takes {wanted} argument{plural}, not {count}");
        let position = Some(locate::name(self.text, &format!("${name}"), locate::Named::Called, nth));
        Err(Fault { position, ..self.expression.fault(reason) })
    }

    /// Refuses a function that nobody has defined.
    fn known(&self, name: &str, named: locate::Named) -> Result<(), Fault> {
        // `$` and `$$` are the context and the body.
        if name.is_empty() || name == "$" || self.own.contains(name) || arguments(name).is_some() {
            return Ok(());
        }
        let position = Some(locate::name(self.text, &format!("${name}"), named, 1));
        let reason = format!("T1006: there is no function ${name}");
        Err(Fault { position, ..self.expression.fault(reason) })
    }

    /// Refuses `name(…)`. Without its `$`, a name is a field, and no field of a body is a function; only an
    /// object that the expression makes, or a match of a regular expression, can have one.
    fn call_without_sign(&self, name: &str) -> Result<(), Fault> {
        if name == "next" || self.texts.contains(name) {
            return Ok(());
        }
        let position = Some(locate::name(self.text, name, locate::Named::Called, 1));
        let reason = match arguments(name) {
            Some(_) => format!("T1005: {name} is not a function. Did you mean ${name}?"),
            None => format!("T1006: {name} is not a function"),
        };
        Err(Fault { position, ..self.expression.fault(reason) })
    }
}

/// All strings of an expression.
fn texts(node: &mut AstNode) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        if let AstNode::String(text) = node {
            found.insert(text.clone());
        }
        left.extend(parts(node));
    }
    found
}
