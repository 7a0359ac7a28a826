//! What became of messages made from templates: sent, delivered, read, answered, tapped, failed.
//!
//! For each message a row holds what was counted of it, so that the same news twice counts once. Counts and rows are
//! written in the same commit as the reader's place.

use std::collections::BTreeMap;

use crate::actors::core::Core;
use crate::actors::templates::find;
use crate::domain::template::render::{given, preview};
use crate::domain::template::taps::{self, ButtonFigure, Spot};
use crate::domain::template::{Performance, Template, word};
use crate::domain::time::HOUR;
use crate::domain::{
    Content, ConversationId, Direction, Message, MessageId, MessageStatus, TemplateId, WorkspaceId,
};
use crate::storage::keys::{ConversationKey, MessageKey, TemplateKey, TemplateTallyKey, TemplateUseKey};
use crate::storage::{Batch, Prefix, Seal, StorageError};

/// Bits of what was counted. Stored: never change them.
const USED: u64 = 1;
const SENT: u64 = 2;
const DELIVERED: u64 = 4;
const READ: u64 = 8;
const REPLIED: u64 = 16;
const CLICKED: u64 = 32;
const FAILED: u64 = 64;
/// From this one on, each [`Spot`] has its own, in their order.
const FIRST_SPOT: u64 = 256;
/// Buttons that one template's figures tell apart, those of earlier texts with them.
const MAX_FIGURES: usize = 60;

/// An answer later than this has nothing to do with the message.
const ANSWER_WITHIN: i64 = 72 * HOUR;
/// Messages looked back for the one that was answered.
const LOOK_BACK: u32 = 5;

/// What is to be counted of a message.
#[derive(Default)]
struct Noted {
    bits: u64,
    /// What stood on the buttons that were used.
    labels: BTreeMap<Spot, String>,
}

/// What a page of events adds.
#[derive(Default)]
pub(super) struct Counts {
    bits: BTreeMap<(WorkspaceId, TemplateId, MessageId), Noted>,
    /// Workspaces that have templates at all: others cost nothing.
    workspaces: BTreeMap<WorkspaceId, bool>,
}

impl Counts {
    /// Looks at a message that is new or has changed. Answers whether it concerned a template.
    pub(super) fn look(
        &mut self,
        core: &Core,
        workspace: WorkspaceId,
        id: MessageId,
    ) -> Result<bool, StorageError> {
        if !self.has_templates(core, workspace)? {
            return Ok(false);
        }
        let Some(message) = message(core, workspace, id)? else {
            return Ok(false);
        };
        match message.direction {
            Direction::Outbound => self.add(
                core,
                workspace,
                &message,
                reached(&message) | clicked(&message),
                None,
            ),
            Direction::Inbound => self.answer(core, workspace, &message),
        }
    }

    fn has_templates(&mut self, core: &Core, workspace: WorkspaceId) -> Result<bool, StorageError> {
        if let Some(known) = self.workspaces.get(&workspace) {
            return Ok(*known);
        }
        let prefix = Prefix::<TemplateKey>::table().with(workspace);
        let has = !core.store.scan_keys(&prefix, None, 1)?.is_empty();
        self.workspaces.insert(workspace, has);
        Ok(has)
    }

    /// Notes bits of a message, if it was made from a known template, and the buttons used: by the answer `tap`, and of
    /// links that were opened.
    fn add(
        &mut self,
        core: &Core,
        workspace: WorkspaceId,
        message: &Message,
        bits: u64,
        tap: Option<&Content>,
    ) -> Result<bool, StorageError> {
        if message.content.kind != "template" {
            return Ok(false);
        }
        let Some(template) = template_of(core, workspace, message)? else {
            return Ok(false);
        };
        let noted = self.bits.entry((workspace, template.id, message.id)).or_default();
        noted.bits |= bits;
        if bits & CLICKED != 0 {
            for (spot, label) in used(message, &template, tap) {
                noted.bits |= bit(spot);
                noted.labels.insert(spot, label);
            }
        }
        Ok(true)
    }

    /// A customer wrote: which template did they answer?
    fn answer(
        &mut self,
        core: &Core,
        workspace: WorkspaceId,
        message_in: &Message,
    ) -> Result<bool, StorageError> {
        let quoted = message_in.context.as_ref().and_then(|context| context.message);
        let answered = match quoted {
            Some(id) => message(core, workspace, id)?,
            None => last_outbound(core, workspace, message_in)?,
        };
        let Some(answered) =
            answered.filter(|it| message_in.created_at.since(it.created_at) <= ANSWER_WITHIN)
        else {
            return Ok(false);
        };
        let tapped = message_in.content.kind == "button" && quoted.is_some();
        self.add(
            core,
            workspace,
            &answered,
            REPLIED | if tapped { CLICKED } else { 0 },
            Some(&message_in.content).filter(|_| tapped),
        )
    }

