//! How the program is told what to do: command line, environment, file; raw first, then checked.
//!
//! The command line wins over the environment, the environment over the file, the file over the defaults. Read by
//! `app.rs` and the command line only.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::http::TrustedProxies;

mod smtp;
mod tls;

pub use smtp::{Smtp, SmtpTls};
pub use tls::Tls;

/// Where it listens unless told otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Where data is kept unless told otherwise, below the current directory.
const DEFAULT_DATA: &str = "frontdesk-data";
/// The web server tells of each of its workers as it comes and goes.
const LOG_FILTER: &str = "info,actix_server=warn";
/// Largest configuration file.
const MAX_FILE: u64 = 256 * 1024;

/// The options of every command that opens the data.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Directory that holds everything.
    #[arg(long, env = "FRONTDESK_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on.
    #[arg(long, env = "FRONTDESK_LISTEN", value_name = "ADDR")]
    pub listen: Option<String>,
    /// Configuration file.
    #[arg(long, env = "FRONTDESK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where people and providers reach it from outside.
    #[arg(long, env = "FRONTDESK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// The file, as it is written.
#[derive(serde::Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
struct File {
    /// Directory that holds everything.
    data: Option<PathBuf>,
    /// Address to listen on.
    listen: Option<String>,
    /// Where people and providers reach it from outside.
    public_url: Option<String>,
    /// Addresses or networks of proxies that are believed about the client's address.
    trusted_proxies: Option<Vec<String>>,
    /// File with the token that metrics readers from elsewhere must show.
    metrics_token_file: Option<PathBuf>,
    /// `text` or `json`.
    log_format: Option<LogFormat>,
    /// What is logged, as in `info,frontdesk=debug`; without it `info,actix_server=warn`.
    log_filter: Option<String>,
    /// Whether webhooks of workspaces may go to private addresses.
    allow_private_webhooks: Option<bool>,
    /// Speaking HTTPS itself.
    tls: Option<tls::Section>,
    /// The mail server.
    smtp: Option<smtp::Section>,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Directory that holds everything.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Where it is reached from outside, without a slash at the end.
    pub public_url: String,
    /// Proxies that are believed.
    pub proxies: TrustedProxies,
    /// Token for metrics readers from elsewhere.
    pub metrics_token: Option<SecretString>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_filter: String,
    /// Whether webhooks of workspaces may go to private addresses.
    pub allow_private_webhooks: bool,
    /// How it speaks HTTPS itself; plain HTTP if absent.
    pub tls: Option<Tls>,
    /// The mail server, if there is one.
    pub smtp: Option<Smtp>,
}

/// A configuration that cannot be used: names the field and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct ConfigError {
    /// The option.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

fn wrong(field: &'static str, detail: impl Into<String>) -> ConfigError {
    ConfigError {
        field,
        detail: detail.into(),
    }
}

impl Config {
    /// Reads the file if there is one, and checks everything.
    ///
    /// # Errors
    /// The first option that is wrong.
    pub fn load(options: &Options) -> Result<Self, ConfigError> {
        let file = options
            .config
            .as_deref()
            .map(read_file)
            .transpose()?
            .unwrap_or_default();
        let listen = options
            .listen
            .clone()
            .or(file.listen)
            .unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let listen: SocketAddr = listen.parse().map_err(|_| {
            wrong(
                "listen",
                format!("{listen:?} is no address; write it like 127.0.0.1:8080"),
            )
        })?;
        let public_url = options.public_url.clone().or(file.public_url);
        let proxies = file.trusted_proxies.unwrap_or_default();
        let proxies: Result<Vec<_>, String> = proxies.iter().map(|text| text.parse()).collect();
        let tls = file.tls.map(tls::Section::check).transpose()?;
        let metrics_token = file.metrics_token_file.as_deref().map(read_token).transpose()?;
        Ok(Self {
            data: options
                .data
                .clone()
                .or(file.data)
                .unwrap_or_else(|| DEFAULT_DATA.into()),
            listen,
            public_url: check_url(public_url.unwrap_or_else(|| usual_url(listen, tls.as_ref())))?,
            proxies: TrustedProxies(proxies.map_err(|error| wrong("trusted_proxies", error))?),
            metrics_token,
            log_format: file.log_format.unwrap_or_default(),
            log_filter: file.log_filter.unwrap_or_else(|| LOG_FILTER.to_owned()),
            allow_private_webhooks: file.allow_private_webhooks.unwrap_or(false),
            tls,
            smtp: file.smtp.map(smtp::Section::check).transpose()?,
        })
    }

