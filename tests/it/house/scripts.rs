//! The scripts for people with an AWS account. Nobody here has one, so what can be checked without it is: that a shell
//! reads them, and what the trial on AWS would do.
#![expect(clippy::unwrap_used, reason = "a script that cannot be run fails the test")]

use std::process::{Command, Output};

use super::tree::{read, tracked_in};
use crate::world::Dir;
use crate::world::process::workspace;

const TRIAL: &str = "infra/verify-on-aws.sh";

#[test]
fn a_shell_reads_every_script() {
    for script in tracked_in(&["infra"], "sh") {
        let checked = output(Command::new("bash").arg("-n").arg(&script));
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn the_trial_on_aws_says_what_it_would_do_and_does_nothing() {
    // A tool that reaches AWS would fail.
    let empty = Dir::new();
    let path = format!("{}:/usr/bin:/bin", empty.path().display());
    for tool in ["aws", "sam", "curl"] {
        let refuses = empty.path().join(tool);
        std::fs::write(&refuses, "#!/bin/sh\nexit 99\n").unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&refuses, executable).unwrap();
    }
    let dry = output(Command::new("bash").args([TRIAL, "--dry-run", "trial"]).env("PATH", path));
    assert!(dry.status.success(), "{dry:?}");
    let (plan, steps) = (String::from_utf8(dry.stdout).unwrap(), String::from_utf8(dry.stderr).unwrap());
    for step in ["sam build", "sam deploy --stack-name trial ", "sam delete --stack-name trial "] {
        assert!(steps.contains(&format!("+ {step}")), "{step} is missing in:\n{steps}");
    }
    let text = read(TRIAL.as_ref());
    let tries: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("try_")?.split_once("()").map(|(name, _)| name))
        .collect();
    let planned: Vec<&str> = plan.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(!tries.is_empty());
    assert_eq!(planned, tries, "each check of the plan is a function, in this order");
}

fn output(command: &mut Command) -> Output {
    command.current_dir(workspace()).output().unwrap()
}
