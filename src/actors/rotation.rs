//! Secrets that were replaced and are still accepted for a while, so that nothing is refused while the provider learns the
//! new one.
//!
//! Owns how they stand in a channel's record: beside the others, under the name with `.previous`, with their end in front.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::domain::time::SECOND;
use crate::domain::{Channel, Timestamp};

/// Behind the name of a secret that was replaced.
const SUFFIX: &str = ".previous";
/// How long a replaced secret is accepted unless said otherwise, in days.
pub const DEFAULT_DAYS: u8 = 7;
/// The longest time, in days.
pub const MAX_DAYS: u8 = 30;
const DAY: i64 = 24 * 3600 * SECOND;

/// A secret that was replaced.
#[derive(Clone)]
pub struct Retired {
    /// Its name.
    pub name: String,
    /// Until when it is accepted.
    pub until: Timestamp,
    /// Itself.
    pub secret: SecretString,
}

/// Whether a name may stand among a channel's secrets: those of replaced ones are our own.
pub fn is_own_name(name: &str) -> bool {
    name.contains('.')
}

/// The secrets in use.
pub fn in_use(channel: &Channel) -> impl Iterator<Item = (&String, &String)> {
    channel.secrets.iter().filter(|(name, _)| !is_own_name(name))
}

/// Those that were replaced and are still accepted at `now`.
pub fn retired(channel: &Channel, now: Timestamp) -> Vec<Retired> {
    let read = |(name, value): (&String, &String)| {
        let name = name.strip_suffix(SUFFIX)?;
        let (until, secret) = value.split_once(':')?;
        let until = Timestamp(until.parse().ok()?);
        (until > now).then(|| Retired {
            name: name.to_owned(),
            until,
            secret: secret.into(),
        })
    };
    channel.secrets.iter().filter_map(read).collect()
}

/// Keeps what `changed` replaces, if it is one of `names` and differs, for so many days.
pub fn retire(
    secrets: &mut BTreeMap<String, String>,
    before: &BTreeMap<String, String>,
    names: &[&str],
    days: u8,
    now: Timestamp,
) {
    for name in names {
        let (old, new) = (before.get(*name), secrets.get(*name));
        let Some(old) = old.filter(|old| !old.is_empty() && new != Some(*old)) else {
            continue;
        };
        let until = now.plus(i64::from(days.min(MAX_DAYS)) * DAY);
        let key = format!("{name}{SUFFIX}");
        match days {
            0 => secrets.remove(&key),
            _ => secrets.insert(key, format!("{}:{old}", until.0)),
        };
    }
}

/// Ends the time of all that were replaced.
pub fn forget_retired(secrets: &mut BTreeMap<String, String>) {
    secrets.retain(|name, _| !is_own_name(name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ChannelId;
    use secrecy::ExposeSecret;

    fn channel(secrets: BTreeMap<String, String>) -> Channel {
        Channel {
            id: ChannelId([1; 16]),
            provider: 1,
            name: "Shop".into(),
            settings: BTreeMap::new(),
            secrets,
            paused: false,
            blocked: None,
            created_at: Timestamp(0),
            version: 1,
        }
    }

    #[test]
    fn a_replaced_secret_is_accepted_until_its_end() {
        let before = BTreeMap::from([("app_secret".to_owned(), "old:er".to_owned())]);
        let mut secrets = before.clone();
        secrets.insert("app_secret".into(), "new".into());
        secrets.insert("access_token".into(), "token".into());
        retire(
            &mut secrets,
            &before,
            &["app_secret", "verify_token"],
            7,
            Timestamp(5),
        );
        let it = channel(secrets.clone());
        let found = retired(&it, Timestamp(6));
        assert_eq!((found.len(), found[0].name.as_str()), (1, "app_secret"));
        assert_eq!(found[0].secret.expose_secret(), "old:er");
        assert_eq!(found[0].until, Timestamp(5 + 7 * DAY));
        assert!(retired(&it, Timestamp(5 + 7 * DAY)).is_empty());
        assert_eq!(in_use(&it).count(), 2);
        forget_retired(&mut secrets);
        assert_eq!(secrets.len(), 2);
        let before = secrets.clone();
        retire(&mut secrets, &before, &["app_secret"], 7, Timestamp(5));
        assert_eq!(secrets.len(), 2, "the same secret again replaces nothing");
    }
}
