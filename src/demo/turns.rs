//! One message of the past: from a customer, from the shop, or a note; with its file and what became of it.

use anyhow::Context;
use serde_json::{Value, json};

use super::files;
use super::history::Teller;
use super::story::{Dialogue, Line, Turn, Who};
use crate::actors::Command;
use crate::actors::conversation::{ApplyItem, PostMessage, Reply};
use crate::actors::core::new_trace;
use crate::actors::media;
use crate::domain::decide::{AttemptResult, Received};
use crate::domain::inbound::{InboundMessage, Sender, StatusUpdate};
use crate::domain::media::{Media, MediaKind};
use crate::domain::message::Pricing;
use crate::domain::operations::SendPriority;
use crate::domain::outbound::{ErrorClass, MessageReaction, ProviderError, SendOutcome};
use crate::domain::time::SECOND;
use crate::domain::{
    Author, ChannelId, Content, ConversationId, MediaId, MessageId, MessageStatus, RawEventId, UserId,
};
use crate::features::templates::from_library;
use crate::storage::Prefix;
use crate::storage::keys::OutboxKey;

impl Teller {
    /// Plays one turn; answers what the provider calls the message. `said` are the names of those before it.
    pub(super) async fn turn(
        &self,
        (channel, conversation): (ChannelId, ConversationId),
        dialogue: &Dialogue,
        said: &[String],
        turn: &Turn,
    ) -> anyhow::Result<String> {
        let about = turn.about.and_then(|turn| said.get(turn)).map(String::as_str);
        match turn.who {
            Who::Customer => {
                let name = format!("{}.demo.{}.{}", mark(dialogue.line), dialogue.phone, said.len());
                self.receive(conversation, turn, &name, about).await?;
                Ok(name)
            }
            Who::Note => {
                let author = self.person(turn.by.as_deref())?;
                let id = self.post(conversation, author, Content::note(&turn.text)).await?;
                Ok(id.to_string())
            }
            Who::Agent => {
                let author = self.person(turn.by.as_deref())?;
                let mut content = content(turn, about)?;
                if let Some(file) = &turn.file {
                    let id = self.upload(&content.kind, file).await?;
                    content.body["media_id"] = id.to_string().into();
                }
                let pricing = pricing(dialogue.line, &content);
                let id = self.post(conversation, author, content).await?;
                let ends = turn.ends.as_deref().unwrap_or("read");
                self.deliver(channel, id, ends, pricing).await?;
                Ok(format!("wamid.demo.{id}"))
            }
        }
    }

    async fn receive(
        &self,
        conversation: ConversationId,
        turn: &Turn,
        name: &str,
        about: Option<&str>,
    ) -> anyhow::Result<()> {
        let mut content = content(turn, about)?;
        let file = turn.file.as_deref().map(file).transpose()?;
        if let Some((mime, _)) = file {
            content.body["media_id"] = name.into();
            content.body["mime_type"] = mime.into();
        }
        let quotes = about.filter(|_| content.kind != "reaction").map(str::to_owned);
        let received = Received {
            inbound: InboundMessage {
                provider_message_id: name.to_owned(),
                sender: Sender::default(),
                at: Some(self.now()),
                content,
                reply_to: quotes,
                forwarded: false,
                extra: turn.extra.clone(),
            },
            echo: false,
            reply_to: None,
            raw_event: RawEventId(0),
            trace: new_trace(),
        };
        let items = vec![ApplyItem::Message(Box::new(received))];
        self.send(conversation, Command::Apply { items, done: vec![] })
            .await?;
        if let Some((_, bytes)) = file {
            media::bring(&self.core, self.workspace, name, bytes)
                .await
                .context("the customer's file")?;
        }
        Ok(())
    }

    async fn post(
        &self,
        conversation: ConversationId,
        author: UserId,
        content: Content,
    ) -> anyhow::Result<MessageId> {
        let post = PostMessage {
            author: Author::User(author),
            content,
            reply_to: None,
            links: Vec::new(),
            identity_hash: None,
            priority: SendPriority::Reply,
            idempotency: None,
        };
        match self.send(conversation, Command::Post(Box::new(post))).await? {
            Reply::Message(message) => Ok(message.id),
            Reply::Done | Reply::Conversation(_) => anyhow::bail!("no message was made"),
        }
    }

