//! A plain text or call script as a template: names, amounts, dates, times and numbers become variables with the text's
//! own words as samples; links and phone numbers become buttons; the opt-out line becomes the footer.
//!
//! Heuristics over words, in the five languages of the product. The result is a draft that a person looks over: every
//! step that was taken is told.

mod words;

use serde_json::{Value, json};

use words::{CURRENCIES, DAYS, GREETINGS, MONTHS, OFFERS, OPT_OUT, OTHERS, SECRET, SPEAKERS};

use super::validate::rules;
use super::{Category, Definition, ParameterFormat};
use crate::domain::template::placeholders::length;

/// Longest text that is looked at, in characters.
pub const MAX_TEXT: usize = 8_000;
/// Most variables that are made.
const MAX_VARIABLES: usize = 12;

/// A draft and what was done to get there.
#[derive(Clone, PartialEq, Debug)]
pub struct Conversion {
    /// A name made of the first words.
    pub name: String,
    /// The draft.
    pub definition: Definition,
    /// What was done: stable words such as `variable:Amina`, `button:https://…`, `footer`, `category:utility`.
    pub steps: Vec<String>,
}

/// Makes a draft of a text.
pub fn convert(text: &str) -> Conversion {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let mut work = Work::default();
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| spoken(line, &mut work.steps))
        .collect();
    let body: Vec<String> = lines.iter().filter_map(|line| work.line(line)).collect();
    let body = body.join("\n");
    let category = category(&text);
    work.steps.push(format!("category:{}", category.as_str()));
    let steps = std::mem::take(&mut work.steps);
    let definition = match category {
        Category::Authentication => one_time_code(),
        _ => work.definition(category, body.trim()),
    };
    Conversion {
        name: name(&text),
        definition,
        steps,
    }
}

/// A line without speaker and stage directions; `None` for what the other side says.
fn spoken(line: &str, steps: &mut Vec<String>) -> Option<String> {
    let lower = line.trim().to_lowercase();
    if OTHERS.iter().any(|other| lower.starts_with(other)) {
        steps.push("dropped:customer".into());
        return None;
    }
    let cut = SPEAKERS.iter().find(|speaker| lower.starts_with(*speaker));
    let line = cut.map_or(line, |_| line.split_once(':').map_or(line, |(_, rest)| rest));
    Some(line.trim().to_owned())
}

fn category(text: &str) -> Category {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    match () {
        () if has(&SECRET) => Category::Authentication,
        () if has(&OFFERS) => Category::Marketing,
        () => Category::Utility,
    }
}

fn one_time_code() -> Definition {
    Definition {
        category: Category::Authentication,
        format: ParameterFormat::Positional,
        ttl_s: Some(600),
        components: vec![
            json!({"type": "BODY", "add_security_recommendation": true}),
            json!({"type": "FOOTER", "code_expiration_minutes": 10}),
            json!({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]}),
        ],
    }
}

/// The first words of a text as a template's name.
fn name(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() > 1);
    let words: Vec<String> = words.take(5).map(str::to_ascii_lowercase).collect();
    match words.is_empty() {
        true => "new_template".into(),
        false => words.join("_").chars().take(60).collect(),
    }
}

#[derive(Default)]
struct Work {
    samples: Vec<String>,
    buttons: Vec<Value>,
    footer: Option<String>,
    steps: Vec<String>,
}

