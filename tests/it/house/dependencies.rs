//! Cargo mirrors IAM: a function links the clients of exactly those AWS services that its role allows. Direct
//! and transitive normal dependencies count; test and build dependencies do not.
#![expect(clippy::unwrap_used, reason = "a dependency that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::aws::functions::functions;
use crate::aws::template::{actions, resources};
use crate::world::process::workspace;

/// The client crate for each AWS service, by the prefix of its IAM actions.
const CLIENTS: [(&str, &str); 9] = [
    ("dynamodb", "aws-sdk-dynamodb"),
    ("events", "aws-sdk-eventbridge"),
    ("kms", "aws-sdk-kms"),
    ("s3", "aws-sdk-s3"),
    ("scheduler", "aws-sdk-scheduler"),
    ("secretsmanager", "aws-sdk-secretsmanager"),
    ("ses", "aws-sdk-sesv2"),
    ("sqs", "aws-sdk-sqs"),
    ("states", "aws-sdk-sfn"),
];

/// Services that only the platform uses on a function's behalf: it writes logs and traces, and creates network
/// interfaces and the service-linked role of connections.
const PLATFORM: [&str; 4] = ["ec2", "iam", "logs", "xray"];

/// Actions that a role allows because another service acts with its caller's rights: S3 encrypts and decrypts
/// objects, EventBridge writes a connection's secret, and Lambda receives messages, and sends failed asynchronous invocations to a queue.
const ON_BEHALF: [(&str, &str); 9] = [
    ("console", "aws-sdk-secretsmanager"),
    ("deliver", "aws-sdk-sqs"),
    ("dispatch", "aws-sdk-kms"),
    ("dispatch", "aws-sdk-sqs"),
    ("erase", "aws-sdk-secretsmanager"),
    ("hydrate", "aws-sdk-kms"),
    ("notify", "aws-sdk-sqs"),
    ("transform", "aws-sdk-kms"),
    ("trigger", "aws-sdk-kms"),
];

/// Clients that a function links without using them: `secrets` contains the vault as well as connections and
/// keys, and only `deliver` opens the vault.
const UNUSED: [(&str, &str); 3] =
    [("console", "aws-sdk-secretsmanager"), ("erase", "aws-sdk-kms"), ("erase", "aws-sdk-secretsmanager")];

/// The libraries that wrap AWS clients, and which ones. All other libraries link none.
const WRAPPERS: [(&str, &[&str]); 9] = [
    ("hookstep-bus", &["aws-sdk-eventbridge"]),
    ("hookstep-claims", &["aws-sdk-s3"]),
    ("hookstep-executions", &["aws-sdk-sfn"]),
    ("hookstep-mail", &["aws-sdk-sesv2"]),
    ("hookstep-queues", &["aws-sdk-sqs"]),
    ("hookstep-schedules", &["aws-sdk-scheduler"]),
    ("hookstep-secrets", &["aws-sdk-eventbridge", "aws-sdk-kms", "aws-sdk-secretsmanager"]),
    ("hookstep-store", &["aws-sdk-dynamodb"]),
    ("hookstep-tables", &["aws-sdk-dynamodb"]),
];

/// The libraries that the functions use: they link only what they wrap, and never the Lambda runtime.
const LIBRARIES: [&str; 17] = [
    "hookstep-ambient",
    "hookstep-api-types",
    "hookstep-asl",
    "hookstep-bus",
    "hookstep-claims",
    "hookstep-client",
    "hookstep-contract",
    "hookstep-egress",
    "hookstep-executions",
    "hookstep-expression",
    "hookstep-mail",
    "hookstep-queues",
    "hookstep-schedules",
    "hookstep-secrets",
    "hookstep-signing",
    "hookstep-store",
    "hookstep-tables",
];

/// The Lambda runtime.
const RUNTIME: [&str; 2] = ["lambda_http", "lambda_runtime"];

/// The stand-ins for AWS services, and crates outside the product.
const STAND_INS: [&str; 6] = [
    "hookstep-items",
    "hookstep-aws-local",
    "hookstep-host",
    "hookstep-bench",
    "hookstep-sim",
    "hookstep-integration",
];

