//! A template in WhatsApp's form and as a content of Twilio's, both ways.
//!
//! Owns the numbering: Twilio numbers variables over the whole content. Ours come in this order: the body's, keeping their
//! numbers, then the header's text or file, then those of links, in the order of the buttons. A file's address is ours, with
//! the rest of it as a variable, so that each message can bring its own. Pure. Must not know any call.

use serde_json::{Map, Value, json};

use crate::domain::template::placeholders::{fill, names};
use crate::domain::template::{Category, Definition, ParameterFormat, is_kind, list, word};

/// A content's types, and samples of its variables.
type Made = (Map<String, Value>, Map<String, Value>);

/// The content types of a definition, and samples of its variables. `base` is where the appliance is reached.
///
/// # Errors
/// What cannot be said in Twilio's form, in plain words.
pub(super) fn types(definition: &Definition, base: &str) -> Result<Made, String> {
    if definition.format == ParameterFormat::Named {
        return Err("Twilio numbers variables: choose numbered variables.".to_owned());
    }
    for kind in ["carousel", "limited_time_offer", "call_permission_request"] {
        if definition.component(kind).is_some() {
            return Err(format!(
                "Frontdesk makes no {} through Twilio. Make it in Twilio's Content Template Builder.",
                kind.replace('_', " ")
            ));
        }
    }
    let mut shape = Shape {
        variables: Map::new(),
        next: 1,
        base,
    };
    let (name, body) = match definition.category {
        Category::Authentication => ("whatsapp/authentication", code(definition)),
        _ => shape.ordinary(definition)?,
    };
    let mut types = Map::new();
    types.insert(name.to_owned(), body);
    Ok((types, shape.variables))
}

fn code(definition: &Definition) -> Value {
    let body = definition.component("body");
    let advice = body.and_then(|body| body.get("add_security_recommendation")?.as_bool());
    let footer = definition.component("footer");
    let minutes = footer.and_then(|footer| footer.get("code_expiration_minutes")?.as_i64());
    let button = definition.component("buttons").map(|it| list(it, "buttons"));
    let label = button
        .and_then(<[Value]>::first)
        .map_or("", |button| word(button, "text"));
    let label = if label.is_empty() { "Copy code" } else { label };
    let mut code = json!({
        "add_security_recommendation": advice.unwrap_or(false),
        "actions": [{"type": "COPY_CODE", "copy_code_text": label}],
    });
    if let Some(minutes) = minutes {
        code["code_expiration_minutes"] = minutes.into();
    }
    code
}

struct Shape<'a> {
    variables: Map<String, Value>,
    next: usize,
    base: &'a str,
}