impl Work {
    /// One line; `None` if it went elsewhere.
    fn line(&mut self, line: &str) -> Option<String> {
        let lower = line.to_lowercase();
        let is_opt_out = OPT_OUT.iter().any(|words| lower.contains(words));
        if is_opt_out && self.footer.is_none() && length(line) <= rules::FOOTER {
            self.footer = Some(line.to_owned());
            self.steps.push("footer".into());
            return None;
        }
        let words = words_of(line);
        let mut out: Vec<String> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let taken = self.word(&words, at, &mut out);
            at += taken.max(1);
        }
        let joined = out.join(" ");
        (!joined.trim().is_empty() || line.is_empty()).then_some(joined)
    }

    /// Looks at the word at a place and answers how many words it took.
    fn word(&mut self, words: &[&str], at: usize, out: &mut Vec<String>) -> usize {
        let (lead, core, tail) = peel(words[at]);
        let next = words.get(at + 1).map(|word| peel(word));
        if self.take_link(core) || self.take_phone(words, at, core) {
            if !tail.is_empty() && !out.is_empty() {
                out.push(tail.to_owned());
            }
            return 1;
        }
        if is_direction(words[at]) {
            return 1;
        }
        if let Some(name) = marked(words[at]) {
            let variable = self.variable(&name);
            out.push(words[at].replacen(&between(words[at]), &variable, 1));
            return 1;
        }
        let after_greeting = at > 0 && GREETINGS.contains(&peel(words[at - 1]).1.to_lowercase().as_str());
        let pair = next.filter(|(_, second, _)| tail.is_empty() && is_pair(core, second));
        let (sample, end, count) = match pair {
            Some((_, second, end)) => (format!("{core} {second}"), end, 2),
            None => (core.to_owned(), tail, 1),
        };
        let is_name = after_greeting && core.chars().next().is_some_and(char::is_uppercase);
        match count == 2 || is_name || is_value(core) {
            true => {
                let variable = self.variable(&sample);
                out.push(format!("{lead}{variable}{end}"));
            }
            false => out.push(words[at].to_owned()),
        }
        count
    }

    /// The variable for a sample; the same sample keeps its number.
    fn variable(&mut self, sample: &str) -> String {
        let known = self.samples.iter().position(|one| one == sample);
        if known.is_none() && self.samples.len() >= MAX_VARIABLES {
            return sample.to_owned();
        }
        let place = known.unwrap_or_else(|| {
            self.samples.push(sample.to_owned());
            self.steps.push(format!("variable:{sample}"));
            self.samples.len() - 1
        });
        format!("{{{{{}}}}}", place + 1)
    }

    fn take_link(&mut self, core: &str) -> bool {
        let is_link = core.starts_with("https://") || core.starts_with("http://") || core.starts_with("www.");
        let links = self
            .buttons
            .iter()
            .filter(|button| super::is_kind(button, "url"))
            .count();
        if !is_link || links >= rules::URL_BUTTONS {
            return false;
        }
        let url = match core.strip_prefix("www.") {
            Some(_) => format!("https://{core}"),
            None => core.to_owned(),
        };
        let label = if links == 0 { "Open" } else { "More" };
        self.steps.push(format!("button:{url}"));
        self.buttons
            .push(json!({"type": "URL", "text": label, "url": url}));
        true
    }

    /// A number in international form after "call" and its like.
    fn take_phone(&mut self, words: &[&str], at: usize, core: &str) -> bool {
        let digits = core.bytes().filter(u8::is_ascii_digit).count();
        let is_phone = core.starts_with('+') && (8..=15).contains(&digits) && core.len() <= rules::PHONE;
        let taken = self
            .buttons
            .iter()
            .any(|button| super::is_kind(button, "phone_number"));
        if !is_phone || taken || at == 0 || words.is_empty() {
            return false;
        }
        self.steps.push(format!("button:{core}"));
        self.buttons
            .push(json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": core}));
        true
    }

    fn definition(self, category: Category, body: &str) -> Definition {
        let mut text = body.to_owned();
        if text.starts_with("{{") {
            text.insert_str(0, "Hello ");
        }
        if text.ends_with("}}") {
            text.push('.');
        }
        let text: String = text.chars().take(rules::BODY).collect();
        let mut part = json!({"type": "BODY", "text": text});
        if !self.samples.is_empty() {
            part["example"] = json!({"body_text": [self.samples]});
        }
        let mut components = vec![part];
        let footer = self
            .footer
            .or_else(|| (category == Category::Marketing).then(|| "Reply STOP to opt out".to_owned()));
        components.extend(footer.map(|text| json!({"type": "FOOTER", "text": text})));
        if !self.buttons.is_empty() {
            components.push(json!({"type": "BUTTONS", "buttons": self.buttons}));
        }
        Definition {
            category,
            format: ParameterFormat::Positional,
            ttl_s: None,
            components,
        }
    }
}

