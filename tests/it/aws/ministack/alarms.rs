//! Makes each alarm ring, and end. The emulator has the alarms of the template, and not the metrics of AWS: what they
//! watch is checked by name (`house/alarms`).
#![expect(clippy::unwrap_used, reason = "alarms that cannot be read fail the test")]

use std::path::Path;

use tokio::process::Command;

use super::environment::file;
use super::server::Server;
use crate::aws::template::resources;
use crate::world::process::finished;

pub(super) async fn ring(server: &Server, python: &Path) {
    let mut alarms = Command::new(python);
    alarms.env_clear().env("HOME", server.dir.path());
    alarms.arg(file("alarms.py")).args(["--endpoint", &server.endpoint()]);
    let done = finished(&mut alarms).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let rang: Vec<String> = serde_json::from_slice(&done.stdout).unwrap();
    for (name, _) in resources().iter().filter(|(_, text)| text.contains("Type: AWS::CloudWatch::Alarm\n")) {
        let has_rung = rang.iter().any(|alarm| alarm.contains(&format!("-{name}-")));
        assert!(has_rung, "{name} did not ring and end: {rang:?}");
    }
}
