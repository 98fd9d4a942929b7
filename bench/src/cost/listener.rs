//! Counts the host's requests to AWS, which the host emits as tracing events.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::counts::Counts;

/// The target of the host's events.
const TARGET: &str = "hookstep_aws";

/// The caller when no task of a state machine is running: the function behind the API.
const EDGE: &str = "trigger";

/// The crates of the embedded host, which do not run on AWS.
const EMBEDDED_HOST: [&str; 3] = ["hookstep_aws_local", "hookstep_engine", "hookstep_host"];

/// Counts the host's AWS requests. Clones share the counts.
#[derive(Clone, Default)]
pub(crate) struct Listener(Arc<Mutex<Counts>>);

impl Listener {
    /// The counts since the last call.
    pub(crate) fn take(&self) -> Counts {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, asker: Option<&Asker>, request: &Fields) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (request.service.as_str(), request.operation.as_str()) {
            ("dynamodb", "GetItem" | "Query" | "Scan") => counts.read_units += request.units.unwrap_or(0.0),
            // A write whose condition fails is charged, too, but reports no units: our items fit into one
            // unit.
            ("dynamodb", _) => counts.write_units += request.units.unwrap_or(1.0),
            ("s3", "PUT") => counts.s3_puts += 1,
            ("s3", _) => counts.s3_gets += 1,
            _ => {}
        }
        let function = match asker {
            Some(Asker::Function(name)) => name,
            // The state machine's own request: no function waits for it.
            Some(Asker::Machine) => return,
            None => EDGE,
        };
        let function = counts.functions.entry(function.to_owned()).or_default();
        match request.service.as_str() {
            "lambda" => function.invocations += 1,
            service => *function.requests.entry(service.to_owned()).or_default() += 1,
        }
    }
}

/// The function that makes the requests within a span.
enum Asker {
    Function(String),
    Machine,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != TARGET {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields.function.map_or(Asker::Machine, Asker::Function));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == TARGET {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let mut spans = context.event_scope(event).into_iter().flatten();
            match spans.find(|span| span.extensions().get::<Asker>().is_some()) {
                Some(span) => self.count(span.extensions().get(), &fields),
                None => self.count(None, &fields),
            }
        } else if *metadata.level() <= Level::INFO && !is_embedded_host(metadata.target()) {
            // Events from outside the embedded host would be in a function's log.
            self.0.lock().unwrap_or_else(PoisonError::into_inner).log_lines += 1;
        }
    }
}

fn is_embedded_host(target: &str) -> bool {
    target.split("::").next().is_some_and(|name| EMBEDDED_HOST.contains(&name))
}

/// The relevant fields.
#[derive(Default)]
struct Fields {
    service: String,
    operation: String,
    function: Option<String>,
    units: Option<f64>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "service" => value.clone_into(&mut self.service),
            "operation" => value.clone_into(&mut self.operation),
            "function" => self.function = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "units" {
            self.units = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
