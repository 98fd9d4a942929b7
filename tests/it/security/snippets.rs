//! The code that the console shows to receivers, run on signatures of ours.
#![expect(clippy::unwrap_used, reason = "a snippet that cannot be run fails the test")]

use std::path::Path;
use std::process::Command;

use hookstep_ambient::Sources;
use hookstep_signing::{Metadata, Secret, Signer};

use crate::world::Dir;
use crate::world::process::workspace;
use crate::world::python::{say, skip};

const NAME: &str = "snippets";
const BODY: &str = "{\"a\": 1.0}";
const ID: &str = "01939f2e-8a10-7000-8000-2b7d40c5aa12";

const PYTHON: &str = "import sys; from verify import verify\n\
    _, secret, id, timestamp, signature, body = sys.argv\n\
    headers = {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature}\n\
    assert verify(secret, headers, body.encode()) == body.encode()\n";
const NODE: &str = "import { verify } from './verify.mjs';\n\
    const [secret, id, timestamp, signature, body] = process.argv.slice(2);\n\
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };\n\
    verify(secret, headers, Buffer.from(body));\n";
const JAVA: &str = "import java.util.Map;\n\
    class Main { public static void main(String[] a) throws Exception {\n\
    Verify.verify(a[0], Map.of(\"webhook-id\", a[1], \"webhook-timestamp\", a[2], \"webhook-signature\", a[3]), a[4].getBytes(\"UTF-8\"));\n\
    } }\n";
const GO: &str = "package main\n\
    import (\"net/http\"; \"os\"; \"check/webhook\")\n\
    func main() { a := os.Args; h := http.Header{}\n\
    h.Set(\"webhook-id\", a[2]); h.Set(\"webhook-timestamp\", a[3]); h.Set(\"webhook-signature\", a[4])\n\
    if webhook.Verify(a[1], h, []byte(a[5])) != nil { os.Exit(1) } }\n";

/// A language: its program, the name of the snippet and where it goes, the code that calls it, and how it is run.
struct Language {
    program: &'static str,
    /// Whether the tests need the program for other things, too. The others are run where they are.
    is_needed: bool,
    snippet: (&'static str, &'static str),
    caller: (&'static str, &'static str),
    arguments: &'static [&'static str],
}

const LANGUAGES: [Language; 4] = [
    Language {
        program: "python3",
        is_needed: true,
        snippet: ("verify.py", "verify.py"),
        caller: ("main.py", PYTHON),
        arguments: &["main.py"],
    },
    Language {
        program: "node",
        is_needed: true,
        snippet: ("verify.mjs", "verify.mjs"),
        caller: ("main.mjs", NODE),
        arguments: &["main.mjs"],
    },
    Language {
        program: "java",
        is_needed: false,
        snippet: ("Verify.java", "Verify.java"),
        caller: ("Main.java", JAVA),
        arguments: &["-cp", ".", "Main"],
    },
    Language {
        program: "go",
        is_needed: false,
        snippet: ("verify.go", "webhook/verify.go"),
        caller: ("main.go", GO),
        arguments: &["run", ".", "--"],
    },
];

fn signature(secret: &Secret, seconds: i64) -> String {
    // While a secret is being replaced there are two signatures.
    let signer = Signer::new(Secret::from_random(&[8; 32]), vec![secret.clone()], vec![]);
    signer.sign(&Metadata::new(ID, seconds).unwrap(), BODY.as_bytes())
}

fn runs(language: &Language, dir: &Path, arguments: [&str; 5]) -> bool {
    let mut command = Command::new(language.program);
    let output = command.args(language.arguments).args(arguments).current_dir(dir).output().unwrap();
    output.status.success()
}

#[test]
fn every_snippet_takes_what_was_signed_and_nothing_else() {
    let secret = Secret::from_random(&[7; 32]);
    let now = (Sources::system().clock)().unix_timestamp();
    let signed = |seconds: i64| format!("v1,AAAA v1a,AAAA {}", signature(&secret, seconds));
    for language in &LANGUAGES {
        if Command::new(language.program).arg("--version").output().is_err() {
            let reason = format!("there is no {}", language.program);
            match language.is_needed {
                true => skip(NAME, "a snippet is not run", &reason),
                false => say(NAME, &format!("SKIPPED: a snippet is not run: {reason}")),
            }
            continue;
        }
        let dir = Dir::new();
        let (from, to) = language.snippet;
        std::fs::create_dir_all(dir.path().join(to).parent().unwrap()).unwrap();
        std::fs::copy(workspace().join("crates/console/assets/verify").join(from), dir.path().join(to))
            .unwrap();
        std::fs::write(dir.path().join(language.caller.0), language.caller.1).unwrap();
        if language.program == "java" {
            let built = Command::new("javac").arg("Main.java").current_dir(dir.path()).status().unwrap();
            assert!(built.success());
        }
        if language.program == "go" {
            std::fs::write(dir.path().join("go.mod"), "module check\n\ngo 1.21\n").unwrap();
        }
        let check = |seconds: i64, signature: &str, body: &str| {
            runs(language, dir.path(), [&secret.reveal(), ID, &seconds.to_string(), signature, body])
        };
        let name = language.program;
        assert!(check(now, &signed(now), BODY), "{name} refuses what was signed");
        assert!(!check(now, &signed(now), "{\"a\": 1}"), "{name} takes another body");
        assert!(!check(now, "v1,AAAA", BODY), "{name} takes a wrong signature");
        for other in [now - 600, now + 600] {
            assert!(!check(other, &signed(other), BODY), "{name} takes an old or a future one");
        }
    }
}
