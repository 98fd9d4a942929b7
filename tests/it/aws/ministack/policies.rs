//! Checks that the roles of the stack allow what the cases needed, and nothing else.
#![expect(clippy::unwrap_used, reason = "policies that cannot be read fail the test")]

use std::path::Path;

use serde::Deserialize;
use tokio::process::Command;

use super::environment::file;
use super::server::Server;
use crate::world::process::finished;

/// What the platform does with the rights of a role, so that no request shows it: it writes logs, and encrypts.
const PLATFORM: [&str; 2] = ["logs:", "kms:GenerateDataKey"];

/// What is allowed though no case does it: the policy and the action, or its beginning, and why.
const NEVER_DONE: [(&str, &str, &str); 29] = [
    ("console", "iam:CreateServiceLinkedRole", "EventBridge makes the role with the first connection"),
    ("console", "secretsmanager:", "EventBridge writes and reads a connection's secret"),
    ("console", "kms:Decrypt", "S3 decrypts objects"),
    ("dispatch", "kms:Decrypt", "S3 decrypts objects"),
    ("erase", "secretsmanager:", "EventBridge deletes a connection's secret"),
    ("erase", "dynamodb:GetItem", "bodies that several events share go after hours, which no case waits for"),
    ("erase", "states:StopExecution", "retries wait there only with AsyncWorkflow=standard"),
    ("hydrate", "kms:Decrypt", "S3 decrypts objects"),
    ("transform", "kms:Decrypt", "S3 decrypts objects"),
    ("trigger", "kms:Decrypt", "S3 decrypts what it writes in parts"),
    ("deliver", "s3:ListBucket", "S3 asks for it, to answer 404 and not 403"),
    ("hydrate", "s3:ListBucket", "S3 asks for it, to answer 404 and not 403"),
    ("transform", "s3:ListBucket", "S3 asks for it, to answer 404 and not 403"),
    ("dispatch", "sqs:SendMessage", "Lambda moves an event there when it gives up"),
    ("notify", "dynamodb:", "the cases name nobody who wants a mail"),
    ("notify", "ses:SendEmail", "the emulator sends no mails"),
    ("notify", "sqs:SendMessage", "Lambda moves an event there when it gives up"),
    ("scheduler", "sqs:SendMessage", "EventBridge Scheduler moves an input there when it gives up"),
    ("deliver", "events:DescribeConnection", "only for connections that an operator made"),
    ("update-status", "dynamodb:DeleteItem", "only with KeepBodies=false"),
    ("standard", "dynamodb:", "new events start there only with AsyncWorkflow=standard"),
    ("standard", "events:PutEvents", "the cases with attempts that long succeed"),
    (
        "standard",
        "lambda:InvokeFunction",
        "the cases with attempts that long have no claim check and no transform",
    ),
    ("deliver", "sqs:ReceiveMessage", "Lambda receives the messages"),
    ("deliver", "sqs:DeleteMessage", "Lambda deletes the messages"),
    ("deliver", "sqs:GetQueueAttributes", "Lambda asks for them before it receives messages"),
    ("lanes", "sqs:ReceiveMessage", "Lambda receives the messages"),
    ("lanes", "sqs:GetQueueAttributes", "Lambda asks for them before it receives messages"),
    ("standard", "sqs:SendMessage", "the express machine does the same"),
];

#[derive(Deserialize)]
struct Report {
    /// How many different actions were seen.
    done: usize,
    refused: Vec<String>,
    unused: Vec<String>,
}

/// Compares all policies with all actions of functions, machines and schedules so far.
pub(super) async fn hold(server: &Server, python: &Path) {
    let mut policies = Command::new(python);
    policies.env_clear().env("HOME", server.dir.path());
    policies.arg(file("policies.py")).args(["--endpoint", &server.endpoint(), "--actions"]);
    policies.arg(server.actions());
    let done = finished(&mut policies).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Report = serde_json::from_slice(&done.stdout).unwrap();
    assert!(report.done > 100, "{} actions were seen", report.done);
    assert!(report.refused.is_empty(), "refused:\n{}", report.refused.join("\n"));
    let is_of_platform = |unused: &str| PLATFORM.iter().any(|action| unused.contains(&format!(" {action}")));
    let is_excused = |unused: &str| {
        NEVER_DONE.iter().any(|(policy, action, _)| unused.starts_with(&format!("{policy} {action}")))
    };
    let is_known = |unused: &str| is_of_platform(unused) || is_excused(unused);
    let unused: Vec<_> =
        report.unused.iter().map(String::as_str).filter(|unused| !is_known(unused)).collect();
    assert!(unused.is_empty(), "allowed, and never done:\n{}", unused.join("\n"));
    for (policy, action, why) in NEVER_DONE {
        let start = format!("{policy} {action}");
        let is_unused = report.unused.iter().any(|unused| unused.starts_with(&start));
        assert!(is_unused, "{start} is done after all ({why})");
    }
}
