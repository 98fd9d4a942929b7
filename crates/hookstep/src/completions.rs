//! `hookstep completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::command::Cli;
use crate::out;
use crate::settings::CommandResult;

pub(crate) const HELP: &str = "\
Examples:
  source <(hookstep completions bash)           for example in ~/.bashrc
  hookstep completions zsh > \"${fpath[1]}/_hookstep\"
  hookstep completions fish > ~/.config/fish/completions/hookstep.fish";

/// The arguments of `hookstep completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
pub(crate) fn print(args: CompletionsArgs) -> CommandResult {
    // Into memory first: the generator panics if the reader of standard output goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hookstep", &mut script);
    Ok(out::text(&String::from_utf8(script)?)?)
}