impl Shape<'_> {
    fn ordinary(&mut self, definition: &Definition) -> Result<(&'static str, Value), String> {
        let body = definition.text("body").to_owned();
        let component = definition.component("body");
        for name in names(&body) {
            let sample = component.and_then(|it| sample(it, "body_text", name));
            self.variables
                .insert(name.to_owned(), sample.unwrap_or_default().into());
        }
        self.next = self.variables.len() + 1;
        let mut content = json!({ "body": body });
        if let Some(header) = definition.component("header") {
            self.header(header, &mut content)?;
        }
        let footer = definition.text("footer");
        if !footer.is_empty() {
            content["footer"] = footer.into();
        }
        let buttons = definition
            .component("buttons")
            .map_or(&[][..], |it| list(it, "buttons"));
        let actions: Result<Vec<Value>, String> = buttons.iter().map(|button| self.action(button)).collect();
        let actions = actions?;
        let kind = kind_of(&content, &actions);
        if !actions.is_empty() {
            content["actions"] = actions.into();
        }
        Ok((kind, content))
    }

    /// The number of a new variable.
    fn variable(&mut self, sample: &str) -> String {
        let number = self.next.to_string();
        self.next += 1;
        self.variables.insert(number.clone(), sample.into());
        number
    }

    fn header(&mut self, header: &Value, content: &mut Value) -> Result<(), String> {
        match word(header, "format").to_ascii_uppercase().as_str() {
            "TEXT" => {
                let text = word(header, "text");
                let text = match names(text).first() {
                    Some(name) => {
                        let sample = sample(header, "header_text", name).unwrap_or_default().to_owned();
                        let number = self.variable(&sample);
                        fill(text, |_| Some(format!("{{{{{number}}}}}")))
                    }
                    None => text.to_owned(),
                };
                content["header_text"] = text.into();
                Ok(())
            }
            "IMAGE" => {
                let handle = header
                    .pointer("/example/header_handle/0")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let path = handle
                    .strip_prefix(self.base)
                    .and_then(|rest| rest.strip_prefix('/'));
                let Some(path) = path.filter(|_| !self.base.is_empty()) else {
                    return Err("The header's sample must be a file uploaded here.".to_owned());
                };
                let number = self.variable(path);
                content["media"] = json!([format!("{}/{{{{{number}}}}}", self.base)]);
                Ok(())
            }
            other => Err(format!(
                "Frontdesk makes no {} header through Twilio. Use a text or a picture.",
                other.to_ascii_lowercase()
            )),
        }
    }

    fn action(&mut self, button: &Value) -> Result<Value, String> {
        let title = word(button, "text");
        match word(button, "type").to_ascii_uppercase().as_str() {
            "QUICK_REPLY" => Ok(json!({"type": "QUICK_REPLY", "title": title, "id": title})),
            "PHONE_NUMBER" => {
                Ok(json!({"type": "PHONE_NUMBER", "title": title, "phone": word(button, "phone_number")}))
            }
            "URL" => {
                let url = word(button, "url");
                let url = match names(url).is_empty() {
                    true => url.to_owned(),
                    false => {
                        let sample = button
                            .pointer("/example/0")
                            .and_then(Value::as_str)
                            .unwrap_or_default();
                        // A whole address as the sample of its ending is cut to that.
                        let start = fill(url, |_| Some(String::new()));
                        let number = self.variable(sample.strip_prefix(&start).unwrap_or(sample));
                        fill(url, |_| Some(format!("{{{{{number}}}}}")))
                    }
                };
                Ok(json!({"type": "URL", "title": title, "url": url}))
            }
            other => Err(format!(
                "Twilio has no button of the kind {}.",
                other.to_ascii_lowercase().replace('_', " ")
            )),
        }
    }
}

/// The simplest content type that holds it all.
fn kind_of(content: &Value, actions: &[Value]) -> &'static str {
    let has = |name: &str| content.get(name).is_some();
    let all = |kinds: &[&str]| actions.iter().all(|it| kinds.contains(&word(it, "type")));
    match () {
        () if has("header_text") || has("footer") || (has("media") && !actions.is_empty()) => "whatsapp/card",
        () if has("media") => "twilio/media",
        () if actions.is_empty() => "twilio/text",
        () if all(&["QUICK_REPLY"]) => "twilio/quick-reply",
        () if actions.len() <= 2 && all(&["URL", "PHONE_NUMBER"]) => "twilio/call-to-action",
        () => "whatsapp/card",
    }
}

fn sample<'a>(component: &'a Value, kind: &str, name: &str) -> Option<&'a str> {
    let place: usize = name.parse().ok()?;
    let rows = list(component.get("example")?, kind);
    let row = rows.first().and_then(Value::as_array).map_or(rows, Vec::as_slice);
    row.get(place.checked_sub(1)?)?.as_str()
}

/// A content in WhatsApp's form; `None` if it would not become the same content again (made elsewhere, with other parts or
/// another numbering).
pub(super) fn definition(content: &Value, category: Category) -> Option<Definition> {
    let types = content.get("types")?.as_object()?;
    let (kind, body) = types.iter().next()?;
    let components = match kind.as_str() {
        "whatsapp/authentication" => of_code(body),
        "twilio/text" | "twilio/media" | "twilio/quick-reply" | "twilio/call-to-action" | "whatsapp/card" => {
            of_content(body, content.get("variables").unwrap_or(&Value::Null))
        }
        _ => return None,
    };
    let definition = Definition {
        category,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components,
    };
    let base = list(body, "media")
        .first()
        .and_then(Value::as_str)
        .and_then(|media| Some(media.rsplit_once("/{{")?.0));
    let again = types_again(&definition, base.unwrap_or_default());
    (again.as_ref().and_then(|again| again.get(kind)) == Some(body)).then_some(definition)
}

fn types_again(definition: &Definition, base: &str) -> Option<Map<String, Value>> {
    types(definition, base).ok().map(|(types, _)| types)
}

