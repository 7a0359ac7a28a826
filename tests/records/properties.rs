//! Whatever stands on the disk, reading it never panics; whatever a message holds, it comes back.

use frontdesk::domain::message::StatusTimes;
use frontdesk::domain::{Content, Message, MessageStatus, Pricing, Timestamp};
use frontdesk::storage::Record;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{cases, inbound_text};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(body|id|.{0,4})", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_time() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of(any::<i64>().prop_map(Timestamp))
}

fn any_message() -> impl Strategy<Value = Message> {
    let times = (
        any_time(),
        any_time(),
        any_time(),
        any_time(),
        any_time(),
        any_time(),
    );
    let body = prop_oneof![any_json(), ".{0,40}".prop_map(|text| json!({"body": text}))];
    let words = (
        "(text|note|image|.{0,9})",
        "(service|.{0,9})",
        "(PMP||.{0,9})",
        any::<u32>(),
    );
    (times, body, words, any::<i64>(), prop::option::of(any_json())).prop_map(
        |(times, body, (kind, category, model, units), created, extra)| {
            let (queued, accepted, sent, delivered, read, failed) = times;
            Message {
                content: Content { kind, body },
                status: MessageStatus::Sent,
                times: StatusTimes {
                    queued,
                    accepted,
                    sent,
                    delivered,
                    read,
                    failed,
                },
                pricing: Some(Pricing {
                    category,
                    kind: String::new(),
                    model,
                    billable: None,
                    units,
                }),
                created_at: Timestamp(created),
                extra,
                ..inbound_text()
            }
        },
    )
}

proptest! {
    #[test]
    fn a_message_comes_back_as_it_was(message in any_message()) {
        let bytes = message.encode();
        prop_assert_eq!(Message::decode(Message::VERSION, &bytes).expect("just written"), message);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for case in cases() {
            // Chance may make a valid record, but hardly ever the sample; all that counts is that it answers.
            let _answered = (case.compare)(case.version, &bytes);
        }
    }

    #[test]
    fn flipped_bits_never_panic(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        for case in cases() {
            let mut bytes = case.encoded.clone();
            if !bytes.is_empty() {
                let at = place.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            let _answered = (case.compare)(case.version, &bytes);
        }
    }
}
