use std::process::Command;

use hookstep_sim::{Scenario, run};

/// The seeds of weeks with kills, power cuts, faults and lanes.
const SEEDS: [u64; 3] = [2, 5, 13];

/// The seed of a week on AWS.
const ON_AWS: u64 = 2;

#[test]
fn the_same_seed_is_the_same_week_to_the_byte_in_this_process_and_in_another() {
    let host = SEEDS.map(|seed| (seed, "host"));
    for (seed, platform) in host.into_iter().chain([(ON_AWS, "aws")]) {
        let of = if platform == "aws" { Scenario::on_aws } else { Scenario::of };
        let [first, second] = [(); 2].map(|()| run(&of(seed)).unwrap().text());
        assert!(first.lines().count() > 50, "little happens in the week of seed {seed}:\n{first}");
        same(&first, &second, seed);
        let mut program = Command::new(env!("CARGO_BIN_EXE_hookstep-sim"));
        let output = program
            .args(["--no-shrink", "--platform", platform, "--seed", &seed.to_string()])
            .output()
            .unwrap();
        let third = String::from_utf8(output.stdout).unwrap();
        same(&first, third.get(..first.len()).unwrap_or(&third), seed);
    }
}

/// Names the first line that differs.
fn same(one: &str, other: &str, seed: u64) {
    for (line, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        assert_eq!(one, other, "seed {seed}, line {line}");
    }
    assert_eq!(one.len(), other.len(), "seed {seed}");
}
