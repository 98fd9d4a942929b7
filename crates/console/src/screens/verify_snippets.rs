//! How a receiver verifies a signature, in five languages. The files are compiled and run by tests.

use maud::{Markup, html};

/// The languages, with a file for each. They show how the rules work, and need no library of ours.
pub(crate) const SNIPPETS: [(&str, &str); 5] = [
    ("Python", include_str!("../../assets/verify/verify.py")),
    ("JavaScript and TypeScript", include_str!("../../assets/verify/verify.mjs")),
    ("Go", include_str!("../../assets/verify/verify.go")),
    ("Rust", include_str!("../../assets/verify/verify.rs")),
    ("Java", include_str!("../../assets/verify/Verify.java")),
];

/// The snippets, one of them open at a time.
pub(crate) fn snippets() -> Markup {
    html! {
        section.snippets aria-labelledby="snippets-title" {
            h2 #snippets-title { "Verify it in the receiver" }
            p.muted.small { "Read the secret from the environment of the receiver, and pass the body as it came, before anything parses it." }
            @for (language, code) in SNIPPETS {
                details.snippet name="snippet" {
                    summary { (language) }
                    div.copy-row { button.copy type="button" data-copy=(code.trim_end()) hidden aria-label={"Copy the code for " (language)} { "Copy" } }
                    pre.code tabindex="0" { (code.trim_end()) }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "../../assets/verify/verify.rs"]
#[expect(
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "it is code of a receiver, which reads its own clock"
)]
mod snippet;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::snippet;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a receiver reads its own clock")]
    fn the_rust_snippet_takes_what_was_signed_and_nothing_else() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let signed = |timestamp: u64, body: &str| {
            let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
            let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            let mac = mac.chain_update(format!("id.{timestamp}.{body}")).finalize().into_bytes();
            format!("v1a,AAAA v1,AAAA v1,{}", STANDARD.encode(mac))
        };
        let check = |timestamp: u64, signatures: &str, body: &str| {
            snippet::verify(SECRET, "id", &timestamp.to_string(), signatures, body.as_bytes())
        };
        assert!(check(now, &signed(now, "{}"), "{}"));
        assert!(!check(now, &signed(now, "{}"), "{ }") && !check(now, "", "{}"));
        assert!(
            !check(now - 600, &signed(now - 600, "{}"), "{}")
                && !check(now + 600, &signed(now + 600, "{}"), "{}")
        );
        assert!(!snippet::verify(SECRET, "id", "soon", &signed(now, "{}"), b"{}"));
    }
}