/// Punctuation before and after a word.
fn peel(word: &str) -> (&str, &str, &str) {
    const AROUND: &[char] = &[
        '.', ',', ';', ':', '!', '?', '"', '\'', '(', ')', '،', '؟', '¡', '¿', '“', '”',
    ];
    let core = word.trim_matches(AROUND);
    let start = word.len() - word.trim_start_matches(AROUND).len();
    (
        &word[..start],
        core,
        &word[(start + core.len()).min(word.len())..],
    )
}

/// A line's words; what stands between marks of a gap is one word, as in `[customer name]`.
fn words_of(line: &str) -> Vec<&str> {
    /// Words of the longest gap that is looked for.
    const GAP: usize = 5;
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let next = rest.find(' ').unwrap_or(rest.len());
        let open = MARKS.iter().find(|(open, _)| rest[..next].contains(*open));
        let gap = open.and_then(|(_, close)| {
            let ends = rest.match_indices(' ').map(|(at, _)| at);
            let mut ends = ends.chain([rest.len()]).take(GAP);
            ends.find(|end| rest[..*end].contains(*close))
        });
        let (word, after) = rest.split_at(gap.unwrap_or(next));
        words.push(word);
        rest = after.strip_prefix(' ').unwrap_or(after);
        // A line that ends with a blank keeps it.
        if rest.is_empty() && !after.is_empty() {
            words.push("");
        }
    }
    words
}

/// `[pause]`, `(waits)`, `[waits for an answer]`: what is done, not said.
fn is_direction(word: &str) -> bool {
    let lower = word.to_lowercase();
    let Some(inside) = lower.strip_prefix(['[', '(']) else {
        return false;
    };
    let first = inside.split([' ', ']', ')']).next().unwrap_or_default();
    ["pause", "pauses", "wait", "waits", "smile", "smiles"].contains(&first) && lower.ends_with([']', ')'])
}

/// How scripts mark what the speaker fills in.
const MARKS: [(char, char); 4] = [('[', ']'), ('<', '>'), ('{', '}'), ('%', '%')];

/// What stands between marks of a gap: `[Name]`, `<name>`, `{name}`, `%name%`, `____`.
fn marked(word: &str) -> Option<String> {
    let inside = between(word);
    let name = inside.trim_matches(['[', ']', '<', '>', '{', '}', '%']);
    let is_gap = inside.len() >= 3 && (inside != name || inside.bytes().all(|b| b == b'_'));
    let name = name.trim_matches('_');
    is_gap.then(|| {
        if name.is_empty() {
            "…".to_owned()
        } else {
            name.replace('_', " ")
        }
    })
}

fn between(word: &str) -> String {
    for (open, close) in MARKS {
        let Some(start) = word.find(open) else { continue };
        let Some(end) = word.rfind(close).filter(|end| *end > start) else {
            continue;
        };
        return word[start..=end].to_owned();
    }
    let is_line = word.contains("___");
    if is_line {
        word.chars().filter(|c| *c == '_').collect()
    } else {
        String::new()
    }
}

/// Two words that are one value: `12 March`, `March 12`, `KES 500`, `500 KES`, `3 pm`.
fn is_pair(first: &str, second: &str) -> bool {
    let (one, two) = (first.to_lowercase(), second.to_lowercase());
    let is_month = |word: &str| MONTHS.contains(&word);
    let is_currency = |word: &str| CURRENCIES.contains(&word);
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let is_half = |word: &str| ["am", "pm", "a.m", "p.m"].contains(&word);
    (is_number(&one) && (is_month(&two) || is_currency(&two) || is_half(&two)))
        || (is_number(&two) && (is_month(&one) || is_currency(&one)))
}

