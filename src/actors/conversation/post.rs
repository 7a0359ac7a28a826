//! Someone wants to say something.

use crate::domain::decide::{Decision, PostCommand, click, fill_cards, post};
use crate::domain::links::LinkCode;
use crate::domain::marks::{self, Marks};
use crate::domain::message::{Direction, ReplyContext};
use crate::domain::operations::{DueWork, IdempotencyRecord, SendPriority};
use crate::domain::policy::{self, ChannelCondition, MessagingRules, Quotes};
use crate::domain::standing::{Standing, is_unasked};
use crate::domain::template::render::{Preview, as_text};
use crate::domain::template::standing::TemplateStanding;
use crate::domain::time::HOUR;
use crate::domain::{Content, Conversation, Message, MessageId, Timestamp, TraceId};
use crate::storage::Seal;
use crate::storage::keys::{IdempotencyKey, LinkKey, MentionKey, Newest, ReachKey};

use super::{CardsRead, CommandError, Plan, PlanReply, PostMessage, Worker};
use crate::actors::due::due_key;
use crate::actors::media::{AttachError, Attached};
use crate::actors::registry::ChannelEntry;
use crate::actors::templates;
use crate::domain::decide::Rejection;

/// How long a key is remembered.
const IDEMPOTENCY_LIFE: i64 = 72 * HOUR;
/// How old a message may be that one reacts to.
const REACTION_LIFE: i64 = 30 * 24 * HOUR;

impl Worker {
    pub(super) fn plan_post(
        &self,
        conversation: &Conversation,
        wish: &PostMessage,
        trace: TraceId,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        if let Some(first) = self.first_answer(wish)? {
            return Ok(first.unchanged(conversation));
        }
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let (_, rules) = self.condition(conversation);
        let media_rules = entry
            .as_ref()
            .and_then(|e| Some(self.core.provider(e.kind)?.media_rules(&e.channel.settings)))
            .unwrap_or_default();
        let (mut content, context) = match wish.content.kind.as_str() {
            "reaction" => self.reaction(conversation, &wish.content, now)?,
            _ => (wish.content.clone(), self.context(conversation, wish)?),
        };
        let about = context.as_ref().and_then(|context| context.message);
        let reacts = about.filter(|_| content.kind == "reaction");
        // A comment is itself the right to answer it once, and to do something with it.
        let answers = self.is_about_comment(conversation, &content, (context.as_ref(), None), now)?;
        let rules = MessagingRules {
            has_window: rules.has_window && !answers,
            ..rules
        };
        let files = match Attached::find(&self.core, self.workspace, &mut content) {
            Ok(files) => files,
            Err(AttachError::Rejected(rejection)) => return Err(rejection.into()),
            Err(AttachError::Storage(error)) => return Err(error.into()),
        };
        let (template, shown) = match &entry {
            Some(entry) => templates::standing(&self.core, entry, &content, &wish.author)?,
            None => (TemplateStanding::NotAsked, None),
        };
        let content = self.with_reference(with_preview(content, shown.as_ref()), entry.as_deref())?;
        let command = PostCommand {
            standing: self.standing_beside(conversation, &content, wish.priority, now)?,
            author: wish.author.clone(),
            content,
            files: files.facts.clone(),
            media_rules,
            context,
            marks: Marks {
                links: wish.links.clone(),
                ..Marks::default()
            },
            identity_hash: wish.identity_hash.clone(),
            priority: wish.priority,
            trace,
            channel: entry.map_or(ChannelCondition::Removed, |entry| entry.condition()),
            rules,
            template,
        };
        let mut plan = Plan::of(post(conversation, command, now)?, PlanReply::Message);
        if let Some(message) = plan.decision.messages.last().map(|message| message.id) {
            let owner = (self.workspace, conversation);
            files.bind(&self.core, &mut plan.beside, owner, message)?;
        }
        self.note_reach(&mut plan, conversation, (rules, &wish.content), now);
        if let Some(about) = reacts {
            self.work_in_before(&mut plan.decision, about)?;
        }
        self.remember(&mut plan, wish, now);
        self.mention(&mut plan);
        self.remember_links(&mut plan);
        Ok(plan)
    }

    fn standing_beside(
        &self,
        conversation: &Conversation,
        content: &Content,
        priority: SendPriority,
        now: Timestamp,
    ) -> Result<Standing, CommandError> {
        let (place, contact) = ((self.workspace, conversation.channel), Some(conversation.contact));
        Ok(self.core.standing(place, contact, content, priority, now)?)
    }

