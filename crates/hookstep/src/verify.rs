//! `hookstep verify`.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::verify_at;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::keys::KeyArgs;
use crate::out;
use crate::settings::{BoxError, ExitResult};
use crate::when::duration;

pub(crate) const HELP: &str = "\
The body must be the same as received, byte for byte. Exit code: 0 if the
signature is valid, 1 if it is not, 2 for a wrong command line, 4 for a key or a
file that cannot be read.

Examples:
  export HOOKSTEP_SIGNING_SECRET=whsec_…
  hookstep verify body.json --headers headers.txt --tolerance 7d
  hookstep verify - --id 0193… --timestamp 1767323045 --signature 'v1,…' <body";

/// The arguments of `hookstep verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The file with the body; - is standard input, and the default.
    #[arg(default_value = "-")]
    body: String,

    /// The file with the headers, one `name: value` per line. It may contain other headers, too.
    #[arg(long, required_unless_present_all = ["id", "timestamp", "signature"])]
    headers: Option<String>,

    /// The header webhook-id.
    #[arg(long)]
    id: Option<String>,

    /// The header webhook-timestamp.
    #[arg(long)]
    timestamp: Option<String>,

    /// The header webhook-signature.
    #[arg(long)]
    signature: Option<String>,

    /// The highest age of the request.
    #[arg(long, default_value = "5m", value_parser = duration)]
    tolerance: Duration,

    #[command(flatten)]
    keys: KeyArgs,
}

/// Verifies a request.
pub(crate) async fn verify(args: VerifyArgs) -> ExitResult {
    let keys = args.keys.read().await?.all();
    if keys.is_empty() {
        return Err("there is no key to verify with: give --secret, --public-key or --org".into());
    }
    let headers = headers(&args)?;
    let body = read(&args.body)?;
    let now = hookstep_ambient::Sources::system().now().unix_seconds();
    match verify_at(&headers, &body, &keys, args.tolerance, now) {
        Ok(()) => {
            out::line("ok")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(reason) => {
            out::line(format_args!("not verified: {reason}"))?;
            Ok(ExitCode::from(1))
        }
    }
}

fn headers(args: &VerifyArgs) -> Result<HeaderMap, BoxError> {
    let mut headers = HeaderMap::new();
    let file = args.headers.as_deref().map(read).transpose()?.unwrap_or_default();
    let file = text(&file).ok_or("the headers are not text")?;
    for (name, value) in file.lines().filter_map(|line| line.split_once(':')) {
        let name = name.trim().trim_start_matches("< ").trim_start_matches("> ");
        // The file may be a whole request head: lines that are not headers are skipped.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.trim())) {
            headers.append(name, value);
        }
    }
    let given = [
        ("webhook-id", &args.id),
        ("webhook-timestamp", &args.timestamp),
        ("webhook-signature", &args.signature),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            headers.insert(name, HeaderValue::try_from(value)?);
        }
    }
    Ok(headers)
}

/// The text of a file: UTF-8, or UTF-16 as PowerShell writes it, with or without a byte order mark.
fn text(bytes: &[u8]) -> Option<String> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, odd) = rest.as_chunks();
        let units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
        String::from_utf16(&units).ok().filter(|_| odd.is_empty())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8(rest.to_vec()).ok(),
    }
}

fn read(path: &str) -> Result<Vec<u8>, BoxError> {
    let cannot = |error| format!("cannot read {path}: {error}").into();
    if path != "-" {
        return std::fs::read(path).map_err(cannot);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}
