//! `hookstep event-types`.

mod documents;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use hookstep_client::{Client, EventType, EventTypePatch, NewEventType, NewTypeVersion, OnInvalid};
use serde_json::Value;

use crate::out;
use crate::remote::Remote;
use crate::settings::{BoxError, CommandResult, ExitResult};

pub(crate) const HELP: &str = "\
A version has a JSON Schema (2020-12) and a sample that satisfies it. Versions
do not change: a new one is the current one from then on.

Examples:
  hookstep event-types create order.created --schema order.json \\
    --sample sample.json --on-invalid reject
  hookstep event-types add-version order.created --schema order-2.json
  hookstep event-types webhooks order.created      who listens to it
  hookstep event-types change order.created --deprecated true
  hookstep event-types import openapi.json --dry-run
  hookstep event-types export --format asyncapi > events.json";

/// The arguments of `hookstep event-types`.
#[derive(Debug, Args)]
pub(crate) struct EventTypesArgs {
    #[command(subcommand)]
    command: EventTypesCommand,
}

#[derive(Debug, Subcommand)]
enum EventTypesCommand {
    /// List the catalogue by name.
    List(ListArgs),
    /// Show an event type with its current schema and sample, as JSON.
    Show(ShowArgs),
    /// Add an event type.
    Create(CreateArgs),
    /// Change an event type.
    Change(ChangeArgs),
    /// Add a version to an event type.
    AddVersion(AddVersionArgs),
    /// List the webhooks that listen to an event type.
    Webhooks(NameArgs),
    /// Import event types from an OpenAPI or AsyncAPI document.
    #[command(after_help = documents::IMPORT_HELP)]
    Import(documents::ImportArgs),
    /// Export the catalogue as an OpenAPI or AsyncAPI document, in JSON.
    Export(documents::ExportArgs),
    /// Delete an event type with all its versions, or one version.
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    remote: Remote,

    /// Print each event type as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type.
    name: String,

    /// Show this version in place of the current one.
    #[arg(long)]
    version: Option<String>,
}

#[derive(Debug, Args)]
struct NameArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type.
    name: String,

    /// Print each webhook as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// What is said about a type.
#[derive(Debug, Args)]
struct FieldArgs {
    /// What an event of the type means.
    #[arg(long)]
    description: Option<String>,

    /// What it is listed with.
    #[arg(long)]
    group: Option<String>,

    /// Whether it is not to be used any more.
    #[arg(long)]
    deprecated: Option<bool>,

    /// What happens to an event whose payload does not satisfy the schema.
    #[arg(long)]
    on_invalid: Option<WhenInvalid>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhenInvalid {
    /// Payloads are not checked.
    Ignore,
    /// It is delivered, and its record says that it does not match.
    Mark,
    /// It is not accepted.
    Reject,
}

impl From<WhenInvalid> for OnInvalid {
    fn from(when: WhenInvalid) -> Self {
        match when {
            WhenInvalid::Ignore => Self::Ignore,
            WhenInvalid::Mark => Self::Mark,
            WhenInvalid::Reject => Self::Reject,
        }
    }
}

/// What the payloads of a version look like.
#[derive(Debug, Args)]
struct ContentArgs {
    /// The name of the version; by default the next number.
    #[arg(long)]
    version: Option<String>,

    /// A file with a JSON Schema (2020-12).
    #[arg(long, value_name = "FILE")]
    schema: Option<String>,

    /// A file with a payload, as JSON.
    #[arg(long, value_name = "FILE")]
    sample: Option<String>,
}

#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type, to which webhooks subscribe.
    name: String,

    #[command(flatten)]
    fields: FieldArgs,

    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type.
    name: String,

    #[command(flatten)]
    fields: FieldArgs,
}

#[derive(Debug, Args)]
struct AddVersionArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type.
    name: String,

    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    #[command(flatten)]
    remote: Remote,

    /// The name of the type.
    name: String,

    /// Delete only this version.
    #[arg(long)]
    version: Option<String>,
}

