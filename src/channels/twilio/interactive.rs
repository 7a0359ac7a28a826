//! Interactive messages as contents of the Content API: quick replies, list pickers, calls to action, cards and catalogues.
//!
//! Owns what each `interactive.type` becomes, the limits, and which parts are variables: the text, and the last part of an
//! address, so that messages that differ in them alone share a content. Source: contract, section 3; WhatsApp takes these
//! within the window without an approval. Header and footer stand in the text where the content type has no place for them.
//! Pure. Must not know any call.

use serde_json::{Map, Value, json};

use super::limits;
use crate::channels::FieldError;
use crate::channels::fields::{Checked, Fields, length, unique};

const FIELDS: [&str; 6] = ["type", "header", "body", "footer", "action", "elements"];
/// Types of interactive messages that Twilio has a content for.
pub(super) const TYPES: [&str; 7] = [
    "button",
    "list",
    "cta_url",
    "product",
    "product_list",
    "catalog_message",
    "generic_template",
];
/// Headers that are files.
const FILES: [&str; 3] = ["image", "video", "document"];

/// A content and what this message fills in.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Made {
    /// `twilio/quick-reply` …
    pub(super) kind: &'static str,
    /// What stands under it.
    pub(super) content: Value,
    /// The variables by number.
    pub(super) values: Map<String, Value>,
}

/// The content of an interactive message. `base` is where the appliance is reached: below it lie our own files.
///
/// # Errors
/// Names the field that breaks a limit.
pub(super) fn made(body: &Value, base: &str) -> Checked<Made> {
    let fields = Fields::of(body, "interactive", &FIELDS)?;
    let mut maker = Maker {
        values: Map::new(),
        base,
    };
    let kind = fields.word("type", &TYPES)?;
    if kind != "generic_template" && fields.has("elements") {
        return fields.refuse("elements", "belong to a generic_template.");
    }
    let (kind, content) = match kind {
        "button" => maker.buttons(&fields)?,
        "list" => maker.list(&fields)?,
        "cta_url" => maker.link(&fields)?,
        "product" => maker.product(&fields)?,
        "product_list" => maker.products(&fields)?,
        "catalog_message" => maker.catalog(&fields)?,
        _ => maker.card(&fields)?,
    };
    Ok(Made {
        kind,
        content,
        values: maker.values,
    })
}

struct Maker<'a> {
    values: Map<String, Value>,
    base: &'a str,
}

/// A text that is the same in every message. Twilio would take braces for a variable.
fn fixed<'a>(text: &'a str, path: &str) -> Checked<&'a str> {
    match text.contains("{{") {
        true => Err(FieldError::new(
            path,
            "must not have two opening braces: Twilio takes them for a variable.",
        )),
        false => Ok(text),
    }
}

/// Whether a text can stand in for a variable: short, on one line, without a run of blanks (WhatsApp refuses those).
fn fits_variable(text: &str) -> bool {
    length(text) <= limits::VALUE && !text.chars().any(char::is_control) && !text.contains("    ")
}

