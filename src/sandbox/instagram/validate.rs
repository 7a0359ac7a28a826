//! What the provider refuses: forms and limits of a send.
//!
//! Owns the rules of the contract's table of kinds; not the window, which is the thread's business.

use serde_json::Value;

use super::error::GraphError;

type Checked = Result<(), GraphError>;

fn refuse(what: &str) -> Checked {
    Err(GraphError::parameter(what))
}

/// Checks the `message` of a send.
pub(super) fn message(message: &Value) -> Checked {
    let Some(fields) = message.as_object() else {
        return refuse("param message must be an object");
    };
    let known = ["text", "attachment", "attachments", "quick_replies", "reply_to"];
    if let Some(unknown) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return refuse(&format!(
            "Invalid keys \"{unknown}\" were found in param \"message\"."
        ));
    }
    let parts = ["text", "attachment", "attachments"];
    if parts.iter().filter(|name| fields.contains_key(**name)).count() != 1 {
        return refuse("param message must have exactly one of text, attachment and attachments");
    }
    if let Some(said) = fields.get("text") {
        text(said)?;
    }
    if let Some(replies) = fields.get("quick_replies") {
        quick_replies(replies, fields.contains_key("text"))?;
    }
    if let Some(one) = fields.get("attachment") {
        attachment(one)?;
    }
    match fields.get("attachments") {
        None => Ok(()),
        // The Instagram-login pages show one without a list around it.
        Some(one @ Value::Object(_)) => attachment(one),
        Some(Value::Array(list)) if (1..=10).contains(&list.len()) => {
            list.iter().try_for_each(|one| match one["type"] == "image" {
                true => attachment(one),
                false => refuse("only images can be sent together"),
            })
        }
        Some(_) => refuse("param message[attachments] must have 1 to 10 images"),
    }
}

fn text(said: &Value) -> Checked {
    match said.as_str() {
        None => refuse("param message[text] must be a string"),
        Some(said) if said.trim().is_empty() => refuse("param message[text] must not be empty"),
        Some(said) if said.len() > 1000 => {
            refuse("Length of param message[text] must be less than or equal to 1000")
        }
        Some(_) => Ok(()),
    }
}

fn quick_replies(replies: &Value, has_text: bool) -> Checked {
    let Some(list) = replies.as_array().filter(|list| (1..=13).contains(&list.len())) else {
        return refuse("param message[quick_replies] must have 1 to 13 elements");
    };
    if !has_text {
        return refuse("quick replies need a text");
    }
    list.iter()
        .try_for_each(|reply| match reply["content_type"].as_str() {
            Some("user_phone_number" | "user_email") => Ok(()),
            Some("text") => {
                within(&reply["title"], "quick_replies[title]", 20)?;
                within(&reply["payload"], "quick_replies[payload]", 1000)
            }
            _ => refuse("param quick_replies[content_type] must be text, user_phone_number or user_email"),
        })
}

fn within(value: &Value, name: &str, most: usize) -> Checked {
    match value.as_str().map(|text| text.encode_utf16().count()) {
        Some(count) if (1..=most).contains(&count) => Ok(()),
        _ => refuse(&format!("Length of param {name} must be between 1 and {most}")),
    }
}

fn attachment(attachment: &Value) -> Checked {
    let payload = &attachment["payload"];
    match attachment["type"].as_str() {
        Some("image" | "audio" | "video" | "file") => {
            let has = |name: &str| payload[name].as_str().is_some_and(|text| !text.is_empty());
            let is_web = payload["url"].as_str().is_none_or(|url| url.starts_with("http"));
            match (has("url") != has("attachment_id")) && is_web {
                true => Ok(()),
                false => refuse("attachment payload needs a url or an attachment_id"),
            }
        }
        Some("like_heart") => Ok(()),
        Some("MEDIA_SHARE") => within(&payload["id"], "attachment[payload][id]", 64),
        Some("template") => template(payload),
        _ => refuse("param attachment[type] is not supported"),
    }
}

fn template(payload: &Value) -> Checked {
    match payload["template_type"].as_str() {
        Some("button") => {
            within(&payload["text"], "payload[text]", 640)?;
            buttons(&payload["buttons"], true)
        }
        Some("generic") => {
            let list = payload["elements"]
                .as_array()
                .filter(|list| (1..=10).contains(&list.len()));
            let Some(list) = list else {
                return refuse("a generic template has 1 to 10 elements");
            };
            list.iter().try_for_each(|element| {
                within(&element["title"], "element[title]", 80)?;
                if !element["subtitle"].is_null() {
                    within(&element["subtitle"], "element[subtitle]", 80)?;
                }
                buttons(&element["buttons"], false)
            })
        }
        _ => refuse("param payload[template_type] must be generic or button"),
    }
}

fn buttons(buttons: &Value, needed: bool) -> Checked {
    let list = match buttons.as_array() {
        None if !needed && buttons.is_null() => return Ok(()),
        Some(list) if (1..=3).contains(&list.len()) => list,
        _ => return refuse("a template has 1 to 3 buttons"),
    };
    list.iter().try_for_each(|button| {
        within(&button["title"], "button[title]", 20)?;
        match button["type"].as_str() {
            Some("web_url") => within(&button["url"], "button[url]", 2000),
            Some("postback") => within(&button["payload"], "button[payload]", 1000),
            _ => refuse("param button[type] must be web_url or postback"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bytes_count_and_parts_exclude_each_other() {
        let table = [
            (json!({"text": "x".repeat(1000)}), true),
            (json!({"text": "é".repeat(501)}), false),
            (json!({"text": "x", "attachment": {"type": "like_heart"}}), false),
            (json!({"attachment": {"type": "like_heart"}}), true),
            (json!({"attachment": {"type": "image", "payload": {}}}), false),
            (
                json!({"attachments": [{"type": "video", "payload": {"url": "https://a/1"}}]}),
                false,
            ),
            (
                json!({"text": "?", "quick_replies": vec![json!({"content_type": "user_email"}); 14]}),
                false,
            ),
            (
                json!({"text": "?", "quick_replies": [{"content_type": "text", "title": "A", "payload": "B"}]}),
                true,
            ),
            (json!({"text": "x", "odd": 1}), false),
            (json!({}), false),
        ];
        for (body, ok) in table {
            assert_eq!(message(&body).is_ok(), ok, "{body}");
        }
    }
}