/// Runs the command.
pub(crate) async fn event_types(args: EventTypesArgs) -> ExitResult {
    match args.command {
        EventTypesCommand::List(args) => list(args).await?,
        EventTypesCommand::Show(args) => show(args).await?,
        EventTypesCommand::Create(args) => create(args).await?,
        EventTypesCommand::Change(args) => change(args).await?,
        EventTypesCommand::AddVersion(args) => add_version(args).await?,
        EventTypesCommand::Webhooks(args) => webhooks(args).await?,
        EventTypesCommand::Import(args) => return documents::import(args).await,
        EventTypesCommand::Export(args) => documents::export(args).await?,
        EventTypesCommand::Delete(args) => delete(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn delete(DeleteArgs { remote, name, version }: DeleteArgs) -> CommandResult {
    let client = remote.client()?;
    match version {
        Some(version) => client.delete_event_type_version(&name, &version).await?,
        None => client.delete_event_type(&name).await?,
    }
    Ok(out::line(format_args!("{} deleted", out::sanitise(&name)))?)
}

async fn list(args: ListArgs) -> CommandResult {
    let client = args.remote.client()?;
    for event_type in all(&client).await? {
        if args.json {
            out::json(&event_type)?;
            continue;
        }
        let version = event_type.versions.last().map_or("", |version| version.version.as_str());
        let state = if event_type.deprecated { " deprecated" } else { "" };
        let name = out::sanitise(&event_type.name);
        out::line(format_args!("{name} {version} {}{state}", event_type.on_invalid.as_str()))?;
    }
    Ok(())
}

/// All event types of the catalogue.
async fn all(client: &Client) -> Result<Vec<EventType>, BoxError> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = client.event_types(cursor.as_deref()).await?;
        found.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn show(args: ShowArgs) -> CommandResult {
    let client = args.remote.client()?;
    match args.version {
        Some(version) => out::json(&client.event_type_version(&args.name, &version).await?)?,
        None => out::json(&client.event_type(&args.name).await?)?,
    }
    Ok(())
}

async fn create(args: CreateArgs) -> CommandResult {
    let CreateArgs { remote, name, fields, content } = args;
    let NewTypeVersion { version, schema, sample } = content.read()?;
    let new = NewEventType {
        name,
        description: fields.description.unwrap_or_default(),
        group: fields.group,
        deprecated: fields.deprecated.unwrap_or_default(),
        on_invalid: fields.on_invalid.map(OnInvalid::from).unwrap_or_default(),
        version,
        schema,
        sample,
    };
    Ok(out::json(&remote.client()?.create_event_type(&new).await?)?)
}

async fn change(args: ChangeArgs) -> CommandResult {
    let FieldArgs { description, group, deprecated, on_invalid } = args.fields;
    let on_invalid = on_invalid.map(OnInvalid::from);
    let changes = EventTypePatch { description, group, deprecated, on_invalid };
    Ok(out::json(&args.remote.client()?.update_event_type(&args.name, &changes).await?)?)
}

async fn add_version(args: AddVersionArgs) -> CommandResult {
    let version = args.content.read()?;
    Ok(out::json(&args.remote.client()?.create_event_type_version(&args.name, &version).await?)?)
}

async fn webhooks(args: NameArgs) -> CommandResult {
    let client = args.remote.client()?;
    let mut cursor = None::<String>;
    loop {
        let page = client.event_type_webhooks(&args.name, cursor.as_deref()).await?;
        for webhook in &page.data {
            if args.json {
                out::json(webhook)?;
                continue;
            }
            let state = if webhook.enabled { "" } else { " (disabled)" };
            out::line(format_args!("{} {}{state}", webhook.config_id, out::sanitise(&webhook.name)))?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

impl ContentArgs {
    fn read(&self) -> Result<NewTypeVersion, BoxError> {
        let json = |file: &Option<String>| file.as_deref().map(read_json).transpose();
        Ok(NewTypeVersion {
            version: self.version.clone(),
            schema: json(&self.schema)?,
            sample: json(&self.sample)?,
        })
    }
}

/// The JSON in a file.
pub(crate) fn read_json(file: &str) -> Result<Value, BoxError> {
    let text = std::fs::read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("{file} is not JSON: {error}").into())
}
