//! Maximum lengths of files and functions. Longer ones do more than one thing.
#![expect(clippy::unwrap_used, reason = "a source that cannot be read fails the test")]

use std::path::Path;

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn};

use super::tree::{read, tracked_in};

const MAX_FUNCTION_LINES: usize = 60;

#[test]
fn functions_keep_to_their_budget() {
    let mut functions = Vec::new();
    for file in tracked_in(&["crates", "bench"], "rs").iter().filter(|file| !is_test(file)) {
        let found = functions_of(&read(file));
        functions.extend(found.into_iter().map(|function| (file.display().to_string(), function)));
    }
    assert!(functions.len() > 1000, "only {} functions were found", functions.len());
    functions.retain(|(_, function)| function.lines > MAX_FUNCTION_LINES);
    let long = functions.iter().map(|(file, Function { name, line, lines })| {
        format!("{file}:{line}: {name} has {lines} lines, {MAX_FUNCTION_LINES} are the most")
    });
    assert!(functions.is_empty(), "\n{}", long.collect::<Vec<_>>().join("\n"));
}

#[test]
fn functions_are_found_and_measured_wherever_they_stand() {
    let source = "
        fn one() {}
        impl A { pub(crate) async fn method(
            &self,
        ) -> u8 {
            fn within() { }
            1
        } }
        trait B { fn without_a_body(); fn provided(&self) {
        } }
        mod inner { fn deep() {
            // A comment counts: it is read, too.

        } }
        #[test]
        fn test() {}
        #[tokio::test]
        async fn asynchronous_test() {}
        #[cfg(test)]
        mod tests { fn helper() {} }";
    let found: Vec<_> = functions_of(source).into_iter().map(|found| (found.name, found.lines)).collect();
    let expected = [("one", 1), ("method", 6), ("within", 1), ("provided", 2), ("deep", 4)];
    assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
}

/// A test or a part of one: its length depends on its scenario.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs")
}

/// Every function in a source file, except those of tests.
fn functions_of(source: &str) -> Vec<Function> {
    let mut functions = Functions(Vec::new());
    functions.visit_file(&syn::parse_file(source).unwrap());
    functions.0
}

/// A function, measured from its `fn` to its closing brace.
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let line = |span: Span| span.start().line;
        let (first, last) = (line(signature.fn_token.span), line(body.brace_token.span.close()));
        self.0.push(Function { name: signature.ident.to_string(), line: first, lines: last - first + 1 });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.add(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            self.add(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
            visit::visit_trait_item_fn(self, function);
        }
    }
}

/// `#[cfg(test)]`, `#[test]`, and an async runtime's `#[test]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = attribute.path().segments.last().is_some_and(|name| name.ident == "test");
        let is_cfg = attribute.path().is_ident("cfg");
        is_test || (is_cfg && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test")))
    })
}
