//! The template, deployed.
#![expect(clippy::unwrap_used, reason = "a stack that cannot be deployed fails the test")]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aws_sdk_sfn::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use hookstep_contract::{Scope, Token, TokenId};
use hookstep_store::{Configs, Tokens};
use reqwest::Url;
use serde::Deserialize;
use tokio::process::Command;

use super::environment::file;
use super::server::Server;
use crate::aws::cases::overdue::make_overdue;
use crate::aws::cases::{Engine, put_events};
use crate::aws::functions::Function;
use crate::world::process::{binary, finished, workspace};
use crate::world::{Api, Fault, ORG, http_client};

/// An admin token.
const TOKEN: &str = "hookstep_of_the_tests";

/// A deployed stack and its API users.
pub(super) struct Stack {
    api: Api,
    /// Configuration for clients of the stack's services.
    pub(super) aws: SdkConfig,
    outputs: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
    /// The file of planned faults, which the server reads.
    faults: PathBuf,
    /// The endpoint of every service.
    endpoint: String,
}

/// The output of `deploy.py`.
#[derive(Deserialize)]
struct Deployed {
    outputs: BTreeMap<String, String>,
    /// Physical ids by logical id.
    resources: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys the template as a developer would and creates a token.
    pub(super) async fn deploy(server: &Server, python: &Path) -> Self {
        let mut deploy = Command::new(python);
        // The machine's own AWS configuration must not be used.
        deploy.env_clear().env("HOME", server.dir.path());
        deploy.arg(file("deploy.py")).args(["--endpoint", &server.endpoint(), "--functions"]);
        deploy.arg(functions(server.dir.path()).await);
        deploy.arg("--template").arg(workspace().join("infra/template.yaml"));
        // The tests' receivers have no TLS.
        deploy.args(["--parameter", "AllowHttpTargets=true"]);
        // ministack has no CodeDeploy, and a first deployment has nothing to shift from.
        deploy.args(["--parameter", "Canary=false"]);
        deploy.args(["--parameter", &format!("Architecture={}", architecture())]);
        let done = finished(&mut deploy).await;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let deployed: Deployed = serde_json::from_slice(&done.stdout).unwrap();
        let aws = aws(server);
        let table = &deployed.resources["TokensTable"];
        let tokens =
            Tokens::new(aws_sdk_dynamodb::Client::new(&aws), table, hookstep_ambient::Sources::system());
        tokens.put(&admin()).await.unwrap();
        let (outputs, resources) = (deployed.outputs, deployed.resources);
        let api = api(&outputs["ApiUrl"], server.port);
        Self { api, aws, outputs, resources, faults: server.faults(), endpoint: server.endpoint() }
    }

    /// The physical id of a resource of the template.
    pub(super) fn resource(&self, name: &str) -> &str {
        &self.resources[name]
    }

    /// All state machines.
    pub(super) fn machines(&self) -> [&str; 4] {
        ["ExpressStateMachine", "StandardStateMachine", "ReplayStateMachine", "TestAuthStateMachine"]
            .map(|name| self.resources[name].as_str())
    }
}

impl Engine for Stack {
    fn api(&self) -> &Api {
        &self.api
    }

    /// Through EventBridge and the stack's rule.
    async fn put_event(&self, detail_type: &str, detail: &str) {
        let bus = aws_sdk_eventbridge::Client::new(&self.aws);
        put_events(&bus, &self.outputs["EventBusName"], detail_type, detail).await;
    }

    async fn plan(&self, config_id: &str, fault: &Fault) {
        let mut line = serde_json::to_value(fault).unwrap();
        line["config_id"] = config_id.into();
        let mut file = OpenOptions::new().create(true).append(true).open(&self.faults).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn schedules(&self) -> (aws_sdk_scheduler::Client, String) {
        (aws_sdk_scheduler::Client::new(&self.aws), self.resources["RetrySchedules"].clone())
    }

    fn configs(&self) -> Configs {
        Configs::new(aws_sdk_dynamodb::Client::new(&self.aws), self.resource("ConfigsTable"))
    }

    fn states(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.aws)
    }

    async fn reconcile(&self, config_id: &str, event_id: &str) {
        let tables = hookstep_tables::Client::from(aws_sdk_dynamodb::Client::new(&self.aws));
        make_overdue(&tables, self.resource("EventsTable"), config_id, event_id).await;
        super::schedules::start_reconcile(self).await;
    }

    fn redrive_args(&self) -> Vec<String> {
        let machine = format!("{}:live", self.resource("ExpressStateMachine"));
        let queue = self.outputs["LostQueueUrl"].as_str();
        ["--endpoint-url", &self.endpoint, "--lost-queue-url", queue, "--state-machine", &machine]
            .map(str::to_owned)
            .to_vec()
    }

    fn credentials(&self) -> [(&'static str, String); 2] {
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, "test".to_owned()))
    }
}

/// Clients for the stack's services.
fn aws(server: &Server) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Builder::new().build_http())
        .endpoint_url(server.endpoint())
        .build()
}

/// A client of the API at the stack's URL, whose host name is not in DNS.
fn api(url: &str, port: u16) -> Api {
    let base = url.trim_end_matches('/').to_owned();
    let host = Url::parse(url).unwrap().host_str().unwrap().to_owned();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let http = http_client().resolve(&host, address).build().unwrap();
    Api { http, base, token: TOKEN.to_owned() }
}

/// The item that an operator writes into the table for the first token.
fn admin() -> Token {
    Token {
        token_hash: hookstep_http_edge::hash_token(TOKEN),
        prefix: None,
        last_used_at: None,
        token_id: Some(TokenId((hookstep_ambient::Sources::system().new_id)())),
        owner: ORG.parse().unwrap(),
        scopes: vec![Scope::Trigger, Scope::Read, Scope::Manage],
        name: "tests".to_owned(),
        created_at: hookstep_ambient::Sources::system().now(),
        expires_at: None,
    }
}

/// The functions in the layout of `infra/package.sh`: those in `HOOKSTEP_FUNCTIONS`, otherwise the debug
/// build.
async fn functions(dir: &Path) -> PathBuf {
    if let Some(given) = std::env::var_os("HOOKSTEP_FUNCTIONS") {
        return given.into();
    }
    let functions = dir.join("functions");
    for Function { name, .. } in crate::aws::functions::functions() {
        let bootstrap = functions.join(name).join("bootstrap");
        std::fs::create_dir_all(bootstrap.parent().unwrap()).unwrap();
        std::fs::copy(binary(name), &bootstrap).unwrap();
        // Debug information is half of the binary. Without `strip`, zipping takes longer.
        let _ = Command::new("strip").kill_on_drop(true).arg(&bootstrap).status().await;
    }
    functions
}

/// This machine's architecture, by Lambda's name.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}