    /// Whether browsers reach it by HTTPS.
    pub fn https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// Where it is reached unless told otherwise.
fn usual_url(listen: SocketAddr, tls: Option<&Tls>) -> String {
    match tls {
        None => format!("http://{listen}"),
        Some(Tls::Files { .. }) => format!("https://{listen}"),
        Some(Tls::Acme { domains, .. }) => {
            let domain = domains.first().map_or("localhost", String::as_str);
            match listen.port() {
                443 => format!("https://{domain}"),
                port => format!("https://{domain}:{port}"),
            }
        }
    }
}

fn read_limited(field: &'static str, path: &Path) -> Result<String, ConfigError> {
    let unreadable =
        |error: std::io::Error| wrong(field, format!("{} cannot be read: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE {
        return Err(wrong(
            field,
            format!("{} is larger than {MAX_FILE} bytes", path.display()),
        ));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let text = read_limited("config", path)?;
    toml::from_str(&text).map_err(|error| wrong("config", format!("{}: {error}", path.display())))
}

fn read_token(path: &Path) -> Result<SecretString, ConfigError> {
    let token = read_limited("metrics_token_file", path)?.trim().to_owned();
    match token.len() {
        16..=256 => Ok(token.into()),
        _ => Err(wrong(
            "metrics_token_file",
            "the token must have 16 to 256 characters",
        )),
    }
}

fn check_url(url: String) -> Result<String, ConfigError> {
    let trimmed = url.trim_end_matches('/').to_owned();
    let parsed = reqwest::Url::parse(&trimmed).map_err(|_| {
        wrong(
            "public_url",
            format!("{url:?} is no URL; write it like https://desk.example.com"),
        )
    })?;
    let plain = matches!(parsed.scheme(), "http" | "https")
        && parsed.has_host()
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none()
        && parsed.path() == "/";
    match plain {
        true => Ok(trimmed),
        false => Err(wrong(
            "public_url",
            "must be http(s)://host[:port] and nothing more",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, options: Options) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("frontdesk.toml");
        std::fs::write(&path, text).expect("writable");
        Config::load(&Options {
            config: Some(path),
            ..options
        })
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "listen = \"127.0.0.1:9000\"\npublic_url = \"https://desk.example/\"";
        let config = with_file(file, Options::default()).expect("valid");
        assert_eq!(
            (config.listen.port(), config.public_url.as_str()),
            (9000, "https://desk.example")
        );
        assert!(config.https());
        let options = Options {
            listen: Some("127.0.0.1:9001".into()),
            ..Options::default()
        };
        assert_eq!(with_file(file, options).expect("valid").listen.port(), 9001);
        assert_eq!(
            Config::load(&Options::default()).expect("defaults").public_url,
            "http://127.0.0.1:8080"
        );
    }

    #[test]
    fn whoever_speaks_https_is_reached_by_it() {
        let acme = "[tls.acme]\ndomains = [\"desk.example\"]\ncontact = \"a@b.example\"";
        let table = [
            (
                format!("listen = \"0.0.0.0:443\"\n{acme}"),
                "https://desk.example",
            ),
            (
                format!("listen = \"0.0.0.0:8443\"\n{acme}"),
                "https://desk.example:8443",
            ),
            (
                "[tls]\ncert = \"/c\"\nkey = \"/k\"".to_owned(),
                "https://127.0.0.1:8080",
            ),
        ];
        for (file, url) in table {
            let config = with_file(&file, Options::default()).expect("valid");
            assert_eq!((config.public_url.as_str(), config.https()), (url, true));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            ("listen = \"here\"", "listen"),
            ("listne = \"127.0.0.1:1\"", "config"),
            ("listen = 5", "config"),
            ("public_url = \"desk\"", "public_url"),
            ("public_url = \"ftp://desk\"", "public_url"),
            ("public_url = \"https://a:b@desk\"", "public_url"),
            ("public_url = \"https://desk/sub\"", "public_url"),
            ("trusted_proxies = [\"nobody\"]", "trusted_proxies"),
            ("metrics_token_file = \"/nonexistent\"", "metrics_token_file"),
            ("log_format = \"xml\"", "config"),
            ("allow_private_webhooks = 1", "config"),
            ("[tls]", "tls"),
            ("[tls]\ncert = \"/c\"", "tls.key"),
            ("[tls]\nkey = \"/k\"", "tls.cert"),
            (
                "[tls]\ncert = \"/c\"\n[tls.acme]\ndomains = [\"a.example\"]\ncontact = \"a@b.example\"",
                "tls.acme",
            ),
            ("[tls.acme]\ndomains = [\"a.example\"]", "config"),
            (
                "[tls.acme]\ndomains = []\ncontact = \"a@b.example\"",
                "tls.acme.domains",
            ),
            (
                "[tls.acme]\ndomains = [\"*.example\"]\ncontact = \"a@b.example\"",
                "tls.acme.domains",
            ),
            (
                "[tls.acme]\ndomains = [\"127.0.0.1\"]\ncontact = \"a@b.example\"",
                "tls.acme.domains",
            ),
            (
                "[tls.acme]\ndomains = [\"a.example\"]\ncontact = \"nobody\"",
                "tls.acme.contact",
            ),
            (
                "[tls.acme]\ndomains = [\"a.example\"]\ncontact = \"a@b.example\"\ndirectory = \"http://ca.example\"",
                "tls.acme.directory",
            ),
            ("[smtp]\nhost = \"mail.example\"", "config"),
            ("[smtp]\nhost = \"\"\nfrom = \"a@b.example\"", "smtp.host"),
            ("[smtp]\nhost = \"m\"\nfrom = \"nobody\"", "smtp.from"),
            (
                "[smtp]\nhost = \"m\"\nfrom = \"a@b.example\"\nport = 0",
                "smtp.port",
            ),
            (
                "[smtp]\nhost = \"m\"\nfrom = \"a@b.example\"\nusername = \"u\"",
                "smtp.password_file",
            ),
            (
                "[smtp]\nhost = \"m\"\nfrom = \"a@b.example\"\ntls = \"ssl\"",
                "config",
            ),
            (
                "[smtp]\nhost = \"m\"\nfrom = \"a@b.example\"\nusername = \"u\"\npassword_file = \"/nonexistent\"",
                "smtp.password_file",
            ),
        ];
        for (file, field) in table {
            let error = with_file(file, Options::default()).expect_err(file);
            assert_eq!(error.field, field, "{file}");
        }
    }
}
