//! Tables of verdicts.

use super::*;
use crate::domain::conversation::tests::conversation;
use serde_json::json;

fn verdict(
    kind: &str,
    expires: Option<i64>,
    channel: ChannelCondition,
    has_window: bool,
) -> Option<&'static str> {
    let mut conversation = conversation();
    conversation.window_expires_at = expires.map(Timestamp);
    let content = Content {
        kind: kind.into(),
        body: json!({}),
    };
    let proposal = Proposal {
        conversation: &conversation,
        content: &content,
        channel,
        rules: if has_window {
            MessagingRules::WHATSAPP
        } else {
            MessagingRules::SMS
        },
        by_person: true,
        files: &[],
        media_rules: &[],
        standing: &Standing::default(),
        template: &TemplateStanding::NotAsked,
        now: Timestamp(100),
    };
    check(&proposal).err().map(|refusal| refusal.code)
}

#[test]
fn the_table_of_verdicts() {
    use ChannelCondition::{Active, Paused, Removed};
    assert_eq!(verdict("text", Some(101), Active, true), None);
    assert_eq!(verdict("text", Some(100), Active, true), Some("window_closed"));
    assert_eq!(verdict("text", None, Active, true), Some("window_closed"));
    assert_eq!(verdict("text", None, Active, false), None);
    assert_eq!(verdict("template", None, Active, true), None);
    assert_eq!(verdict("template", None, Paused, true), Some("channel_paused"));
    assert_eq!(verdict("text", Some(101), Removed, true), Some("channel_removed"));
    assert_eq!(verdict("note", None, Paused, true), None);
}

#[test]
fn a_comment_is_answered_once_and_within_a_week() {
    let table = [
        (false, COMMENT_LIFE, false, None, ""),
        (
            false,
            COMMENT_LIFE + 1,
            false,
            Some("private_reply_expired"),
            "wait",
        ),
        (true, 1, false, Some("private_reply_used"), "wait"),
        (true, 1, true, Some("private_reply_used"), "message"),
    ];
    for (answered, now, window_open, code, alternative) in table {
        let answer = CommentAnswer {
            commented_at: Timestamp(0),
            answered,
            window_open,
            now: Timestamp(now),
        };
        let refusal = check_comment_answer(&answer).err();
        assert_eq!(refusal.as_ref().map(|refusal| refusal.code), code);
        assert_eq!(
            refusal.map_or("", |refusal| refusal.alternatives[0].kind),
            alternative
        );
    }
}

#[test]
fn a_closed_window_offers_a_template() {
    let conversation = conversation();
    let content = Content::text("hi");
    let proposal = Proposal {
        conversation: &conversation,
        content: &content,
        channel: ChannelCondition::Active,
        rules: MessagingRules::WHATSAPP,
        by_person: true,
        files: &[],
        media_rules: &[],
        standing: &Standing::default(),
        template: &TemplateStanding::NotAsked,
        now: Timestamp(0),
    };
    let refusal = check(&proposal).expect_err("no window");
    assert_eq!(refusal.alternatives[0].kind, "template");
}

#[test]
fn a_closed_window_on_instagram_speaks_of_people_and_of_waiting() {
    let without = MessagingRules::INSTAGRAM;
    let with = MessagingRules {
        human_agent_days: 7,
        ..without
    };
    // Rules, when the window closed (24 hours after the customer wrote), whether a person writes; days from then.
    let table = [
        (without, Some(0), 1, true, "wait human_agent_permission"),
        (without, None, 1, true, "wait"),
        (with, Some(0), 1, true, ""),
        (with, Some(0), 1, false, "human_agent"),
        (with, Some(0), 6, true, "wait"),
    ];
    for (rules, closed, days, by_person, expected) in table {
        let mut conversation = conversation();
        conversation.window_expires_at = closed.map(Timestamp);
        let proposal = Proposal {
            conversation: &conversation,
            content: &Content::text("hi"),
            channel: ChannelCondition::Active,
            rules,
            by_person,
            files: &[],
            media_rules: &[],
            standing: &Standing::default(),
            template: &TemplateStanding::NotAsked,
            now: Timestamp(days * 24 * HOUR),
        };
        let refusal = check(&proposal).err();
        let offered = refusal.as_ref().map_or(&[][..], |refusal| &refusal.alternatives);
        let kinds: Vec<&str> = offered.iter().map(|it| it.kind).collect();
        assert_eq!(kinds.join(" "), expected, "{closed:?} {days} {by_person}");
        assert!(offered.iter().all(|it| !it.detail.contains("template")));
    }
}

#[test]
fn files_are_refused_with_what_would_do() {
    static RULES: [MediaRule; 2] = [
        MediaRule {
            kind: MediaKind::Image,
            mimes: &["image/png"],
            max_bytes: 5 << 20,
        },
        MediaRule {
            kind: MediaKind::Document,
            mimes: &["application/pdf"],
            max_bytes: 100 << 20,
        },
    ];
    use MediaKind::{Audio, Document, Image};
    let table = [
        (Image, "image/png", 5 << 20, None),
        (
            Image,
            "image/png",
            (5 << 20) + 1,
            Some(("media_too_large", "smaller_file")),
        ),
        (
            Image,
            "application/pdf",
            9,
            Some(("media_type", "send_as_document")),
        ),
        (Audio, "audio/ogg", 9, Some(("media_unsupported", ""))),
        (Document, "image/png", 9, Some(("media_type", ""))),
    ];
    for (kind, mime, size, expected) in table {
        let file = Attachment {
            kind,
            mime: mime.into(),
            size,
            state: MediaState::Stored,
        };
        let refusal = file_fits(&file, &RULES);
        let found = refusal.as_ref().map(|refusal| {
            let first = refusal.alternatives.first().map_or("", |it| it.kind);
            (refusal.code, first)
        });
        assert_eq!(found, expected, "{kind:?} {mime} {size}");
        let lost = Attachment {
            state: MediaState::Expired,
            ..file
        };
        assert_eq!(
            file_fits(&lost, &RULES).map(|it| it.code),
            Some("media_not_available")
        );
    }
    assert_eq!(megabytes((5 << 20) + 1), "5.1 MB");
}