    /// Takes a file in as if somebody had attached it.
    async fn upload(&self, kind: &str, name: &str) -> anyhow::Result<MediaId> {
        let (mime, bytes) = file(name)?;
        let kind = MediaKind::parse(kind).context("files go with pictures, sounds, films and documents")?;
        let id = MediaId::from_uuid(uuid::Uuid::now_v7());
        let (files, workspace) = (self.core.store.media(), self.workspace);
        let whole = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(bytes))]);
        let written = media::receive(files, workspace, id, media::MAX_BYTES, whole).await?;
        let core = &self.core;
        let examined = media::examine(core, (workspace, id), kind, Some(mime), &written).await;
        let upload = Media {
            filename: Some(name.to_owned()),
            ..Media::pending(id, kind, self.now())
        };
        media::keep_upload(core, workspace, upload, (written, examined)).await?;
        Ok(id)
    }

    /// Plays the provider for one message of ours.
    async fn deliver(
        &self,
        channel: ChannelId,
        id: MessageId,
        ends: &str,
        pricing: Option<Pricing>,
    ) -> anyhow::Result<()> {
        if ends == "queued" {
            return Ok(());
        }
        let prefix = Prefix::<OutboxKey>::table().with(self.workspace).with(channel);
        let rows = self.core.store.scan(&prefix, None, 64)?;
        let (key, entry) = rows
            .into_iter()
            .find(|(key, _)| key.message == id)
            .context("it is not in the outbox")?;
        let (outcome, reaction) = outcome(id, ends);
        let priority = SendPriority::from_u8(key.priority).unwrap_or(SendPriority::Reply);
        let result = AttemptResult {
            entry,
            priority,
            outcome,
            reaction,
        };
        self.send(id.conversation, Command::Outcome(Box::new(result)))
            .await?;
        let steps = [MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read];
        let reached = match ends {
            "sent" => 1,
            "delivered" => 2,
            "read" => 3,
            _ => 0,
        };
        for (status, after) in steps.into_iter().zip([1, 2, 40]).take(reached) {
            let update = StatusUpdate {
                provider_message_id: format!("wamid.demo.{id}"),
                status,
                at: Some(self.now().plus(after * SECOND)),
                callback: Some(id),
                recipient: vec![],
                error: None,
                error_class: None,
                pricing: pricing.clone(),
                free_until: None,
            };
            let items = vec![ApplyItem::Status(id, Box::new(update))];
            self.send(id.conversation, Command::Apply { items, done: vec![] })
                .await?;
        }
        Ok(())
    }
}

/// What came of an attempt that ends so.
fn outcome(id: MessageId, ends: &str) -> (SendOutcome, Option<MessageReaction>) {
    match ends {
        "doubtful" => (
            SendOutcome::Unknown("the answer was lost".into()),
            Some(MessageReaction::Doubt),
        ),
        "failed" => (refusal(), Some(MessageReaction::Fail)),
        _ => (
            SendOutcome::Accepted {
                provider_message_id: format!("wamid.demo.{id}"),
                learnt: vec![],
                held: None,
            },
            None,
        ),
    }
}

fn refusal() -> SendOutcome {
    SendOutcome::Refused(ProviderError {
        class: ErrorClass::Recipient,
        code: "131026".into(),
        title: "Message undeliverable".into(),
        detail: "The recipient's phone number is not a WhatsApp number, or the app is too old.".into(),
        retry_after: None,
    })
}

/// What stands at the front of a provider's message ids.
const fn mark(line: Line) -> &'static str {
    match line {
        Line::Whatsapp => "wamid",
        Line::Instagram => "mid",
        Line::Sms => "SM",
    }
}

fn file(name: &str) -> anyhow::Result<(&'static str, &'static [u8])> {
    files::named(name).with_context(|| format!("there is no file {name}"))
}

/// What the provider would say that a message costs: answers are free, templates are not, SMS never are.
fn pricing(line: Line, content: &Content) -> Option<Pricing> {
    let priced = |category: &str, kind: &str| Pricing {
        category: category.to_owned(),
        kind: kind.to_owned(),
        model: "PMP".to_owned(),
        billable: Some(kind == "regular"),
        units: 1,
    };
    match (line, content.kind.as_str()) {
        (Line::Instagram, _) => None,
        // Worked out by the house itself, as on any channel that tells nothing.
        (Line::Sms, _) => None,
        (Line::Whatsapp, "template") => {
            let word = |name: &str| content.body.get(name).and_then(Value::as_str).unwrap_or_default();
            let definition = from_library(word("name"), word("language"))?;
            Some(priced(definition.category.as_str(), "regular"))
        }
        (Line::Whatsapp, _) => Some(priced("service", "free_customer_service")),
    }
}

/// The content of a turn, with `@turn` in place of the message that it is about.
fn content(turn: &Turn, about: Option<&str>) -> anyhow::Result<Content> {
    let Some(content) = &turn.content else {
        return Ok(Content::text(&turn.text));
    };
    let kind = content["type"]
        .as_str()
        .context("content without type")?
        .to_owned();
    let mut body = content.get(&kind).cloned().unwrap_or_else(|| json!({}));
    if let (Some(about), Some(place)) = (about, body.get_mut("message_id")) {
        *place = about.into();
    }
    Ok(Content { kind, body })
}
