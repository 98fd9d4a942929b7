//! Makes spans of what the functions do, from outside of them.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_ambient::Sources;
use hookstep_asl::{Json, TaskError};
use hookstep_engine::Functions;
use hookstep_otlp::{Spans, Step};

use crate::Options;
use crate::observed::ObservedFunctions;

/// The functions; if spans are wanted, each invocation that is about an event has one.
pub(crate) fn functions(functions: ObservedFunctions, options: &Options) -> Arc<dyn Functions> {
    match &options.spans {
        None => Arc::new(functions),
        Some(spans) => {
            Arc::new(TracedFunctions { functions, spans: spans.clone(), sources: options.sources })
        }
    }
}

/// The step functions. Their invocations are the steps of an event.
struct TracedFunctions {
    functions: ObservedFunctions,
    spans: Spans,
    sources: Sources,
}

impl Functions for TracedFunctions {
    fn invoke<'a>(&'a self, arn: &'a str, payload: Json) -> BoxFuture<'a, Result<Json, TaskError>> {
        let step = Step::begin(&payload, self.now());
        let invocation = self.functions.invoke(arn, payload);
        let Some(step) = step else { return invocation };
        async move {
            let result = invocation.await;
            let function = arn.rsplit(':').next().unwrap_or_default();
            let outcome = result.as_ref().map_err(|error| &*error.error);
            self.spans.ended(step, function, outcome, self.now());
            result
        }
        .boxed()
    }
}

impl TracedFunctions {
    fn now(&self) -> SystemTime {
        (self.sources.clock)().into()
    }
}