#[test]
fn a_function_links_the_clients_of_the_services_that_its_role_allows_and_no_others() {
    let (packages, resources) = (Packages::read(), resources());
    for function in functions() {
        let name = function.name.as_str();
        let allowed = services(&resources[&format!("{}Role", camel(name))]).into_iter();
        let allowed = allowed.filter(|service| !PLATFORM.contains(&service.as_str()));
        let clients = BTreeMap::from(CLIENTS);
        let allowed: BTreeSet<&str> = allowed.map(|service| clients[service.as_str()]).collect();
        let listed = |list: &[(&str, &'static str)]| -> BTreeSet<&str> {
            list.iter().filter(|(of, _)| *of == name).map(|(_, client)| *client).collect()
        };
        let (on_behalf, unused) = (listed(&ON_BEHALF), listed(&UNUSED));
        let of_others: Vec<_> = on_behalf.difference(&allowed).collect();
        assert!(of_others.is_empty(), "the role of {name} does not allow {of_others:?}");
        let mut expected: BTreeSet<&str> = allowed.difference(&on_behalf).copied().collect();
        let used: Vec<_> = unused.intersection(&expected).collect();
        assert!(used.is_empty(), "the role of {name} allows {used:?}");
        expected.extend(unused);
        let package = format!("hookstep-{name}");
        assert_eq!(packages.clients_linked_by(&package), expected, "{name}");
    }
}

#[test]
fn a_library_links_the_clients_that_it_wraps_and_never_the_runtime_of_lambda() {
    let (packages, wrappers) = (Packages::read(), BTreeMap::from(WRAPPERS));
    for library in LIBRARIES {
        let wrapped = wrappers.get(library).copied().unwrap_or_default();
        assert_eq!(packages.clients_linked_by(library), wrapped.iter().copied().collect(), "{library}");
        let linked = packages.linked_by(library);
        let runtime = RUNTIME.iter().find(|name| linked.contains(**name));
        assert_eq!(runtime, None, "{library}");
    }
}

#[test]
fn every_package_says_what_it_is() {
    let metadata = metadata();
    let members = list(&metadata["workspace_members"]);
    for package in list(&metadata["packages"]).iter().filter(|package| members.contains(&package["id"])) {
        let name = package["name"].as_str().unwrap();
        assert!(package["description"].is_string() && package["readme"].is_string(), "{name}");
        let manifest = package["manifest_path"].as_str().unwrap();
        let is_product = manifest.starts_with(workspace().join("crates").to_str().unwrap());
        assert!(!is_product || !list(&package["keywords"]).is_empty(), "{name}");
        assert_eq!(list(&package["publish"]), [Value::Null; 0], "{name} would be published");
    }
}

/// Everyone who installs the program has to build what it links.
#[test]
fn the_program_links_the_libraries_of_the_functions_without_the_runtime_of_lambda() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "tree",
        "--offline",
        "--locked",
        "--package",
        "hookstep",
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let tree = String::from_utf8(cargo.current_dir(workspace()).output().unwrap().stdout).unwrap();
    let linked: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(linked.contains("hookstep-deliver"), "{tree}");
    let runtime =
        ["hookstep-lambda-edge", RUNTIME[0], RUNTIME[1]].into_iter().find(|name| linked.contains(name));
    assert_eq!(runtime, None);
}

/// The schemas of the contract's types are in `api-types`, so that only crates that serve the API link them.
#[test]
fn only_the_functions_of_the_api_link_what_writes_openapi() {
    let packages = Packages::read();
    for function in functions() {
        let serves_the_api = ["console", "trigger"].contains(&function.name.as_str());
        let linked = packages.linked_by(&format!("hookstep-{}", function.name)).contains("utoipa");
        assert_eq!(linked, serves_the_api, "{}", function.name);
    }
}

