//! The names that an expression uses, found by walking its syntax tree.

use std::collections::BTreeSet;

use jsonata_core::ast::AstNode;
use serde_json::Value;

use crate::error::ExpressionError;
use crate::functions;

/// The names in one expression.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Variables that the expression reads: the machine's variables, and functions passed by name.
    pub(crate) variables: BTreeSet<String>,
    /// Functions that the expression calls.
    pub(crate) calls: BTreeSet<String>,
    /// Names that the expression binds: parameters, `:=`, `@` and `#`.
    pub(crate) locals: BTreeSet<String>,
    /// The parts of `$states` that the expression reads, as dotted paths: `input.id`, `context.Execution.Id`.
    states: BTreeSet<String>,
}

impl Names {
    /// Collects the names in an expression; rejects unsupported functions and unsupported uses of `$states`.
    pub(crate) fn of(ast: &AstNode) -> Result<Names, ExpressionError> {
        // The tree has two dozen node types; its serialised form can be walked without handling each of them.
        let tree = serde_json::to_value(ast).map_err(ExpressionError::Inspect)?;
        let mut names = Names::default();
        names.walk(&tree)?;
        let Names { variables, calls, locals, .. } = &mut names;
        variables.retain(|name| !locals.contains(name));
        calls.retain(|name| !locals.contains(name));
        match calls.iter().find(|name| !functions::is_supported(name)) {
            Some(unknown) => Err(ExpressionError::Function(unknown.clone())),
            None => Ok(names),
        }
    }

    /// Whether the expression may read this path in `$states`, or a path below or above it.
    pub(crate) fn reads_state(&self, place: &str) -> bool {
        let within = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.states.iter().any(|path| within(path, place) || within(place, path))
    }

    fn walk(&mut self, node: &Value) -> Result<(), ExpressionError> {
        match node {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.visit(key, value)?;
                }
                Ok(())
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item)),
            _ => Ok(()),
        }
    }

    fn visit(&mut self, key: &str, value: &Value) -> Result<(), ExpressionError> {
        match key {
            "Path" if value["steps"][0]["node"]["Variable"] == "states" => return self.visit_states(value),
            "Variable" if value == "states" => return Err(ExpressionError::States),
            "ParentVariable" => return Err(ExpressionError::Root),
            "Variable" => self.variables.extend(text(value)),
            "Function" if value["is_builtin"] == false => {
                return Err(ExpressionError::Function(text(&value["name"]).unwrap_or_default()));
            }
            "Function" => self.calls.extend(text(&value["name"])),
            "Lambda" => self.locals.extend(value["params"].as_array().into_iter().flatten().filter_map(text)),
            "Binary" if value["op"] == "ColonEqual" => self.locals.extend(text(&value["lhs"]["Variable"])),
            "focus" | "index_var" | "Index" => self.locals.extend(text(value)),
            _ => {}
        }
        self.walk(value)
    }

    /// Records a path such as `$states.input.a.b`, up to the first step that is not a plain name.
    fn visit_states(&mut self, path: &Value) -> Result<(), ExpressionError> {
        let steps = path["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (states, rest) = steps.split_first().ok_or(ExpressionError::States)?;
        let plain: Vec<&str> = rest.iter().map_while(|step| step["node"]["Name"].as_str()).collect();
        let known = ["input", "result", "errorOutput", "context"];
        if states["stages"] != Value::Array(vec![]) || !plain.first().is_some_and(|name| known.contains(name))
        {
            return Err(ExpressionError::States);
        }
        self.states.insert(plain.join("."));
        rest.iter().try_for_each(|step| self.walk(step))
    }
}

/// The name in a node; `$` is the variable with the empty name, and is always bound.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}
