//! The catalogue holds together: every phrase is known again as itself, whatever fills it.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

#[test]
fn codes_and_texts_are_unique_and_well_formed() {
    let (mut codes, mut texts) = (HashSet::new(), HashSet::new());
    for phrase in all() {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        assert!(phrase.code.bytes().all(plain), "{}", phrase.code);
        assert!(codes.insert(phrase.code), "{} twice", phrase.code);
        assert!(texts.insert(phrase.text), "{} twice", phrase.text);
        // The browser app's own syntax for plural forms and links.
        assert!(!phrase.text.contains(['|', '@']), "{}", phrase.text);
    }
    assert!(codes.len() > 300);
}

/// Fills every hole with something that no phrase is made of.
fn filled(phrase: &Phrase) -> (String, BTreeMap<&'static str, Value>) {
    let (_, names) = split(phrase.text);
    let advice = ADVICE_TRANSIENT.text();
    let values: BTreeMap<&'static str, String> = names
        .into_iter()
        .map(|name| match name {
            ADVICE => (name, advice.to_owned()),
            name => (name, format!("<{name}>")),
        })
        .collect();
    let given: Vec<(&str, &dyn Display)> = values
        .iter()
        .map(|(name, v)| (*name, v as &dyn Display))
        .collect();
    let expected = values.iter().map(|(name, value)| match *name {
        ADVICE => (*name, Value::Phrase(recognise(value).expect("an advice"))),
        name => (name, Value::Text(value.clone())),
    });
    (phrase.with(&given), expected.collect())
}

#[test]
fn every_phrase_is_known_again_with_what_filled_it() {
    for phrase in all() {
        let (text, values) = filled(phrase);
        let found = recognise(&text);
        let expected = Recognised {
            code: phrase.code,
            values,
        };
        assert_eq!(found, Some(expected), "{text}");
    }
}

#[test]
fn phrases_stand_within_phrases_and_strangers_are_left_alone() {
    let stopped = PROVIDER_STOPPED.with(&[
        ("title", &"Session expired"),
        ("code", &190),
        ("advice", &ADVICE_AUTH.text()),
    ]);
    let alert = CHECK_CHANNEL_BLOCKED.with(&[("why", &stopped)]);
    let found = recognise(&alert).expect("ours");
    let Some(Value::Phrase(inner)) = found.values.get("why") else {
        panic!("{found:?}");
    };
    assert_eq!(
        (found.code, inner.code),
        ("check_channel_blocked", "provider_stopped")
    );
    let table = [
        "",
        "Hello",
        "Re-engagement message (131047). What to do: nothing that we would say.",
        "The channel is paused. ",
    ];
    for text in table {
        assert_eq!(recognise(text), None, "{text}");
    }
    assert_eq!(recognise(&"x".repeat(MAX_TEXT + 1)), None);
}

#[test]
fn a_hole_that_nobody_fills_stays() {
    assert_eq!(CHECK_THIS_IS.with(&[]), "This is {number}.");
    assert_eq!(
        CHECK_THIS_IS.with(&[("number", &"{number}")]),
        "This is {number}."
    );
}

proptest! {
    #[test]
    fn no_text_can_upset_it(text in ".{0,300}") {
        let _ = recognise(&text);
    }
}
