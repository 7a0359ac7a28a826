//! The words by which a customer ends, resumes or asks about messages (`data/optout.json`).
//!
//! Only a whole message counts, after case, width, accents and the signs around it are evened out: *STOP!* is one, *do not
//! stop* is none. Owns the words and the default answers. Must not know what follows from them.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::content::Content;

/// Longest message that can be a keyword, in characters.
const MAX_CHARS: usize = 60;
/// The language whose answers are used where there is nothing better.
const FALLBACK: &str = "en";

/// What a keyword asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyword {
    /// No more messages.
    Stop,
    /// No more marketing.
    StopMarketing,
    /// Messages again.
    Start,
    /// What is this?
    Help,
}

/// A keyword that a message is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// What it asks for.
    pub keyword: Keyword,
    /// Language tag of the word.
    pub language: &'static str,
}

/// The shipped words.
struct Words {
    by_text: HashMap<String, Vec<(Keyword, &'static str)>>,
    /// Words that only count where carriers treat them so.
    sms: HashMap<String, &'static str>,
    replies: HashMap<(&'static str, &'static str), String>,
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| load(include_str!("../../data/optout.json")))
}

/// The shipped file is checked by a test; what it does not hold is simply not known.
fn load(text: &'static str) -> Words {
    let data: Value = serde_json::from_str(text).unwrap_or_default();
    let mut words = Words {
        by_text: HashMap::new(),
        sms: HashMap::new(),
        replies: HashMap::new(),
    };
    for (language, entry) in data["languages"].as_object().into_iter().flatten() {
        // Once for the life of the program: there are some forty languages.
        let language: &'static str = Box::leak(language.clone().into_boxed_str());
        let list = |name: &str| {
            let texts = entry[name].as_array().into_iter().flatten();
            texts.filter_map(Value::as_str).map(normalise).collect::<Vec<_>>()
        };
        for (name, keyword) in [
            ("stop", Keyword::Stop),
            ("stop_marketing", Keyword::StopMarketing),
            ("start", Keyword::Start),
            ("help", Keyword::Help),
        ] {
            for text in list(name) {
                words.by_text.entry(text).or_default().push((keyword, language));
            }
        }
        words
            .sms
            .extend(list("stop_sms").into_iter().map(|text| (text, language)));
        for name in ["stop", "start", "help"] {
            if let Some(reply) = entry["replies"][name].as_str() {
                words.replies.insert((language, name), reply.to_owned());
            }
        }
    }
    words
}

