//! What may be done with a comment: answered publicly, hidden, shown again, deleted.

use super::{Alternative, Refusal};
use crate::domain::marks::CommentWish;
use crate::domain::message::Message;
use crate::domain::phrases;

/// Whether this may be done with a comment. It needs no reply window: it is no message to anybody.
///
/// # Errors
/// The refusal, with what is allowed instead.
pub fn check_comment_wish(wish: CommentWish, comment: &Message) -> Result<(), Refusal> {
    let marks = &comment.marks.comment;
    let is_elsewhere = comment.content.body.get("on").and_then(|on| on.as_str()) == Some("mention");
    let private = ("private_reply", phrases::COMMENT_ANSWER_PRIVATELY.text());
    if marks.deleted.is_some() {
        return refuse("comment_deleted", phrases::COMMENT_DELETED.text(), None);
    }
    if is_elsewhere {
        let reason = phrases::COMMENT_ELSEWHERE.text();
        return refuse("comment_elsewhere", reason, Some(private));
    }
    match (wish, &marks.hidden) {
        (CommentWish::Hide, Some(_)) => {
            refuse("comment_hidden", phrases::COMMENT_HIDDEN_ALREADY.text(), None)
        }
        (CommentWish::Reply, Some(_)) => refuse(
            "comment_hidden",
            phrases::COMMENT_HIDDEN.text(),
            Some(("unhide", phrases::COMMENT_SHOW_FIRST.text())),
        ),
        (CommentWish::Reply | CommentWish::Hide, None) | (CommentWish::Unhide | CommentWish::Delete, _) => {
            Ok(())
        }
    }
}

fn refuse(code: &'static str, reason: &str, instead: Option<(&'static str, &str)>) -> Result<(), Refusal> {
    let alternative = |(kind, detail): (&'static str, &str)| Alternative {
        kind,
        detail: detail.to_owned(),
    };
    Err(Refusal {
        code,
        reason: reason.to_owned(),
        alternatives: instead.map(alternative).into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::marks::CommentAct;
    use crate::domain::message::tests::outbound;
    use crate::domain::message::{Direction, MessageStatus};
    use crate::domain::{Author, Content, Timestamp};
    use serde_json::json;

    #[test]
    fn each_wish_meets_each_state() {
        use CommentWish::{Delete, Hide, Reply, Unhide};
        let table = [
            ("post", false, false, [None, None, None, None]),
            (
                "post",
                true,
                false,
                [Some("comment_hidden"), Some("comment_hidden"), None, None],
            ),
            ("post", true, true, [Some("comment_deleted"); 4]),
            ("live", false, false, [None, None, None, None]),
            ("mention", false, false, [Some("comment_elsewhere"); 4]),
        ];
        for (on, hidden, deleted, codes) in table {
            let mut comment = outbound(MessageStatus::Received);
            comment.direction = Direction::Inbound;
            comment.content = Content {
                kind: "comment".into(),
                body: json!({"id": "178", "text": "how much", "on": on}),
            };
            let act = CommentAct {
                by: Author::Api,
                at: Timestamp(1),
                message: comment.id,
            };
            comment.marks.comment.hidden = hidden.then(|| act.clone());
            comment.marks.comment.deleted = deleted.then_some(act);
            for (wish, code) in [Reply, Hide, Unhide, Delete].into_iter().zip(codes) {
                let refused = check_comment_wish(wish, &comment)
                    .err()
                    .map(|refusal| refusal.code);
                assert_eq!(refused, code, "{wish:?} {on} hidden {hidden} deleted {deleted}");
            }
        }
    }
}
