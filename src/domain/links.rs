//! Tracked links: which addresses in a message are replaced by one of ours, and what its code looks like.
//!
//! Owns the finding and replacing; random codes come in as an argument. Only addresses that a member of the team put into
//! a message become links, so that ours never lead where somebody else wants.

use serde_json::{Value, json};

use super::content::Content;
use super::marks::{MAX_LINKS, TrackedLink};
use super::template::tracked::Tracked;
use super::template::{is_kind, placeholders};
use super::time::{HOUR, Timestamp};

/// How long a link is followed.
pub const LINK_LIFE: i64 = 90 * 24 * HOUR;
/// Longest address that is tracked, in bytes.
pub const MAX_URL: usize = 2000;
/// Letters and digits of a code.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of a code; 71 bits, so that nobody finds one by trying.
pub const CODE_CHARS: usize = 12;

/// The last part of a tracked link's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkCode(pub [u8; CODE_CHARS]);

impl LinkCode {
    /// Made of random bytes.
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut number = u128::from_be_bytes(random);
        Self(std::array::from_fn(|_| {
            let digit = usize::try_from(number % 62).unwrap_or_default();
            number /= 62;
            ALPHABET[digit]
        }))
    }

    /// Reads one; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; CODE_CHARS] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::str::FromStr for LinkCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::parse(text).ok_or(())
    }
}

/// Why a message's links cannot be tracked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotTracked {
    /// This kind of message has none.
    Kind,
    /// There is no address in it.
    NoLink,
    /// There are more than [`MAX_LINKS`].
    TooMany,
    /// The appliance's own address, under which links would be found, is not one that phones can open.
    NoAddress,
}

/// Replaces the addresses in a message by tracked ones. `base` is where the appliance is reached; `code` makes a new code.
///
/// # Errors
/// Why nothing can be tracked.
pub fn track(
    content: &mut Content,
    base: &str,
    now: Timestamp,
    code: &mut dyn FnMut() -> LinkCode,
) -> Result<Vec<TrackedLink>, NotTracked> {
    let base = base.trim_end_matches('/');
    if !(base.starts_with("https://") || base.starts_with("http://")) {
        return Err(NotTracked::NoAddress);
    }
    let mut links = Links {
        base,
        expires_at: now.plus(LINK_LIFE),
        code,
        made: Vec::new(),
    };
    match content.kind.as_str() {
        "text" => links.in_text(&mut content.body, "/body"),
        "template" => links.in_values(&mut content.body),
        "image" | "video" | "document" => links.in_text(&mut content.body, "/caption"),
        "interactive" => {
            links.in_text(&mut content.body, "/body/text");
            links.in_button(&mut content.body);
            links.in_cards(&mut content.body);
        }
        _ => return Err(NotTracked::Kind),
    }
    match links.made.len() {
        0 => Err(NotTracked::NoLink),
        count if count > MAX_LINKS => Err(NotTracked::TooMany),
        _ => Ok(links.made),
    }
}

/// Gives each button of a template whose clicks are counted its own link. `content` is a message of the template.
pub fn track_buttons(
    content: &mut Content,
    buttons: &[Tracked],
    now: Timestamp,
    code: &mut dyn FnMut() -> LinkCode,
) -> Vec<TrackedLink> {
    let mut made = Vec::new();
    for button in buttons.iter().take(MAX_LINKS) {
        let place = button_place(&mut content.body, button);
        // What a message gives for the variable goes behind the real address.
        let given = place.as_str().map(str::to_owned).unwrap_or_default();
        let code = code();
        made.push(TrackedLink {
            code: code.as_str().to_owned(),
            url: placeholders::fill(&button.to, |_| Some(given.clone())),
            button: button.label.clone(),
            expires_at: now.plus(LINK_LIFE),
            clicks: 0,
            first_at: None,
            last_at: None,
        });
        *place = code.as_str().into();
    }
    made
}

/// Where a message gives the value of a link button; made if it does not.
fn button_place<'a>(body: &'a mut Value, button: &Tracked) -> &'a mut Value {
    let is_long = body.get("components").is_some_and(Value::is_array);
    if !is_long && button.card.is_none() {
        let list = array(field(body, "buttons"));
        let at = position(list, |it| place_of(it) == Some(button.index));
        let at = at.unwrap_or_else(|| push(list, json!({"sub_type": "url", "index": button.index})));
        return field(&mut list[at], "text");
    }
    let mut list = array(field(body, "components"));
    if let Some(card) = button.card {
        let at = position(list, |it| is_kind(it, "carousel"));
        let at = at.unwrap_or_else(|| push(list, json!({"type": "carousel"})));
        let cards = array(field(&mut list[at], "cards"));
        let at = position(cards, |it| {
            it.get("card_index").and_then(Value::as_u64) == Some(card as u64)
        });
        let at = at.unwrap_or_else(|| push(cards, json!({"card_index": card})));
        list = array(field(&mut cards[at], "components"));
    }
    let at = position(list, |it| {
        is_kind(it, "button") && place_of(it) == Some(button.index)
    });
    let empty = json!({"type": "button", "sub_type": "url", "index": button.index});
    let at = at.unwrap_or_else(|| push(list, empty));
    let parameters = array(field(&mut list[at], "parameters"));
    if parameters.is_empty() {
        parameters.push(json!({"type": "text"}));
    }
    field(&mut parameters[0], "text")
}

/// The value under a name; an object is made of whatever is none.
fn field<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(fields) => fields.entry(name).or_insert(Value::Null),
        _ => unreachable!("it was made an object above"),
    }
}

/// The list at a place; whatever else stands there makes way.
fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("it was made a list above"),
    }
}

