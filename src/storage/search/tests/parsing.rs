//! The query language.

use proptest::prelude::*;

use super::*;
use crate::domain::ConversationStatus;

fn clause(text: &str, form: Form) -> Clause {
    Clause {
        text: text.into(),
        negated: false,
        form,
    }
}

#[test]
fn words_phrases_and_exclusions() {
    let query = parse("lemon \"birthday cake\" -chocolate -\"with nuts\" today");
    let expected = [
        clause("lemon", Form::Word),
        clause("birthday cake", Form::Phrase),
        Clause {
            negated: true,
            ..clause("chocolate", Form::Word)
        },
        Clause {
            negated: true,
            ..clause("with nuts", Form::Phrase)
        },
        clause("today", Form::Prefix),
    ];
    assert_eq!(query.clauses, expected);
    assert_eq!(parse("today ").clauses, [clause("today", Form::Word)]);
    assert_eq!(
        parse("\"still open").clauses,
        [clause("still open", Form::Phrase)]
    );
}

#[test]
fn filters_are_told_from_words() {
    let table = [
        ("is:open", What::Status(ConversationStatus::Open)),
        ("IS:On-Hold", What::Status(ConversationStatus::OnHold)),
        ("is:unread", What::Unread),
        ("label:\"big order\"", What::Label("big order".into())),
        ("from:me", What::From("me".into())),
        ("to:amina", What::To("amina".into())),
        ("in:shop", What::In("shop".into())),
        ("before:1970-01-02", What::Before(Timestamp(86_400_000_000))),
        ("after:۱۹۷۰-۰۱-۰۲", What::After(Timestamp(86_400_000_000))),
    ];
    for (text, what) in table {
        let query = parse(text);
        assert_eq!(query.filters, [Filter { negated: false, what }], "{text}");
        assert!(query.clauses.is_empty(), "{text}");
    }
    for text in [
        "colour:red",
        "is:nice",
        "before:soon",
        "before:2026-13-01",
        "after:2026-02-30",
        "from:",
        "10:30",
        "https://x.example",
        ":",
        "is:",
        "before:99999-01-01",
        "after:2026-1-1-1",
    ] {
        let query = parse(text);
        assert!(query.filters.is_empty(), "{text}");
        assert_eq!(query.clauses, [clause(text, Form::Prefix)], "{text}");
    }
}

#[test]
fn groups_of_digits_are_one_number() {
    let number = |text| vec![clause(text, Form::Number)];
    assert_eq!(parse("+254 711 000 234").clauses, number("+254 711 000 234"));
    assert_eq!(parse("0711 000234 ").clauses, number("0711 000234"));
    assert_eq!(parse("12 34").clauses.len(), 2, "too short to be one");
    assert_eq!(parse("+254711000234 +254722000111").clauses.len(), 2);
    assert_eq!(parse("cake 0711 000 234 lemon").clauses.len(), 3);
}

#[test]
fn what_is_too_long_is_cut() {
    assert_eq!(
        parse(&"a ".repeat(1000)).clauses.len(),
        super::super::query::MAX_CLAUSES
    );
    assert_eq!(
        parse(&"is:open ".repeat(31)).filters.len(),
        super::super::query::MAX_FILTERS
    );
    let long = parse(&"é".repeat(10_000));
    assert_eq!(
        long.clauses[0].text.chars().count(),
        super::super::query::MAX_QUERY_CHARS
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_parses_and_any_snippet_is_sound(text in "\\PC{0,300}", body in "\\PC{0,400}") {
        let query = parse(&text);
        prop_assert!(query.clauses.len() <= super::super::query::MAX_CLAUSES);
        let fragments = snippet(&body, &query);
        let whole: String = fragments.iter().map(|f| f.text.as_str()).collect();
        prop_assert!(whole.chars().count() <= 160);
        prop_assert!(body.contains(whole.trim_start_matches('…').trim_end_matches('…')));
    }

    #[test]
    fn a_text_is_found_by_each_of_its_own_words(body in "[\\p{Arabic}\\p{Latin}\\p{Cyrillic}\\p{Han}\\p{Thai}0-9 .,'’-]{1,60}") {
        let words = super::super::text::terms(&body);
        for word in body.split_whitespace() {
            let folded = super::super::text::terms(word);
            for term in folded.words {
                let form = super::super::text::query_form(&term.text);
                prop_assert!(words.words.iter().any(|known| known.text == form), "{} in {:?}", form, words);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_query_is_answered(queries in prop::collection::vec(hostile(), 20)) {
        let bench = Bench::with(&["cake 蛋糕 +254 711 000 234", "الطلب الان"]);
        for query in queries {
            bench.page(&query, 3, None);
        }
    }
}

/// Queries made of what the language gives a meaning to.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\"".to_owned()),
        Just("-".to_owned()),
        Just(":".to_owned()),
        Just(" ".to_owned()),
        Just("from:".to_owned()),
        Just("is:".to_owned()),
        Just("before:2026".to_owned()),
        Just("蛋".to_owned()),
        Just("ال".to_owned()),
        Just("+254 ".to_owned()),
        Just("cake".to_owned()),
        "\\PC{0,4}",
        "[0-9]{1,12}",
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_cursor_survives_its_text_and_junk_is_none(
        query: u64, now: i64, fuzzy: bool, score in -1e30f32..1e30, at: i64, id: [u8; 16], n: u32, is_contact: bool,
        junk in "[0-9a-f]{34}[0-9a-f]{24}0[0-4][0-9a-f]{40}",
    ) {
        use super::super::cursor::{Cursor, Place};
        let (kind, id) = match is_contact {
            true => (DocumentKind::Contact, DocumentId::Contact(ContactId(id))),
            false => (DocumentKind::Note, DocumentId::Message(MessageId { conversation: ConversationId(id), n })),
        };
        let after = Place { score, at, kind, id };
        let cursor = Cursor { query, now: Timestamp(now), fuzzy, after };
        prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        if let Some(other) = Cursor::decode(&junk) {
            prop_assert_eq!(other.encode(), junk);
        }
    }
}
