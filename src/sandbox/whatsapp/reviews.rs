//! The provider's side of templates: the rules at creation, the review, and the webhooks of a changed state.

use std::sync::Arc;

use serde_json::{Value, json};

use super::SandboxError;
use super::accounts::{Template, Waba, same_language};
use super::config::TemplateConfig;
use super::errors::GraphError;
use super::state::Shared;
use super::validate::template_variables;
use super::webhooks::{self, Update};

/// Ids are 15 digits, as in the contract.
pub(crate) fn fresh_id(shared: &Shared) -> u64 {
    661_000_000_000_000 + shared.rng.next() % 1_000_000_000
}

fn refuse(subcode: u32, title: &'static str, text: impl Into<String>) -> GraphError {
    GraphError::template(subcode, title, text)
}

/// How a media header's sample is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Samples {
    /// As the handle of an upload.
    Handles,
    /// So, or as the address of the file (360dialog).
    Links,
}

/// Checks a create request and takes its definition.
pub(crate) fn definition(body: &Value, samples: Samples) -> Result<TemplateConfig, GraphError> {
    let text = |name: &str| {
        body[name]
            .as_str()
            .ok_or_else(|| GraphError::with(100, format!("The parameter {name} is required.")))
    };
    let name = text("name")?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 512 || !name.bytes().all(plain) {
        let details = "Param name must have 1 to 512 lower-case letters, digits or underscores.";
        return Err(GraphError::with(100, details));
    }
    let language = text("language")?;
    if !(2..=16).contains(&language.len()) {
        return Err(GraphError::with(
            100,
            "Param language is not a supported language code.",
        ));
    }
    let category = text("category")?.to_ascii_uppercase();
    if !matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
        return Err(GraphError::with(
            100,
            "Param category must be one of {AUTHENTICATION, MARKETING, UTILITY}.",
        ));
    }
    let components = body["components"]
        .as_array()
        .filter(|components| (1..=10).contains(&components.len()) && components.iter().all(Value::is_object))
        .ok_or_else(|| {
            GraphError::with(
                100,
                "The parameter components is required and must be an array of objects.",
            )
        })?;
    for component in components {
        check_component(component, &category, samples)?;
    }
    let named = body["parameter_format"]
        .as_str()
        .is_some_and(|format| format.eq_ignore_ascii_case("named"));
    Ok(TemplateConfig {
        name: name.to_owned(),
        language: language.to_owned(),
        category,
        parameter_format: if named { "NAMED" } else { "POSITIONAL" }.to_owned(),
        status: "PENDING".to_owned(),
        components: components.clone(),
        body_only: false,
    })
}

fn check_component(component: &Value, category: &str, samples: Samples) -> Result<(), GraphError> {
    let kind = component["type"].as_str().unwrap_or("").to_ascii_uppercase();
    let text = component["text"].as_str().unwrap_or("");
    let (field, max) = match kind.as_str() {
        "HEADER" => ("Header", 60),
        "BODY" => ("Body", 1_024),
        "FOOTER" => ("Footer", 60),
        "BUTTONS" | "CAROUSEL" | "LIMITED_TIME_OFFER" | "CALL_PERMISSION_REQUEST" => {
            return buttons(component);
        }
        _ => {
            return Err(GraphError::with(
                100,
                "Param components has an entry of unknown type.",
            ));
        }
    };
    if text.encode_utf16().count() > max {
        let text = format!("The field {field} exceeds the maximum number of characters ({max}).");
        return Err(refuse(2_388_040, "Character limit exceeded", text));
    }
    let variables = template_variables(text);
    if kind == "BODY" {
        body(component, category, text, &variables)?;
    }
    if kind == "FOOTER" && !variables.is_empty() {
        return Err(refuse(
            2_388_073,
            "Footer format is incorrect",
            "The footer cannot have variables.",
        ));
    }
    let handle = component["example"]["header_handle"][0].as_str().unwrap_or("");
    let is_media = matches!(component["format"].as_str(), Some("IMAGE" | "VIDEO" | "DOCUMENT"));
    let is_given = handle.starts_with("4::") || samples == Samples::Links && handle.starts_with("http");
    if kind == "HEADER" && is_media && !is_given {
        let text = "A media header needs a sample: give the handle of an upload as header_handle.";
        return Err(refuse(2_388_047, "Header format is incorrect", text));
    }
    if kind == "HEADER" && variables.len() > 1 {
        return Err(refuse(
            2_388_047,
            "Header format is incorrect",
            "The header can have one variable.",
        ));
    }
    Ok(())
}

fn body(component: &Value, category: &str, text: &str, variables: &[String]) -> Result<(), GraphError> {
    if text.is_empty() && category != "AUTHENTICATION" {
        return Err(refuse(
            2_388_072,
            "Body format is incorrect",
            "The body text is missing.",
        ));
    }
    let trimmed = text.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        let text = "Variables cannot be at the start or end of the template.";
        return Err(refuse(
            2_388_299,
            "Leading or trailing parameters not allowed",
            text,
        ));
    }
    if !variables.is_empty() && !component["example"].is_object() {
        return Err(refuse(
            2_388_072,
            "Body format is incorrect",
            "Variables need an example.",
        ));
    }
    let words = text
        .split_whitespace()
        .filter(|word| !word.contains("{{"))
        .count();
    if !variables.is_empty() && words < variables.len() {
        let text = "This template has too many variables for its length.";
        return Err(refuse(2_388_293, "Parameters words ratio exceeds limit", text));
    }
    Ok(())
}

