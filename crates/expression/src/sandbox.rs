//! A separate process for untrusted expressions, with limited memory and time, no environment and no other
//! input.
//!
//! The program starts itself with one argument. The first line of the input is the job, followed by the body;
//! the first line of the output is what was made of it, followed by the replacement body.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_contract::limits::{MAX_RULES_BODY_BYTES, MAX_TRANSFORMED_BYTES, RULES_TIMEOUT};
use hookstep_contract::{OrgId, PayloadRules, ReasonCode, error_chain};
use rlimit::Resource;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::fault::Expression;
use crate::{Applied, Fault, Job, Verdict, apply, check};

/// The argument that makes the program act as the sandbox.
const ARGUMENT: &str = "evaluate-expressions";

/// The memory limit of a process: enough for a body of 6 MB as values, and the result computed from it.
const MEMORY_BYTES: u64 = 768 * 1024 * 1024;

/// The processor time, in seconds, after which the system ends a process, in case the parent no longer exists
/// to do so.
const PROCESSOR_SECS: u64 = 2 * RULES_TIMEOUT.as_secs();

/// The time allowed for starting and ending a process, in addition to its work.
const AROUND: Duration = Duration::from_secs(2);

/// The maximum number of concurrent processes; each keeps a processor busy.
const MAX_CONCURRENT_PROCESSES: usize = 4;

/// The maximum number of concurrent processes per org, so that its slow expressions do not delay those of
/// others.
const MAX_CONCURRENT_OF_ORG: usize = 2;

/// How long a job waits for a free process. After that the state machine retries, since the duration of a
/// state is limited.
const WAIT_TIMEOUT: Duration = Duration::from_secs(25);

/// The maximum length of a reason, in characters: it is part of the state, and people read it.
const MAX_REASON_CHARS: usize = 1000;

/// Signals that end a process from outside: SIGHUP, SIGINT, SIGTERM.
const ENDED: [i32; 3] = [1, 2, 15];

/// Evaluates expressions in separate processes.
#[derive(Clone, Debug)]
pub struct Sandbox {
    worker: Worker,
    slots: Arc<Semaphore>,
    orgs: Arc<Mutex<HashMap<OrgId, Arc<Semaphore>>>>,
}

/// Where expressions are evaluated.
#[derive(Clone, Debug)]
enum Worker {
    /// In processes of this program.
    Program(PathBuf),
    /// On the calling thread, with this randomness.
    Here(fn() -> f64),
}

/// Why nothing was evaluated. These errors are our fault, not the expression's.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The process could not be started, or communication with it failed.
    #[error("the sandbox cannot be started")]
    Process(#[from] std::io::Error),
    /// No process became free in time.
    #[error("too many expressions are evaluated at once")]
    Busy,
    /// The process was ended from outside.
    #[error("the sandbox was ended from outside")]
    Ended,
    /// The process returned invalid output.
    #[error("the sandbox does not answer as it should")]
    Answer(#[from] serde_json::Error),
}

impl Sandbox {
    /// A sandbox that runs this program, whose `main` must begin with [`work_if_asked`].
    ///
    /// # Errors
    /// If the path of this program cannot be determined.
    pub fn of_this_program() -> std::io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// A sandbox that runs `program`, whose `main` must begin with [`work_if_asked`].
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self::with(Worker::Program(program.into()))
    }

    /// Evaluates on the calling thread, without any limit of memory: for a simulation, whose expressions are its own. `random` makes
    /// numbers in `0.0..1.0` for them.
    pub fn on_this_thread(random: fn() -> f64) -> Self {
        Self::with(Worker::Here(random))
    }

    fn with(worker: Worker) -> Self {
        Self { worker, slots: Arc::new(Semaphore::new(MAX_CONCURRENT_PROCESSES)), orgs: Arc::default() }
    }

    /// Checks expressions and the values of conditions as far as possible without a body.
    ///
    /// # Errors
    /// If nothing can be evaluated. A fault of the rules is not an error but a value.
    pub async fn check(&self, org_id: &OrgId, rules: &PayloadRules) -> Result<Option<Fault>, SandboxError> {
        match self.run(org_id, &Job::Check(rules.clone()), &[]).await?.verdict {
            Verdict::Failed(fault) => Ok(Some(fault)),
            _ => Ok(None),
        }
    }

    /// Applies the rules to a body.
    ///
    /// # Errors
    /// If nothing can be evaluated. A fault of the rules or the body is not an error but a value.
    pub async fn apply(
        &self,
        org_id: &OrgId,
        rules: &PayloadRules,
        body: &[u8],
    ) -> Result<Applied, SandboxError> {
        if body.len() > MAX_RULES_BODY_BYTES {
            let reason = format!(
                "is larger than {MAX_RULES_BODY_BYTES} bytes, the most that a filter, a transform or an order's key takes"
            );
            return Ok(Verdict::Failed(Fault::new(ReasonCode::BodyTooLarge, "body", reason)).into());
        }
        self.run(org_id, &Job::Apply(rules.clone()), body).await
    }

    async fn run(&self, org_id: &OrgId, job: &Job, body: &[u8]) -> Result<Applied, SandboxError> {
        let own = self.slots_of(org_id);
        let turn = async { (own.acquire().await, self.slots.acquire().await) };
        let Ok(_turn) = tokio::time::timeout(WAIT_TIMEOUT, turn).await else {
            return Err(SandboxError::Busy);
        };
        let applied = match &self.worker {
            Worker::Program(program) => evaluate(program, job, body).await,
            Worker::Here(random) => Ok(done(job, body, *random)),
        };
        drop(_turn);
        self.orgs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, slots| Arc::strong_count(slots) > 1);
        applied
    }

    /// The slots of an org, kept while any of its jobs is waiting or running.
    fn slots_of(&self, org_id: &OrgId) -> Arc<Semaphore> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            orgs.entry(org_id.clone()).or_insert_with(|| Arc::new(Semaphore::new(MAX_CONCURRENT_OF_ORG))),
        )
    }
}