fn of_code(body: &Value) -> Vec<Value> {
    let mut components = vec![json!({"type": "BODY",
        "add_security_recommendation": body.get("add_security_recommendation").and_then(Value::as_bool).unwrap_or(false)})];
    if let Some(minutes) = body.get("code_expiration_minutes") {
        components.push(json!({"type": "FOOTER", "code_expiration_minutes": minutes}));
    }
    let label = list(body, "actions")
        .first()
        .map_or("", |action| word(action, "copy_code_text"));
    components.push(
        json!({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": label}]}),
    );
    components
}

fn of_content(body: &Value, variables: &Value) -> Vec<Value> {
    let value = |name: &str| word(variables, name).to_owned();
    let mut components = Vec::new();
    if let Some(media) = list(body, "media").first().and_then(Value::as_str) {
        let path = names(media).first().map(|name| value(name)).unwrap_or_default();
        let whole = fill(media, |_| Some(path.clone()));
        components.push(json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [whole]}}));
    }
    let header = word(body, "header_text");
    if !header.is_empty() {
        let mut component = json!({"type": "HEADER", "format": "TEXT",
            "text": fill(header, |_| Some("{{1}}".to_owned()))});
        if let Some(name) = names(header).first() {
            component["example"] = json!({"header_text": [value(name)]});
        }
        components.push(component);
    }
    let text = word(body, "body");
    let mut component = json!({"type": "BODY", "text": text});
    let samples: Vec<String> = names(text).into_iter().map(value).collect();
    if !samples.is_empty() {
        component["example"] = json!({ "body_text": [samples] });
    }
    components.push(component);
    if let Some(footer) = body.get("footer") {
        components.push(json!({"type": "FOOTER", "text": footer}));
    }
    let buttons: Vec<Value> = list(body, "actions")
        .iter()
        .map(|action| button_of(action, &value))
        .collect();
    if !buttons.is_empty() {
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    components
}

fn button_of(action: &Value, value: &dyn Fn(&str) -> String) -> Value {
    let title = word(action, "title");
    match word(action, "type") {
        "PHONE_NUMBER" => {
            json!({"type": "PHONE_NUMBER", "text": title, "phone_number": word(action, "phone")})
        }
        "URL" => {
            let url = word(action, "url");
            let mut button = json!({"type": "URL", "text": title,
                "url": fill(url, |_| Some("{{1}}".to_owned()))});
            if let Some(name) = names(url).first() {
                button["example"] = json!([value(name)]);
            }
            button
        }
        kind => json!({"type": kind, "text": title}),
    }
}

/// Values of a message as Twilio numbers them: those of the body, then the header's, then those of links.
pub(super) fn variables(message: &Value) -> Map<String, Value> {
    let mut numbered = Map::new();
    let body: Vec<Value> = match message.get("variables") {
        // By number: the caller knows Twilio's own.
        Some(Value::Object(values)) => {
            numbered.extend(values.clone());
            Vec::new()
        }
        Some(Value::Array(values)) => values.clone(),
        _ => of_components(message, "body", &|_| true),
    };
    let first = numbered.len() + 1;
    let header = message
        .get("header")
        .filter(|header| !header.is_null())
        .map(header_value);
    let header = header
        .into_iter()
        .flatten()
        .chain(of_components(message, "header", &|_| true));
    let mut links: Vec<(u64, Value)> = list(message, "buttons")
        .iter()
        .zip(0..)
        .filter_map(|(button, place)| Some((place_of(button).unwrap_or(place), button.get("text")?.clone())))
        .collect();
    links.sort_by_key(|(place, _)| *place);
    let links = links.into_iter().map(|(_, value)| value);
    let links = links.chain(of_components(message, "button", &|it| is_url(it)));
    for (number, value) in (first..).zip(body.into_iter().chain(header).chain(links)) {
        numbered.insert(number.to_string(), value);
    }
    numbered
}

