//! Who is looking at which conversation, and who is replying. Kept in memory only: it is about now.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::{ConversationId, UserId, WorkspaceId};

/// Sockets that are remembered.
const MAX_SOCKETS: usize = 10_000;

/// What someone does in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Doing {
    /// Looks at it.
    Viewing,
    /// Types an answer.
    Replying,
}

/// Someone in a conversation.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub(super) struct Present {
    pub id: UserId,
    pub name: String,
    pub state: Doing,
}

#[derive(Clone)]
struct Place {
    workspace: WorkspaceId,
    conversation: ConversationId,
    present: Present,
}

/// Who is where, by socket.
#[derive(Clone, Default)]
pub(super) struct Presence(Arc<Mutex<HashMap<u64, Place>>>);

impl Presence {
    /// A socket moves to a conversation, or leaves. Answers the conversations whose people changed.
    pub(super) fn move_to(
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

    /// Everyone in a conversation, each once, with the most that they do there.
    pub(super) fn of(&self, workspace: WorkspaceId, conversation: ConversationId) -> Vec<Present> {
        let mut people: HashMap<UserId, Present> = HashMap::new();
        for place in self.0.lock().values() {
            if place.workspace == workspace && place.conversation == conversation {
                let person = people
                    .entry(place.present.id)
                    .or_insert_with(|| place.present.clone());
                person.state = person.state.max(place.present.state);
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
        };
        assert_eq!(presence.move_to(1, ws, Some((cv, someone(Doing::Viewing)))), [cv]);
        presence.move_to(2, ws, Some((cv, someone(Doing::Replying))));
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
