//! The Lambda functions, read from the template that deploys them; there is no other list of them.
#![expect(clippy::unwrap_used, reason = "a template that cannot be read fails the test")]

use std::sync::LazyLock;

use crate::aws::template::{after, resources};

/// Optional variables: the function has a default for each.
pub(crate) const OPTIONAL: [&str; 10] = [
    "ALLOW_HTTP_TARGETS",
    "ALLOW_PRIVATE_TARGETS",
    "ASYNC_STANDARD",
    "CONSOLE_URL",
    "FRAME_ORIGINS",
    "INLINE_LIMIT",
    "KEEP_BODIES",
    "RETENTION_DAYS",
    "SENDS_MAIL",
    "STATIC_IPS",
];

/// A function in the template.
pub(crate) struct Function {
    /// The name of the function's crate folder and binary: `update-status`.
    pub(crate) name: String,
    /// The function's environment variables.
    pub(crate) variables: Vec<String>,
}

impl Function {
    /// The variables that the function requires.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str).filter(|name| !OPTIONAL.contains(name))
    }
}

/// All functions, sorted by name.
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

/// The function with this name.
pub(crate) fn function(name: &str) -> &'static Function {
    functions()
        .iter()
        .find(|function| function.name == name)
        .unwrap_or_else(|| panic!("there is no function {name}"))
}
