//! Files: where a customer's can be fetched, and which ones Twilio fetches from us.
//!
//! Owns the limits and the look of a reference. Source: the provider contract, section 1, and Twilio's lists of accepted types.

use secrecy::{ExposeSecret, SecretString};

use super::settings::{self, Medium};
use crate::channels::ChannelAccess;
use crate::channels::fields::URL;
use crate::channels::media::{MediaError, MediaSource};
use crate::domain::media::{MediaKind, MediaRule};

/// What a channel may send.
pub(super) const fn rules(medium: Medium, has_mms: bool) -> &'static [MediaRule] {
    match medium {
        Medium::Whatsapp => &WHATSAPP,
        Medium::Sms if has_mms => &MMS,
        Medium::Sms => &[],
    }
}

/// By MMS 5 MB in all, whatever the type; carriers shrink pictures as they like.
static MMS: [MediaRule; 4] = [
    MediaRule {
        kind: MediaKind::Image,
        mimes: &["image/jpeg", "image/png", "image/gif"],
        max_bytes: 5 << 20,
    },
    MediaRule {
        kind: MediaKind::Video,
        mimes: &["video/mp4", "video/3gpp"],
        max_bytes: 5 << 20,
    },
    MediaRule {
        kind: MediaKind::Audio,
        mimes: &["audio/amr", "audio/mpeg", "audio/mp4"],
        max_bytes: 5 << 20,
    },
    MediaRule {
        kind: MediaKind::Document,
        mimes: &["application/pdf", "text/vcard"],
        max_bytes: 5 << 20,
    },
];

/// On WhatsApp 16 MB, whatever the type.
static WHATSAPP: [MediaRule; 5] = [
    MediaRule {
        kind: MediaKind::Image,
        mimes: &["image/jpeg", "image/png"],
        max_bytes: 5 << 20,
    },
    MediaRule {
        kind: MediaKind::Video,
        mimes: &["video/mp4", "video/3gpp"],
        max_bytes: 16 << 20,
    },
    MediaRule {
        kind: MediaKind::Audio,
        mimes: &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
        max_bytes: 16 << 20,
    },
    MediaRule {
        kind: MediaKind::Document,
        mimes: &["application/pdf", "text/plain", "text/vcard"],
        max_bytes: 16 << 20,
    },
    MediaRule {
        kind: MediaKind::Sticker,
        mimes: &["image/webp"],
        max_bytes: 100 << 10,
    },
];

/// Where a customer's file lies: the address that stood in the webhook, with the account's login. It leads on to a signed
/// address elsewhere, which must not get the login.
pub(super) fn locate(access: &ChannelAccess, reference: &str) -> Result<MediaSource, MediaError> {
    let invalid = || MediaError::Invalid("it is no address of this account's files".into());
    let url = reqwest::Url::parse(reference)
        .ok()
        .filter(|_| reference.len() <= URL);
    let url = url.ok_or_else(invalid)?;
    // Only the API itself: whoever could write another address into a message would else be told the login.
    let home = settings::endpoint(&access.settings, &["Messages"]).map_err(|_| invalid())?;
    let is_home = url.origin() == home.origin() && url.path().starts_with(home.path());
    if !is_home || url.query().is_some() {
        return Err(invalid());
    }
    let (user, password) = super::call::login(access);
    let basic = format!(
        "Basic {}",
        base64(format!("{user}:{}", password.expose_secret()).as_bytes())
    );
    Ok(MediaSource::plain(url)
        .with_header("authorization", SecretString::from(basic))
        .following())
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            match place <= chunk.len() {
                true => text.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 0x3f) as usize])),
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accounts_own_files_get_the_login() {
        let sid = "AC0123456789abcdef0123456789abcdef";
        let access = ChannelAccess {
            settings: [("account_sid".to_owned(), sid.to_owned())].into(),
            secrets: [("auth_token".to_owned(), "foobar".into())].into(),
            webhook_url: String::new(),
        };
        let file = format!("https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages/MM1/Media/ME1");
        let source = locate(&access, &file).expect("a file of ours");
        assert!(source.follow_redirects);
        assert_eq!(
            source.headers[0].1.expose_secret(),
            format!("Basic {}", base64(format!("{sid}:foobar").as_bytes()))
        );
        let strangers = [
            "https://evil.example/2010-04-01/Accounts/x/Messages/MM1".to_owned(),
            file.replace("https", "http"),
            file.replace("Messages", "Calls"),
            format!("{file}?x=1"),
            "nonsense".to_owned(),
        ];
        for stranger in strangers {
            assert!(locate(&access, &stranger).is_err(), "{stranger}");
        }
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64(b"f"), "Zg==");
    }
}
