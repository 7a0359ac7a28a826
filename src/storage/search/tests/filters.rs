//! Filters: who, where, when, which state.

use rstest::rstest;

use super::*;
use crate::domain::{Conversation, ConversationStatus, UserId};

const AMINA: ContactId = ContactId([21; 16]);
const BASHIR: ContactId = ContactId([22; 16]);
const LENA: UserId = UserId([31; 16]);
const OMAR: UserId = UserId([32; 16]);
const SHOP: ChannelId = ChannelId([41; 16]);
const TEXTS: ChannelId = ChannelId([42; 16]);

/// 1 Amina → shop, 2 Lena → Amina, 3 Bashir → texts, 4 Omar's note about Amina, 5 the API → Bashir.
fn house() -> Bench {
    let mut bench = Bench::new();
    bench.names = Names {
        me: Some(LENA),
        users: vec![(LENA, "Lena Ödegård".into()), (OMAR, "Omar".into())],
        channels: vec![
            (SHOP, "Shop front".into(), "whatsapp".into()),
            (TEXTS, "Texts".into(), "sms".into()),
        ],
    };
    let mut amina = contact(21, "Amina Wanjiru\n+254711000234");
    amina.contact = AMINA;
    let mut bashir = contact(22, "Bashir\n254722999888");
    bashir.contact = BASHIR;
    bench.put(&amina);
    bench.put(&bashir);
    let table = [
        (
            1,
            AMINA,
            SHOP,
            Some(Direction::Inbound),
            None,
            DocumentKind::Message,
        ),
        (
            2,
            AMINA,
            SHOP,
            Some(Direction::Outbound),
            Some(LENA),
            DocumentKind::Message,
        ),
        (
            3,
            BASHIR,
            TEXTS,
            Some(Direction::Inbound),
            None,
            DocumentKind::Message,
        ),
        (4, AMINA, SHOP, None, Some(OMAR), DocumentKind::Note),
        (
            5,
            BASHIR,
            TEXTS,
            Some(Direction::Outbound),
            None,
            DocumentKind::Message,
        ),
    ];
    for (n, contact, channel, direction, author, kind) in table {
        bench.put(&SearchDocument {
            contact,
            channel: Some(channel),
            direction,
            author,
            kind,
            ..message(n, "cake")
        });
    }
    bench.commit();
    bench
}

#[rstest]
#[case("from:amina", &[1])]
#[case("from:AMÍNA", &[1])]
#[case("from:wanj", &[1])]
#[case("from:\"amina wanjiru\"", &[1])]
#[case("from:+254711000234", &[1])]
#[case("from:0711000234", &[1])]
#[case("from:0234", &[1])]
#[case("from:me", &[2])]
#[case("from:odegard", &[2])]
#[case("from:omar", &[4])]
#[case("from:amina from:bashir", &[1, 3])]
#[case("-from:amina is:inbound", &[3])]
#[case("from:nobody", &[])]
#[case("from:🙏", &[])]
#[case("to:amina", &[2])]
#[case("to:722999", &[5])]
#[case("in:shop", &[1, 2, 4])]
#[case("in:sms", &[3, 5])]
#[case("in:WhatsApp from:me", &[2])]
#[case("in:nowhere", &[])]
#[case("is:note", &[4])]
#[case("is:inbound", &[1, 3])]
#[case("is:inbound is:outbound", &[1, 2, 3, 5])]
#[case("-is:note cake", &[1, 2, 3, 5])]
#[case("cake from:amina", &[1])]
#[case("lemon from:amina", &[])]
fn who_and_where(#[case] query: &str, #[case] expected: &[u32]) {
    assert_eq!(house().find_exactly(query), expected, "{query}");
}

#[test]
fn contacts_are_found_by_name_and_number_and_only_where_a_filter_speaks_of_them() {
    let bench = house();
    for query in [
        "amina",
        "wanjiru ",
        "+254 711 000 234",
        "7110",
        "0711000234",
        "amin",
    ] {
        let hits = bench.page(query, 10, None).hits;
        let found: Vec<_> = hits.iter().map(|hit| (hit.kind, hit.contact)).collect();
        assert_eq!(found, [(DocumentKind::Contact, AMINA)], "{query}");
    }
    assert_eq!(bench.find("amina is:inbound"), Vec::<u32>::new());
    assert_eq!(bench.find("amina before:2027"), [0]);
}

#[test]
fn a_renamed_contact_is_found_by_the_new_name_at_once() {
    let bench = house();
    bench.put(&contact(21, "Zawadi"));
    bench.commit();
    assert_eq!(bench.find_exactly("from:zawadi"), [1]);
    assert_eq!(bench.find_exactly("from:amina"), Vec::<u32>::new());
}

