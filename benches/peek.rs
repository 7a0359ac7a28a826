//! Finding out whom a webhook is for, beside reading it in full. Both for one text message of 600 letters.

use std::hint::black_box;
use std::time::Instant;

use frontdesk::channels::Provider;
use frontdesk::channels::whatsapp::WhatsappCloud;

const ROUNDS: u32 = 100_000;

fn webhook() -> String {
    let text = "x".repeat(600);
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"104200300400501","changes":[{{"value":
        {{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"254700555010",
        "phone_number_id":"205300400500601"}},"contacts":[{{"profile":{{"name":"Ana"}},"wa_id":"254711000234"}}],
        "messages":[{{"from":"254711000234","id":"wamid.X","timestamp":"1","type":"text",
        "text":{{"body":"{text}"}}}}]}},"field":"messages"}}]}}]}}"#
    )
}

fn measure(name: &str, raw: &[u8], run: impl Fn(&[u8]) -> usize) {
    let start = Instant::now();
    let found: usize = (0..ROUNDS).map(|_| run(black_box(raw))).sum();
    assert_eq!(found, ROUNDS as usize, "one address each");
    println!(
        "{name:<6} {} bytes, {:?} each",
        raw.len(),
        start.elapsed() / ROUNDS
    );
}

fn main() {
    let raw = webhook();
    measure("peek", raw.as_bytes(), |raw| {
        WhatsappCloud.peek_addresses(raw).len()
    });
    measure("parse", raw.as_bytes(), |raw| {
        WhatsappCloud.parse(raw).map_or(0, |all| all.len())
    });
}
