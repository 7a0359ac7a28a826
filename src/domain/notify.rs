//! Whom to tell of what, and when not: a person's choice held against one piece of news. Pure: time and presence come in.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::ids::UserId;
use super::message::{Author, Direction, Message};
use super::time::Timestamp;

/// What a person wants to be told of. Stands in the store as JSON: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Messages in conversations that are theirs.
    pub assigned: bool,
    /// Messages in conversations that are nobody's.
    pub unassigned: bool,
    /// Notes that mention them.
    pub mentions: bool,
    /// Alerts.
    pub alerts: bool,
    /// A sound with it.
    pub sound: bool,
    /// Nothing is told in these hours.
    pub quiet: Option<QuietHours>,
    /// What is told shows what was written, not only who wrote.
    #[serde(default = "yes")]
    pub show_text: bool,
}

/// Hours without any telling; over midnight if `from` is later than `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// `00:00` to `23:59`; the first quiet minute.
    pub from: String,
    /// `00:00` to `23:59`; the first minute that is not.
    pub to: String,
    /// IANA time zone.
    pub timezone: String,
}

/// Something that people may want to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A customer wrote.
    Message {
        /// Who has the conversation.
        assignee: Option<UserId>,
    },
    /// Someone wrote a note.
    Note {
        /// Who; `None` for a program.
        author: Option<UserId>,
        /// Whom it names.
        mentions: Vec<UserId>,
    },
    /// Something needs attention.
    Alert,
}

/// As what someone is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer wrote.
    Message,
    /// A note names them.
    Mention,
    /// Something needs attention.
    Alert,
}

const fn yes() -> bool {
    true
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            assigned: true,
            unassigned: true,
            mentions: true,
            alerts: true,
            sound: false,
            quiet: None,
            show_text: true,
        }
    }
}

impl Choice {
    /// As what `me` is told of it at `now`; `None` for not at all. `focused`: they have that very conversation before them.
    pub fn kind_of(&self, me: UserId, news: &News, now: Timestamp, focused: bool) -> Option<Kind> {
        let kind = self.wants(me, news)?;
        let quiet = self.quiet.as_ref().is_some_and(|quiet| quiet.holds_at(now));
        (!quiet && !focused).then_some(kind)
    }

    fn wants(&self, me: UserId, news: &News) -> Option<Kind> {
        match news {
            News::Message { assignee: None } => self.unassigned.then_some(Kind::Message),
            News::Message { assignee } => (*assignee == Some(me) && self.assigned).then_some(Kind::Message),
            News::Note { author, mentions } => {
                let named = mentions.contains(&me) && *author != Some(me);
                (named && self.mentions).then_some(Kind::Mention)
            }
            News::Alert => self.alerts.then_some(Kind::Alert),
        }
    }
}

impl QuietHours {
    /// Whether `at` lies in them. An unknown time zone counts as UTC.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        let zone = TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC);
        let moment = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let time = zone.to_datetime(moment).time();
        let clock = format!("{:02}:{:02}", time.hour(), time.minute());
        let (after, before) = (clock >= self.from, clock < self.to);
        if self.from < self.to {
            after && before
        } else {
            after || before
        }
    }
}