#[test]
fn kinds_and_conversation_narrow_the_search() {
    let bench = house();
    let mut elsewhere = message(77, "cake");
    elsewhere.id = DocumentId::Message(MessageId {
        conversation: ConversationId([8; 16]),
        n: 77,
    });
    bench.put(&elsewhere);
    bench.commit();
    let query = parse("cake");
    let search = |kinds: &[DocumentKind], conversation| {
        let request = SearchRequest {
            query: &query,
            names: &bench.names,
            kinds,
            conversation,
            limit: 10,
            cursor: None,
            now: NOW,
            accept: &|_| true,
        };
        let mut found = numbers(&bench.index.search(HOME, &request).expect("a search succeeds"));
        found.sort_unstable();
        found
    };
    assert_eq!(search(&[DocumentKind::Note], None), [4]);
    assert_eq!(
        search(&[DocumentKind::Note, DocumentKind::Message], None),
        [1, 2, 3, 4, 5, 77]
    );
    assert_eq!(search(&[], Some(ConversationId([8; 16]))), [77]);
    assert_eq!(
        search(&[DocumentKind::Contact], Some(ConversationId([8; 16]))),
        Vec::<u32>::new()
    );
}

#[test]
fn days_begin_in_the_zone_of_who_asks() {
    let bench = Bench::new();
    let at = |n, text: &str| SearchDocument {
        at: Timestamp::parse(text).expect("a time"),
        ..message(n, "cake")
    };
    bench.put(&at(1, "2026-01-31T20:59:59.999999Z"));
    bench.put(&at(2, "2026-01-31T21:00:00Z"));
    bench.put(&at(3, "2026-02-28T23:30:00Z"));
    bench.commit();
    let nairobi = TimeZone::get("Africa/Nairobi").expect("a zone of the bundled data");
    let table: [(&str, &TimeZone, &[u32]); 9] = [
        ("before:2026-02-01", &nairobi, &[1]),
        ("after:2026-02-01", &nairobi, &[2, 3]),
        ("before:2026-02-01", &TimeZone::UTC, &[1, 2]),
        ("after:2026-02 cake", &TimeZone::UTC, &[3]),
        ("after:2026/2/1 before:2026.03.01", &TimeZone::UTC, &[3]),
        ("-after:2026-02-01", &TimeZone::UTC, &[1, 2]),
        ("after:yesterday", &TimeZone::UTC, &[3]),
        ("after:today", &nairobi, &[3]),
        ("after:2027", &TimeZone::UTC, &[]),
    ];
    for (text, zone, expected) in table {
        let request = SearchRequest {
            query: &Query::parse(text, zone, NOW),
            names: &bench.names,
            kinds: &[],
            conversation: None,
            limit: 10,
            cursor: None,
            now: NOW,
            accept: &|_| true,
        };
        let mut found = numbers(&bench.index.search(HOME, &request).expect("a search succeeds"));
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn state_is_checked_on_the_conversation_as_it_is_now() {
    let names = Names {
        me: Some(LENA),
        users: vec![(LENA, "Lena".into()), (OMAR, "Omar".into())],
        ..Names::default()
    };
    let mut conversation = Conversation::begin(ConversationId([7; 16]), SHOP, AMINA, NOW);
    conversation.labels = vec!["Réclamation".into(), "vip".into()];
    conversation.unread = 2;
    conversation.assignee = Some(OMAR);
    let table = [
        ("is:open", true),
        ("is:resolved", false),
        ("is:resolved is:open", true),
        ("-is:open", false),
        ("is:on-hold", false),
        ("is:unread", true),
        ("-is:unread", false),
        ("label:reclamation", true),
        ("label:vip label:reclamation", true),
        ("label:vip label:other", false),
        ("-label:vip", false),
        ("assigned:omar", true),
        ("assigned:me", false),
        ("is:mine", false),
        ("is:unassigned", false),
        ("cake from:amina", true),
    ];
    for (text, expected) in table {
        let query = parse(text);
        assert_eq!(query.accepts(&conversation, &names), expected, "{text}");
        assert_eq!(query.asks_state(), text != "cake from:amina", "{text}");
    }
    conversation.status = ConversationStatus::Resolved;
    assert!(parse("is:resolved").accepts(&conversation, &names));
}

#[test]
fn a_filter_over_state_alone_shows_the_newest_that_the_caller_accepts() {
    let bench = house();
    let query = parse("is:unread");
    let request = SearchRequest {
        query: &query,
        names: &bench.names,
        kinds: &[],
        conversation: None,
        limit: 2,
        cursor: None,
        now: NOW,
        accept: &|hit| hit.contact == AMINA,
    };
    let page = bench.index.search(HOME, &request).expect("a search succeeds");
    assert_eq!(numbers(&page), [4, 2], "contacts have no such state");
}
