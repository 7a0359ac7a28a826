//! Which button of a template's message a customer used: a quick reply that was tapped, a link that was opened.
//!
//! Owns the places that are told apart and how a tap is laid to one. Must not know how it is counted or kept.

use serde_json::Value;

use super::render::Given;
use super::tracked::is_tracked;
use super::{Definition, is_kind, list, word};

/// Buttons of a message that are told apart (contract `limits.json`: `buttons_total`).
const BUTTONS: u8 = 10;
/// Cards, and buttons of one (contract `limits.json`: `carousel_cards_max`; Meta's carousel page: two buttons).
const CARDS: u8 = 10;
const CARD_BUTTONS: u8 = 2;

/// The place of a button.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Spot {
    /// The card that it stands in.
    pub card: Option<u8>,
    /// Its place among the buttons there.
    pub place: u8,
}

/// How often a button was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ButtonFigure {
    /// Which.
    pub spot: Spot,
    /// Its label then: a button that is given another one is counted anew.
    pub label: String,
    /// Messages of which it was used, once each.
    pub used: u64,
}

impl Spot {
    /// A place that is told apart.
    fn of(card: Option<usize>, place: usize) -> Option<Self> {
        let small = |value: usize, end: u8| u8::try_from(value).ok().filter(|value| *value < end);
        let end = if card.is_some() { CARD_BUTTONS } else { BUTTONS };
        let place = small(place, end)?;
        match card {
            None => Some(Self { card: None, place }),
            Some(card) => small(card, CARDS).map(|card| Self {
                card: Some(card),
                place,
            }),
        }
    }

    /// Every place, in the order of their numbers. Stored: never change it.
    pub fn all() -> impl Iterator<Item = Self> {
        let above = (0..BUTTONS).map(|place| Self { card: None, place });
        let on_cards = (0..CARDS).flat_map(|card| {
            (0..CARD_BUTTONS).map(move |place| Self {
                card: Some(card),
                place,
            })
        });
        above.chain(on_cards)
    }
}

/// The buttons of a definition whose use is told: quick replies, and links whose clicks are counted. Place, kind, label.
pub fn countable(definition: &Definition) -> Vec<(Spot, &'static str, String)> {
    let mut found = Vec::new();
    of_parts(&definition.components, None, &mut found);
    let cards = definition
        .component("carousel")
        .map_or(&[][..], |part| list(part, "cards"));
    for (card, parts) in cards.iter().enumerate() {
        of_parts(list(parts, "components"), Some(card), &mut found);
    }
    found
}

fn of_parts(parts: &[Value], card: Option<usize>, found: &mut Vec<(Spot, &'static str, String)>) {
    let set = parts.iter().find(|part| is_kind(part, "buttons"));
    let buttons = set.map_or(&[][..], |set| list(set, "buttons"));
    for (place, button) in buttons.iter().enumerate() {
        let kind = match () {
            () if is_kind(button, "quick_reply") => "quick_reply",
            () if is_tracked(button) => "url",
            () => continue,
        };
        let spot = Spot::of(card, place);
        found.extend(spot.map(|spot| (spot, kind, word(button, "text").to_owned())));
    }
}

/// What stands on a button of a message, as `shown` kept it.
pub fn label(shown: &Value, spot: Spot) -> &str {
    let parts = match spot.card {
        Some(card) => list(shown, "cards")
            .get(usize::from(card))
            .unwrap_or(&Value::Null),
        None => shown,
    };
    let button = list(parts, "buttons").get(usize::from(spot.place));
    button.map_or("", |button| word(button, "text"))
}

/// The buttons of a message that answer: place, label, payload.
fn replies<'a>(shown: &'a Value, given: &'a Given) -> Vec<(Spot, &'a str, &'a str)> {
    let mut found = Vec::new();
    let mut of = |parts: &'a Value, card: Option<usize>, given: Option<&'a Given>| {
        for (place, button) in list(parts, "buttons").iter().enumerate() {
            let spot = Spot::of(card, place).filter(|_| word(button, "kind") == "quick_reply");
            let text = word(button, "text");
            // The label is the payload where none is given.
            let payload = given
                .and_then(|given| given.buttons.get(&place))
                .map_or(text, String::as_str);
            found.extend(spot.map(|spot| (spot, text, payload)));
        }
    };
    of(shown, None, Some(given));
    for (card, parts) in list(shown, "cards").iter().enumerate() {
        of(parts, Some(card), given.cards.get(&card));
    }
    found
}

