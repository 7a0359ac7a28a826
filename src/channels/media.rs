//! Files on their way between a provider and us, as every provider puts it.
//!
//! Owns the words only. Fetching itself, with its limits and its guard against addresses that lead inside, is done in one
//! place for all providers by whoever holds a [`MediaSource`].

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::domain::media::MediaKind;
use crate::domain::outbound::ProviderError;

/// Where a file can be fetched from.
#[derive(Clone)]
pub struct MediaSource {
    /// Its address.
    pub url: reqwest::Url,
    /// Headers that must go with the first request only: a redirection elsewhere never gets them.
    pub headers: Vec<(&'static str, secrecy::SecretString)>,
    /// Whether a redirection may be followed (checked anew, without the headers).
    pub follow_redirects: bool,
    /// Its type, where told.
    pub mime: Option<String>,
    /// Its size in bytes, where told.
    pub size: Option<u64>,
    /// SHA-256 of its bytes, where told.
    pub sha256: Option<[u8; 32]>,
}

impl MediaSource {
    /// A plain address, as content networks have it.
    pub const fn plain(url: reqwest::Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            follow_redirects: false,
            mime: None,
            size: None,
            sha256: None,
        }
    }

    /// A header with the first request.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: secrecy::SecretString) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Redirections may be followed.
    #[must_use]
    pub const fn following(mut self) -> Self {
        self.follow_redirects = true;
        self
    }
}

/// How files reach the provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutboundMedia {
    /// We give it the bytes first, and the message names what it made of them.
    Upload,
    /// The message carries an address of ours, from which the provider fetches it. The appliance must be reachable.
    Link,
    /// It takes none.
    Unsupported,
}

/// A file for a provider.
pub struct MediaUpload {
    /// As what it will be sent.
    pub kind: MediaKind,
    /// What its bytes are.
    pub mime: String,
    /// A name, made up where it had none.
    pub filename: String,
    /// How many bytes come.
    pub size: u64,
    /// The bytes.
    pub bytes: BoxStream<'static, std::io::Result<Bytes>>,
}

/// What the provider made of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadedMedia {
    /// What a message names.
    pub reference: String,
    /// How long the provider keeps it.
    pub kept_for: Duration,
}

/// Why a file could not be had, or given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaError {
    /// This provider's files cannot be had this way.
    Unsupported,
    /// The provider does not have it; asking again later is of no use.
    Gone(String),
    /// The reference is none that this provider gives.
    Invalid(String),
    /// Anything else that the provider said, or that it could not be reached: later, perhaps.
    Provider(ProviderError),
}