    /// The provider's limit counts people who are written to outside their window.
    fn note_reach(
        &self,
        plan: &mut Plan,
        conversation: &Conversation,
        (rules, content): (MessagingRules, &Content),
        now: Timestamp,
    ) {
        if !rules.has_window || !is_unasked(content) || conversation.window_open(now) {
            return;
        }
        let (channel, contact) = (conversation.channel, conversation.contact);
        let key = ReachKey {
            workspace: self.workspace,
            channel,
            contact,
        };
        plan.beside.put(&key, &now, &Seal::Open);
        self.core.note_reached(channel, contact, now);
    }

    /// A reaction with the provider's name for the message that it is about, which may come as our own id of it.
    fn reaction(
        &self,
        conversation: &Conversation,
        content: &Content,
        now: Timestamp,
    ) -> Result<(Content, Option<ReplyContext>), CommandError> {
        let about = marks::target_of(content).unwrap_or_default();
        let decision = Decision::from(conversation);
        let ours: Option<MessageId> = about.parse().ok();
        let known = match ours {
            Some(id) => Some(id),
            None => self.held(&decision, about)?,
        };
        let Some(id) = known else {
            // Written before this house knew the customer; the provider knows it.
            return Ok((content.clone(), None));
        };
        let target = match id.conversation == conversation.id {
            true => self.message(id)?,
            false => None,
        };
        let no = |detail: &str| Rejection::Invalid {
            field: "reaction.message_id",
            detail: detail.to_owned(),
        };
        let target = target.ok_or_else(|| no("is not a message of this conversation"))?;
        let provider_message_id = can_react(&target, now).map_err(no)?.to_owned();
        let mut content = content.clone();
        content.body["message_id"] = provider_message_id.clone().into();
        let context = ReplyContext {
            provider_message_id,
            message: Some(id),
            forwarded: false,
        };
        Ok((content, Some(context)))
    }

    /// Rows by which the tracked links are found, until they expire.
    fn remember_links(&self, plan: &mut Plan) {
        let Some(message) = plan.decision.messages.last() else {
            return;
        };
        for link in &message.marks.links {
            let Some(code) = LinkCode::parse(&link.code) else {
                continue;
            };
            let key = LinkKey { code: code.0 };
            let forget = DueWork::ForgetLink(code.0);
            plan.beside
                .require_absent(&key)
                .put(&key, &(self.workspace, message.id), &Seal::Open);
            plan.beside.put(
                &due_key(link.expires_at, self.workspace, &forget),
                &forget,
                &Seal::Open,
            );
        }
    }

    /// Someone followed a tracked link.
    pub(super) fn plan_click(
        &self,
        conversation: &Conversation,
        id: MessageId,
        code: &str,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let mut decision = Decision::from(conversation);
        if let Some(message) = self.message(id)? {
            click(&mut decision, message, code, now);
        }
        Ok(Plan::of(decision, PlanReply::Done))
    }

    /// The cards in a file of a message were read.
    pub(super) fn plan_cards(
        &self,
        conversation: &Conversation,
        read: &CardsRead,
    ) -> Result<Plan, CommandError> {
        let mut decision = Decision::from(conversation);
        if let Some(message) = self.message(read.message)? {
            fill_cards(&mut decision, message, &read.reference, read.cards.clone());
        }
        Ok(Plan::of(decision, PlanReply::Done))
    }

    /// With the provider's id of its template, where messages name it so; unless it names one itself.
    fn with_reference(
        &self,
        mut content: Content,
        entry: Option<&ChannelEntry>,
    ) -> Result<Content, CommandError> {
        let id = match entry {
            Some(entry) => templates::reference(&self.core, entry, &content)?,
            None => None,
        };
        if let (Some(id), Some(body)) = (id, content.body.as_object_mut()) {
            body.entry("content_sid").or_insert(id.into());
        }
        Ok(content)
    }

    /// The answer that this key got before, if it did.
    fn first_answer(&self, wish: &PostMessage) -> Result<Option<FirstAnswer>, CommandError> {
        let Some((key, request_hash)) = wish.idempotency else {
            return Ok(None);
        };
        let key = IdempotencyKey {
            workspace: self.workspace,
            key,
        };
        let Some(record) = self.core.store.get(&key)? else {
            return Ok(None);
        };
        if record.request_hash != request_hash {
            return Err(CommandError::IdempotencyKeyReused);
        }
        let message = self.message(record.message)?.ok_or(Rejection::NoSuchMessage)?;
        Ok(Some(FirstAnswer(message)))
    }

