//! The customer ended, resumed or asked about messages, or the provider or a person says so.

use crate::domain::consent::{Consent, ConsentChange, ConsentRules, ConsentSource, Intent, Permission};
use crate::domain::message::{Author, MessageError, MessageStatus};
use crate::domain::operations::SendPriority;
use crate::domain::optout::{self, Heard, Keyword};
use crate::domain::phrases;
use crate::domain::standing::{is_unasked, purpose};
use crate::domain::{Message, MessageId, Timestamp, TraceId};

use super::Decision;
use super::post::queue_text;

/// The code of a message that was stopped because its recipient wants no more.
pub const STOPPED: &str = "opted_out";

/// A keyword that was heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// Which.
    pub heard: Heard,
    /// As it was written.
    pub word: String,
    /// The message that says it.
    pub proof: MessageId,
    /// When.
    pub at: Timestamp,
    /// The provider has heeded it, too, and lets nothing through after a stop.
    pub by_provider: bool,
    /// An answer may go out now.
    pub may_answer: bool,
    /// Its trace.
    pub trace: TraceId,
}

/// Heeds a keyword. `queued` are the messages of this conversation that wait to go out. Answers whether `consent` changed.
pub fn heed(
    decision: &mut Decision,
    consent: &mut Consent,
    said: &Said,
    rules: &ConsentRules,
    queued: Vec<Message>,
    now: Timestamp,
) -> bool {
    let permission = match said.heard.keyword {
        Keyword::Stop if said.by_provider => Permission::Nothing,
        Keyword::Stop => rules.stop_means,
        Keyword::StopMarketing if consent.permission() == Some(Permission::Nothing) => return false,
        Keyword::StopMarketing => Permission::NoMarketing,
        Keyword::Start if consent.is_out() => Permission::OptedIn,
        // Who never left need not come back: the word may mean anything.
        Keyword::Start => return false,
        Keyword::Help => {
            if rules.answers_help && said.may_answer {
                answer(decision, said, rules.help_reply.as_deref(), now);
            }
            return false;
        }
    };
    let differs = consent.record(ConsentChange {
        permission,
        source: ConsentSource::Keyword,
        at: said.at,
        proof: Some(said.proof),
        by: None,
        note: said.word.clone(),
    });
    stop_queued(decision, consent, queued, now);
    // Twice the same is not confirmed twice: another program may be answering us.
    if differs && rules.confirms && said.may_answer {
        let own = match permission {
            Permission::OptedIn => rules.start_reply.as_deref(),
            Permission::NoMarketing | Permission::Nothing => rules.stop_reply.as_deref(),
        };
        answer(decision, said, own, now);
    }
    true
}

fn answer(decision: &mut Decision, said: &Said, own: Option<&str>, now: Timestamp) {
    let text = own.unwrap_or_else(|| optout::reply(&said.heard));
    if !text.is_empty() {
        let mark = serde_json::json!({"consent": "confirmation"});
        queue_text(decision, Author::System, text, Some(mark), said.trace, now);
    }
}

/// Whether a message confirms a choice, and so goes out whatever was chosen.
pub fn is_confirmation(message: &Message) -> bool {
    let mark = message.extra.as_ref().and_then(|extra| extra.get("consent"));
    message.author == Author::System && mark.is_some_and(|mark| mark == "confirmation")
}

