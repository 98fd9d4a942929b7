//! The Lambda functions, read from the template that deploys them: nowhere else is a list of them.
#![expect(clippy::unwrap_used, reason = "a template that cannot be read ends the test")]

use std::sync::LazyLock;

use crate::aws::template::{after, resources};

/// Variables that a function can do without: it has a default for each.
pub(crate) const OPTIONAL: [&str; 7] = [
    "ALLOW_HTTP_TARGETS",
    "ALLOW_PRIVATE_TARGETS",
    "ASYNC_STANDARD",
    "INLINE_LIMIT",
    "KEEP_BODIES",
    "RETENTION_DAYS",
    "STATIC_IPS",
];

/// A function of the template.
pub(crate) struct Function {
    /// The name of its crate's folder and of its binary: `update-status`.
    pub(crate) name: String,
    /// The environment variables that it is given.
    pub(crate) variables: Vec<String>,
}

impl Function {
    /// The variables that it cannot do without.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str).filter(|name| !OPTIONAL.contains(name))
    }
}

/// All functions, in the order of their names.
pub(crate) fn functions() -> &'static [Function] {
    static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
        let resources = resources();
        let functions =
            resources.values().filter(|text| text.contains("    Type: AWS::Serverless::Function\n"));
        functions
            .map(|text| {
                let source = text.split("CodeUri: ../crates/").nth(1).unwrap();
                let name = source.lines().next().unwrap().to_owned();
                let variables = after(text, "        Variables:");
                let variables = variables.map(|line| line.trim().split(':').next().unwrap().to_owned());
                Function { name, variables: variables.collect() }
            })
            .collect()
    });
    &FUNCTIONS
}

/// The function of this name.
pub(crate) fn function(name: &str) -> &'static Function {
    functions()
        .iter()
        .find(|function| function.name == name)
        .unwrap_or_else(|| panic!("there is no function {name}"))
}