impl News {
    /// What a new message is to the team; `None` for what is no news: the team's own messages, and imported history.
    pub fn of_message(message: &Message, assignee: Option<UserId>) -> Option<Self> {
        if message.content.is_note() {
            let author = match message.author {
                Author::User(user) => Some(user),
                _ => None,
            };
            let mentions = message.content.mentions();
            return Some(Self::Note { author, mentions });
        }
        let is_news = message.direction == Direction::Inbound && !message.is_imported();
        is_news.then_some(Self::Message { assignee })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::MessageStatus;
    use crate::domain::message::tests::outbound;
    use crate::domain::{Content, time::HOUR};

    const ME: UserId = UserId([1; 16]);
    const OTHER: UserId = UserId([2; 16]);
    const NOON: Timestamp = Timestamp(12 * HOUR);

    fn none() -> Choice {
        Choice {
            assigned: false,
            unassigned: false,
            mentions: false,
            alerts: false,
            ..Choice::default()
        }
    }

    fn note(author: UserId, mentions: &[UserId]) -> News {
        News::Note {
            author: Some(author),
            mentions: mentions.to_vec(),
        }
    }

    fn message(assignee: Option<UserId>) -> News {
        News::Message { assignee }
    }

    #[test]
    fn each_choice_lets_through_its_own_news_only() {
        let all = [
            message(Some(ME)),
            message(None),
            note(OTHER, &[ME]),
            News::Alert,
            message(Some(OTHER)),
            note(OTHER, &[OTHER]),
            note(ME, &[ME]),
        ];
        let mine = Choice {
            assigned: true,
            ..none()
        };
        let nobodys = Choice {
            unassigned: true,
            ..none()
        };
        let named = Choice {
            mentions: true,
            ..none()
        };
        let alerts = Choice {
            alerts: true,
            ..none()
        };
        let table: [(Choice, &[usize]); 6] = [
            (mine, &[0]),
            (nobodys, &[1]),
            (named, &[2]),
            (alerts, &[3]),
            (Choice::default(), &[0, 1, 2, 3]),
            (none(), &[]),
        ];
        for (choice, expected) in table {
            let told: Vec<usize> = (0..all.len())
                .filter(|at| choice.kind_of(ME, &all[*at], NOON, false).is_some())
                .collect();
            assert_eq!(told, expected, "{choice:?}");
            assert!(
                all.iter()
                    .all(|news| choice.kind_of(ME, news, NOON, true).is_none())
            );
        }
        assert_eq!(
            Choice::default().kind_of(ME, &note(OTHER, &[ME]), NOON, false),
            Some(Kind::Mention)
        );
    }

    #[test]
    fn quiet_hours_hold_by_the_wall_clock_of_their_zone() {
        let quiet = |from: &str, to: &str, timezone: &str| QuietHours {
            from: from.into(),
            to: to.into(),
            timezone: timezone.into(),
        };
        let at = |hour: i64, minute: i64| Timestamp(hour * HOUR + minute * HOUR / 60);
        let table = [
            (quiet("09:00", "17:00", "UTC"), at(9, 0), true),
            (quiet("09:00", "17:00", "UTC"), at(16, 59), true),
            (quiet("09:00", "17:00", "UTC"), at(17, 0), false),
            (quiet("22:00", "07:00", "UTC"), at(23, 0), true),
            (quiet("22:00", "07:00", "UTC"), at(6, 59), true),
            (quiet("22:00", "07:00", "UTC"), at(7, 0), false),
            // Nairobi is three hours ahead.
            (quiet("22:00", "07:00", "Africa/Nairobi"), at(19, 30), true),
            (quiet("22:00", "07:00", "Africa/Nairobi"), at(5, 0), false),
            (quiet("11:00", "13:00", "Mars/Base"), NOON, true),
        ];
        for (quiet, at, holds) in table {
            assert_eq!(quiet.holds_at(at), holds, "{quiet:?} at {at}");
            let choice = Choice {
                quiet: Some(quiet),
                ..Choice::default()
            };
            assert_eq!(choice.kind_of(ME, &News::Alert, at, false).is_none(), holds);
        }
    }

    #[test]
    fn only_customers_and_notes_make_news() {
        let mut it = outbound(MessageStatus::Received);
        assert_eq!(News::of_message(&it, None), None, "the team's own");
        it.direction = Direction::Inbound;
        it.author = Author::Customer;
        assert_eq!(News::of_message(&it, Some(ME)), Some(message(Some(ME))));
        it.extra = Some(serde_json::json!({ "history": { "phase": 1 } }));
        assert_eq!(News::of_message(&it, None), None, "imported");
        let mut it = outbound(MessageStatus::Received);
        it.author = Author::User(OTHER);
        it.content = Content::note_to("@Me", &[ME]);
        assert_eq!(News::of_message(&it, None), Some(note(OTHER, &[ME])));
    }

    #[test]
    fn a_choice_of_an_earlier_version_shows_texts() {
        let stored =
            r#"{"assigned":false,"unassigned":true,"mentions":true,"alerts":true,"sound":true,"quiet":null}"#;
        let choice: Choice = serde_json::from_str(stored).expect("JSON");
        assert!(choice.show_text && choice.sound && !choice.assigned);
    }
}
