//! The TypeScript client: it matches the OpenAPI document, it type-checks, and its own tests pass against a
//! running host.
//!
//! Needs Node 20 and a package index. Without them this test is skipped, unless the environment variable `CI`
//! is set.
#![expect(clippy::unwrap_used, reason = "a copy that fails fails the test")]

use std::os::unix::fs::symlink;
use std::path::Path;

use tokio::process::Command;

use crate::world::node::packages;
use crate::world::process::{finished, workspace};
use crate::world::python::skip;
use crate::world::{Dir, World};

const NAME: &str = "typescript";
const SOURCE: &str = "clients/typescript";
const DOCUMENT: &str = "crates/management/openapi.json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_is_current_and_does_what_it_says() {
    let packages = match packages(NAME, SOURCE) {
        Ok(packages) => packages,
        Err(reason) => return skip(NAME, "nobody tries the TypeScript client", &reason),
    };
    // A separate workspace, so that no build output is left in the repository.
    let dir = Dir::new();
    let client = dir.path().join(SOURCE);
    copy(&workspace().join(SOURCE), &client);
    std::fs::create_dir_all(dir.path().join(DOCUMENT).parent().unwrap()).unwrap();
    std::fs::copy(workspace().join(DOCUMENT), dir.path().join(DOCUMENT)).unwrap();
    symlink(packages.join("node_modules"), client.join("node_modules")).unwrap();
    let world = World::start().await;
    for (script, help) in [("check", ": if it is stale, npm run generate"), ("test", "")] {
        let mut npm = Command::new("npm");
        npm.args(["run", script]).current_dir(&client);
        npm.env("HOOKSTEP_URL", &world.api.base).env("HOOKSTEP_TOKEN", &world.api.token);
        let output = finished(&mut npm).await;
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "npm run {script}{help}\n{}", String::from_utf8_lossy(&said));
    }
}

/// Copies the files of the repository, without those that `npm` has added.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_file() {
            std::fs::copy(path, to).unwrap();
        } else if !["dist", "dist-tests", "node_modules"].iter().any(|made| path.ends_with(made)) {
            copy(&path, &to);
        }
    }
}
