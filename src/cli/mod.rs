//! The command line: what an operator does at the machine.
//!
//! Parses arguments and hands them on; each command is a file of its own.

mod care;
pub mod control;
mod demo;
mod doctor;
mod people;
mod reindex;
mod sandbox;
mod sandbox_dialog360;
mod sandbox_instagram;
mod sandbox_twilio;
mod serve;
mod systemd;

use clap::{Parser, Subcommand};

use crate::config::Options;

/// Customer messaging for a small business: one program, one machine.
#[derive(Parser, Debug)]
#[command(name = "frontdesk", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs the product.
    Serve(Options),
    /// Runs a filled demo business on the sandbox channel.
    Demo(demo::DemoOptions),
    /// Walks every table and index of the store, running or not, and says what does not agree.
    Verify(care::Verify),
    /// Makes a backup of the store, running or not.
    Backup(care::Backup),
    /// Makes a data directory of backups. Checks everything before it writes anything.
    Restore(care::Restore),
    /// Exchanges the master key, running or not.
    Key(care::Key),
    /// Builds the search index anew from the records. Only while the program is stopped.
    Reindex(Options),
    /// Lists people and sets passwords. Only while the program is stopped.
    User(people::User),
    /// Looks at everything that could keep the program from running.
    Doctor(Options),
    /// Runs the provider's simulator alone, to try clients and webhook receivers.
    Sandbox(sandbox::SandboxOptions),
    /// Prints the OpenAPI document of the API.
    Openapi,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// Says what went wrong and what to do.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(options) => serve::run(&options),
            Command::Demo(options) => demo::run(&options),
            Command::Verify(options) => care::verify(&options),
            Command::Backup(options) => care::backup(&options),
            Command::Restore(options) => care::restore(&options),
            Command::Key(options) => care::key(&options),
            Command::Reindex(options) => reindex::run(&options),
            Command::User(user) => people::run(&user),
            Command::Doctor(options) => doctor::run(&options),
            Command::Sandbox(options) => sandbox::run(&options),
            Command::Openapi => openapi(),
        }
    }
}

fn openapi() -> anyhow::Result<()> {
    let parts = crate::web::server::all_parts(&crate::app::PARTS);
    println!("{}", crate::web::openapi::document(&parts).to_pretty_json()?);
    Ok(())
}
