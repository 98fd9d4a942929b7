//! A function that is traced, for the test of its traces: a step that answers its input or, with the argument `trigger`, a
//! trigger that accepts nothing.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use hookstep_contract::StepError;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    if std::env::args().any(|argument| argument == "trigger") {
        let refuse = post(async || StatusCode::NOT_FOUND);
        return hookstep_lambda_edge::serve(Router::new().route("/webhook/{config_id}/trigger", refuse))
            .await;
    }
    hookstep_lambda_edge::run(async |input: Value| Ok::<_, StepError>(input)).await
}