fn position(list: &[Value], fits: impl Fn(&Value) -> bool) -> Option<usize> {
    list.iter().position(fits)
}

fn push(list: &mut Vec<Value>, value: Value) -> usize {
    list.push(value);
    list.len() - 1
}

/// The place that a button of a message names, as a number or in digits.
fn place_of(button: &Value) -> Option<usize> {
    match button.get("index")? {
        Value::String(text) => text.parse().ok(),
        other => usize::try_from(other.as_u64()?).ok(),
    }
}

struct Links<'a> {
    base: &'a str,
    expires_at: Timestamp,
    code: &'a mut (dyn FnMut() -> LinkCode + 'a),
    made: Vec<TrackedLink>,
}

impl Links<'_> {
    /// A link of ours to `url`; the same address in a text has the same link.
    fn link(&mut self, url: &str, button: &str) -> String {
        let same = |link: &&TrackedLink| link.url == url && link.button == button;
        let code = match self.made.iter().find(same) {
            Some(link) => link.code.clone(),
            None => {
                let code = (self.code)().as_str().to_owned();
                self.made.push(TrackedLink {
                    code: code.clone(),
                    url: url.to_owned(),
                    button: button.to_owned(),
                    expires_at: self.expires_at,
                    clicks: 0,
                    first_at: None,
                    last_at: None,
                });
                code
            }
        };
        format!("{}/l/{code}", self.base)
    }

    fn in_text(&mut self, body: &mut Value, path: &str) {
        let Some(Value::String(text)) = body.pointer_mut(path) else {
            return;
        };
        let mut new = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, url, after)) = next_url(rest) {
            new.push_str(before);
            // One more than allowed is enough to know that there are too many.
            match self.made.len() > MAX_LINKS || url.len() > MAX_URL {
                true => new.push_str(url),
                false => new.push_str(&self.link(url, "")),
            }
            rest = after;
        }
        new.push_str(rest);
        *text = new;
    }

    /// Addresses among a template's values.
    fn in_values(&mut self, body: &mut Value) {
        if let Some(values) = body.get_mut("variables") {
            match values {
                Value::Array(values) => values.iter_mut().for_each(|value| self.in_text(value, "")),
                Value::Object(values) => values.values_mut().for_each(|value| self.in_text(value, "")),
                _ => {}
            }
        }
        let components = body.get_mut("components").and_then(Value::as_array_mut);
        for component in components.into_iter().flatten().filter(|it| is_kind(it, "body")) {
            let parameters = component.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                self.in_text(parameter, "/text");
            }
        }
    }

    fn in_button(&mut self, message: &mut Value) {
        let parameters = message.pointer_mut("/action/parameters");
        let Some(Value::Object(fields)) = parameters else {
            return;
        };
        let label = fields
            .get("display_text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let label = label.to_owned();
        if let Some(Value::String(url)) = fields.get_mut("url")
            && is_web(url)
        {
            *url = self.link(&url.clone(), &label);
        }
    }

    fn in_cards(&mut self, message: &mut Value) {
        if let Some(Value::Array(cards)) = message.pointer_mut("/action/cards") {
            for card in cards.iter_mut().take(MAX_LINKS + 1) {
                self.in_button(card);
            }
        }
    }
}

fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= MAX_URL
}

/// The next web address: what stands before it, itself, what stands after it. Marks that end a sentence around it are
/// left out of it.
fn next_url(text: &str) -> Option<(&str, &str, &str)> {
    let starts = ["https://", "http://"].into_iter().filter_map(|scheme| {
        // ASCII lower case keeps every byte's place.
        text.to_ascii_lowercase()
            .find(scheme)
            .map(|at| (at, scheme.len()))
    });
    let (start, scheme) = starts.min()?;
    let tail = &text[start..];
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\u{200e}\u{200f}".contains(c) || is_bidi(c);
    let end = tail.find(ends).unwrap_or(tail.len());
    let mut url = tail[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~', '،', '؛', '؟']);
    while let Some(shorter) = unclosed(url) {
        url = shorter;
    }
    if url.len() <= scheme {
        // A scheme with nothing behind it is no address; look behind it.
        let (before, found, after) = next_url(&tail[scheme..])?;
        let length = start + scheme + before.len();
        return Some((&text[..length], found, after));
    }
    Some((&text[..start], url, &tail[url.len()..]))
}

/// The address without a closing bracket that belongs to the sentence.
fn unclosed(url: &str) -> Option<&str> {
    [('(', ')'), ('[', ']')].into_iter().find_map(|(open, close)| {
        let more = url.matches(close).count() > url.matches(open).count();
        url.strip_suffix(close).filter(|_| more)
    })
}

const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Programs that look at an address for a preview or an index; their visits are nobody's click.
const PROGRAMS: [&str; 22] = [
    "whatsapp",
    "facebookexternalhit",
    "facebot",
    "facebookcatalog",
    "meta-externalagent",
    "twitterbot",
    "telegrambot",
    "slackbot",
    "slack-imgproxy",
    "discordbot",
    "linkedinbot",
    "skypeuripreview",
    "applebot",
    "google-pagerenderer",
    "googleimageproxy",
    "bingpreview",
    "embedly",
    "preview",
    "bot/",
    "crawler",
    "spider",
    "headless",
];

/// Whether a visit is by a program that calls itself one. No name at all counts as a program.
pub fn is_program(user_agent: Option<&str>) -> bool {
    let name = user_agent.unwrap_or_default().trim().to_ascii_lowercase();
    name.is_empty() || name.ends_with("bot") || PROGRAMS.iter().any(|program| name.contains(program))
}

#[cfg(test)]
mod tests;