    /// Writes rows and counts.
    pub(super) fn write(self, core: &Core, batch: &mut Batch) -> Result<(), StorageError> {
        let mut tallies: BTreeMap<(WorkspaceId, TemplateId), Performance> = BTreeMap::new();
        for ((workspace, template, message), noted) in self.bits {
            let bits = noted.bits;
            let key = TemplateUseKey {
                workspace,
                template,
                message,
            };
            let before = core.store.get(&key)?.unwrap_or(0);
            let new = bits & !before;
            if new == 0 {
                continue;
            }
            batch.put(&key, &(before | bits), &Seal::Open);
            let tally = match tallies.entry((workspace, template)) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => place.insert(
                    core.store
                        .get(&TemplateTallyKey { workspace, template })?
                        .unwrap_or_default(),
                ),
            };
            count(tally, new);
            let used = noted.labels.into_iter().filter(|(spot, _)| new & bit(*spot) != 0);
            used.for_each(|(spot, label)| count_button(tally, spot, label));
            if new & USED != 0 {
                tally.last_used_at = tally.last_used_at.max(Some(core.clock.now()));
            }
        }
        for ((workspace, template), tally) in tallies {
            batch.put(&TemplateTallyKey { workspace, template }, &tally, &Seal::Open);
        }
        Ok(())
    }
}

/// Adds what is new of a message.
fn count(tally: &mut Performance, new: u64) {
    let one = |bit| u64::from(new & bit != 0);
    tally.used += one(USED);
    tally.sent += one(SENT);
    tally.delivered += one(DELIVERED);
    tally.read += one(READ);
    tally.replied += one(REPLIED);
    tally.clicked += one(CLICKED);
    tally.failed += one(FAILED);
}

fn count_button(tally: &mut Performance, spot: Spot, label: String) {
    let is_it = |figure: &ButtonFigure| figure.spot == spot && figure.label == label;
    match tally.buttons.iter().position(is_it) {
        Some(at) => tally.buttons[at].used += 1,
        None if tally.buttons.len() < MAX_FIGURES => {
            tally.buttons.push(ButtonFigure { spot, label, used: 1 })
        }
        // A template that was written anew so often: what is new is told in the sum alone.
        None => {}
    }
}

/// A spot's bit.
fn bit(spot: Spot) -> u64 {
    let number = Spot::all().position(|each| each == spot);
    number.map_or(0, |number| FIRST_SPOT << number)
}

/// The buttons of a message that were used, with their labels.
fn used(message: &Message, template: &Template, tap: Option<&Content>) -> Vec<(Spot, String)> {
    let content = &message.content.body;
    let values = given(content);
    let shown = match (content.get("shown"), &template.live) {
        (Some(shown), _) => shown.clone(),
        // Texts, numbers and lists of them: this cannot fail.
        (None, Some(live)) => serde_json::to_value(preview(live, &values, false)).unwrap_or_default(),
        (None, None) => return Vec::new(),
    };
    let is_open = |code: &str| message.marks.link(code).is_some_and(|link| link.clicks > 0);
    let mut spots = taps::opened(&values, is_open);
    let said = |tap: &Content, name| word(&tap.body, name).to_owned();
    spots
        .extend(tap.and_then(|tap| taps::tapped(&shown, &values, &said(tap, "payload"), &said(tap, "text"))));
    let labelled = |spot: Spot| (spot, taps::label(&shown, spot).to_owned());
    spots.into_iter().map(labelled).collect()
}

/// How far a message of ours has come. What was read was delivered, and what was delivered was sent.
fn reached(message: &Message) -> u64 {
    USED | match message.status {
        MessageStatus::Queued | MessageStatus::Doubtful | MessageStatus::Received => 0,
        MessageStatus::Accepted | MessageStatus::Sent => SENT,
        MessageStatus::Delivered => SENT | DELIVERED,
        MessageStatus::Read => SENT | DELIVERED | READ,
        MessageStatus::Failed => FAILED,
    }
}

/// Whether one of its counted links was opened.
fn clicked(message: &Message) -> u64 {
    match message.marks.links.iter().any(|link| link.clicks > 0) {
        true => CLICKED,
        false => 0,
    }
}

fn message(core: &Core, workspace: WorkspaceId, message: MessageId) -> Result<Option<Message>, StorageError> {
    match core.store.get(&MessageKey { workspace, message }) {
        // Who was erased is not counted.
        Err(StorageError::Erased) => Ok(None),
        other => other,
    }
}

/// The newest message of ours before an inbound one.
fn last_outbound(
    core: &Core,
    workspace: WorkspaceId,
    after: &Message,
) -> Result<Option<Message>, StorageError> {
    let conversation: ConversationId = after.id.conversation;
    for n in (1..after.id.n).rev().take(LOOK_BACK as usize) {
        let found = message(core, workspace, MessageId { conversation, n })?;
        if let Some(found) = found.filter(|it| it.direction == Direction::Outbound && !it.content.is_note()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn template_of(
    core: &Core,
    workspace: WorkspaceId,
    message: &Message,
) -> Result<Option<Template>, StorageError> {
    let key = ConversationKey {
        workspace,
        conversation: message.id.conversation,
    };
    let Some(conversation) = core.store.get(&key)? else {
        return Ok(None);
    };
    let Some(entry) = core.registry.find(workspace, conversation.channel) else {
        return Ok(None);
    };
    find(core, &entry, &message.content)
}
