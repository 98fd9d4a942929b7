//! The program and the functions as separate processes: built, started, watched, stopped.
#![expect(clippy::unwrap_used, reason = "a process that cannot be started fails the test")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use escargot::CargoBuild;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::world::python::say;
use crate::world::{Api, http_client};

/// For `--listen`: any free port.
pub(crate) const FREE_PORT: &str = "127.0.0.1:0";

const ADMIN_TOKEN: &str = "admin-token-of-the-tests";

/// How long to wait for a process on a busy machine, and how often to check.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A command that runs a binary of this workspace without our environment variables.
pub(crate) fn command(name: &'static str) -> Command {
    let mut command = Command::new(binary(name));
    command.env_clear();
    command
}

/// The same command, executed by a shell that has run `setting` before.
pub(crate) fn in_shell(setting: &str, command: &Command) -> Command {
    let command = command.as_std();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{setting}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// A binary of this workspace, built if necessary with the tests' profile in the tests' target directory.
pub(crate) fn binary(name: &'static str) -> PathBuf {
    static BUILT: OnceLock<Mutex<BTreeMap<&'static str, PathBuf>>> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().unwrap();
    built.entry(name).or_insert_with(|| build(name)).clone()
}

fn build(name: &str) -> PathBuf {
    built(name, |build| build.bin(name))
}

/// An example of a crate of this workspace, built with this feature.
pub(crate) fn example(package: &str, name: &str, feature: &str) -> PathBuf {
    built(name, |build| build.package(package).example(name).features(feature))
}

fn built(name: &str, what: impl FnOnce(CargoBuild) -> CargoBuild) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    // From the workspace's manifest, so that features are unified as in any build of the whole workspace.
    let build =
        CargoBuild::new().manifest_path(workspace().join("Cargo.toml")).target_dir(target).current_release();
    let mut build = what(build);
    // Variables that the test runner sets for this package; build scripts would see a change and run again.
    for (variable, _) in std::env::vars_os().filter(|(name, _)| is_about_this_package(name)) {
        build = build.env_remove(variable);
    }
    build.run().unwrap_or_else(|error| panic!("{name} does not build: {error}")).path().to_owned()
}

fn is_about_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A process that is killed when dropped. The test fails if the process had already ended and nobody had
/// waited for it.
pub(crate) struct Process {
    child: Child,
    /// Whether the process's end was waited for.
    has_ended: bool,
    stdout: Lines,
    stderr: Lines,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.kill_on_drop(true).spawn().unwrap();
        let stdout = Lines::read(child.stdout.take().unwrap());
        let stderr = Lines::read(child.stderr.take().unwrap());
        Self { child, has_ended: false, stdout, stderr }
    }

    /// The first line of standard output that contains this text, as soon as it is printed.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        self.until_said(text, Self::stdout).await
    }

    /// Like [`Self::line`], for standard error.
    pub(crate) async fn told(&mut self, text: &str) -> String {
        self.until_said(text, Self::stderr).await
    }

    async fn until_said(&mut self, text: &str, said: impl Fn(&Self) -> String) -> String {
        let start = Instant::now();
        loop {
            // Looked at before the text: once both pipes are closed, no further line can come.
            let is_over = self.stdout.reader.is_finished() && self.stderr.reader.is_finished();
            if let Some(line) = said(self).lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let gives_up = is_over || start.elapsed() > WAIT_TIMEOUT;
            assert!(!gives_up, "no line with {text:?}:\n{}{}", self.stdout(), self.stderr());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text.lock().unwrap().clone()
    }

    /// The standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text.lock().unwrap().clone()
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends SIGKILL: the process gets no chance to write anything.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.has_ended = true;
    }

    /// Sends SIGTERM.
    pub(crate) async fn terminate(&self) {
        let id = self.id().to_string();
        let sent = finished(Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &id])).await;
        assert!(sent.status.success());
    }

    /// Waits for the process to end, and for the rest of its output.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(WAIT_TIMEOUT, self.child.wait()).await;
        let status =
            ended.unwrap_or_else(|_| panic!("still running:\n{}{}", self.stdout(), self.stderr())).unwrap();
        self.has_ended = true;
        for lines in [&mut self.stdout, &mut self.stderr] {
            (&mut lines.reader).await.unwrap();
        }
        status
    }
}

impl Drop for Process {
    #[expect(clippy::disallowed_methods, reason = "this code is not async")]
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let before = self.child.try_wait().unwrap();
        let (_, start) = (self.child.start_kill(), Instant::now());
        while self.child.try_wait().unwrap().is_none() && start.elapsed() < WAIT_TIMEOUT {
            std::thread::sleep(POLL_INTERVAL);
        }
        let is_gone = self.child.try_wait().unwrap().is_some();
        assert!(is_gone || std::thread::panicking(), "{:?} cannot be killed", self.child);
        if let Some(status) = before {
            let last_words = format!("a process of this test ended by itself: {status}\n{}", self.stderr());
            // The process's output may explain why the test failed.
            if std::thread::panicking() { say("process", &last_words) } else { panic!("{last_words}") }
        }
    }
}

/// A process's output, read continuously so that the process never blocks on a full pipe.
struct Lines {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Lines {
    fn read(pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let told = text.clone();
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut told = told.lock().unwrap();
                told.push_str(&line);
                told.push('\n');
            }
        });
        Self { text, reader }
    }
}

/// A third-party command, run to completion; it is killed if the test ends first.
pub(crate) async fn finished(command: &mut Command) -> Output {
    command.kill_on_drop(true).output().await.unwrap()
}

/// Runs a command to completion.
pub(crate) async fn run(command: &mut Command) -> (ExitStatus, Process) {
    let mut process = Process::start(command);
    (process.ended().await, process)
}

/// The standard output of a command that must succeed.
pub(crate) async fn output(command: &mut Command) -> String {
    let (status, process) = run(command).await;
    assert!(status.success(), "{status}: {}", process.stderr());
    process.stdout()
}

/// `hookstep serve` with the hatches open.
pub(crate) fn serve(dir: &Path, listen: &str) -> Command {
    let mut command = command("hookstep");
    command.args([
        "serve",
        "--allow-http-targets",
        "--allow-private-targets",
        "--listen",
        listen,
        "--data-dir",
    ]);
    command.arg(dir).env("HOOKSTEP_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

/// A running host and its admin.
pub(crate) struct Hookstep {
    pub(crate) process: Process,
    pub(crate) api: Api,
}

impl Hookstep {
    pub(crate) async fn start(dir: &Path, listen: &str) -> Self {
        Self::started(Process::start(&mut serve(dir, listen))).await
    }

    pub(crate) async fn started(mut process: Process) -> Self {
        let line = process.line("Hookstep serves on ").await;
        let base = line.rsplit(' ').next().unwrap().to_owned();
        Self {
            process,
            api: Api { http: http_client().build().unwrap(), base, token: ADMIN_TOKEN.to_owned() },
        }
    }

    /// Sends SIGTERM and expects a clean exit.
    pub(crate) async fn stop(mut self) {
        self.process.terminate().await;
        let status = self.process.ended().await;
        assert!(status.success(), "{status}: {}", self.process.stderr());
    }
}
