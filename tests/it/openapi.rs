//! The OpenAPI document: what is served is what the code says, all of it, and nothing else.
//!
//! After a change of a route or of what it takes and answers: `UPDATE_OPENAPI=1 cargo nextest run --workspace -E 'test(openapi::)'`.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read ends the test")]

mod document;

use crate::process::workspace;

const PATH: &str = "crates/console/openapi.json";

#[test]
fn the_document_is_as_the_code_says() {
    let (path, generated) = (workspace().join(PATH), document::generate());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let differs = kept.lines().zip(generated.lines()).position(|(kept, generated)| kept != generated);
    assert!(
        kept == generated,
        "{PATH} is out of date, from line {differs:?} (from 0): UPDATE_OPENAPI=1 writes it anew"
    );
}