    /// So that those who are named in a note find it.
    fn mention(&self, plan: &mut Plan) {
        let Some(note) = plan.decision.messages.last() else {
            return;
        };
        for user in note.content.mentions() {
            let row = MentionKey {
                workspace: self.workspace,
                user,
                at: Newest(note.created_at),
                message: note.id,
            };
            plan.beside.put(&row, &(), &Seal::Open);
        }
    }

    fn remember(&self, plan: &mut Plan, wish: &PostMessage, now: Timestamp) {
        let (Some((hash, request_hash)), Some(message)) = (wish.idempotency, plan.decision.messages.last())
        else {
            return;
        };
        let key = IdempotencyKey {
            workspace: self.workspace,
            key: hash,
        };
        let record = IdempotencyRecord {
            request_hash,
            message: message.id,
            created_at: now,
        };
        let forget = DueWork::ForgetIdempotencyKey(hash);
        plan.beside.require_absent(&key).put(&key, &record, &Seal::Open);
        plan.beside.put(
            &due_key(now.plus(IDEMPOTENCY_LIFE), self.workspace, &forget),
            &forget,
            &Seal::Open,
        );
    }

    /// What the conversation's channel can quote. A channel that was removed is refused by policy anyway.
    fn quotes(&self, conversation: &Conversation) -> Quotes {
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let provider = entry.as_ref().and_then(|entry| self.core.provider(entry.kind));
        match (entry.as_ref(), provider) {
            (Some(entry), Some(provider)) => provider.capabilities_for(&entry.channel.settings).quotes,
            _ => Quotes::Any,
        }
    }

    fn context(
        &self,
        conversation: &Conversation,
        wish: &PostMessage,
    ) -> Result<Option<ReplyContext>, CommandError> {
        let Some(id) = wish.reply_to else { return Ok(None) };
        let answered = match id.conversation == conversation.id {
            true => self.message(id)?,
            false => None,
        };
        if let Some(answered) = &answered {
            policy::check_quote(self.quotes(conversation), &answered.content.kind)
                .map_err(Rejection::Policy)?;
        }
        let provider_message_id = answered.and_then(|message| message.provider_message_id);
        let provider_message_id = provider_message_id.ok_or(Rejection::Invalid {
            field: "context.message_id",
            detail: "is not a delivered message of this conversation".into(),
        })?;
        Ok(Some(ReplyContext {
            provider_message_id,
            message: Some(id),
            forwarded: false,
        }))
    }
}

/// A template's content with what the customer will see, for the thread; a text that the caller gave stays.
fn with_preview(mut content: Content, shown: Option<&Preview>) -> Content {
    if let (Some(shown), Some(body)) = (shown, content.body.as_object_mut()) {
        let text = as_text(shown);
        if !text.is_empty() {
            body.entry("rendered").or_insert(text.into());
        }
        // Texts, numbers and lists of them: this cannot fail.
        if let Ok(shown) = serde_json::to_value(shown) {
            body.insert("shown".to_owned(), shown);
        }
    }
    content
}

/// The provider's id of a message that a business may react to, or why it may not. Source: the provider contract, section
/// 2: an inbound message of the last 30 days that was not deleted and is no reaction itself.
fn can_react(target: &Message, now: Timestamp) -> Result<&str, &'static str> {
    let said_at = target.provider_at.unwrap_or(target.created_at);
    let id = target.provider_message_id.as_deref();
    match id {
        _ if target.direction != Direction::Inbound => Err("must be a message of the customer"),
        _ if target.marks.deleted.is_some() => Err("was deleted by the customer"),
        _ if marks::is_comment(target) => Err("is a comment, which takes no reaction"),
        _ if marks::target_of(&target.content).is_some() => Err("is no message that one can react to"),
        _ if now.since(said_at) > REACTION_LIFE => Err("is older than 30 days"),
        Some(id) => Ok(id),
        None => Err("is not known to the provider"),
    }
}

/// A message that an earlier request with the same key made.
struct FirstAnswer(crate::domain::Message);

impl FirstAnswer {
    fn unchanged(self, conversation: &Conversation) -> Plan {
        Plan::of(
            crate::domain::decide::Decision::from(conversation),
            PlanReply::Existing(Box::new(self.0)),
        )
    }
}
