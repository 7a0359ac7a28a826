//! What a business does with a comment: answers it for all to see, hides it, shows it again, deletes it.
//!
//! Owns the calls, the limits of a public answer, and what a refusal means here: a comment that is gone, or a permission
//! that only comments need, stops no channel. Source: the provider contract, section 2 (`POST /{COMMENT_ID}/replies`,
//! `POST /{COMMENT_ID}?hide=`, `DELETE /{COMMENT_ID}`).

use serde_json::{Value, json};

use super::errors::class_of;
use super::limits::{COMMENT, PROVIDER_ID};
use super::render::is_comment;
use super::settings;
use crate::channels::fields::{Checked, Fields, length};
use crate::channels::graph::{self, Answer, CallError, call_within, config};
use crate::channels::http::TIMEOUT;
use crate::channels::payload::{text_at, whole_number};
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::Content;
use crate::domain::marks::{COMMENT_ACTION, COMMENT_REPLY, CommentWish};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases::{self, Phrase};

/// Checks a public answer: one text.
pub(super) fn reply(body: &Value) -> Checked {
    let fields = Fields::of(body, COMMENT_REPLY, &["text"])?;
    let text = fields.text("text", usize::MAX)?;
    match length(text) {
        found if found > COMMENT => fields.refuse(
            "text",
            format!("is too long: {found} characters, at most {COMMENT} are allowed."),
        ),
        _ => Ok(()),
    }
}

/// Checks what is to be done with a comment.
pub(super) fn action(body: &Value) -> Checked {
    let fields = Fields::of(body, COMMENT_ACTION, &["action"])?;
    fields.word("action", &["hide", "unhide", "delete"]).map(drop)
}

/// Does it.
pub(super) async fn send(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
) -> SendOutcome {
    let (wish, call) = match call(http, access, request) {
        Ok(made) => made,
        Err(error) => return SendOutcome::Refused(super::client::invalid_content(&error)),
    };
    let outcome = match call_within(call, access, TIMEOUT).await {
        Ok(answer) => {
            let accepted = match wish {
                CommentWish::Reply => answered,
                CommentWish::Hide | CommentWish::Unhide | CommentWish::Delete => done,
            };
            explained(graph::of_send(&answer, class_here, accepted), &answer)
        }
        Err(CallError::Config(why)) => SendOutcome::Refused(config(why)),
        Err(CallError::NotSent(why)) => SendOutcome::NotSent(why),
        Err(CallError::Lost(why)) => SendOutcome::Unknown(why),
    };
    match outcome {
        // What was done has no id of its own.
        SendOutcome::Accepted { learnt, held, .. } if wish != CommentWish::Reply => SendOutcome::Accepted {
            provider_message_id: format!("action:{}", request.message),
            learnt,
            held,
        },
        SendOutcome::Unknown(why) if matches!(wish, CommentWish::Hide | CommentWish::Unhide) => {
            SendOutcome::Refused(harmless(why))
        }
        outcome => outcome,
    }
}

fn call(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
) -> Result<(CommentWish, reqwest::RequestBuilder), FieldError> {
    super::render::validate(&request.content)?;
    let missing = || FieldError::new("context.message_id", "must be a comment.");
    let comment = request.reply_to.as_deref().filter(|id| is_comment(id));
    let comment = comment.ok_or_else(missing)?;
    let wish = CommentWish::of(&request.content).ok_or_else(missing)?;
    let node = |path: &[&str]| settings::endpoint(&access.settings, path);
    let hide = |hidden: &str| Ok::<_, FieldError>(http.post(node(&[comment])?).query(&[("hide", hidden)]));
    let call = match wish {
        CommentWish::Reply => http
            .post(node(&[comment, "replies"])?)
            .json(&json!({ "message": words(&request.content) })),
        CommentWish::Hide => hide("true")?,
        CommentWish::Unhide => hide("false")?,
        CommentWish::Delete => http.delete(node(&[comment])?),
    };
    Ok((wish, call))
}

fn words(content: &Content) -> &str {
    content
        .body
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn answered(json: &Value) -> SendOutcome {
    match text_at(json, "id").filter(|id| id.len() <= PROVIDER_ID) {
        Some(provider_message_id) => SendOutcome::Accepted {
            provider_message_id,
            learnt: Vec::new(),
            held: None,
        },
        None => SendOutcome::Unknown("the answer named no comment".into()),
    }
}

fn done(json: &Value) -> SendOutcome {
    match json.get("success").and_then(Value::as_bool) {
        Some(true) => SendOutcome::Accepted {
            provider_message_id: String::new(),
            learnt: Vec::new(),
            held: None,
        },
        _ => SendOutcome::Unknown("the answer did not say that it was done".into()),
    }
}

/// What a code means here and nowhere else; it stops no channel.
const fn meaning(code: u32, subcode: Option<u32>) -> Option<Phrase> {
    match (code, subcode) {
        (100, Some(33)) | (33, _) => Some(phrases::COMMENT_GONE),
        (3 | 10 | 200..=299, None) => Some(phrases::COMMENT_PERMISSION),
        _ => None,
    }
}

fn class_here(code: u32, subcode: Option<u32>) -> Option<ErrorClass> {
    match meaning(code, subcode) {
        Some(_) => Some(ErrorClass::Permanent),
        None => class_of(code, subcode),
    }
}

/// Names a refusal by what its code means here.
fn explained(outcome: SendOutcome, answer: &Answer) -> SendOutcome {
    let number = |name: &str| {
        let json = answer.json()?;
        whole_number(json.get("error")?.get(name)?).and_then(|number| u32::try_from(number).ok())
    };
    let meant = number("code").and_then(|code| meaning(code, number("error_subcode")));
    match (outcome, meant) {
        (SendOutcome::Refused(error), Some(title)) => SendOutcome::Refused(ProviderError {
            title: title.text().to_owned(),
            ..error
        }),
        (outcome, _) => outcome,
    }
}

/// To hide or show twice does no harm, so that a lost answer leaves no doubt: it is asked again.
fn harmless(why: String) -> ProviderError {
    ProviderError {
        class: ErrorClass::Transient,
        code: "answer_lost".into(),
        title: phrases::NO_ANSWER.text().into(),
        detail: why,
        retry_after: None,
    }
}
