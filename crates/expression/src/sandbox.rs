//! A process of its own for what strangers write: with little memory, little time, no environment and no other input.
//!
//! The program starts itself with one argument. The job is the first line of its input, the body follows; the verdict is the
//! first line of its output, the body that takes the other's place follows.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use contract::limits::{SHAPED_BODY_BYTES, SHAPED_RESULT_BYTES, SHAPING_TIME};
use contract::{Shape, error_chain};
use rlimit::Resource;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::{Fault, Job, Verdict, apply, check};

/// What tells the program that it is the sandbox.
const ARGUMENT: &str = "evaluate-expressions";

/// The memory that it may take: a body of 6 MB, as values, and what is made of it.
const MEMORY_BYTES: u64 = 768 * 1024 * 1024;

/// The processor time after which the system ends it, should nobody else be left to do so, in seconds.
const PROCESSOR_SECS: u64 = 2 * SHAPING_TIME.as_secs();

/// How long it may take to start and to end, beside its work.
const AROUND: Duration = Duration::from_secs(2);

/// How many run at once; they take a processor each.
const AT_ONCE: usize = 4;

/// Evaluates expressions in processes of their own.
#[derive(Clone, Debug)]
pub struct Sandbox {
    program: PathBuf,
    slots: Arc<Semaphore>,
}

/// Why nothing was evaluated. It is our fault, not the expression's.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The process cannot be started or spoken to.
    #[error("the sandbox cannot be started")]
    Process(#[from] std::io::Error),
    /// It does not say what it should.
    #[error("the sandbox does not answer as it should")]
    Answer(#[from] serde_json::Error),
}

impl Sandbox {
    /// A sandbox whose processes are this program, whose `main` begins with [`work_if_asked`].
    ///
    /// # Errors
    /// When the system does not say where it is.
    pub fn of_this_program() -> std::io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// A sandbox whose processes are `program`, whose `main` begins with [`work_if_asked`].
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), slots: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Looks at the syntax of expressions and at the values of conditions.
    ///
    /// # Errors
    /// When nothing can be evaluated; what is wrong with the shape is a value.
    pub async fn check(&self, shape: &Shape) -> Result<Option<Fault>, SandboxError> {
        match self.run(&Job::Check(shape.clone()), &[]).await? {
            Verdict::Failed(fault) => Ok(Some(fault)),
            _ => Ok(None),
        }
    }

    /// Says what becomes of a body.
    ///
    /// # Errors
    /// When nothing can be evaluated; what is wrong with the shape or the body is a value.
    pub async fn apply(&self, shape: &Shape, body: &[u8]) -> Result<Verdict, SandboxError> {
        if body.len() > SHAPED_BODY_BYTES {
            let reason = format!(
                "is larger than {SHAPED_BODY_BYTES} bytes, the most that a filter or a transform takes"
            );
            return Ok(Verdict::Failed(Fault::new("body", reason)));
        }
        self.run(&Job::Apply(shape.clone()), body).await
    }

    async fn run(&self, job: &Job, body: &[u8]) -> Result<Verdict, SandboxError> {
        let mut input = serde_json::to_vec(job)?;
        input.push(b'\n');
        input.extend_from_slice(body);
        // Never closed.
        let _slot = self.slots.acquire().await;
        let mut child = Command::new(&self.program)
            .arg(ARGUMENT)
            // No credentials for whoever writes expressions.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // It may have died; its answer says so.
                let _ = stdin.write_all(&input).await;
            }
        };
        let read = async {
            let mut output = Vec::new();
            if let Some(stdout) = stdout {
                let most = SHAPED_RESULT_BYTES + 64 * 1024;
                stdout.take(most as u64).read_to_end(&mut output).await?;
            }
            Ok::<_, std::io::Error>(output)
        };
        let work = async {
            let ((), output) = tokio::join!(write, read);
            Ok::<_, std::io::Error>((output?, child.wait().await?))
        };
        let field = field(job);
        let Ok(done) = tokio::time::timeout(SHAPING_TIME + AROUND, work).await else {
            let reason = format!("takes longer than {} s", SHAPING_TIME.as_secs());
            return Ok(Verdict::Failed(Fault::new(field, reason)));
        };
        let (output, status) = done?;
        if !status.success() {
            return Ok(Verdict::Failed(Fault::new(field, "takes too much memory, or nests too deep")));
        }
        read_verdict(&output)
    }
}

/// The field that is to blame when the process dies.
fn field(job: &Job) -> &'static str {
    let (Job::Check(shape) | Job::Apply(shape)) = job;
    if shape.transform.is_some() { crate::TRANSFORM } else { crate::FILTER }
}

fn read_verdict(output: &[u8]) -> Result<Verdict, SandboxError> {
    let (line, rest) = split(output);
    let mut verdict = serde_json::from_slice(line)?;
    if let Verdict::Replaced { body, .. } = &mut verdict {
        *body = rest.to_vec();
    }
    Ok(verdict)
}

/// The first line, and what follows.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// Should this process have been started to be the sandbox, does its one job, and answers what to end with. The `main` of a
/// program with a [`Sandbox::of_this_program`] begins with it.
pub fn work_if_asked() -> Option<ExitCode> {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT).then(work)
}

fn work() -> ExitCode {
    match try_work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody listens but who starts it by hand.
            let _ = writeln!(std::io::stderr(), "{}", error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn try_work() -> Result<(), SandboxError> {
    // Where a system has no such limit (macOS), time is the only one.
    for (resource, limit) in
        [(Resource::DATA, MEMORY_BYTES), (Resource::CPU, PROCESSOR_SECS), (Resource::CORE, 0)]
    {
        let _ = resource.set(limit, limit);
    }
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    let (line, body) = split(&input);
    let verdict = match serde_json::from_slice(line)? {
        Job::Check(shape) => check(&shape).map_or_else(Verdict::Failed, |()| Verdict::AsItIs),
        Job::Apply(shape) => apply(&shape, body),
    };
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, &verdict)?;
    output.write_all(b"\n")?;
    if let Verdict::Replaced { body, .. } = &verdict {
        output.write_all(body)?;
    }
    Ok(output.flush()?)
}
