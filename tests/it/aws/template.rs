//! Properties of `infra/template.yaml` that no linter checks. `ministack` tests that the template works by
//! deploying it; what the emulator does not support, such as a VPC, is at least checked here.
#![expect(clippy::unwrap_used, reason = "a template that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::functions::{Function, OPTIONAL, functions};
use crate::world::process::workspace;

#[test]
fn each_function_gets_the_variables_that_it_reads() {
    for Function { name, variables } in functions() {
        let settings = ["main", "settings"].map(|file| format!("crates/{name}/src/{file}.rs"));
        let main: String =
            settings.iter().filter(|file| workspace().join(file).exists()).map(|file| read(file)).collect();
        for required in main.split("env::required(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_given = variables.iter().any(|variable| variable == required);
            assert!(is_given || OPTIONAL.contains(&required), "{name} lacks the variable {required}");
        }
        for variable in variables {
            let is_read = main.contains(&format!("\"{variable}\"")) || variable == "RETENTION_DAYS";
            assert!(is_read, "{name} has the variable {variable}, which it does not read");
        }
    }
}

#[test]
fn private_targets_cannot_be_allowed_by_a_parameter() {
    assert!(!template().contains("ALLOW_PRIVATE_TARGETS"));
}

#[test]
fn claim_checks_outlive_the_events_of_every_retention_by_the_longest_delay() {
    let template = template();
    let values = template.lines().skip_while(|line| *line != "  RetentionDays:");
    let values = values.into_iter().find_map(|line| line.trim().strip_prefix("AllowedValues: [")).unwrap();
    for days in values.trim_end_matches(']').split(", ").map(|value| value.parse::<u32>().unwrap()) {
        assert!(days >= 7, "{days}");
        assert!(template.contains(&format!("    \"{days}\": {{Days: {}}}\n", days + 31)), "{days}");
    }
}

/// A version that fails is taken back by its alias, so nothing may be called past it.
#[test]
fn all_that_is_called_is_called_by_its_alias() {
    for (name, resource) in resources() {
        for line in resource.lines() {
            let is_of_function = line.contains("Function.Arn");
            assert!(!is_of_function, "{name} names a function without its alias: {line}");
            if let Some((_, machine)) = line.split_once(":stateMachine:${AWS::StackName}-") {
                assert!(machine.contains(":live\""), "{name} names a machine without its alias: {line}");
            }
        }
        let is_permission = resource.contains("Type: AWS::Lambda::Permission");
        assert!(!is_permission || resource.contains("Function.Alias"), "{name}");
        let is_machine = resource.contains("Type: AWS::Serverless::StateMachine");
        assert!(!is_machine || resource.contains("AutoPublishAlias: live"), "{name} has no alias");
    }
    assert!(template().contains("\n    AutoPublishAlias: live\n"), "functions have no alias");
}

/// Also the queues of lost events, of lanes and of attempts, and the addresses that receivers have in their firewalls.
#[test]
fn what_holds_data_is_kept_unless_its_creation_fails() {
    const DATA: [&str; 4] = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::EC2::EIP"];
    const QUEUES: [&str; 5] = ["LostQueue", "LaneQueue", "StuckQueue", "DeliveryQueue", "StuckDeliveryQueue"];
    let mut kept = 0;
    for (name, resource) in resources() {
        let is_data = DATA.iter().any(|kind| resource.contains(&format!("    Type: {kind}\n")))
            || QUEUES.contains(&&*name);
        let is_kept =
            resource.contains("    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n");
        assert_eq!(is_kept, is_data, "{name}");
        kept += u32::from(is_kept);
    }
    assert_eq!(kept, 12);
}

#[test]
fn only_deliver_is_in_the_vpc() {
    for (name, resource) in resources() {
        let is_in_vpc = resource.contains("VpcConfig:");
        assert_eq!(is_in_vpc, name == "DeliverFunction", "{name}");
    }
}

#[test]
fn nothing_of_the_vpc_is_there_without_a_static_ip() {
    for (name, resource) in resources() {
        if resource.contains("    Type: AWS::EC2::") {
            assert!(resource.contains("    Condition: HasStaticIp"), "{name} is unconditional");
        }
    }
}

#[test]
fn every_function_and_machine_has_a_role_of_its_own() {
    let mut seen = BTreeSet::new();
    for (name, resource) in resources() {
        if ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"]
            .iter()
            .any(|kind| resource.contains(kind))
        {
            let role = resource.lines().find_map(|line| line.trim().strip_prefix("Role: !GetAtt ")).unwrap();
            assert!(seen.insert(role.to_owned()), "{name} shares its role with another function");
        }
    }
    assert_eq!(seen.len(), functions().len() + 4);
}

/// `*` is allowed in a denial, in the policies of a key and a bucket, and where AWS has no resource to name.
#[test]
fn no_role_may_do_everything_or_touch_everything_that_has_a_name() {
    const NAMELESS: [&str; 3] = ["xray:", "logs:", "ec2:"];
    for (name, resource) in resources() {
        if !resource.contains("Type: AWS::IAM::Role") {
            continue;
        }
        assert!(!resource.contains("ManagedPolicyArns"), "{name}");
        for statement in resource.split("- Effect: ").skip(1) {
            let actions: Vec<&str> = actions(statement).collect();
            let is_denied = statement.starts_with("Deny");
            assert!(is_denied || actions.iter().all(|action| !action.contains('*')), "{name}: {actions:?}");
            if statement.contains("Resource: \"*\"") {
                let is_nameless = |action: &&str| NAMELESS.iter().any(|prefix| action.starts_with(prefix));
                assert!(!actions.is_empty() && actions.iter().all(is_nameless), "{name}: {actions:?}");
            }
        }
    }
}

/// The IAM actions in a text.
pub(crate) fn actions(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '[', ']', '\n']).filter(|word| is_action(word))
}

fn is_action(word: &str) -> bool {
    word.split_once(':').is_some_and(|(service, action)| {
        !service.is_empty()
            && service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && action.starts_with(|c: char| c.is_ascii_uppercase() || c == '*')
            && !action.starts_with(':')
    })
}

/// Every resource with its text.
pub(crate) fn resources() -> BTreeMap<String, String> {
    let template = template();
    let section = template.split("\nResources:\n").nth(1).unwrap().split("\nOutputs:\n").next().unwrap();
    let mut resources = BTreeMap::<String, String>::new();
    let mut name = String::new();
    for line in section.lines() {
        match line.strip_prefix("  ").filter(|rest| rest.starts_with(char::is_alphabetic)) {
            Some(head) => head.trim_end_matches(':').clone_into(&mut name),
            None => resources.entry(name.clone()).or_default().push_str(&format!("{line}\n")),
        }
    }
    resources
}

/// The lines after this one that are indented deeper.
pub(crate) fn after<'a>(text: &'a str, head: &str) -> impl Iterator<Item = &'a str> {
    let depth = head.len() - head.trim_start().len();
    text.lines()
        .skip_while(move |line| !line.starts_with(head.trim_end()))
        .skip(1)
        .take_while(move |line| line.len() - line.trim_start().len() > depth)
        .collect::<Vec<_>>()
        .into_iter()
}

fn template() -> String {
    read("infra/template.yaml")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}
