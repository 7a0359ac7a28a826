//! Nothing that anybody posts brings parser or signature down.

use frontdesk::channels::Provider;
use frontdesk::channels::twilio::Twilio;
use proptest::prelude::*;

use crate::support::{TOKEN, fits, form};

fn parameter() -> impl Strategy<Value = (String, String)> {
    let names = prop::sample::select(vec![
        "MessageSid",
        "SmsSid",
        "MessageStatus",
        "SmsStatus",
        "From",
        "To",
        "Body",
        "MessageType",
        "NumMedia",
        "MediaUrl0",
        "MediaContentType0",
        "Latitude",
        "Longitude",
        "ListId",
        "ButtonText",
        "ChannelMetadata",
        "OptOutType",
        "WaId",
        "ExternalUserId",
        "ErrorCode",
        "OriginalRepliedMessageSid",
        "InteractiveData",
        "ReferralBody",
        "frontdesk_message",
    ]);
    let values = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "",
            "received",
            "failed",
            "whatsapp:+1",
            "whatsapp:",
            "+",
            "NaN",
            "1e999",
            "{",
            "note",
            "STOP"
        ])
        .prop_map(str::to_owned),
    ];
    (
        prop_oneof![names.prop_map(str::to_owned), "[A-Za-z0-9]{0,12}"],
        values,
    )
}

proptest! {
    #[test]
    fn any_form_is_read(pairs in prop::collection::vec(parameter(), 0..12)) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = form(&pairs);
        let read = Twilio.parse(&body);
        prop_assert_eq!(read.is_ok(), Twilio.is_delivery(&body));
        if let Ok(deliveries) = read {
            prop_assert!(!deliveries[0].items.is_empty());
        }
    }

    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Twilio.parse(&body);
    }

    #[test]
    fn no_made_up_signature_fits(
        url in "(https?://)?[a-z:@\\[\\]./?&#=0-9]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..100),
        signature in "[A-Za-z0-9+/=é]{0,40}",
        by_get in any::<bool>(),
    ) {
        prop_assert!(!fits(TOKEN, &url, &body, by_get, &signature));
        prop_assert!(!fits("", &url, &body, by_get, &signature));
    }
}

#[test]
fn a_body_of_thousands_of_parameters_is_refused_not_chewed() {
    let body = "a=1&".repeat(100_000).into_bytes();
    assert!(Twilio.parse(&body).is_err());
    assert!(!fits(
        TOKEN,
        "https://desk.example/x",
        &body,
        false,
        "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    ));
}