/// The quick reply that a tap came from. Cards often have the same labels, so the payload decides; where several have it,
/// nobody can say which was tapped.
pub fn tapped(shown: &Value, given: &Given, payload: &str, text: &str) -> Option<Spot> {
    let all = replies(shown, given);
    let only = |fits: &dyn Fn(&(Spot, &str, &str)) -> bool| {
        let mut found = all.iter().filter(|reply| fits(reply));
        let first = found.next()?;
        found.next().is_none().then_some(first.0)
    };
    only(&|(_, label, own)| *own == payload && *label == text)
        .or_else(|| only(&|(_, _, own)| !payload.is_empty() && *own == payload))
        .or_else(|| only(&|(_, label, _)| *label == text))
}

/// The link buttons of a message whose codes `is_open` knows.
pub fn opened(given: &Given, is_open: impl Fn(&str) -> bool) -> Vec<Spot> {
    let of = |given: &Given, card: Option<usize>| -> Vec<Spot> {
        let buttons = given.buttons.iter().filter(|(_, code)| is_open(code));
        buttons.filter_map(|(place, _)| Spot::of(card, *place)).collect()
    };
    let on_cards = given
        .cards
        .iter()
        .flat_map(|(card, values)| of(values, Some(*card)));
    of(given, None).into_iter().chain(on_cards).collect()
}

#[cfg(test)]
mod tests {
    use super::super::render::given;
    use super::*;
    use serde_json::json;

    fn spot(card: Option<u8>, place: u8) -> Spot {
        Spot { card, place }
    }

    #[test]
    fn every_place_has_a_number_of_its_own() {
        let all: Vec<Spot> = Spot::all().collect();
        assert_eq!(
            (all.len(), all[9], all[10]),
            (30, spot(None, 9), spot(Some(0), 0))
        );
        assert_eq!(
            (Spot::of(None, 10), Spot::of(Some(0), 2), Spot::of(Some(10), 0)),
            (None, None, None)
        );
    }

    #[test]
    fn a_tap_is_laid_to_the_button_that_it_came_from() {
        let reply = |text: &str| json!({"kind": "quick_reply", "text": text});
        let shown = json!({
            "buttons": [{"kind": "url", "text": "See"}, reply("Yes"), reply("No")],
            "cards": [{"buttons": [reply("More")]}, {"buttons": [reply("More"), reply("Less")]}],
        });
        let card = |n: usize, payload: &str| {
            json!({"card_index": n, "components": [
            {"type": "button", "sub_type": "quick_reply", "index": 0, "parameters": [{"type": "payload", "payload": payload}]}]})
        };
        let values = given(&json!({"components": [
            {"type": "button", "sub_type": "quick_reply", "index": 2, "parameters": [{"type": "payload", "payload": "N"}]},
            {"type": "carousel", "cards": [card(0, "c1"), card(1, "c2")]}]}));
        let table = [
            ("Yes", "Yes", Some(spot(None, 1))),
            ("N", "No", Some(spot(None, 2))),
            ("", "No", Some(spot(None, 2))),
            ("c2", "More", Some(spot(Some(1), 0))),
            ("Less", "Less", Some(spot(Some(1), 1))),
            ("?", "More", None),
            ("See", "See", None),
        ];
        for (payload, text, expected) in table {
            assert_eq!(
                tapped(&shown, &values, payload, text),
                expected,
                "{payload} {text}"
            );
        }
        assert_eq!(label(&shown, spot(Some(1), 1)), "Less");
        assert_eq!(label(&shown, spot(Some(9), 1)), "");
    }

    #[test]
    fn a_click_is_laid_to_the_button_that_has_the_code() {
        let values = given(&json!({"components": [
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "abc"}]},
            {"type": "carousel", "cards": [{"card_index": 0, "components": [
                {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "def"}]}]}]}]}));
        assert_eq!(opened(&values, |code| code == "abc"), [spot(None, 1)]);
        assert_eq!(opened(&values, |code| code == "def"), [spot(Some(0), 0)]);
        assert!(opened(&values, |code| code == "x").is_empty());
    }
}