impl Maker<'_> {
    fn variable(&mut self, value: &str) -> String {
        let number = self.values.len() + 1;
        self.values.insert(number.to_string(), value.into());
        format!("{{{{{number}}}}}")
    }

    /// A text that may differ from message to message.
    fn words(&mut self, text: &str, path: &str) -> Checked<String> {
        match fits_variable(text) {
            true => Ok(self.variable(text)),
            false => fixed(text, path).map(str::to_owned),
        }
    }

    /// An address whose last part may differ from message to message, as that of a counted link does.
    fn address(&mut self, url: &str, path: &str) -> Checked<String> {
        let host = url.find("://").map_or(0, |at| at + 3);
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let cut = url[..end].rfind('/').filter(|at| *at > host).map(|at| at + 1);
        match cut.map(|cut| url.split_at(cut)) {
            Some((front, rest)) if !rest.is_empty() && fits_variable(rest) => {
                let front = fixed(front, path)?.to_owned();
                Ok(format!("{front}{}", self.variable(rest)))
            }
            _ => fixed(url, path).map(str::to_owned),
        }
    }

    /// Header, body and footer as one text.
    fn text(&mut self, fields: &Fields<'_>) -> Checked<String> {
        let body = fields.object("body", &["text"])?;
        let mut parts = Vec::new();
        if let Some(header) = fields.optional_object("header", &["type", "text"])? {
            header.word("type", &["text"])?;
            parts.push(header.text("text", limits::HEADER)?);
        }
        parts.push(body.text("text", limits::BODY)?);
        if let Some(footer) = fields.optional_object("footer", &["text"])? {
            parts.push(footer.text("text", limits::FOOTER)?);
        }
        let text = parts.join("\n\n");
        match length(&text) {
            count if count > limits::BODY => body.refuse(
                "text",
                format!(
                    "is too long with header and footer: {count} characters, at most {} are allowed.",
                    limits::BODY
                ),
            ),
            _ => self.words(&text, &body.path_of("text")),
        }
    }

    fn buttons(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["buttons"])?;
        let (mut actions, mut ids, mut titles) = (Vec::new(), Vec::new(), Vec::new());
        for (path, button) in action.list("buttons", 1, limits::BUTTONS)? {
            let button = Fields::of(button, path, &["type", "reply"])?;
            button.word("type", &["reply"])?;
            let reply = button.object("reply", &["id", "title"])?;
            let id = fixed(reply.text("id", limits::ID)?, &reply.path_of("id"))?;
            let title = fixed(
                reply.text("title", limits::BUTTON_TITLE)?,
                &reply.path_of("title"),
            )?;
            unique(&mut ids, id, &reply.path_of("id"))?;
            unique(&mut titles, title, &reply.path_of("title"))?;
            actions.push(json!({"type": "QUICK_REPLY", "title": title, "id": id}));
        }
        self.under_text(fields, "twilio/quick-reply", actions)
    }

    fn link(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["name", "parameters"])?;
        action.word("name", &["cta_url"])?;
        let parameters = action.object("parameters", &["display_text", "url"])?;
        let title = parameters.text("display_text", limits::BUTTON_TITLE)?;
        let title = fixed(title, &parameters.path_of("display_text"))?;
        parameters.url("url")?;
        let url = parameters.text("url", usize::MAX)?;
        let text = self.head(fields)?;
        let url = self.address(url, &parameters.path_of("url"))?;
        let action = json!({"type": "URL", "title": title, "url": url});
        Ok(finished(text, "twilio/call-to-action", vec![action]))
    }

    fn under_text(
        &mut self,
        fields: &Fields<'_>,
        kind: &'static str,
        actions: Vec<Value>,
    ) -> Checked<(&'static str, Value)> {
        let head = self.head(fields)?;
        Ok(finished(head, kind, actions))
    }

    /// What stands above buttons: a text, or a file with a text.
    fn head(&mut self, fields: &Fields<'_>) -> Checked<Head> {
        let is_file = fields
            .optional_object("header", &["type", "text", "image", "video", "document"])?
            .map(|header| header.word("type", &["text", "image", "video", "document"]))
            .transpose()?
            .is_some_and(|kind| FILES.contains(&kind));
        if !is_file {
            return Ok(Head::Text(self.text(fields)?));
        }
        let header = fields.object("header", &["type", "image", "video", "document"])?;
        let kind = header.word("type", &FILES)?;
        let file = header.object(kind, &["media_id", "link", "filename"])?;
        let body = fields.object("body", &["text"])?;
        let title = body.text("text", limits::BODY)?;
        let title = self.words(title, &body.path_of("text"))?;
        let media = match file.has("media_id") {
            true => {
                file.text("media_id", limits::PROVIDER_ID)?;
                let base = self.base;
                format!("{base}/{}", self.variable(""))
            }
            false => self.file_at(&file)?,
        };
        let mut card = json!({"title": title, "media": [media]});
        if let Some(footer) = fields.optional_object("footer", &["text"])? {
            card["subtitle"] = fixed(footer.text("text", limits::FOOTER)?, &footer.path_of("text"))?.into();
        }
        Ok(Head::Card(card))
    }

    /// A file by its address. Ours has the same shape whichever file it is.
    fn file_at(&mut self, file: &Fields<'_>) -> Checked<String> {
        file.url("link")?;
        let link = file.text("link", usize::MAX)?;
        let ours = link
            .strip_prefix(self.base)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|path| !self.base.is_empty() && path.starts_with("media/"));
        match ours {
            Some(path) => {
                let base = self.base;
                Ok(format!("{base}/{}", self.variable(path)))
            }
            None => self.address(link, &file.path_of("link")),
        }
    }

    fn list(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["button", "sections"])?;
        let button = action.text("button", limits::BUTTON_TITLE)?;
        let button = fixed(button, &action.path_of("button"))?;
        let (mut items, mut ids) = (Vec::new(), Vec::new());
        // Twilio's lists are not divided.
        for (path, section) in action.list("sections", 1, 1)? {
            let section = Fields::of(section, path, &["title", "rows"])?;
            if section.has("title") {
                return section.refuse("title", "has no place: a list through Twilio is not divided.");
            }
            for (path, row) in section.list("rows", 1, limits::ROWS)? {
                items.push(list_item(
                    &Fields::of(row, path, &["id", "title", "description"])?,
                    &mut ids,
                )?);
            }
        }
        let body = self.text(fields)?;
        Ok((
            "twilio/list-picker",
            json!({"body": body, "button": button, "items": items}),
        ))
    }

    /// Text parts and products of a catalogue.
    fn of_catalog(
        &mut self,
        fields: &Fields<'_>,
        catalog: Option<&str>,
        items: Vec<Value>,
    ) -> Checked<(&'static str, Value)> {
        let body = fields.object("body", &["text"])?;
        let text = body.text("text", limits::BODY)?;
        let text = self.words(text, &body.path_of("text"))?;
        let mut content = json!({ "body": text });
        if let Some(header) = fields.optional_object("header", &["type", "text"])? {
            header.word("type", &["text"])?;
            content["title"] = fixed(header.text("text", limits::HEADER)?, &header.path_of("text"))?.into();
        }
        if let Some(footer) = fields.optional_object("footer", &["text"])? {
            content["subtitle"] =
                fixed(footer.text("text", limits::FOOTER)?, &footer.path_of("text"))?.into();
        }
        if let Some(catalog) = catalog {
            content["id"] = catalog.into();
        }
        if !items.is_empty() {
            content["items"] = items.into();
        }
        Ok(("twilio/catalog", content))
    }

    fn product(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["catalog_id", "product_retailer_id"])?;
        let catalog = id(&action, "catalog_id")?;
        let product = id(&action, "product_retailer_id")?;
        self.of_catalog(fields, Some(catalog), vec![json!({ "id": product })])
    }

    fn products(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["catalog_id", "sections"])?;
        let catalog = id(&action, "catalog_id")?;
        let mut items = Vec::new();
        let sections = action.list("sections", 1, limits::SECTIONS)?;
        let needs_titles = sections.len() > 1;
        for (path, section) in sections {
            let section = Fields::of(section, path, &["title", "product_items"])?;
            let title = section.optional_text("title", limits::ROW_TITLE)?;
            if title.is_none() && needs_titles {
                return section.refuse(
                    "title",
                    "is missing; with more than one section each needs a title.",
                );
            }
            for (path, item) in section.list("product_items", 1, limits::PRODUCTS)? {
                let item = Fields::of(item, path, &["product_retailer_id"])?;
                let mut made = json!({"id": id(&item, "product_retailer_id")?});
                if let Some(title) = title {
                    made["section_title"] = fixed(title, &section.path_of("title"))?.into();
                }
                items.push(made);
            }
        }
        match items.len() > limits::PRODUCTS {
            true => action.refuse(
                "sections",
                format!("have {} products; {} are allowed.", items.len(), limits::PRODUCTS),
            ),
            false => self.of_catalog(fields, Some(catalog), items),
        }
    }

    fn catalog(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        let action = fields.object("action", &["name", "parameters"])?;
        action.word("name", &["catalog_message"])?;
        if action.has("parameters") {
            return action.refuse("parameters", "have no place: Twilio chooses the picture itself.");
        }
        self.of_catalog(fields, None, Vec::new())
    }

    /// One card. Several would be a carousel, which WhatsApp has to approve first.
    fn card(&mut self, fields: &Fields<'_>) -> Checked<(&'static str, Value)> {
        for name in ["header", "body", "footer", "action"] {
            if fields.has(name) {
                return fields.refuse(name, "has no place in a card; put it into the element.");
            }
        }
        let elements = fields.list("elements", 1, usize::MAX)?;
        let [(path, element)] = elements.as_slice() else {
            return fields.refuse(
                "elements",
                "are a carousel, which WhatsApp must approve when it goes through Twilio: make a template of it.",
            );
        };
        let element = Fields::of(
            element,
            path.as_str(),
            &["title", "subtitle", "image_url", "buttons"],
        )?;
        let title = element.text("title", limits::BODY)?;
        let mut card = json!({"title": self.words(title, &element.path_of("title"))?});
        if let Some(subtitle) = element.optional_text("subtitle", limits::FOOTER)? {
            card["subtitle"] = fixed(subtitle, &element.path_of("subtitle"))?.into();
        }
        if element.has("image_url") {
            element.url("image_url")?;
            let url = element.text("image_url", usize::MAX)?;
            card["media"] = json!([self.address(url, &element.path_of("image_url"))?]);
        }
        let mut actions = Vec::new();
        for (path, button) in match element.has("buttons") {
            true => element.list("buttons", 1, limits::BUTTONS)?,
            false => Vec::new(),
        } {
            actions.push(self.card_button(&Fields::of(
                button,
                path,
                &["type", "url", "title", "payload"],
            )?)?);
        }
        if !actions.is_empty() {
            card["actions"] = actions.into();
        }
        match card.as_object().is_some_and(|card| card.len() > 1) {
            true => Ok(("twilio/card", card)),
            false => element.refuse("subtitle", "is missing: a card needs more than its title."),
        }
    }

    fn card_button(&mut self, button: &Fields<'_>) -> Checked<Value> {
        let title = fixed(
            button.text("title", limits::BUTTON_TITLE)?,
            &button.path_of("title"),
        )?;
        match button.word("type", &["web_url", "postback"])? {
            "web_url" => {
                button.url("url")?;
                let url = button.text("url", usize::MAX)?;
                Ok(json!({"type": "URL", "title": title, "url": self.address(url, &button.path_of("url"))?}))
            }
            _ => Ok(json!({"type": "QUICK_REPLY", "title": title, "id": id(button, "payload")?})),
        }
    }
}

/// What stands above buttons.
enum Head {
    Text(String),
    Card(Value),
}

/// A content of that kind; a card where a file stands above.
fn finished(head: Head, kind: &'static str, actions: Vec<Value>) -> (&'static str, Value) {
    match head {
        Head::Text(body) => (kind, json!({"body": body, "actions": actions})),
        Head::Card(mut card) => {
            card["actions"] = actions.into();
            ("twilio/card", card)
        }
    }
}

fn id<'a>(fields: &Fields<'a>, name: &str) -> Checked<&'a str> {
    fixed(fields.text(name, limits::ID)?, &fields.path_of(name))
}

fn list_item<'a>(row: &Fields<'a>, ids: &mut Vec<&'a str>) -> Checked<Value> {
    let key = id(row, "id")?;
    unique(ids, key, &row.path_of("id"))?;
    let title = fixed(row.text("title", limits::ROW_TITLE)?, &row.path_of("title"))?;
    let mut item = json!({"item": title, "id": key});
    if let Some(text) = row.optional_text("description", limits::ROW_DESCRIPTION)? {
        item["description"] = fixed(text, &row.path_of("description"))?.into();
    }
    Ok(item)
}

#[cfg(test)]
mod tests;
