//! Alerts as letters, by the operator's SMTP server.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::webhook::Attempt;

const TIMEOUT: Duration = Duration::from_secs(20);

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailTls {
    /// TLS from the start (port 465).
    Implicit,
    /// TLS after greeting, always (port 587).
    StartTls,
    /// Plain text: for a server on this machine only.
    None,
}

/// The operator's mail server.
#[derive(Clone)]
pub struct MailOptions {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Log-in name and password, if it wants them.
    pub login: Option<(String, SecretString)>,
    /// The sender.
    pub from: String,
    /// How the connection is protected.
    pub tls: MailTls,
}

/// Writes letters. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// What a letter says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// To whom.
    pub to: String,
    /// Its subject, one line.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same for every attempt, so that receivers can tell a second copy.
    pub id: String,
}

impl Mailer {
    /// With this server; nothing is sent yet.
    ///
    /// # Errors
    /// The sender's address or the server's name cannot be used.
    pub fn new(options: &MailOptions) -> Result<Self, String> {
        let from: Mailbox = options
            .from
            .parse()
            .map_err(|error| format!("smtp.from: {error}"))?;
        let host = options.host.as_str();
        let unusable = |error: lettre::transport::smtp::Error| format!("smtp.host: {error}");
        let builder = match options.tls {
            MailTls::Implicit => AsyncSmtpTransport::<Tokio1Executor>::relay(host).map_err(unusable)?,
            MailTls::StartTls => {
                AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host).map_err(unusable)?
            }
            MailTls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
        };
        let mut builder = builder.port(options.port).timeout(Some(TIMEOUT));
        if let Some((name, password)) = &options.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }

    /// Sends a letter once.
    pub async fn send(&self, letter: &Letter) -> Attempt {
        let Ok(to) = letter.to.parse::<Address>() else {
            return Attempt::Hopeless("the e-mail address cannot be used".into());
        };
        let message = Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone());
        let message = match message {
            Ok(message) => message,
            Err(error) => return Attempt::Hopeless(format!("the letter cannot be written: {error}")),
        };
        match self.transport.send(message).await {
            Ok(response) => Attempt::Delivered(format!("the mail server took it ({})", response.code())),
            // It says that it never will; asking again would not change it.
            Err(error) if error.is_permanent() => Attempt::Hopeless(shown(&error)),
            Err(error) => Attempt::Failed(shown(&error)),
        }
    }
}

fn shown(error: &lettre::transport::smtp::Error) -> String {
    let mut text = format!("the mail server refused or was not reached: {error}");
    if let Some(cause) = std::error::Error::source(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}
