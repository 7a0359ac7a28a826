//! Templates: creation, review by a rule of names, listing, editing, deletion, pause.
//!
//! A new template is PENDING and is reviewed after a delay. Names containing `reject` are rejected, names containing
//! `pending` stay pending, all others are approved; each decision goes out as a webhook.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Call, ok, success};
use crate::sandbox::whatsapp::accounts::{Template, Waba, same_language};
use crate::sandbox::whatsapp::config::TemplateConfig;
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::reviews::{self, Samples};

/// Templates per WABA (unverified business).
const MAX_TEMPLATES: usize = 250;
const MAX_BLOCKED: usize = 1_000;

/// `GET`, `POST`, `DELETE /{WABA}/message_templates`.
pub(super) fn collection(call: &Call<'_>, id: &str) -> Answer {
    let waba = call.waba(id)?;
    match call.method {
        "GET" => list(call, &waba),
        "POST" => create(call, &waba),
        "DELETE" => delete(call, &waba),
        _ => Err(call.unknown()),
    }
}

fn view(template: &Template) -> Value {
    let definition = &template.definition;
    let mut view = json!({
        "name": definition.name,
        "parameter_format": definition.parameter_format,
        "components": definition.components,
        "language": definition.language,
        "status": definition.status,
        "category": definition.category,
        "quality_score": {"score": template.quality, "date": 1_792_300_000},
        "id": template.id.to_string(),
    });
    if let Some(reason) = &template.rejected_reason {
        view["rejected_reason"] = reason.as_str().into();
    }
    view
}

/// Keeps `?fields=` (all but the quality score without it) and `id`.
fn selected(call: &Call<'_>, mut view: Value) -> Value {
    let wanted: Option<Vec<&str>> = call
        .query
        .get("fields")
        .map(|fields| fields.split(',').map(str::trim).collect());
    if let Value::Object(view) = &mut view {
        view.retain(|name, _| match &wanted {
            Some(wanted) => name == "id" || wanted.contains(&name.as_str()),
            None => name != "quality_score",
        });
    }
    view
}

fn list(call: &Call<'_>, waba: &Waba) -> Answer {
    let matches = |name: &str, value: &str| {
        call.query
            .get(name)
            .is_none_or(|wanted| wanted.split(',').any(|wanted| wanted.eq_ignore_ascii_case(value)))
    };
    let state = waba.state.lock();
    let all: Vec<&Template> = state
        .templates
        .iter()
        .filter(|template| {
            let definition = &template.definition;
            matches("status", &definition.status)
                && matches("name", &definition.name)
                && matches("language", &definition.language)
                && matches("category", &definition.category)
        })
        .collect();
    let start = match call.query.get("after") {
        None => 0,
        Some(after) => cursor(after)
            .ok_or_else(|| GraphError::with(100, "The parameter after is not a valid cursor."))?,
    };
    let limit = call.limit();
    let page: Vec<Value> = all
        .iter()
        .skip(start)
        .take(limit)
        .map(|template| selected(call, view(template)))
        .collect();
    let end = start + page.len();
    let mut body =
        json!({"data": page, "paging": {"cursors": {"before": place(start), "after": place(end)}}});
    if end < all.len() {
        body["paging"]["next"] = format!(
            "{}/v24.0/{}/message_templates?limit={limit}&after={}",
            call.base_url(),
            waba.id,
            place(end)
        )
        .into();
    }
    if call.query.contains_key("summary") {
        body["summary"] = json!({
            "total_count": all.len(), "message_template_count": state.templates.len(),
            "message_template_limit": MAX_TEMPLATES, "are_translations_complete": true,
        });
    }
    drop(state);
    ok(&body)
}

fn place(position: usize) -> String {
    format!("QVFIU{position}")
}

fn cursor(text: &str) -> Option<usize> {
    text.strip_prefix("QVFIU")?.parse().ok()
}

fn create(call: &Call<'_>, waba: &Arc<Waba>) -> Answer {
    let (id, category) = add(call, waba, Samples::Handles)?;
    ok(&json!({"id": id.to_string(), "status": "PENDING", "category": category}))
}