/// A word that changes from message to message.
fn is_value(core: &str) -> bool {
    let digits = core.chars().filter(char::is_ascii_digit).count();
    let is_dated = core.contains(['/', '-', ':', '.']) && digits >= 3 && !core.contains(char::is_alphabetic);
    let is_money = core.starts_with(['$', '€', '£', '₦', '₹']) && digits > 0;
    let is_number =
        core.starts_with('#') && digits > 0 || (digits >= 4 && digits * 2 >= core.chars().count());
    let is_share = core.ends_with('%') && digits > 0;
    let is_day = DAYS.contains(&core.to_lowercase().as_str());
    is_dated || is_money || is_number || is_share || is_day || (digits >= 3 && core.contains(','))
}

#[cfg(test)]
mod tests {
    use super::super::validate::problems;
    use super::*;
    use proptest::prelude::*;

    fn body(conversion: &Conversion) -> &str {
        conversion.definition.text("body")
    }

    #[test]
    fn what_changes_becomes_variables_with_samples() {
        let done =
            convert("Hi Amina, your order #1042 of KES 1,500 comes on Friday at 10:30. Thank you, Amina!");
        assert_eq!(
            body(&done),
            "Hi {{1}}, your order {{2}} of {{3}} comes on {{4}} at {{5}}. Thank you, Amina!"
        );
        assert_eq!(done.definition.category, Category::Utility);
        assert_eq!(done.name, "hi_amina_your_order_1042");
        let samples = &done.definition.components[0]["example"]["body_text"][0];
        assert_eq!(
            *samples,
            json!(["Amina", "#1042", "KES 1,500", "Friday", "10:30"])
        );
        assert!(problems("a", "en", &done.definition).is_empty());
    }

    #[test]
    fn a_call_script_loses_its_stage_directions() {
        let script = "Agent: Hello [customer name], this is about your booking on 12 March. [pause]\n\
                      Customer: Yes?\nAgent: Please call +254700555010 or see https://a.example/b to change it.\n\
                      Reply STOP to opt out";
        let done = convert(script);
        let text = body(&done);
        assert!(
            text.contains("booking on {{") && !text.contains("Yes?") && !text.contains("pause"),
            "{text}"
        );
        let kinds: Vec<&str> = done
            .definition
            .components
            .iter()
            .map(|component| super::super::word(component, "type"))
            .collect();
        assert_eq!(kinds, ["BODY", "FOOTER", "BUTTONS"]);
        assert_eq!(
            done.definition.components[2]["buttons"][0]["phone_number"],
            "+254700555010"
        );
        assert_eq!(
            done.definition.components[2]["buttons"][1]["url"],
            "https://a.example/b"
        );
    }

    #[test]
    fn a_gap_of_several_words_is_one_variable() {
        let done = convert(
            "Hello [customer name], your <order number> is ready. [waits for an answer] Save 20 % or 30 % today. See { you there",
        );
        assert_eq!(
            body(&done),
            "Hello {{1}}, your {{2}} is ready. Save 20 % or 30 % today. See { you there"
        );
        let samples = &done.definition.components[0]["example"]["body_text"][0];
        assert_eq!(*samples, json!(["customer name", "order number"]));
    }

    #[test]
    fn the_category_follows_the_words() {
        let table = [
            ("Big sale: 20% off everything this week", Category::Marketing),
            ("¡Descuento para ti este fin de semana!", Category::Marketing),
            ("Your verification code is 123456", Category::Authentication),
            ("Your parcel has arrived at our shop", Category::Utility),
        ];
        for (text, expected) in table {
            let done = convert(text);
            assert_eq!(done.definition.category, expected, "{text}");
            assert!(
                problems("a", "en", &done.definition).is_empty(),
                "{text}: {:?}",
                done.definition
            );
        }
        let offer = convert("Big sale: 20% off everything this week");
        assert!(
            offer.definition.component("footer").is_some(),
            "marketing offers a way out"
        );
    }

    proptest! {
        #[test]
        fn any_text_converts_within_limits(text in "([A-Za-z0-9#$%:/., \n\\[\\]{}<>_+]|مرحبا|🌻){0,120}") {
            let done = convert(&text);
            prop_assert!(body(&done).chars().count() <= rules::BODY);
            prop_assert!(!done.name.is_empty());
        }
    }
}
