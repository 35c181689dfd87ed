//! What one call of PutLogEvents takes.

use crate::queue::Share;
use aws::logs::InputLogEvent;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records of one call. AWS: documented.
const RECORDS: usize = 10_000;
/// Bytes of one call, each record with what it is charged on top. AWS: documented.
const BYTES: usize = 1_048_576;
/// What each record is charged on top. AWS: documented.
const OVERHEAD: usize = 26;
/// Milliseconds between the oldest and the newest record of one call. AWS: documented, 24 hours.
const SPAN: i64 = 24 * 60 * 60 * 1000;

/// A record on its way.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) event: InputLogEvent,
    /// Held by all records of an entry.
    pub(crate) _share: Arc<Share>,
}

/// Takes from the front what goes into the next call, in the order of its times. Not empty unless `pending` is.
pub(crate) fn take(pending: &mut VecDeque<Pending>) -> Vec<Pending> {
    let mut bytes = 0;
    let mut batch: Vec<Pending> = Vec::new();
    while let Some(next) = pending.front() {
        bytes += next.event.message.len() + OVERHEAD;
        if !batch.is_empty() && (bytes > BYTES || batch.len() == RECORDS) {
            break;
        }
        batch.extend(pending.pop_front());
    }
    batch.sort_by_key(|record| record.event.timestamp);
    let Some(oldest) = batch.first().map(|record| record.event.timestamp) else { return batch };
    let within = batch.partition_point(|record| record.event.timestamp.saturating_sub(oldest) <= SPAN);
    for record in batch.drain(within..).rev() {
        pending.push_front(record);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Message;
    use crate::queue::tests::entry;

    fn pending(records: impl IntoIterator<Item = (i64, usize)>) -> VecDeque<Pending> {
        let (sender, mut receiver) = crate::queue::queue("test");
        let one = entry("e", 0, 1);
        sender.offer(&one, 1);
        let Message::Entry(_, share) = receiver.messages.try_recv().unwrap() else { panic!("no entry") };
        let share = Arc::new(share);
        let of = |(timestamp, length): (i64, usize)| Pending {
            event: InputLogEvent { timestamp, message: "x".repeat(length) },
            _share: share.clone(),
        };
        records.into_iter().map(of).collect()
    }

    fn times(batch: &[Pending]) -> Vec<i64> {
        batch.iter().map(|record| record.event.timestamp).collect()
    }

    #[test]
    fn a_batch_is_in_the_order_of_its_times() {
        let mut all = pending([(3, 1), (1, 1), (2, 1)]);
        assert_eq!(times(&take(&mut all)), [1, 2, 3]);
        assert!(take(&mut all).is_empty());
    }

    #[test]
    fn a_batch_is_bounded_in_records_and_bytes() {
        let mut all = pending((0..10_001).map(|at| (at, 1)));
        assert_eq!((take(&mut all).len(), all.len()), (10_000, 1));
        // With what is charged for each, four make exactly the limit.
        let quarter = BYTES / 4 - OVERHEAD;
        let mut all = pending((0..4).map(|at| (at, quarter)));
        assert_eq!(take(&mut all).len(), 4);
        let mut all = pending((0..4).map(|at| (at, quarter + 1)));
        assert_eq!((take(&mut all).len(), all.len()), (3, 1));
        let mut all = pending([(0, 2 * BYTES), (1, 1)]);
        assert_eq!(times(&take(&mut all)), [0]);
    }

    #[test]
    fn a_batch_spans_a_day_at_most() {
        let mut all = pending([(SPAN + 1, 1), (0, 1), (SPAN, 1)]);
        assert_eq!(times(&take(&mut all)), [0, SPAN]);
        assert_eq!(times(&take(&mut all)), [SPAN + 1]);
    }
}
