//! Everything that the program says is said in all five languages: the browser app's texts against the program's tables.
//!
//! `UPDATE=1 cargo test --test words` writes the English file anew from the catalogue; translations are people's work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use frontdesk::domain::phrases;
use frontdesk::http::ErrorCode;
use serde_json::{Map, Value};

const LANGUAGES: [&str; 5] = ["en", "ar", "sw", "pt", "es"];

fn file(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("ui/src/locales/{language}/phrases.json"))
}

fn read(language: &str) -> Map<String, Value> {
    let path = file(language);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(language: &str, group: &str) -> BTreeMap<String, String> {
    let file = read(language);
    let group = file
        .get(group)
        .and_then(Value::as_object)
        .expect("a group of texts");
    let text = |(code, text): (&String, &Value)| (code.clone(), text.as_str().expect("a text").to_owned());
    group.iter().map(text).collect()
}

fn holes(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1);
    parts
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

/// The English file holds exactly what the program says, sorted by code.
fn update() {
    let mut file_of_texts = read("en");
    let said: Map<String, Value> = phrases::all()
        .map(|phrase| (phrase.code.to_owned(), phrase.text().into()))
        .collect();
    file_of_texts.insert("said".into(), said.into());
    let text = serde_json::to_string_pretty(&file_of_texts).expect("texts");
    std::fs::write(file("en"), text + "\n").expect("the file can be written");
}

#[test]
fn every_phrase_has_a_text_in_every_language() {
    if std::env::var_os("UPDATE").is_some() {
        update();
    }
    let english: BTreeMap<String, String> = phrases::all()
        .map(|phrase| (phrase.code.to_owned(), phrase.text().to_owned()))
        .collect();
    assert_eq!(
        texts("en", "said"),
        english,
        "the English texts are out of date: run UPDATE=1 cargo test --test words, then translate"
    );
    for language in LANGUAGES {
        let said = texts(language, "said");
        let (have, want): (Vec<_>, Vec<_>) = (said.keys().collect(), english.keys().collect());
        assert_eq!(have, want, "{language}");
        for (code, text) in &said {
            assert!(!text.trim().is_empty(), "{language} {code}");
            assert_eq!(holes(text), holes(&english[code]), "{language} {code}: {text}");
            let is_copy = language != "en" && text == &english[code];
            assert!(!is_copy || is_same_word(code), "{language} {code} is English");
        }
    }
}

/// Words that are the same in more than one language.
fn is_same_word(code: &str) -> bool {
    ["kind_audio", "kind_video", "word_marketing"].contains(&code)
}

#[test]
fn every_code_of_a_problem_has_a_text_in_every_language() {
    for language in LANGUAGES {
        let said = texts(language, "problem");
        let missing: Vec<&str> = ErrorCode::ALL
            .iter()
            .map(|kind| kind.code())
            .filter(|code| said.get(*code).is_none_or(|text| text.trim().is_empty()))
            .collect();
        assert_eq!(missing, Vec::<&str>::new(), "{language}");
    }
}

/// Files whose texts go to people; nothing that is said there may stand outside the catalogue.
const SPEAKING: [&str; 21] = [
    "domain/policy.rs",
    "domain/consent.rs",
    "domain/standing.rs",
    "domain/health.rs",
    "domain/outbound.rs",
    "domain/template/standing.rs",
    "domain/decide/outcome.rs",
    "domain/decide/settle.rs",
    "actors/watchdog/rules.rs",
    "actors/watchdog/standing.rs",
    "actors/renewals.rs",
    "actors/channel/read.rs",
    "actors/media/cards.rs",
    "actors/media/fetch.rs",
    "channels/whatsapp/probe.rs",
    "channels/whatsapp/doctor.rs",
    "channels/whatsapp/notices.rs",
    "channels/whatsapp/notice_words.rs",
    "channels/twilio/probe.rs",
    "channels/twilio/status.rs",
    "channels/instagram/probe.rs",
];

/// Literals that look like a sentence to a person: a capital first, blanks between, a full stop at the end.
fn sentences(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("#["));
    let code = lines.collect::<Vec<_>>().join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    literals
        .filter(|text| {
            let (first, last) = (text.chars().next(), text.chars().last());
            first.is_some_and(char::is_uppercase) && last == Some('.') && text.contains(' ')
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_said_to_people_stands_in_the_catalogue() {
    for path in SPEAKING {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
        let source = std::fs::read_to_string(&path).expect("the source");
        assert_eq!(sentences(&source), Vec::<String>::new(), "{}", path.display());
    }
}

/// Every step of a connection test and of the examination has a name in every language.
#[test]
fn every_check_has_a_name_in_every_language() {
    let files = [
        "channels/whatsapp/probe.rs",
        "channels/whatsapp/doctor.rs",
        "channels/whatsapp/dialog360.rs",
        "channels/instagram/probe.rs",
        "channels/twilio/probe.rs",
        "features/channels/doctor.rs",
    ];
    let mut names = BTreeSet::new();
    for path in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
        let source = std::fs::read_to_string(&path).expect("the source");
        let source: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
        for call in ["check(\"", "check( \"", "failed(\"", "failed( \""] {
            let after = source.split(call).skip(1);
            names.extend(after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    assert!(names.len() > 15, "{names:?}");
    for language in LANGUAGES {
        let path = file(language).with_file_name("channels.json");
        let texts = std::fs::read_to_string(path).expect("texts");
        let texts: Value = serde_json::from_str(&texts).expect("texts");
        let missing: Vec<&String> = names
            .iter()
            .filter(|name| !texts["checks"][name.as_str()].is_string())
            .collect();
        assert_eq!(missing, Vec::<&String>::new(), "{language}");
    }
}

#[test]
fn sentences_are_found() {
    let source =
        "// \"Not this one.\"\nlet x = \"The channel is away.\";\n#[cfg(test)]\nlet y = \"Nor this one.\";";
    assert_eq!(sentences(source), ["The channel is away."]);
}