/// Evaluates in a process of this program.
async fn evaluate(program: &Path, job: &Job, body: &[u8]) -> Result<Applied, SandboxError> {
    let mut input = serde_json::to_vec(job)?;
    input.push(b'\n');
    input.extend_from_slice(body);
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        // Expressions must not have access to credentials.
        .env_clear()
        // The host's allocator would otherwise reserve a gigabyte at once, which counts towards the
        // limit.
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        // Only the host receives Ctrl-C; it lets running jobs finish.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // The process may have died; its output shows that.
            let _ = stdin.write_all(&input).await;
        }
    };
    let read = async {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            let max_bytes = MAX_TRANSFORMED_BYTES + 64 * 1024;
            stdout.take(max_bytes as u64).read_to_end(&mut output).await?;
        }
        Ok::<_, std::io::Error>(output)
    };
    let work = async {
        let ((), output) = tokio::join!(write, read);
        Ok::<_, std::io::Error>((output?, child.wait().await?))
    };
    let Ok(done) = tokio::time::timeout(RULES_TIMEOUT + AROUND, work).await else {
        let reason = format!("takes longer than {} s", RULES_TIMEOUT.as_secs());
        return Ok(Verdict::Failed(exhausted(job, reason)).into());
    };
    let (output, status) = done?;
    if status.signal().is_some_and(|signal| ENDED.contains(&signal)) {
        return Err(SandboxError::Ended);
    }
    if !status.success() {
        return Ok(Verdict::Failed(exhausted(job, "takes too much memory, or nests too deep")).into());
    }
    read_applied(&output)
}

/// The fault of a process that was ended for exceeding its limits.
fn exhausted(job: &Job, reason: impl Into<String>) -> Fault {
    let (Job::Check(rules) | Job::Apply(rules)) = job;
    let filter = rules.filter.as_ref().map(|_| Expression::Filter);
    let transform = rules.transform.as_ref().map(|_| Expression::Transform);
    let order_key = rules.order_key.as_ref().map(|_| Expression::OrderKey);
    let expressions: Vec<_> = [filter, transform, order_key].into_iter().flatten().collect();
    match expressions[..] {
        [expression] => expression.fault(reason),
        _ => {
            let fields: Vec<_> = expressions.iter().map(|expression| expression.field()).collect();
            Fault::new(ReasonCode::RulesFault, fields.join(" or "), reason)
        }
    }
}

fn read_applied(output: &[u8]) -> Result<Applied, SandboxError> {
    let (line, rest) = split(output);
    let mut applied: Applied = serde_json::from_slice(line)?;
    if let Verdict::Replaced { body, .. } = &mut applied.verdict {
        *body = rest.to_vec();
    }
    if let Verdict::Missed(reason) | Verdict::Failed(Fault { reason, .. }) = &mut applied.verdict
        && let Some((end, _)) = reason.char_indices().nth(MAX_REASON_CHARS)
    {
        reason.truncate(end);
        reason.push('…');
    }
    Ok(applied)
}

/// The first line, and what follows.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// If this process was started as the sandbox, runs its one job and returns the exit code.
///
/// The `main` of a program that uses [`Sandbox::of_this_program`] must begin with this call. `random` makes numbers
/// in `0.0..1.0` for expressions.
pub fn work_if_asked(random: fn() -> f64) -> Option<ExitCode> {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT).then(|| work(random))
}

fn work(random: fn() -> f64) -> ExitCode {
    match try_work(random) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Only visible to someone who starts the sandbox by hand.
            let _ = writeln!(std::io::stderr(), "{}", error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Does a job.
fn done(job: &Job, body: &[u8], random: fn() -> f64) -> Applied {
    match job {
        Job::Check(rules) => check(rules).map_or_else(Verdict::Failed, |()| Verdict::AsItIs).into(),
        Job::Apply(rules) => apply(rules, body, random),
    }
}

fn try_work(random: fn() -> f64) -> Result<(), SandboxError> {
    // On systems without these limits (macOS), time is the only limit.
    for (resource, limit) in
        [(Resource::DATA, MEMORY_BYTES), (Resource::CPU, PROCESSOR_SECS), (Resource::CORE, 0)]
    {
        let _ = resource.set(limit, limit);
    }
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    let (line, body) = split(&input);
    let applied = done(&serde_json::from_slice(line)?, body, random);
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, &applied)?;
    output.write_all(b"\n")?;
    if let Verdict::Replaced { body, .. } = &applied.verdict {
        output.write_all(body)?;
    }
    Ok(output.flush()?)
}
