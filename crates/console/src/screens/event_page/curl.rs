//! The request of an attempt as a command. What was secret in it is a placeholder.

use hookstep_contract::{Attempt, Content};
use maud::{Markup, html};

/// A masked part of a header.
const MASKED: &str = "***";

/// The largest body that stands in the command itself, in bytes.
const INLINE_BYTES: usize = 4096;

/// The command, folded, with a button that copies it. Attempts of earlier versions have no URL, and so no command.
pub(super) fn section(attempt: &Attempt, body: Option<&Content>) -> Markup {
    let Some(command) = command(attempt, body) else { return html! {} };
    html! {
        details.headers {
            summary { "As a curl command" }
            p.copy-row { button.copy type="button" data-copy=(command) hidden aria-label="Copy the command" { "Copy" } }
            pre.code tabindex="0" { (command) }
            p.hint { "Replace what stands in angle brackets: secrets are not recorded. A receiver that verifies signatures refuses one that was not made for this request." }
        }
    }
}

fn command(attempt: &Attempt, body: Option<&Content>) -> Option<String> {
    let (method, url) = (attempt.method.as_ref()?, attempt.url.as_ref()?);
    let mut command = format!("curl -X {} {}", quoted(method), quoted(url));
    for (name, value) in &attempt.request_headers {
        // curl counts the bytes itself.
        if name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = if value.contains(MASKED) { format!("<{name}>") } else { value.clone() };
        command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    let data = match body {
        Some(Content::Text(text))
            if text.len() <= INLINE_BYTES && !text.starts_with("@") && !text.contains('\0') =>
        {
            quoted(text)
        }
        _ => "@body".to_owned(),
    };
    command.push_str(&format!(" \\\n  --data-binary {data}"));
    Some(command)
}

/// A word for a shell that stands for exactly this text. A text that begins with @ would name a file.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_no_secret_and_nothing_escapes_its_quotes() {
        let attempt: Attempt = serde_json::from_str(
            r#"{"number":1,"started_at":"2026-01-01T00:00:00Z","duration_ms":0,"outcome":"succeeded","method":"POST",
                "url":"https://example.com/it's?a=1&b=2","request_headers":{"authorization":"Bearer ***","content-length":"2",
                "webhook-signature":"v1,***","x-team":"a'; rm -rf $HOME"}}"#,
        )
        .unwrap();
        let command = command(&attempt, Some(&Content::Text("{'a'}".to_owned()))).unwrap();
        assert_eq!(
            command,
            "curl -X 'POST' 'https://example.com/it'\\''s?a=1&b=2' \\\n  -H 'authorization: <authorization>' \\\n  \
             -H 'webhook-signature: <webhook-signature>' \\\n  -H 'x-team: a'\\''; rm -rf $HOME' \\\n  \
             --data-binary '{'\\''a'\\''}'"
        );
    }
}
