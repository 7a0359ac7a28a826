//! Contact cards that come as files: vCard 2.1, 3.0 and 4.0, read into the `contacts` objects of WhatsApp Cloud API.
//!
//! Owns the reading alone. What it does not know it leaves out, and nothing in a card can make it fail: cards are written by
//! strangers' phones. Sources: RFC 2426, RFC 6350, and the `waid` parameter that WhatsApp writes.

use serde_json::{Map, Value, json};

use super::content::Content;

/// Most of a file that is read, in bytes: a card's picture may be larger than all its words.
pub const MAX_BYTES: usize = 1 << 20;
/// Most cards of one message.
const MAX_CARDS: usize = 20;
/// Most numbers, addresses … of one card.
const MAX_ENTRIES: usize = 20;
/// Longest value that is kept, in characters.
const MAX_VALUE: usize = 512;

/// Whether a type names a vCard.
pub fn is_vcard(mime: &str) -> bool {
    let essence = mime.split(';').next().unwrap_or_default().trim();
    ["text/vcard", "text/x-vcard", "text/directory"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

/// The `contacts` content for a card whose file is still to be read.
pub fn unread(url: &str, mime: &str, filename: Option<&str>) -> Content {
    let mut document = json!({"url": url, "mime_type": mime});
    if let Some(filename) = filename {
        document["filename"] = json!(filename);
    }
    Content {
        kind: "contacts".to_owned(),
        body: json!([{ "document": document }]),
    }
}

/// Puts the cards of a file where its place in the content is. `false` if there is no such place, or if it was filled before.
pub fn fill(content: &mut Content, reference: &str, cards: Vec<Value>) -> bool {
    let list = content.body.as_array_mut().filter(|_| content.kind == "contacts");
    let Some(list) = list else { return false };
    let is_place = |card: &Value| card.get("name").is_none() && card["document"]["url"] == reference;
    let Some(place) = list.iter().position(is_place) else {
        return false;
    };
    let room = MAX_CARDS.saturating_sub(list.len()) + 1;
    let mut cards = cards.into_iter().take(room);
    let Some(Value::Object(first)) = cards.next() else {
        return false;
    };
    if let Some(fields) = list[place].as_object_mut() {
        fields.extend(first);
    }
    let rest: Vec<Value> = cards.collect();
    list.splice(place + 1..place + 1, rest);
    true
}

/// The cards in a file, in WhatsApp's shape; each has a name.
pub fn read(bytes: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(bytes.get(..MAX_BYTES).unwrap_or(bytes));
    let mut cards = Vec::new();
    let mut card: Option<Card> = None;
    for line in unfolded(&text) {
        let Some(property) = Property::read(&line) else {
            continue;
        };
        match (property.name.as_str(), property.value.trim()) {
            ("BEGIN", value) if value.eq_ignore_ascii_case("VCARD") => card = Some(Card::default()),
            ("END", value) if value.eq_ignore_ascii_case("VCARD") => {
                cards.extend(card.take().and_then(Card::finish));
            }
            _ => {
                if let Some(card) = &mut card {
                    card.note(&property);
                }
            }
        }
        if cards.len() >= MAX_CARDS {
            break;
        }
    }
    cards
}

/// Lines put together again: those that begin with a blank continue, and so does what quoted-printable broke.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let last = lines.last_mut();
        match (last, line.strip_prefix([' ', '\t'])) {
            (Some(last), _) if goes_on => {
                last.pop();
                last.push_str(line);
            }
            (Some(last), Some(rest)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
        goes_on = lines
            .last()
            .is_some_and(|last| last.ends_with('=') && is_quoted_printable(last));
    }
    lines
}

fn is_quoted_printable(line: &str) -> bool {
    let head = line.split(':').next().unwrap_or_default();
    head.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

/// A line of a card: `item1.TEL;type=CELL;waid=254711000234:+254 711 000234`.
struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Property {
    fn read(line: &str) -> Option<Self> {
        let (head, value) = line.split_at_checked(colon(line)?)?;
        let mut parts = head.split(';');
        let name = parts.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let parameters: Vec<(String, String)> = parts
            .map(|part| match part.split_once('=') {
                Some((name, value)) => (
                    name.trim().to_ascii_uppercase(),
                    value.trim_matches('"').to_owned(),
                ),
                // vCard 2.1 writes the type alone: `TEL;CELL:`.
                None => ("TYPE".to_owned(), part.to_owned()),
            })
            .collect();
        let value = value.get(1..).unwrap_or_default();
        let value = match is_quoted_printable(line) {
            true => unquoted(value),
            false => value.to_owned(),
        };
        Some(Self {
            name,
            parameters,
            value,
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// `HOME`, `WORK`, `CELL` …: the first that says something.
    fn kind(&self) -> Option<String> {
        let kinds = self.parameters.iter().filter(|(name, _)| name == "TYPE");
        let mut words = kinds.flat_map(|(_, value)| value.split(','));
        let word = words.find(|word| {
            let word = word.to_ascii_uppercase();
            !matches!(
                word.as_str(),
                "" | "PREF" | "VOICE" | "INTERNET" | "QUOTED-PRINTABLE"
            )
        })?;
        Some(word.to_ascii_uppercase().chars().take(MAX_VALUE).collect())
    }

    fn text(&self) -> String {
        plain(&self.value)
    }

    /// The parts of a value that has several (`N`, `ORG`, `ADR`).
    fn parts(&self) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut escaped = false;
        for c in self.value.chars() {
            let last = parts.len() - 1;
            match c {
                ';' if !escaped => parts.push(String::new()),
                c => parts[last].push(c),
            }
            escaped = c == '\\' && !escaped;
        }
        parts.truncate(MAX_ENTRIES);
        parts.iter().map(|part| plain(part)).collect()
    }
}

/// Where the value begins: the first colon outside quotation marks.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == ':' && !quoted).then_some(at)
    })
}

/// Without escapes, on one line, within the limit.
fn plain(value: &str) -> String {
    let mut out = String::new();
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim().chars().take(MAX_VALUE).collect()
}

/// Quoted-printable, as vCard 2.1 writes what is not ASCII.
fn unquoted(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = bytes
            .get(at + 1..at + 3)
            .and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(read) if byte == b'=' => {
                out.push(read);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A card under way.
#[derive(Default)]
struct Card {
    fields: Map<String, Value>,
    formatted: String,
    name: Map<String, Value>,
}

impl Card {
    fn note(&mut self, property: &Property) {
        match property.name.as_str() {
            "FN" if self.formatted.is_empty() => self.formatted = property.text(),
            "N" => self.note_name(property),
            "ORG" | "TITLE" => self.note_company(property),
            "TEL" => self.note_phone(property),
            "EMAIL" => self.add("emails", "email", property, property.text()),
            "URL" => self.add("urls", "url", property, property.text()),
            "ADR" => self.note_address(property),
            "BDAY" => {
                let text = property.text();
                self.fields.insert("birthday".to_owned(), Value::String(text));
            }
            _ => {}
        }
    }

    fn note_name(&mut self, property: &Property) {
        let names = ["last_name", "first_name", "middle_name", "prefix", "suffix"];
        for (name, part) in names.into_iter().zip(property.parts()) {
            if !part.is_empty() {
                self.name.insert(name.to_owned(), Value::String(part));
            }
        }
    }

    fn note_company(&mut self, property: &Property) {
        let parts = property.parts();
        let names: &[&str] = match property.name.as_str() {
            "ORG" => &["company", "department"],
            _ => &["title"],
        };
        let org = self.fields.entry("org").or_insert_with(|| json!({}));
        for (name, part) in names.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
            org[*name] = json!(part);
        }
    }

    fn note_phone(&mut self, property: &Property) {
        let text = property.text();
        let number = text.strip_prefix("tel:").unwrap_or(&text).to_owned();
        self.add("phones", "phone", property, number);
        let whatsapp = property.parameter("WAID").filter(|id| id.len() <= MAX_VALUE);
        let last = self
            .fields
            .get_mut("phones")
            .and_then(|all| all.as_array_mut()?.last_mut());
        if let (Some(id), Some(last)) = (whatsapp, last) {
            last["wa_id"] = json!(id);
        }
    }

    fn note_address(&mut self, property: &Property) {
        let names = ["", "", "street", "city", "state", "zip", "country"];
        let parts = names.into_iter().zip(property.parts());
        let mut address: Map<String, Value> = parts
            .filter(|(name, part)| !name.is_empty() && !part.is_empty())
            .map(|(name, part)| (name.to_owned(), Value::String(part)))
            .collect();
        if address.is_empty() {
            return;
        }
        if let Some(kind) = property.kind() {
            address.insert("type".to_owned(), Value::String(kind));
        }
        self.push("addresses", Value::Object(address));
    }

    fn add(&mut self, list: &str, name: &str, property: &Property, value: String) {
        if value.is_empty() {
            return;
        }
        let mut entry = json!({ name: value });
        if let Some(kind) = property.kind() {
            entry["type"] = json!(kind);
        }
        self.push(list, entry);
    }

    fn push(&mut self, list: &str, entry: Value) {
        let all = self.fields.entry(list).or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut().filter(|all| all.len() < MAX_ENTRIES) {
            all.push(entry);
        }
    }

    /// The card, named by whatever names it; `None` if it says nothing at all.
    fn finish(mut self) -> Option<Value> {
        if self.formatted.is_empty() {
            self.formatted = self.fallback_name();
        }
        if self.formatted.is_empty() && self.fields.is_empty() {
            return None;
        }
        self.name
            .insert("formatted_name".to_owned(), Value::String(self.formatted));
        self.fields.insert("name".to_owned(), Value::Object(self.name));
        Some(Value::Object(self.fields))
    }

    fn fallback_name(&self) -> String {
        let part = |name: &str| self.name.get(name).and_then(Value::as_str);
        let parts: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(part).collect();
        let named = parts.join(" ");
        let others = ["/org/company", "/phones/0/phone", "/emails/0/email"];
        let fields = || Value::Object(self.fields.clone());
        match named.is_empty() {
            false => named,
            true => {
                let fields = fields();
                let other = others.into_iter().find_map(|path| fields.pointer(path)?.as_str());
                other.unwrap_or_default().to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cards_of_every_version_are_read() {
        let table = [
            (
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Otieno;Amina;;;\r\nFN:Amina Otieno\r\nORG:Duka\\, Ltd;Sales\r\nTITLE:Buyer\r\n\
                 item1.TEL;type=CELL;type=pref;waid=254711000234:+254 711 000234\r\nEMAIL;TYPE=INTERNET,WORK:a@b.example\r\n\
                 ADR;TYPE=HOME:;;Moi Avenue 1;Nairobi;;00100;Kenya\r\nURL:https://duka.example\r\nBDAY:1990-02-01\r\n\
                 PHOTO;ENCODING=b:AAAA\r\n BBBB\r\nEND:VCARD\r\n",
                json!([{
                    "name": {"formatted_name": "Amina Otieno", "first_name": "Amina", "last_name": "Otieno"},
                    "org": {"company": "Duka, Ltd", "department": "Sales", "title": "Buyer"},
                    "phones": [{"phone": "+254 711 000234", "type": "CELL", "wa_id": "254711000234"}],
                    "emails": [{"email": "a@b.example", "type": "WORK"}],
                    "addresses": [{"street": "Moi Avenue 1", "city": "Nairobi", "zip": "00100", "country": "Kenya", "type": "HOME"}],
                    "urls": [{"url": "https://duka.example"}], "birthday": "1990-02-01",
                }]),
            ),
            (
                "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=81na=20=\nLima\nTEL;CELL:0711\nEND:VCARD",
                json!([{"name": {"formatted_name": "Ána Lima"}, "phones": [{"phone": "0711", "type": "CELL"}]}]),
            ),
            (
                "BEGIN:VCARD\nVERSION:4.0\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-202-555-0100\nEND:VCARD\n\
                 BEGIN:VCARD\nFN:Se\n cond\nEND:VCARD",
                json!([
                    {"name": {"formatted_name": "+1-202-555-0100"}, "phones": [{"phone": "+1-202-555-0100", "type": "HOME"}]},
                    {"name": {"formatted_name": "Second"}},
                ]),
            ),
            ("BEGIN:VCARD\nVERSION:3.0\nEND:VCARD", json!([])),
            ("no card at all", json!([])),
        ];
        for (file, wanted) in table {
            assert_eq!(json!(read(file.as_bytes())), wanted, "{file}");
        }
    }

    #[test]
    fn a_file_fills_its_own_place_once() {
        let mut content = unread("https://a/1", "text/vcard", None);
        let cards = read(b"BEGIN:VCARD\nFN:Ana\nEND:VCARD\nBEGIN:VCARD\nFN:Ben\nEND:VCARD");
        assert!(!fill(&mut content, "https://a/2", cards.clone()));
        assert!(!fill(&mut content, "https://a/1", Vec::new()));
        assert!(fill(&mut content, "https://a/1", cards.clone()));
        assert!(!fill(&mut content, "https://a/1", cards));
        assert_eq!(content.body[0]["document"]["url"], "https://a/1");
        assert_eq!(content.searchable_text(), "Ana Ben");
    }

    proptest! {
        #[test]
        fn anything_is_read_within_limits(text in "(BEGIN:VCARD\n)?([A-Z]{1,5}(;[a-z=]{0,9})?:[^\n]{0,30}=?\r?\n ?){0,40}(END:VCARD)?") {
            for card in read(text.as_bytes()) {
                prop_assert!(card["name"]["formatted_name"].is_string());
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(read(&bytes).len() <= MAX_CARDS);
        }
    }
}