fn buttons(component: &Value) -> Result<(), GraphError> {
    let Some(buttons) = component["buttons"].as_array() else {
        return Ok(());
    };
    let too_long = buttons.iter().any(|button| {
        button["text"]
            .as_str()
            .is_some_and(|label| label.encode_utf16().count() > 25)
    });
    if too_long || buttons.len() > 10 {
        let text = "The field Buttons exceeds the maximum (10 buttons of 25 characters).";
        return Err(refuse(2_388_040, "Character limit exceeded", text));
    }
    Ok(())
}

/// Plans the review of a pending template.
pub(crate) fn plan(shared: &Arc<Shared>, waba: &Arc<Waba>, id: u64) {
    let waba = Arc::clone(waba);
    let delay_ms = shared.config.delays.template_review.draw(&shared.rng);
    shared.later(
        delay_ms,
        Box::new(move |shared| {
            let name = waba
                .state
                .lock()
                .templates
                .iter()
                .find(|template| template.id == id)
                .map(|template| template.definition.name.clone());
            // A template deleted in the meantime is simply gone.
            let _ = match name {
                Some(name) if name.contains("reject") => {
                    set_status(shared, &waba, id, "REJECTED", "INVALID_FORMAT")
                }
                Some(name) if !name.contains("pending") => set_status(shared, &waba, id, "APPROVED", "NONE"),
                _ => false,
            };
        }),
    );
}

/// Sets a template's state and tells the business. False for an unknown template.
pub(crate) fn set_status(shared: &Arc<Shared>, waba: &Waba, id: u64, status: &str, reason: &str) -> bool {
    let mut state = waba.state.lock();
    let Some(template) = state.templates.iter_mut().find(|template| template.id == id) else {
        return false;
    };
    let resumed = template.definition.status == "PAUSED" && status == "APPROVED";
    template.definition.status = status.to_owned();
    template.rejected_reason = (status == "REJECTED").then(|| reason.to_owned());
    if status == "APPROVED" && template.quality == "UNKNOWN" {
        template.quality = "GREEN";
    }
    let mut value = described(template);
    drop(state);
    value["event"] = status.into();
    value["reason"] = reason.into();
    match status {
        "REJECTED" => {
            let why =
                json!({"reason": "The template breaks a rule.", "recommendation": "Choose another wording."});
            value["rejection_info"] = why;
        }
        "PAUSED" => {
            let text = "Your WhatsApp message template has been paused for 3 hours because of recurring negative feedback.";
            value["other_info"] = json!({"title": "FIRST_PAUSE", "description": text});
        }
        "DISABLED" => {
            value["disable_info"] = json!({"disable_date": shared.clock.now_secs().to_string()});
            value["other_info"] = json!({"title": "DISABLED", "description": "Template disabled."});
        }
        "APPROVED" if resumed => {
            let text = "Your WhatsApp message template has been resumed.";
            value["other_info"] = json!({"title": "UNPAUSE", "description": text});
        }
        _ => {}
    }
    announce(shared, waba, "message_template_status_update", value);
    true
}

/// Sets a template's quality score and tells the business.
pub(crate) fn set_quality(
    shared: &Arc<Shared>,
    waba: &Waba,
    name: &str,
    language: &str,
    score: &str,
) -> Result<(), SandboxError> {
    let score = ["GREEN", "YELLOW", "RED", "UNKNOWN"]
        .into_iter()
        .find(|known| *known == score)
        .ok_or_else(|| SandboxError::Invalid("score must be GREEN, YELLOW, RED or UNKNOWN".to_owned()))?;
    let mut state = waba.state.lock();
    let template = state
        .templates
        .iter_mut()
        .find(|template| {
            template.definition.name == name && same_language(&template.definition.language, language)
        })
        .ok_or(SandboxError::UnknownTemplate)?;
    let previous = std::mem::replace(&mut template.quality, score);
    let value = json!({
        "previous_quality_score": previous,
        "new_quality_score": score,
        "message_template_id": template.id,
        "message_template_name": name,
        "message_template_language": template.definition.language,
    });
    drop(state);
    announce(shared, waba, "message_template_quality_update", value);
    Ok(())
}

fn described(template: &Template) -> Value {
    json!({
        "message_template_id": template.id,
        "message_template_name": template.definition.name,
        "message_template_language": template.definition.language,
        "message_template_category": template.definition.category,
    })
}

/// Account and template changes go to the app, once per WABA: through its first number.
pub(crate) fn announce(shared: &Arc<Shared>, waba: &Waba, field: &str, value: Value) {
    if let Some(number) = shared.accounts.numbers_of(&waba.id).first() {
        let update = Update::Change {
            field: field.to_owned(),
            value: Arc::new(value),
            account: true,
        };
        webhooks::enqueue(shared, number, field, update);
    }
}
