//! `hookstep event-types import` and `export`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hookstep_client::{ExportFormat, ImportResult, ImportedType};

use super::read_json;
use crate::out;
use crate::remote::Remote;
use crate::settings::{CommandResult, ExitResult};

pub(super) const IMPORT_HELP: &str = "\
The document is JSON: OpenAPI 3.1 or 3.2 with webhooks, or AsyncAPI 2 or 3 with
messages that its application sends. What the document does not say of a type
stays as it is.

The exit code is 0 if every type was taken, and 1 if one was refused.";

/// The exit code if a type is refused.
const REFUSED: u8 = 1;

/// The arguments of `hookstep event-types import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    remote: Remote,

    /// The file with the document, as JSON.
    file: String,

    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,

    /// Print each event type as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The arguments of `hookstep event-types export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    remote: Remote,

    /// The format of the document.
    #[arg(long, default_value = "openapi")]
    format: Format,

    /// Only types of this group.
    #[arg(long)]
    group: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lowercase")]
enum Format {
    /// OpenAPI 3.1, with webhooks.
    OpenApi,
    /// AsyncAPI 3.0.
    AsyncApi,
}

/// Runs `hookstep event-types import`.
pub(super) async fn import(args: ImportArgs) -> ExitResult {
    let document = read_json(&args.file)?;
    let import = args.remote.client()?.import_event_types(&document, args.dry_run).await?;
    for imported in &import.types {
        if args.json { out::json(imported)? } else { show(imported)? }
    }
    let is_refused = import.types.iter().any(|imported| imported.result == ImportResult::Refused);
    Ok(if is_refused { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

fn show(imported: &ImportedType) -> std::io::Result<()> {
    let name = if imported.name.is_empty() { &imported.at } else { &imported.name };
    let mut line = format!("{} {}", out::sanitise(name), imported.result.as_str());
    if let Some(version) = &imported.version {
        line += &format!(" {}", out::sanitise(version));
    }
    if let Some(reason) = &imported.reason {
        let place = imported.field.as_ref().unwrap_or(&imported.at);
        line += &format!(": {}: {}", out::sanitise(place), out::sanitise(reason));
    }
    out::line(line)
}

/// Runs `hookstep event-types export`.
pub(super) async fn export(args: ExportArgs) -> CommandResult {
    let format = match args.format {
        Format::OpenApi => ExportFormat::OpenApi,
        Format::AsyncApi => ExportFormat::AsyncApi,
    };
    let document = args.remote.client()?.export_event_types(format, args.group.as_deref()).await?;
    Ok(out::line(format_args!("{document:#}"))?)
}
