//! `hookstep backup` and `hookstep restore`.

use std::path::PathBuf;

use clap::Args;

use crate::out;
use crate::settings::{BoxError, CommandResult};

pub(crate) const BACKUP_HELP: &str = "\
Everything that was answered before the command was started is in the backup.
It has the keys as well: whoever has it can read every secret.

Example:
  hookstep backup /var/backups/hookstep.tar --data-dir /var/lib/hookstep";

pub(crate) const RESTORE_HELP: &str = "\
Do not start a host on a backup while the host that it is of is running: both
would deliver the same events.

Example:
  hookstep restore /var/backups/hookstep.tar --data-dir /var/lib/hookstep";

/// The arguments of `hookstep backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write. If it exists, it is replaced once the new one is complete.
    file: PathBuf,

    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,
}

/// The arguments of `hookstep restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    file: PathBuf,

    /// The data directory to restore to; it must be missing or empty.
    #[arg(long, env = "HOOKSTEP_DATA_DIR")]
    data_dir: PathBuf,
}

/// Writes a backup.
pub(crate) async fn backup(args: BackupArgs) -> CommandResult {
    let BackupArgs { file, data_dir } = args;
    let name = file.display().to_string();
    let written = tokio::task::spawn_blocking(move || hookstep_host::backup(&data_dir, &file)).await;
    written.map_err(BoxError::from)??;
    out::note(format!("the backup is in {name}"));
    Ok(())
}

/// Restores a backup.
pub(crate) async fn restore(args: RestoreArgs) -> CommandResult {
    let RestoreArgs { file, data_dir } = args;
    let name = data_dir.display().to_string();
    let sources = hookstep_ambient::Sources::system();
    let restored =
        tokio::task::spawn_blocking(move || hookstep_host::restore(&file, &data_dir, &sources)).await;
    restored.map_err(BoxError::from)??;
    out::note(format!("the backup is restored to {name}"));
    Ok(())
}
