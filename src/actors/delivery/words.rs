//! What is said of an alert, to programs and to people.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::mail::Letter;
use super::settings::News;
use crate::actors::alerts::{Severity, words};
use crate::domain::operations::Alert;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};

/// One thing to be told.
pub(super) struct Told<'a> {
    pub workspace: WorkspaceId,
    pub alert: &'a Alert,
    pub news: News,
    pub public_url: &'a str,
    pub at: Timestamp,
}

/// The same for every attempt, different for everything else.
pub(super) fn telling_id(told: &Told<'_>) -> String {
    let Told {
        workspace,
        alert,
        news,
        ..
    } = told;
    // A test has no number of its own, but a time.
    let text = format!("{workspace} {} {news:?} {}", alert.id, alert.raised_at.0);
    let hash = Sha256::digest(text);
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{digits}")
}

pub(super) fn webhook_body(told: &Told<'_>) -> String {
    let Told { alert, news, .. } = told;
    let (severity, title) = words(&alert.kind);
    let kind = match news {
        News::Raised => "alert.raised",
        News::Cleared => "alert.cleared",
    };
    json!({
        "type": kind,
        "timestamp": told.at.to_string(),
        "data": {
            "id": alert.id.to_string(),
            "workspace_id": told.workspace.to_string(),
            "kind": alert.kind,
            "severity": severity.as_str(),
            "title": title,
            "detail": alert.detail,
            "subject": alert.subject,
            "channel_id": alert.subject.parse::<ChannelId>().ok().map(|id| id.to_string()),
            "raised_at": alert.raised_at.to_string(),
            "cleared_at": alert.cleared_at.map(|at| at.to_string()),
            "url": page(told),
        },
    })
    .to_string()
}

fn page(told: &Told<'_>) -> String {
    format!("{}/system", told.public_url)
}

pub(super) fn letter(told: &Told<'_>, to: &str) -> Letter {
    let Told { alert, news, .. } = told;
    let (severity, title) = words(&alert.kind);
    let sort = match (news, severity) {
        (News::Cleared, _) => "Over",
        (News::Raised, Severity::Critical) => "Critical",
        (News::Raised, Severity::Warning) => "Warning",
    };
    let mut text = format!("{title}\n\n{}\n\nSince: {}\n", alert.detail, alert.raised_at);
    if let (News::Cleared, Some(at)) = (news, alert.cleared_at) {
        text.push_str(&format!("Over since: {at}\n"));
    }
    text.push_str(&format!("Look at it: {}\n", page(told)));
    Letter {
        to: to.to_owned(),
        subject: format!("[Frontdesk] {sort}: {title}"),
        text,
        id: telling_id(told),
    }
}
