//! `frontdesk user`: people, at the machine, when nobody can log in. Only while the program is stopped.

use std::io::{BufRead, IsTerminal, Write};

use clap::{Args, Subcommand};

use crate::app::open_store;
use crate::clock::Clock;
use crate::config::{Config, Options};
use crate::features::accounts::{self, PasswordHasher, PasswordRule};

/// `frontdesk user`.
#[derive(Args, Debug)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Lists everyone, by workspace.
    List,
    /// Gives someone a new password, read from standard input, and ends their sessions.
    Password {
        /// Their e-mail address.
        email: String,
    },
}

/// Carries it out.
pub(super) fn run(user: &User) -> anyhow::Result<()> {
    let config = Config::load(&user.options)?;
    let store = open_store(&config, None)?;
    let done = match &user.action {
        Action::List => list(&store),
        Action::Password { email } => password(&store, email),
    };
    store.close();
    done
}

fn list(store: &crate::storage::Store) -> anyhow::Result<()> {
    for (workspace, users) in accounts::everyone(store)? {
        println!("{} ({})", workspace.name, workspace.id);
        for user in users {
            println!(
                "  {:<8} {} <{}>",
                format!("{:?}", user.role).to_lowercase(),
                user.name,
                user.email
            );
        }
    }
    Ok(())
}

fn password(store: &crate::storage::Store, email: &str) -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        print!("New password (shown while typing): ");
        std::io::stdout().flush()?;
    }
    let mut line = String::new();
    input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    let hasher = PasswordHasher::new().map_err(|error| anyhow::anyhow!("{error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let now = Clock::System.now();
    let user = runtime
        .block_on(accounts::set_password(
            store,
            &hasher,
            email,
            password,
            now,
            PasswordRule::Strict,
        ))
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    println!("{} has a new password; their sessions are ended.", user.email);
    Ok(())
}
