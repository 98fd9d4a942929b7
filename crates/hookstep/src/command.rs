//! The commands, and the exit code of the process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{ENVIRONMENT, ExitResult, ServeArgs};
use crate::{
    aws, backup, completions, config, contract, demo, erase, event_types, events, history, listen, orgs, out,
    portal, publish, redrive, replay, serve,
};
use crate::{settings, token, trigger, verify, webhooks};

/// Hookstep delivers webhooks. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "hookstep", version, args_conflicts_with_subcommands = true, after_help = ENVIRONMENT)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole product in this process (the default).
    #[command(after_help = ENVIRONMENT)]
    Serve(ServeArgs),
    /// Serve, start a sample receiver, and show deliveries step by step.
    Demo(ServeArgs),
    /// Check that a host on this machine can take events, for the health check of a container: the exit code is 0 or 1.
    Health(serve::health::HealthArgs),
    /// Create an API token in the data directory. The host may be running.
    Token(token::TokenArgs),
    /// Print the AWS credentials with which producers put events on the host's bus, for a shell to evaluate.
    AwsCredentials(aws::AwsArgs),
    /// Print the executions of an event, state by state. The host may be running.
    #[command(after_help = history::HELP)]
    History(history::HistoryArgs),
    /// Write everything in the data directory to a file. The host may be running.
    #[command(after_help = backup::BACKUP_HELP)]
    Backup(backup::BackupArgs),
    /// Restore a backup to a new data directory.
    #[command(after_help = backup::RESTORE_HELP)]
    Restore(backup::RestoreArgs),
    /// List, show, create, test, enable, disable and delete webhooks.
    #[command(after_help = webhooks::HELP)]
    Webhooks(webhooks::WebhooksArgs),
    /// List, make, suspend, resume and delete the orgs of a platform.
    #[command(after_help = orgs::HELP)]
    Orgs(orgs::OrgsArgs),
    /// Send an event to a webhook.
    #[command(after_help = trigger::HELP)]
    Trigger(trigger::TriggerArgs),
    /// Publish an event by its type: it goes to every webhook that subscribes.
    #[command(after_help = publish::HELP)]
    Publish(publish::PublishArgs),
    /// List, show, create, change, import, export and delete the event types of the catalogue.
    #[command(after_help = event_types::HELP)]
    EventTypes(event_types::EventTypesArgs),
    /// Check what a new version of an event type would break.
    Contract(contract::ContractArgs),
    /// List, search or follow events of a webhook or of all, or show one event with its attempts.
    #[command(after_help = events::HELP)]
    Events(events::EventsArgs),
    /// Send events again: one, several, or all of a period.
    #[command(after_help = replay::HELP)]
    Replay(replay::ReplayArgs),
    /// Erase events with everything that is kept of them.
    #[command(after_help = erase::HELP)]
    Erase(erase::EraseArgs),
    /// Put back what could not be delivered for a reason of Hookstep's own: list it, and with --yes do it.
    #[command(after_help = redrive::HELP)]
    Redrive(redrive::RedriveArgs),
    /// Receive webhooks on this machine: verify their signatures, print them, forward them.
    #[command(after_help = listen::HELP)]
    Listen(listen::ListenArgs),
    /// Verify the signature of a saved request.
    #[command(after_help = verify::HELP)]
    Verify(verify::VerifyArgs),
    /// Make a link into the portal of an org, for somebody without a token.
    #[command(after_help = portal::HELP)]
    Portal(portal::PortalArgs),
    /// Manage webhooks from a file.
    Config(config::ConfigArgs),
    /// Print a completion script for a shell.
    #[command(after_help = completions::HELP)]
    Completions(completions::CompletionsArgs),
}

/// The exit code of a command of the host that fails.
const HOST_FAILED: u8 = 1;

/// The exit code of a client command that fails. 1 and 3 report the result of an event, 2 is a wrong command line.
const CLIENT_FAILED: u8 = 4;

impl Cli {
    /// Runs the command, and returns the exit code of the process.
    pub(crate) async fn run(self) -> ExitCode {
        let done = |()| ExitCode::SUCCESS;
        let (failed, ending): (u8, ExitResult) = match self.command {
            None => (HOST_FAILED, serve::serve(self.serve).await.map(done)),
            Some(Command::Serve(args)) => (HOST_FAILED, serve::serve(args).await.map(done)),
            Some(Command::Demo(args)) => (HOST_FAILED, demo::demo(args).await.map(done)),
            Some(Command::Health(args)) => (HOST_FAILED, serve::health::check(args).await.map(done)),
            Some(Command::Token(args)) => (HOST_FAILED, token::create(args).await.map(done)),
            Some(Command::AwsCredentials(args)) => (HOST_FAILED, aws::print(args).map(done)),
            Some(Command::History(args)) => (HOST_FAILED, history::print(args).map(done)),
            Some(Command::Backup(args)) => (HOST_FAILED, backup::backup(args).await.map(done)),
            Some(Command::Restore(args)) => (HOST_FAILED, backup::restore(args).await.map(done)),
            Some(Command::Webhooks(args)) => (CLIENT_FAILED, webhooks::webhooks(args).await),
            Some(Command::Orgs(args)) => (CLIENT_FAILED, orgs::orgs(args).await.map(done)),
            Some(Command::Trigger(args)) => (CLIENT_FAILED, trigger::trigger(args).await),
            Some(Command::Publish(args)) => (CLIENT_FAILED, publish::publish(args).await),
            Some(Command::EventTypes(args)) => (CLIENT_FAILED, event_types::event_types(args).await),
            Some(Command::Contract(args)) => (CLIENT_FAILED, contract::contract(args).await),
            Some(Command::Events(args)) => (CLIENT_FAILED, events::events(args).await.map(done)),
            Some(Command::Replay(args)) => (CLIENT_FAILED, replay::replay(args).await),
            Some(Command::Erase(args)) => (CLIENT_FAILED, erase::erase(args).await),
            Some(Command::Redrive(args)) => (CLIENT_FAILED, redrive::redrive(args).await),
            Some(Command::Listen(args)) => (CLIENT_FAILED, listen::listen(args).await.map(done)),
            Some(Command::Verify(args)) => (CLIENT_FAILED, verify::verify(args).await),
            Some(Command::Portal(args)) => (CLIENT_FAILED, portal::portal(args).await.map(done)),
            Some(Command::Config(args)) => (CLIENT_FAILED, config::config(args).await.map(done)),
            Some(Command::Completions(args)) => (CLIENT_FAILED, completions::print(args).map(done)),
        };
        ending.unwrap_or_else(|error| {
            // The reader of the output has seen enough of it (`| head`).
            if out::is_broken_pipe(&*error) {
                return ExitCode::SUCCESS;
            }
            settings::print_error(&*error);
            ExitCode::from(failed)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_help_fits_a_terminal_of_80_columns_as_it_was_written() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                assert!(line.chars().count() < 81, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        let command = Cli::command();
        command.clone().debug_assert();
        check(&command);
    }
}
