//! `hookstep aws-credentials`: credentials for the AWS CLI and the SDKs.

use std::path::PathBuf;

use clap::Args;

use crate::settings::CommandResult;

/// The arguments of `hookstep aws-credentials`.
#[derive(Debug, Args)]
pub(crate) struct AwsArgs {
    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,
}

/// Prints the credentials as lines that a shell can evaluate. Any region will do: it is only part of the signature.
#[expect(clippy::print_stdout, reason = "the credentials are the output")]
pub(crate) fn print(args: AwsArgs) -> CommandResult {
    let credentials = hookstep_host::aws_credentials(&args.data_dir, &hookstep_ambient::Sources::system())?;
    println!("export AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
    println!("export AWS_SECRET_ACCESS_KEY={}", credentials.secret_access_key);
    println!("export AWS_REGION=us-east-1");
    Ok(())
}
