//! The alarms of `infra/template.yaml`: what each watches, and that people know what to do about it. No emulator has
//! the metrics of AWS, so they are checked by name; `ministack` makes each alarm ring with numbers of its own.
#![expect(clippy::unwrap_used, reason = "an alarm that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tree::{read, tracked_in};
use crate::aws::functions::functions;
use crate::aws::template::resources;

const RUNBOOKS: &str = "docs/runbooks.md";

/// An alarm: its name, its metrics, and when it rings.
const ALARMS: [(&str, &[&str], &str); 16] = [
    (
        "ExecutionsFailed",
        &["AWS/States ExecutionsFailed", "AWS/States ExecutionsTimedOut", "AWS/States ExecutionsAborted"],
        "GreaterThanThreshold 0",
    ),
    ("ExecutionsThrottled", &["AWS/States ExecutionThrottled"], "GreaterThanThreshold 0"),
    // What the second counts is taken off.
    (
        "FunctionErrors",
        &["AWS/Lambda Errors", "!Ref AWS::StackName EventsOfDeletedWebhooks"],
        "GreaterThanThreshold 0",
    ),
    ("FunctionThrottles", &["AWS/Lambda Throttles"], "GreaterThanThreshold 0"),
    ("BackgroundErrors", &["AWS/Lambda Errors", "AWS/Lambda Throttles"], "GreaterThanThreshold 0"),
    // In percent of `AccountConcurrency`.
    ("Concurrency", &["AWS/Lambda ClaimedAccountConcurrency"], "GreaterThanOrEqualToThreshold 80"),
    (
        "TablesThrottled",
        &["AWS/DynamoDB ReadThrottleEvents", "AWS/DynamoDB WriteThrottleEvents"],
        "GreaterThanThreshold 0",
    ),
    ("ApiErrors", &["AWS/ApiGateway 5xx"], "GreaterThanThreshold 0"),
    ("EventsUndelivered", &["AWS/SQS ApproximateNumberOfMessagesVisible"], "GreaterThanThreshold 0"),
    ("EventsLost", &["AWS/SQS ApproximateNumberOfMessagesVisible"], "GreaterThanThreshold 0"),
    ("LanesStuck", &["AWS/SQS ApproximateNumberOfMessagesVisible"], "GreaterThanThreshold 0"),
    // Ten of the 14 days that a queue keeps a message.
    ("QueuesOld", &["AWS/SQS ApproximateAgeOfOldestMessage"], "GreaterThanOrEqualToThreshold 864000"),
    (
        "SchedulesFailed",
        &[
            "AWS/Scheduler TargetErrorCount",
            "AWS/Scheduler InvocationDroppedCount",
            "AWS/Scheduler InvocationsSentToDeadLetterCount",
            "AWS/Scheduler InvocationsFailedToBeSentToDeadLetterCount",
        ],
        "GreaterThanThreshold 0",
    ),
    (
        "SchedulesThrottled",
        &["AWS/Scheduler InvocationThrottleCount", "AWS/Scheduler TargetErrorThrottledCount"],
        "GreaterThanThreshold 0",
    ),
    ("EventsOverdue", &["!Ref AWS::StackName OverdueEvents"], "GreaterThanThreshold 0"),
    // A run every five minutes is missing, not only late.
    ("ReconcileStopped", &["AWS/Lambda Invocations"], "LessThanThreshold 1"),
];