/// Evens out what does not matter: case, width, accents, signs around and between the words.
pub fn normalise(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{652}' | '\u{640}');
    let plain: String = text
        .nfkd()
        .filter(|c| !is_mark(*c) && !matches!(c, '\'' | '’' | '`'))
        .flat_map(char::to_lowercase)
        .nfc()
        .map(|c| {
            if c.is_whitespace() || "-_/.".contains(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    let trimmed = plain.trim_matches(|c: char| !c.is_alphanumeric());
    trimmed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The keyword that the provider has taken a message for: `stop`, `start` or `help`. Answered in the language of `text`, if it is
/// one of ours.
pub fn told(word: &str, text: &str, locale: &str) -> Option<Heard> {
    let keyword = match word {
        "stop" => Keyword::Stop,
        "start" => Keyword::Start,
        "help" => Keyword::Help,
        _ => return None,
    };
    let language = hear(text, locale, true, &[]).map_or(FALLBACK, |heard| heard.language);
    Some(Heard { keyword, language })
}

/// The keyword that `text` is as a whole. A word that several languages share is taken for one of `locale`, where that is
/// one of them. `sms`: the words that carriers treat as STOP count as well. `extra`: further words for stop, normalised.
pub fn hear(text: &str, locale: &str, sms: bool, extra: &[String]) -> Option<Heard> {
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    let text = normalise(text);
    let words = words();
    let known = words.by_text.get(&text).map(Vec::as_slice).unwrap_or_default();
    let own = locale.split(['-', '_']).next().unwrap_or_default();
    // Where a word asks for different things in different languages, ending messages is the safe reading.
    let stops = |keyword: Keyword| matches!(keyword, Keyword::Stop | Keyword::StopMarketing);
    let mut candidates: Vec<_> = known.iter().filter(|(keyword, _)| stops(*keyword)).collect();
    if candidates.is_empty() {
        candidates = known.iter().collect();
    }
    let english = |language: &&str| *language == FALLBACK;
    let found = candidates
        .iter()
        .find(|(_, language)| *language == own)
        .or_else(|| candidates.iter().find(|(_, language)| english(language)))
        .or_else(|| candidates.first());
    if let Some((keyword, language)) = found {
        return Some(Heard {
            keyword: *keyword,
            language: reply_language(language, own, &text),
        });
    }
    let stop = |language| Heard {
        keyword: Keyword::Stop,
        language,
    };
    if let Some(language) = words.sms.get(&text).filter(|_| sms) {
        return Some(stop(language));
    }
    let is_extra = !text.is_empty() && extra.contains(&text);
    is_extra.then(|| stop(reply_language(FALLBACK, own, &text)))
}

/// *STOP* is understood everywhere and says nothing about the writer's language: the workspace's answers it.
fn reply_language(language: &'static str, own: &str, text: &str) -> &'static str {
    let is_universal = language == FALLBACK && !text.contains(' ');
    let replies = &words().replies;
    let own = replies
        .keys()
        .find(|(known, _)| *known == own)
        .map(|(known, _)| *known);
    own.filter(|_| is_universal).unwrap_or(language)
}

/// The default answer to a keyword.
pub fn reply(heard: &Heard) -> &'static str {
    let name = match heard.keyword {
        Keyword::Stop | Keyword::StopMarketing => "stop",
        Keyword::Start => "start",
        Keyword::Help => "help",
    };
    let replies = &words().replies;
    let found = replies.get(&(heard.language, name));
    found
        .or_else(|| replies.get(&(FALLBACK, name)))
        .map_or("", String::as_str)
}

/// The words of a customer's message that may be a keyword: a text, or the label or payload of a tapped button.
pub fn spoken(content: &Content) -> Vec<&str> {
    let paths: &[&str] = match content.kind.as_str() {
        "text" => &["/body"],
        "button" => &["/text", "/payload"],
        "interactive" => &["/button_reply/title", "/button_reply/id", "/list_reply/title"],
        _ => &[],
    };
    let found = paths
        .iter()
        .filter_map(|path| content.body.pointer(path)?.as_str());
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_messages_count_and_words_in_sentences_do_not() {
        use Keyword::{Help, Start, Stop, StopMarketing};
        let table = [
            ("STOP", Some(Stop)),
            (" stop. ", Some(Stop)),
            ("¡Parar!", Some(Stop)),
            ("ＳＴＯＰ", Some(Stop)),
            ("🛑 Stop 🛑", Some(Stop)),
            ("opt-out", Some(Stop)),
            ("Arrêt", Some(Stop)),
            ("arret", Some(Stop)),
            ("إيقاف", Some(Stop)),
            ("ايقاف", Some(Stop)),
            ("Acha", Some(Stop)),
            ("СТОП", Some(Stop)),
            ("退订", Some(Stop)),
            ("बंद करें", Some(Stop)),
            ("Stop promotions", Some(StopMarketing)),
            ("START", Some(Start)),
            ("unstop", Some(Start)),
            ("Ajuda?", Some(Help)),
            ("please do not stop", None),
            ("stop by the shop tomorrow", None),
            ("When does the bus stop?", None),
            ("cancel", None),
            ("", None),
            ("!!!", None),
        ];
        for (text, keyword) in table {
            assert_eq!(
                hear(text, "en", false, &[]).map(|heard| heard.keyword),
                keyword,
                "{text}"
            );
        }
        assert_eq!(
            hear("Cancel", "en", true, &[]).map(|heard| heard.keyword),
            Some(Stop)
        );
        let extra = [normalise("No más, gracias")];
        assert_eq!(
            hear("no mas, gracias!", "es", false, &extra).map(|heard| heard.keyword),
            Some(Stop)
        );
    }

    #[test]
    fn every_language_has_words_and_answers_within_a_text_message() {
        let data: Value = serde_json::from_str(include_str!("../../data/optout.json")).expect("shipped");
        let languages = data["languages"].as_object().expect("languages");
        assert!(languages.len() >= 30);
        for (language, entry) in languages {
            for name in ["stop", "start", "help"] {
                let words = entry[name].as_array().expect(name);
                assert!(!words.is_empty(), "{language} {name}");
                let reply = entry["replies"][name].as_str().expect(name);
                assert!((10..=400).contains(&reply.chars().count()), "{language} {name}");
            }
            for word in entry["stop"].as_array().expect("stop") {
                let heard = hear(word.as_str().expect("a word"), language, false, &[]);
                assert!(
                    heard.is_some_and(|heard| heard.keyword == Keyword::Stop),
                    "{language} {word}"
                );
            }
        }
        let heard = hear("stop", "pt-BR", false, &[]).expect("known");
        assert!(
            reply(&heard).contains("Você"),
            "the workspace's language answers a universal word"
        );
    }

    proptest! {
        #[test]
        fn anything_can_be_normalised_and_stays_so(text in "\\PC{0,80}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once.clone());
            let _ = hear(&text, "en", true, &[]);
        }
    }
}
