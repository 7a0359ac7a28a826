//! The section `[smtp]`: by which mail server letters leave.

use std::path::PathBuf;

use secrecy::SecretString;

use super::{ConfigError, read_limited, wrong};
use crate::http::check;

/// The section, as it is written.
#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    /// The server's name.
    host: String,
    /// Its port; the usual one of `tls` unless given.
    port: Option<u16>,
    /// Log-in name.
    username: Option<String>,
    /// File with the password.
    password_file: Option<PathBuf>,
    /// The sender, as in `Frontdesk <desk@example.com>`.
    from: String,
    /// `tls`, `starttls` or `none`.
    #[serde(default)]
    tls: SmtpTls,
}

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS after the greeting, always; port 587.
    #[default]
    StartTls,
    /// TLS from the start; port 465.
    Tls,
    /// Plain text, for a server on this machine; port 25.
    None,
}

/// The mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Log-in name and password.
    pub login: Option<(String, SecretString)>,
    /// The sender.
    pub from: String,
    /// How the connection is protected.
    pub tls: SmtpTls,
}

impl Section {
    /// The checked section.
    pub(super) fn check(self) -> Result<Smtp, ConfigError> {
        let Self {
            host,
            port,
            username,
            password_file,
            from,
            tls,
        } = self;
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        if host.is_empty() || host.len() > 253 || !host.chars().all(is_name) {
            return Err(wrong(
                "smtp.host",
                "give the mail server's name, such as mail.example.com",
            ));
        }
        let usual = match tls {
            SmtpTls::StartTls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None => 25,
        };
        let port = port.unwrap_or(usual);
        if port == 0 {
            return Err(wrong("smtp.port", "must be 1 to 65535"));
        }
        let address = from
            .rsplit_once('<')
            .map_or(from.as_str(), |(_, rest)| rest.trim_end_matches('>'));
        if from.chars().any(char::is_control) || check::email("from", address).is_err() {
            let detail = "give a sender such as desk@example.com or Frontdesk <desk@example.com>";
            return Err(wrong("smtp.from", detail));
        }
        let login = match (username, password_file) {
            (None, None) => None,
            (Some(name), Some(file)) => {
                let password = read_limited("smtp.password_file", &file)?;
                Some((name, password.trim_end_matches(['\r', '\n']).to_owned().into()))
            }
            (Some(_), None) => return Err(wrong("smtp.password_file", "is missing beside username")),
            (None, Some(_)) => return Err(wrong("smtp.username", "is missing beside password_file")),
        };
        Ok(Smtp {
            host,
            port,
            login,
            from,
            tls,
        })
    }
}