fn place_of(button: &Value) -> Option<u64> {
    match button.get("index")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn is_url(component: &Value) -> bool {
    word(component, "sub_type").eq_ignore_ascii_case("url")
}

fn of_components(message: &Value, kind: &str, fits: &dyn Fn(&Value) -> bool) -> Vec<Value> {
    let found = list(message, "components")
        .iter()
        .filter(|component| is_kind(component, kind) && fits(component));
    found
        .flat_map(|component| list(component, "parameters").iter().filter_map(header_value))
        .collect()
}

/// A parameter's text, or its file's address.
fn header_value(parameter: &Value) -> Option<Value> {
    match parameter {
        Value::Object(fields) => {
            let kind = word(parameter, "type");
            let file = fields.get(kind).and_then(|file| file.get("link"));
            fields.get("text").or(file).cloned()
        }
        text => Some(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(components: Value) -> Definition {
        Definition {
            category: Category::Marketing,
            format: ParameterFormat::Positional,
            ttl_s: None,
            components: components.as_array().cloned().expect("a list"),
        }
    }

    #[test]
    fn each_template_takes_the_simplest_type_and_comes_back() {
        let body = json!({"type": "BODY", "text": "Hi {{1}}, order {{2}} is here.", "example": {"body_text": [["Ana", "7"]]}});
        let quick = json!({"type": "QUICK_REPLY", "text": "Ok"});
        let link = json!({"type": "URL", "text": "See", "url": "https://a.example/{{1}}", "example": ["x"]});
        let call = json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+254700"});
        let head = json!({"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["7"]}});
        let foot = json!({"type": "FOOTER", "text": "Kibanda"});
        let file = json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://d.example/media/t"]}});
        let buttons = |list: Value| json!({"type": "BUTTONS", "buttons": list});
        let table = [
            (json!([body]), "twilio/text"),
            (json!([body, buttons(json!([quick]))]), "twilio/quick-reply"),
            (
                json!([body, buttons(json!([link, call]))]),
                "twilio/call-to-action",
            ),
            (json!([body, buttons(json!([quick, link]))]), "whatsapp/card"),
            (json!([head, body, foot, buttons(json!([link]))]), "whatsapp/card"),
            (json!([file, body]), "twilio/media"),
            (json!([file, body, buttons(json!([link]))]), "whatsapp/card"),
        ];
        for (components, kind) in table {
            let definition = made(components);
            let (types, variables) = types(&definition, "https://d.example").expect("a content");
            assert!(types.contains_key(kind), "{kind}: {types:?}");
            let content = json!({"types": types, "variables": variables});
            assert_eq!(super::definition(&content, Category::Marketing), Some(definition));
        }
        let (types, variables) =
            types(&made(json!([head, body, buttons(json!([link]))])), "").expect("a content");
        assert_eq!(types["whatsapp/card"]["header_text"], "Order {{3}}");
        assert_eq!(
            types["whatsapp/card"]["actions"][0]["url"],
            "https://a.example/{{4}}"
        );
        assert_eq!(
            Value::Object(variables),
            json!({"1": "Ana", "2": "7", "3": "7", "4": "x"})
        );
    }

    #[test]
    fn what_twilio_has_not_is_said_and_strangers_numbering_is_left_alone() {
        for part in [
            json!({"type": "CAROUSEL"}),
            json!({"type": "HEADER", "format": "LOCATION"}),
            json!({"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "x"}]}),
        ] {
            assert!(types(&made(json!([{"type": "BODY", "text": "x"}, part])), "").is_err());
        }
        let strange =
            json!({"types": {"whatsapp/card": {"header_text": "Order {{1}}", "body": "Hi {{2}}!"}}});
        assert_eq!(definition(&strange, Category::Utility), None);
        assert_eq!(
            definition(&json!({"types": {"twilio/carousel": {}}}), Category::Utility),
            None
        );
        let code = json!({"types": {"whatsapp/authentication": {"add_security_recommendation": true,
            "code_expiration_minutes": 5, "actions": [{"type": "COPY_CODE", "copy_code_text": "Copy"}]}}});
        assert!(definition(&code, Category::Authentication).is_some());
    }

    #[test]
    fn both_forms_of_a_message_are_numbered_alike() {
        let short = json!({"variables": ["Ana", "7"], "header": {"type": "text", "text": "h"},
            "buttons": [{"index": 1, "text": "late"}, {"index": 0, "text": "early"}]});
        let long = json!({"components": [{"type": "header", "parameters": [{"type": "text", "text": "h"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "7"}]},
            {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "early"}]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "late"}]}]});
        let expected = json!({"1": "Ana", "2": "7", "3": "h", "4": "early", "5": "late"});
        assert_eq!(Value::Object(variables(&short)), expected);
        assert_eq!(Value::Object(variables(&long)), expected);
        let own = json!({"variables": {"1": "a", "7": "b"}});
        assert_eq!(Value::Object(variables(&own)), own["variables"]);
    }
}