/// Gives up what waits to go out and may not any more.
pub fn stop_queued(decision: &mut Decision, consent: &Consent, queued: Vec<Message>, now: Timestamp) {
    let mut stopped = false;
    for mut message in queued {
        if message.status != MessageStatus::Queued || is_confirmation(&message) {
            continue;
        }
        let intent = Intent {
            purpose: purpose(&message.content, SendPriority::Reply, None),
            unasked: is_unasked(&message.content),
        };
        let Some(refusal) = consent.objection(intent, now) else {
            continue;
        };
        let error = MessageError {
            code: STOPPED.into(),
            title: phrases::NOT_SENT_OPTED_OUT.text().into(),
            detail: refusal.reason,
            advice: refusal
                .alternatives
                .first()
                .map(|it| it.detail.clone())
                .unwrap_or_default(),
        };
        message.advance(MessageStatus::Failed, now);
        message.error = Some(error.clone());
        let id = message.id;
        decision.changed(MessageStatus::Queued, message);
        decision.bury(id, error, 0);
        stopped = true;
    }
    if stopped {
        decision.conversation_changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::decide::Effect;
    use crate::domain::message::tests::outbound;

    fn said(text: &str) -> Said {
        Said {
            heard: optout::hear(text, "en", false, &[]).expect("a keyword"),
            word: text.into(),
            proof: outbound(MessageStatus::Received).id,
            at: Timestamp(5),
            by_provider: false,
            may_answer: true,
            trace: TraceId([0; 16]),
        }
    }

    #[test]
    fn stop_gives_up_what_waits_confirms_once_and_start_undoes_it() {
        let rules = ConsentRules::default();
        let (mut decision, mut consent) = (Decision::from(&conversation()), Consent::default());
        let waiting = vec![outbound(MessageStatus::Queued)];
        assert!(heed(
            &mut decision,
            &mut consent,
            &said("STOP"),
            &rules,
            waiting,
            Timestamp(9)
        ));
        assert_eq!(consent.permission(), Some(Permission::Nothing));
        let failed = &decision.messages[0];
        assert_eq!(failed.status, MessageStatus::Failed);
        assert_eq!(
            failed.error.as_ref().map(|error| error.code.as_str()),
            Some(STOPPED)
        );
        assert!(is_confirmation(&decision.messages[1]));
        let queued = |decision: &Decision| {
            let rows = decision
                .effects
                .iter()
                .filter(|effect| matches!(effect, Effect::Enqueue { .. }));
            rows.count()
        };
        assert_eq!(queued(&decision), 1, "only the confirmation goes out");
        let mut again = Decision::from(&decision.conversation);
        let confirmation = vec![decision.messages[1].clone()];
        heed(
            &mut again,
            &mut consent,
            &said("stop"),
            &rules,
            confirmation,
            Timestamp(10),
        );
        assert!(again.is_empty(), "said twice, confirmed once: {again:?}");
        let mut back = Decision::from(&decision.conversation);
        assert!(heed(
            &mut back,
            &mut consent,
            &said("START"),
            &rules,
            vec![],
            Timestamp(11)
        ));
        assert_eq!(consent.permission(), Some(Permission::OptedIn));
        assert_eq!(queued(&back), 1);
    }

    #[test]
    fn what_the_provider_heeded_and_answered_is_recorded_and_not_answered_again() {
        let rules = ConsentRules {
            stop_means: Permission::NoMarketing,
            ..ConsentRules::default()
        };
        let (mut decision, mut consent) = (Decision::from(&conversation()), Consent::default());
        let told = |word: &str| Said {
            by_provider: true,
            may_answer: false,
            heard: optout::told(word, "BYE", "en").expect("a keyword"),
            ..said("stop")
        };
        let mut heed = |word: &str, at: i64| {
            heed(
                &mut decision,
                &mut consent,
                &told(word),
                &rules,
                vec![],
                Timestamp(at),
            );
            consent.permission()
        };
        assert_eq!(heed("help", 5), None);
        assert_eq!(heed("start", 6), None);
        assert_eq!(
            heed("stop", 7),
            Some(Permission::Nothing),
            "the provider lets nothing through"
        );
        assert_eq!(heed("start", 8), Some(Permission::OptedIn));
        assert!(decision.is_empty(), "nobody is answered twice: {decision:?}");
        assert_eq!(optout::told("maybe", "", "en"), None);
    }

    #[test]
    fn what_asks_for_nothing_changes_nothing() {
        let rules = ConsentRules::default();
        let (mut decision, mut consent) = (Decision::from(&conversation()), Consent::default());
        for word in ["start", "help"] {
            assert!(!heed(
                &mut decision,
                &mut consent,
                &said(word),
                &rules,
                vec![],
                Timestamp(9)
            ));
        }
        assert!(decision.is_empty() && consent == Consent::default());
        consent.record(crate::domain::consent::tests::change(Permission::Nothing, 1));
        assert!(!heed(
            &mut decision,
            &mut consent,
            &said("stop promotions"),
            &rules,
            vec![],
            Timestamp(9)
        ));
        assert_eq!(
            consent.permission(),
            Some(Permission::Nothing),
            "less is never turned into more"
        );
    }
}
