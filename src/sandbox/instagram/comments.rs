//! The account's side of comments: public answers, hiding, deleting.
//!
//! Owns what happens to the comment in its author's app. Answers come back as webhooks of the account's own comments, as the
//! provider sends them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::GraphError;
use super::graph::Call;
use super::state::{Account, AccountState, Comment, InstagramEntry, Shared, entry};
use super::webhooks;

/// Longest public answer, in UTF-16 units.
const ANSWER_MAX: usize = 2_200;

/// `POST /{COMMENT_ID}/replies` with `message`.
pub(super) fn answer(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    comment: &str,
    call: &Call,
) -> Result<Value, GraphError> {
    let text = call.parameter("message").unwrap_or_default();
    if text.trim().is_empty() || text.encode_utf16().count() > ANSWER_MAX {
        return Err(GraphError::parameter(
            "param message must have 1 to 2200 characters",
        ));
    }
    let (id, now) = (shared.digits("178"), shared.clock.now_ms());
    {
        let mut state = account.state.lock();
        let by = author(&state, comment)?;
        let mut said = entry(id.clone(), true, json!({"text": text, "comment": comment}), now);
        said.kind = "comment_reply".to_owned();
        said.read = true;
        state.threads.entry(by).or_default().push(said);
    }
    let config = &account.config;
    let own = json!({"from": {"id": config.ig_id, "username": config.username}, "id": id, "text": text,
        "parent_id": comment, "media": {"id": shared.digits("179"), "media_product_type": "FEED"}});
    webhooks::change(shared, account, "comments", own);
    Ok(json!({ "id": id }))
}

/// `POST /{COMMENT_ID}?hide=true`, or `false`.
pub(super) fn hide(account: &Account, comment: &str, call: &Call) -> Result<Value, GraphError> {
    let mut state = account.state.lock();
    let by = author(&state, comment)?;
    let hidden = match call.parameter("hide").as_deref() {
        Some("true") => true,
        Some("false") => false,
        _ => return Err(GraphError::parameter("param hide must be true or false")),
    };
    if let Some(shown) = shown(&mut state, &by, comment) {
        shown.content["hidden"] = json!(hidden);
    }
    Ok(json!({"success": true}))
}

/// `DELETE /{COMMENT_ID}`.
pub(super) fn delete(account: &Account, comment: &str) -> Result<Value, GraphError> {
    let mut state = account.state.lock();
    let by = author(&state, comment)?;
    state.comments.retain(|known| known.id != comment);
    if let Some(shown) = shown(&mut state, &by, comment) {
        shown.unsent = true;
        shown.content = json!({});
    }
    Ok(json!({"success": true}))
}

/// What is remembered of a comment that an earlier run has brought.
pub(super) fn restored(customer: &str, entry: &InstagramEntry) -> Option<Comment> {
    let is_there = entry.kind == "comment" && !entry.from_business && !entry.unsent;
    is_there.then(|| Comment {
        id: entry.id.clone(),
        by: customer.to_owned(),
        at_ms: entry.at_ms,
        answered: false,
    })
}

fn author(state: &AccountState, comment: &str) -> Result<String, GraphError> {
    let found = state.comments.iter().find(|known| known.id == comment);
    found
        .map(|found| found.by.clone())
        .ok_or_else(|| GraphError::unknown_object(comment))
}

/// The comment in its author's app, unless it is too old to be shown.
fn shown<'a>(state: &'a mut AccountState, by: &str, comment: &str) -> Option<&'a mut InstagramEntry> {
    state.threads.get_mut(by)?.find(comment)
}