/// Takes a new template for review; gives its id and category.
pub(super) fn add(call: &Call<'_>, waba: &Arc<Waba>, samples: Samples) -> Result<(u64, String), GraphError> {
    let body = call.json()?;
    let definition = reviews::definition(&body, samples)?;
    let mut state = waba.state.lock();
    if state.templates.len() >= MAX_TEMPLATES {
        let text = "The number of message templates for this account has reached its limit.";
        return Err(GraphError::template(
            2_388_019,
            "Message template limit exceeded",
            text,
        ));
    }
    let duplicate = state.templates.iter().any(|template| {
        template.definition.name == definition.name
            && same_language(&template.definition.language, &definition.language)
    });
    if duplicate {
        let text = format!(
            "There is already {} content for this template. You can create a new template and try again.",
            definition.language
        );
        return Err(GraphError::template(
            2_388_024,
            "Content in this language already exists",
            text,
        ));
    }
    if state.blocked_names.contains(&definition.name) {
        let text = "A template of this name was deleted less than 30 days ago. Use another name.";
        return Err(GraphError::template(
            2_388_023,
            "Message template is being deleted",
            text,
        ));
    }
    let id = reviews::fresh_id(call.shared);
    let category = definition.category.clone();
    state.templates.push(Template {
        id,
        definition,
        rejected_reason: None,
        quality: "UNKNOWN",
    });
    drop(state);
    reviews::plan(call.shared, waba, id);
    Ok((id, category))
}

fn delete(call: &Call<'_>, waba: &Waba) -> Answer {
    let name = call
        .query
        .get("name")
        .ok_or_else(|| GraphError::with(100, "The parameter name is required."))?;
    let id = call.query.get("hsm_id").map(|id| id.parse::<u64>().unwrap_or(0));
    remove(waba, name, id)?;
    success()
}

/// Deletes the template of a name, in all its languages unless one is named by its id.
pub(super) fn remove(waba: &Waba, name: &str, id: Option<u64>) -> Result<(), GraphError> {
    let mut state = waba.state.lock();
    let before = state.templates.len();
    let mut approved = false;
    state.templates.retain(|template| {
        let goes = template.definition.name == name && id.is_none_or(|id| id == template.id);
        approved |= goes && template.definition.status == "APPROVED";
        !goes
    });
    if state.templates.len() == before {
        let text = "The template could not be deleted because it was not found.";
        return Err(GraphError::template(
            2_593_002,
            "Message Template Not Found",
            text,
        ));
    }
    let gone = !state
        .templates
        .iter()
        .any(|template| template.definition.name == name);
    if approved && gone && state.blocked_names.len() < MAX_BLOCKED {
        state.blocked_names.push(name.to_owned());
    }
    Ok(())
}

fn own_template<T>(
    call: &Call<'_>,
    id: &str,
    work: impl FnOnce(&mut Template) -> Result<T, GraphError>,
) -> Result<(Arc<Waba>, T), GraphError> {
    let waba = Arc::clone(&call.caller()?.waba);
    let id: u64 = id.parse().map_err(|_| call.unknown())?;
    let mut state = waba.state.lock();
    let template = state
        .templates
        .iter_mut()
        .find(|template| template.id == id)
        .ok_or_else(|| call.unknown())?;
    let result = work(template)?;
    drop(state);
    Ok((waba, result))
}

/// `GET` and `POST /{template id}`.
pub(super) fn object(call: &Call<'_>, id: &str) -> Answer {
    match call.method {
        "GET" => {
            let (_, view) = own_template(call, id, |template| Ok(view(template)))?;
            ok(&selected(call, view))
        }
        "POST" => edit(call, id),
        _ => Err(call.unknown()),
    }
}

fn edit(call: &Call<'_>, id: &str) -> Answer {
    let body = call.json()?;
    let (waba, template_id) = own_template(call, id, |template| {
        let old = &template.definition;
        if !matches!(old.status.as_str(), "APPROVED" | "REJECTED" | "PAUSED") {
            let text = "Only approved, rejected or paused templates can be edited.";
            return Err(GraphError::template(
                2_388_025,
                "Message template cannot be edited",
                text,
            ));
        }
        if body["category"].is_string() && old.status == "APPROVED" {
            let text = "The category of an approved template cannot be changed.";
            return Err(GraphError::template(
                2_388_025,
                "Message template cannot be edited",
                text,
            ));
        }
        let edited = json!({
            "name": old.name,
            "language": old.language,
            "category": body["category"].as_str().unwrap_or(&old.category),
            "parameter_format": old.parameter_format,
            "components": if body["components"].is_array() { body["components"].clone() } else { json!(old.components) },
        });
        let definition: TemplateConfig = reviews::definition(&edited, Samples::Handles)?;
        template.definition = definition;
        template.rejected_reason = None;
        Ok(template.id)
    })?;
    reviews::plan(call.shared, &waba, template_id);
    success()
}

/// `POST /{template id}/unpause`.
pub(super) fn unpause(call: &Call<'_>, id: &str) -> Answer {
    let (waba, template_id) = own_template(call, id, |template| {
        if template.definition.status == "PAUSED" {
            return Ok(template.id);
        }
        Err(GraphError::template(
            2_388_026,
            "Message template is not paused",
            "Only paused templates can be unpaused.",
        ))
    })?;
    reviews::set_status(call.shared, &waba, template_id, "APPROVED", "NONE");
    success()
}