#[test]
fn each_alarm_watches_its_metrics_and_rings_at_its_threshold() {
    let alarms = alarms();
    let expected: BTreeSet<&str> = ALARMS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(alarms.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    for (name, metrics, rings) in ALARMS {
        let alarm = &alarms[name];
        let seen: BTreeSet<String> = watched(alarm).collect();
        assert_eq!(seen, metrics.iter().map(|metric| (*metric).to_owned()).collect(), "{name}");
        let at = format!("{} {}", field(alarm, "ComparisonOperator"), field(alarm, "Threshold"));
        assert_eq!(at, rings, "{name}");
        assert!(alarm.contains("AlarmActions: [!Ref AlarmTopic]"), "{name} tells nobody");
    }
}

#[test]
fn the_alarms_on_functions_and_machines_leave_none_out() {
    let (alarms, resources) = (alarms(), resources());
    for name in ["FunctionErrors", "FunctionThrottles"] {
        for function in functions() {
            let function = camel(&function.name);
            let watches = |alarm: &str| alarms[alarm].contains(&format!("!Ref {function}Function}}"));
            assert!(watches(name) || watches("BackgroundErrors"), "{name} leaves out {function}");
        }
    }
    for (machine, _) in resources.iter().filter(|(_, text)| text.contains("AWS::Serverless::StateMachine")) {
        for name in ["ExecutionsFailed", "ExecutionsThrottled"] {
            assert!(alarms[name].contains(&format!("!Ref {machine}}}")), "{name} leaves out {machine}");
        }
    }
}

/// "Alarms based on metric math expressions can reference a maximum of 10 metrics" (`CloudWatch` user guide, "Limits" of
/// alarms). Neither the linters nor the emulator know it.
#[test]
fn no_alarm_has_more_metrics_than_cloudwatch_takes() {
    for (name, alarm) in alarms() {
        let metrics = alarm.matches("MetricName: ").count();
        assert!(metrics <= 10, "{name} has {metrics} metrics");
    }
}

#[test]
fn every_alarm_has_a_runbook_and_every_runbook_an_alarm() {
    let text = read(Path::new(RUNBOOKS));
    let sections: BTreeMap<String, &str> = text
        .split("\n## ")
        .skip(1)
        .map(|section| (section.lines().next().unwrap().to_lowercase().replace(' ', "-"), section))
        .collect();
    let mut led_to = BTreeSet::new();
    for (name, alarm) in alarms() {
        let description = field(&alarm, "AlarmDescription");
        let (_, anchor) =
            description.split_once(&format!("See {RUNBOOKS}#")).unwrap_or_else(|| panic!("{name}"));
        let anchor = anchor.trim_end_matches('.');
        let section = sections.get(anchor).unwrap_or_else(|| panic!("{name} leads to no section: {anchor}"));
        for part in ["**Means**", "**Look at**", "**Do**"] {
            assert!(section.contains(part), "{anchor} does not say: {part}");
        }
        led_to.insert(anchor.to_owned());
    }
    assert_eq!(led_to, sections.into_keys().collect());
}

/// A filter that matches nothing would keep its alarm silent for ever.
#[test]
fn every_metric_that_is_logged_is_counted_and_the_other_way_round() {
    let values = |text: &str, start: &str| -> Vec<String> {
        text.split(start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let sources = tracked_in(&["crates"], "rs");
    let logged: BTreeSet<String> =
        sources.iter().flat_map(|file| values(&read(file), "metric = \"")).collect();
    let counted: BTreeSet<String> =
        resources().values().flat_map(|text| values(text, "$.fields.metric = \"")).collect();
    assert_eq!(logged, counted);
}

/// The alarms by name, without `Alarm`.
fn alarms() -> BTreeMap<String, String> {
    let is_alarm = |text: &str| text.contains("    Type: AWS::CloudWatch::Alarm\n");
    let alarms = resources().into_iter().filter(|(_, text)| is_alarm(text));
    alarms.map(|(name, text)| (name.strip_suffix("Alarm").unwrap().to_owned(), text)).collect()
}

/// The value of the first field with this name.
fn field(text: &str, name: &str) -> String {
    let start = format!("{name}: ");
    text.lines().find_map(|line| line.trim().strip_prefix(&start)).unwrap().to_owned()
}

/// Namespace and name of every metric.
fn watched(alarm: &str) -> impl Iterator<Item = String> {
    let values = |name: &str| -> Vec<String> {
        let start = format!("{name}: ");
        let values = alarm.split(&start).skip(1).map(|rest| rest.split([',', '}', '\n']).next().unwrap());
        values.map(str::to_owned).collect()
    };
    let (namespaces, names) = (values("Namespace"), values("MetricName"));
    assert_eq!(namespaces.len(), names.len());
    namespaces.into_iter().zip(names).map(|(namespace, name)| format!("{namespace} {name}"))
}

/// `update-status` → `UpdateStatus`.
fn camel(name: &str) -> String {
    name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}