#[test]
fn clients_and_the_runtime_are_named_only_where_they_are_made_or_wrapped() {
    let packages = Packages::read();
    let is_function =
        |name: &str| functions().iter().any(|function| name == format!("hookstep-{}", function.name));
    for (name, dependencies) in &packages.ours {
        let named: BTreeSet<&str> =
            dependencies.iter().map(String::as_str).filter(|name| name.starts_with("aws-sdk-")).collect();
        let may_name_clients = is_function(name)
            || WRAPPERS.iter().any(|(of, _)| of == name)
            || STAND_INS.contains(&name.as_str());
        assert!(named.is_empty() || may_name_clients, "{name} names {named:?}");
        let edge = ["hookstep-lambda-edge", RUNTIME[0], RUNTIME[1]].into_iter();
        let edge: Vec<_> = edge.filter(|edge| dependencies.contains(*edge)).collect();
        let may_name_the_edge =
            is_function(name) || ["hookstep-lambda-edge", "empty-function"].contains(&name.as_str());
        assert!(edge.is_empty() || may_name_the_edge, "{name} names {edge:?}");
    }
}

#[test]
fn no_function_depends_on_another_and_the_contract_on_nothing_of_ours() {
    let packages = Packages::read();
    for function in functions() {
        let package = format!("hookstep-{}", function.name);
        let linked = packages.linked_by(&package);
        let mut others = functions().iter().map(|other| format!("hookstep-{}", other.name));
        let other = others.find(|other| linked.contains(other.as_str()));
        assert_eq!(other, None, "{} depends on another function", function.name);
    }
    let linked = packages.linked_by("hookstep-contract");
    assert_eq!(packages.ours.keys().find(|name| linked.contains(name.as_str())), None);
}

/// The services of a role's allowed actions; denied ones do not count.
fn services(role: &str) -> BTreeSet<String> {
    let statements = role.split("- Effect: ").filter(|statement| !statement.starts_with("Deny"));
    let actions = statements.flat_map(actions).filter(|action| !action.starts_with("sts:"));
    actions.map(|action| action.split(':').next().unwrap().to_owned()).collect()
}

/// `update-status` → `UpdateStatus`.
fn camel(name: &str) -> String {
    name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

/// The dependency graph, as Cargo resolves it.
struct Packages {
    /// The packages of this workspace with their direct dependencies.
    ours: BTreeMap<String, BTreeSet<String>>,
    /// All packages; several versions of a package are merged.
    all: BTreeMap<String, BTreeSet<String>>,
}

impl Packages {
    fn read() -> Self {
        let metadata = metadata();
        let names: BTreeMap<&str, &str> = list(&metadata["packages"])
            .iter()
            .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
            .collect();
        let mut all = BTreeMap::<String, BTreeSet<String>>::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let normal = list(&node["deps"]).iter().filter(|dependency| {
                list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
            });
            let normal = normal.map(|dependency| names[dependency["pkg"].as_str().unwrap()].to_owned());
            all.entry(names[node["id"].as_str().unwrap()].to_owned()).or_default().extend(normal);
        }
        let members = list(&metadata["workspace_members"]).iter();
        let ours = members.map(|id| names[id.as_str().unwrap()].to_owned());
        let ours = ours.map(|name| (name.clone(), all[&name].clone())).collect();
        Self { ours, all }
    }

    /// A package's direct and transitive dependencies.
    fn linked_by<'a>(&'a self, package: &'a str) -> BTreeSet<&'a str> {
        let (mut linked, mut ahead) = (BTreeSet::new(), vec![package]);
        while let Some(next) = ahead.pop() {
            let dependencies = self.all[next].iter().map(String::as_str);
            ahead.extend(dependencies.filter(|dependency| linked.insert(*dependency)));
        }
        linked
    }

    fn clients_linked_by<'a>(&'a self, package: &'a str) -> BTreeSet<&'a str> {
        self.linked_by(package).into_iter().filter(|name| name.starts_with("aws-sdk-")).collect()
    }
}

/// The output of `cargo metadata` for this workspace.
fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--offline", "--locked", "--format-version", "1"]).current_dir(workspace());
    serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
