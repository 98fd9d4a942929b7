//! `hookstep completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::command::Cli;
use crate::out;
use crate::settings::Outcome;

pub(crate) const HELP: &str = "\
Examples:
  source <(hookstep completions bash)           in ~/.bashrc, say
  hookstep completions zsh > \"${fpath[1]}/_hookstep\"
  hookstep completions fish > ~/.config/fish/completions/hookstep.fish";

/// For which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
pub(crate) fn print(args: CompletionsArgs) -> Outcome {
    // By way of a text: the generator panics at a reader that goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hookstep", &mut script);
    Ok(out::text(&String::from_utf8(script)?)?)
}
