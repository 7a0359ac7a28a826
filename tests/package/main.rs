//! What is shipped beside the program says what the program does: configuration file, man page, completions, manual.
//!
//! `make api` rewrites what is generated (it runs this with `UPDATE=1`).

mod manual;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use frontdesk::cli::Cli;
use frontdesk::config::{Config, Options, Tls};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The command with all that clap adds, as people meet it.
fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The fields of the structs that the configuration file is read into; those of a section as `section.field`.
fn options_in_the_source() -> BTreeSet<String> {
    let mut options = fields("src/config/mod.rs", "\nstruct File {");
    let sections = [
        ("smtp", "src/config/smtp.rs", "\npub(super) struct Section {"),
        ("tls", "src/config/tls.rs", "\npub(super) struct Section {"),
        ("tls.acme", "src/config/tls.rs", "\nstruct Acme {"),
    ];
    for (section, file, struct_line) in sections {
        assert!(options.remove(section), "the section {section}");
        let fields = fields(file, struct_line);
        options.extend(fields.into_iter().map(|name| format!("{section}.{name}")));
    }
    options
}

fn fields(file: &str, struct_line: &str) -> BTreeSet<String> {
    let source = text(file);
    let from = source.find(struct_line).expect("the struct is there");
    let body = &source[from..from + source[from..].find("\n}").expect("it ends")];
    let fields = body
        .lines()
        .skip(2)
        .filter_map(|line| line.trim().split_once(": "));
    fields
        .filter(|(name, _)| !name.starts_with('/'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// `name = value`, `[section]`, or one of these after a `#`, without the `#`.
fn option_line(line: &str) -> Option<&str> {
    let line = line.strip_prefix('#').unwrap_or(line);
    if section(line).is_some() {
        return Some(line);
    }
    let (name, _) = line.split_once(" = ")?;
    name.chars()
        .all(|c| c.is_ascii_lowercase() || c == '_')
        .then_some(line)
}

fn section(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    name.chars()
        .all(|c| c.is_ascii_lowercase() || c == '.')
        .then_some(name)
}

#[test]
fn the_configuration_file_has_every_option_and_no_other() {
    let file = text("packaging/frontdesk.toml");
    let mut within = String::new();
    let mut shown = Vec::new();
    for line in file.lines().filter_map(option_line) {
        if let Some(name) = section(line) {
            within = format!("{name}.");
        } else if let Some((name, _)) = line.split_once(" = ") {
            shown.push(format!("{within}{name}"));
        }
    }
    let once: BTreeSet<String> = shown.iter().cloned().collect();
    assert_eq!(once, options_in_the_source());
    assert_eq!(shown.len(), once.len(), "an option stands twice: {shown:?}");
}

fn load(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let token = dir.path().join("token");
    std::fs::write(&token, "0123456789abcdef").expect("writable");
    let config = dir.path().join("frontdesk.toml");
    let text = text.replace("/etc/frontdesk/metrics-token", &token.to_string_lossy());
    let text = text.replace("/etc/frontdesk/smtp-password", &token.to_string_lossy());
    std::fs::write(&config, text).expect("writable");
    let options = Options {
        config: Some(config),
        ..Options::default()
    };
    Config::load(&options).map_err(|error| error.to_string())
}

#[test]
fn the_configuration_file_is_accepted_as_shipped_and_with_every_example() {
    let file = text("packaging/frontdesk.toml");
    let shipped = load(&file).expect("as shipped");
    assert_eq!(shipped.data, PathBuf::from("/var/lib/frontdesk"));
    assert!(
        shipped.listen.ip().is_loopback(),
        "only this machine unless told otherwise"
    );
    let all: Vec<&str> = file
        .lines()
        .map(|line| option_line(line).unwrap_or(line))
        .collect();
    // Two ways to HTTPS that exclude one another: one round with each.
    let without = |from: &str, to: &str| -> String {
        let kept = all.split(|line| *line == from || *line == to).collect::<Vec<_>>();
        [kept[0], &[to], kept[2]].concat().join("\n")
    };
    let fetched = load(&without("[tls]", "[tls.acme]")).expect("with every example, ACME");
    assert!(matches!(fetched.tls, Some(Tls::Acme { .. })));
    let all = load(&without("[tls.acme]", "[smtp]")).expect("with every example, certificate files");
    assert!(matches!(all.tls, Some(Tls::Files { .. })));
    assert_eq!(all.smtp.as_ref().map(|smtp| smtp.port), Some(587));
    assert!(all.https() && all.metrics_token.is_some() && all.proxies.0.len() == 2);
}

/// Every command with its own options, in the order of `--help`.
fn commands() -> Vec<(String, Vec<String>)> {
    command()
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
        .flat_map(|sub| with_children(sub.get_name().to_owned(), sub))
        .collect()
}

fn with_children(name: String, command: &Command) -> Vec<(String, Vec<String>)> {
    let options = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set())
        .filter_map(|argument| argument.get_long())
        .filter(|long| !["help", "version"].contains(long))
        .map(str::to_owned)
        .collect();
    let children = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
        .flat_map(|sub| with_children(format!("{name} {}", sub.get_name()), sub));
    std::iter::once((name.clone(), options)).chain(children).collect()
}

/// The man page's part about each command: `.SS name` up to the next heading.
fn man_parts() -> Vec<(String, String)> {
    let page = text("packaging/frontdesk.1").replace("\\-", "-");
    let from = page.find("\n.SH COMMANDS").expect("the page has the commands");
    let rest = &page[from + 1..];
    let end = rest[1..].find("\n.SH ").map_or(rest.len(), |n| n + 1);
    rest[..end]
        .split("\n.SS ")
        .skip(1)
        .map(|part| {
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            (name.trim().trim_matches('"').to_owned(), body.to_owned())
        })
        .collect()
}

#[test]
fn the_man_page_has_every_command_and_option_and_no_other() {
    let parts = man_parts();
    let expected: Vec<String> = commands().into_iter().map(|(name, _)| name).collect();
    let shown: Vec<String> = parts.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(shown, expected);
    for ((name, options), (_, body)) in commands().iter().zip(&parts) {
        let shown: BTreeSet<&str> = body
            .lines()
            .filter_map(|line| {
                line.strip_prefix(".BR --")
                    .or(line.strip_prefix(".BI --"))
                    .or(line.strip_prefix(".B --"))
            })
            .filter_map(|line| line.split([' ', '"']).next())
            .collect();
        let expected: BTreeSet<&str> = options.iter().map(String::as_str).collect();
        assert_eq!(shown, expected, "options of {name}");
    }
}

#[test]
fn the_completions_are_those_of_the_program() {
    let shells = [
        (Shell::Bash, "frontdesk.bash"),
        (Shell::Zsh, "_frontdesk"),
        (Shell::Fish, "frontdesk.fish"),
    ];
    for (shell, name) in shells {
        let mut made = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "frontdesk", &mut made);
        let made = String::from_utf8(made).expect("text");
        let path = root().join("packaging/completions").join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &made).expect("writable");
        }
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            shipped == made,
            "packaging/completions/{name} is out of date: run `make api`"
        );
    }
}
