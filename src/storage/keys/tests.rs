//! Keys round trip, sort as they must, and no two tables have one number.

use super::*;
use proptest::prelude::*;

#[test]
fn keys_round_trip_and_refuse_other_lengths() {
    let key = OutboxKey {
        workspace: WorkspaceId([1; 16]),
        channel: ChannelId([2; 16]),
        priority: 5,
        due: Timestamp(-7),
        message: MessageId {
            conversation: ConversationId([3; 16]),
            n: 9,
        },
    };
    let bytes = key.to_bytes();
    assert_eq!(bytes[0], Table::Outbox as u8);
    assert_eq!(OutboxKey::read(&bytes[1..]), Some(key));
    assert_eq!(OutboxKey::read(&bytes[2..]), None);
}

proptest! {
    #[test]
    fn times_sort_as_bytes(a: i64, b: i64) {
        let bytes = |part: &dyn Fn(&mut Vec<u8>)| { let mut out = vec![]; part(&mut out); out };
        let (ta, tb) = (Timestamp(a), Timestamp(b));
        prop_assert_eq!(bytes(&|o| ta.write(o)).cmp(&bytes(&|o| tb.write(o))), a.cmp(&b));
        prop_assert_eq!(bytes(&|o| Newest(ta).write(o)).cmp(&bytes(&|o| Newest(tb).write(o))), b.cmp(&a));
    }
}
