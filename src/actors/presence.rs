//! Who is looking at which conversation, who is replying, and who has it before their eyes. Kept in memory only: it is
//! about now.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::{ConversationId, UserId, WorkspaceId};

/// Sockets that are remembered.
const MAX_SOCKETS: usize = 10_000;

/// What someone does in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Looks at it.
    Viewing,
    /// Types an answer.
    Replying,
}

/// Someone in a conversation.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Present {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// What they do there.
    pub state: Doing,
    /// Whether it is before their eyes: the window is in front. Told to nobody.
    #[serde(skip)]
    pub focused: bool,
}

#[derive(Clone)]
struct Place {
    workspace: WorkspaceId,
    conversation: ConversationId,
    present: Present,
}

/// Who is where, by socket.
#[derive(Clone, Default)]
pub struct Presence(Arc<Mutex<HashMap<u64, Place>>>);

impl Presence {
    /// A socket moves to a conversation, or leaves. Answers the conversations whose people changed.
    pub fn move_to(
        &self,
        socket: u64,
        workspace: WorkspaceId,
        to: Option<(ConversationId, Present)>,
    ) -> Vec<ConversationId> {
        let mut places = self.0.lock();
        let before = places.remove(&socket).map(|place| place.conversation);
        let after = to.as_ref().map(|(conversation, _)| *conversation);
        if let Some((conversation, present)) = to.filter(|_| places.len() < MAX_SOCKETS) {
            places.insert(
                socket,
                Place {
                    workspace,
                    conversation,
                    present,
                },
            );
        }
        let mut changed: Vec<_> = before.into_iter().chain(after).collect();
        changed.dedup();
        changed
    }

    /// Whether someone has a conversation before their eyes, on any of their devices.
    pub fn is_focused(&self, workspace: WorkspaceId, conversation: ConversationId, user: UserId) -> bool {
        self.0.lock().values().any(|place| {
            place.present.focused
                && place.present.id == user
                && (place.workspace, place.conversation) == (workspace, conversation)
        })
    }

    /// Everyone in a conversation, each once, with the most that they do there.
    pub fn of(&self, workspace: WorkspaceId, conversation: ConversationId) -> Vec<Present> {
        let mut people: HashMap<UserId, Present> = HashMap::new();
        for place in self.0.lock().values() {
            if place.workspace == workspace && place.conversation == conversation {
                let person = people
                    .entry(place.present.id)
                    .or_insert_with(|| place.present.clone());
                person.state = person.state.max(place.present.state);
                person.focused |= place.present.focused;
            }
        }
        let mut people: Vec<_> = people.into_values().collect();
        people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        people
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_on_two_devices_counts_once_and_replying_wins() {
        let (presence, ws, cv) = (Presence::default(), WorkspaceId([1; 16]), ConversationId([2; 16]));
        let someone = |state| Present {
            id: UserId([3; 16]),
            name: "Amina".into(),
            state,
            focused: state == Doing::Replying,
        };
        let me = UserId([3; 16]);
        assert_eq!(presence.move_to(1, ws, Some((cv, someone(Doing::Viewing)))), [cv]);
        assert!(!presence.is_focused(ws, cv, me), "in a window behind another");
        presence.move_to(2, ws, Some((cv, someone(Doing::Replying))));
        assert!(presence.is_focused(ws, cv, me));
        for (ws, cv, who) in [
            (WorkspaceId([9; 16]), cv, me),
            (ws, ConversationId([9; 16]), me),
            (ws, cv, UserId([9; 16])),
        ] {
            assert!(!presence.is_focused(ws, cv, who));
        }
        let people = presence.of(ws, cv);
        assert_eq!((people.len(), people[0].state), (1, Doing::Replying));
        assert!(
            presence.of(WorkspaceId([9; 16]), cv).is_empty(),
            "another workspace sees nobody"
        );
        presence.move_to(2, ws, None);
        assert_eq!(presence.of(ws, cv)[0].state, Doing::Viewing);
    }
}
