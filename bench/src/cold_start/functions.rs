//! The measured binaries and the environment variables of each.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::Outcome;
use crate::aws::{BUCKET, CONFIGS, EVENTS, KEY, MACHINE, Services, TOKENS};

/// The name of the empty function.
pub(crate) const EMPTY: &str = "empty-function";

/// Names the crate of every function.
const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

/// The settings of all functions; each reads its own. The benchmark's receiver is on this machine and has no
/// certificate.
const SETTINGS: [(&str, &str); 14] = [
    ("TOKENS_TABLE", TOKENS),
    ("CONFIGS_TABLE", CONFIGS),
    ("EVENTS_TABLE", EVENTS),
    ("CLAIMS_BUCKET", BUCKET),
    ("KEY_ID", KEY),
    ("EXPRESS_STATE_MACHINE_ARN", MACHINE),
    ("STANDARD_STATE_MACHINE_ARN", MACHINE),
    ("REPLAY_STATE_MACHINE_ARN", MACHINE),
    ("TEST_AUTH_STATE_MACHINE_ARN", MACHINE),
    ("RETRY_SCHEDULE_GROUP", "retries"),
    ("PUBLISH_EVENTS", "failures"),
    ("KEEP_BODIES", "true"),
    ("ALLOW_HTTP_TARGETS", "true"),
    ("ALLOW_PRIVATE_TARGETS", "true"),
];

/// The variables that Lambda sets for every function, as far as they are read.
const LAMBDA: [(&str, &str); 8] = [
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "key"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
];

/// A binary with its environment.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// All binaries.
pub(crate) struct Functions(Vec<Function>);

impl Functions {
    /// Finds the binaries in a folder.
    pub(crate) fn find(folder: &Path) -> Outcome<Self> {
        // The empty function comes first, because the others are compared with it.
        let functions = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("CodeUri: ../crates/"));
        let found = std::iter::once(EMPTY).chain(functions).map(|name| {
            let places = [folder.join(name).join("bootstrap"), folder.join(name)];
            let binary = places
                .into_iter()
                .find(|place| place.is_file())
                .ok_or_else(|| format!("there is no {name} in {}", folder.display()))?;
            let mut settings: Vec<_> =
                LAMBDA.iter().chain(&SETTINGS).map(|&(name, value)| (name, value.to_owned())).collect();
            settings.push(("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()));
            Ok(Function { name, binary, settings })
        });
        found.collect::<Outcome<_>>().map(Self)
    }

    /// Tells the functions where the AWS services are. Otherwise they would call AWS.
    pub(crate) fn use_services(&mut self, services: &Services) {
        let authority = services.authority.path().display().to_string();
        for function in &mut self.0 {
            function.settings.push(("AWS_ENDPOINT_URL", services.url.clone()));
            function.settings.push(("SSL_CERT_FILE", authority.clone()));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Function> {
        self.0.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Outcome<&Function> {
        self.iter().find(|function| function.name == name).ok_or_else(|| format!("no {name}").into())
    }
}

impl Function {
    /// The size of the binary, in KiB.
    pub(crate) fn kib(&self) -> Outcome<u64> {
        Ok(std::fs::metadata(&self.binary)?.len() / 1024)
    }

    /// The size of the zipped binary, in KiB; unknown if `zip` is not installed.
    pub(crate) async fn zipped_kib(&self) -> Option<usize> {
        let mut zip = Command::new("zip");
        let zip = zip.args(["-q", "-9", "-j", "-"]).arg(&self.binary).stderr(Stdio::null());
        let archive = zip.output().await.ok()?;
        archive.status.success().then_some(archive.stdout.len() / 1024)
    }
}
