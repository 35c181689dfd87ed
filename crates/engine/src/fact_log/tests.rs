use super::*;
use json::Payload;
use machine::{FactKind, Private, ScopeId};
use model::{EventDetails, StateType, Timestamp};
use store::MemoryStore;

fn arn() -> ExecutionArn {
    ExecutionArn("arn:aws:states:r:1:execution:m:e".into())
}

fn event(id: u64, input: &Payload) -> Fact {
    let details = EventDetails::StateEntered {
        state_type: StateType::Pass,
        name: format!("state {id}").into(),
        input: input.clone().into(),
    };
    let event = HistoryEvent { id: EventId(id), previous: EventId(id - 1), timestamp: Timestamp(7), details };
    Fact { scope: ScopeId::ROOT, kind: FactKind::Event(event) }
}

fn note() -> Fact {
    Fact { scope: ScopeId::ROOT, kind: FactKind::Private(Private::WaitUntil(Timestamp(9))) }
}

/// Facts of that many events, with something private behind every third, in records of those lengths.
fn written(store: &MemoryStore, events: u64, lengths: &[usize], input: &Payload) -> Vec<Fact> {
    let mut all = Vec::new();
    let mut places = Vec::new();
    for id in 1..=events {
        all.push(event(id, input));
        places.push((EventId(id), 0));
        if id % 3 == 0 {
            all.push(note());
            places.push((EventId(id), 1));
        }
    }
    let mut payloads = LargePayloads::new(5);
    let (mut at, mut lengths) = (0, lengths.iter().cycle());
    while at < all.len() {
        let end = (at + lengths.next().unwrap()).min(all.len());
        let mut batch = Batch::new();
        put(&arn(), &all[at..end], &places[at..end], &mut payloads, &mut batch);
        store.commit(batch).unwrap();
        at = end;
    }
    all
}

fn ids(page: &Page<HistoryEvent>) -> Vec<u64> {
    page.items.iter().map(|event| event.id.0).collect()
}

#[test]
fn pages_begin_in_the_middle_of_records_in_both_directions() {
    for lengths in [&[1][..], &[2, 5, 1], &[1000], &[4], &[3]] {
        let store = MemoryStore::new();
        let facts = written(&store, 20, lengths, &Payload::from_text("{}").unwrap());
        let arn = arn();
        let log = FactLog::new(&store, &arn);
        assert_eq!(log.all().unwrap(), facts, "{lengths:?}");
        assert_eq!(log.last_event().unwrap(), EventId(20));
        assert_eq!(log.first().unwrap().first(), facts.first());
        for after in 0..=20 {
            let from = Some(EventId(after)).filter(|event| event.0 > 0);
            let page = log.events(from, 4, Direction::Forward).unwrap();
            let expected: Vec<u64> = (after + 1..=20).take(4).collect();
            assert_eq!(ids(&page), expected, "{lengths:?} after {after}");
            assert_eq!(page.next.is_some(), after + 4 < 20);
            let page = log.events(Some(EventId(after + 1)), 4, Direction::Reverse).unwrap();
            let expected: Vec<u64> = (1..=after).rev().take(4).collect();
            assert_eq!(ids(&page), expected, "{lengths:?} before {}", after + 1);
        }
    }
}

#[test]
fn a_large_payload_is_stored_once_for_all_events_and_records() {
    let store = MemoryStore::new();
    let text: String = (0..LARGE).map(|n| char::from(b'a' + (n * n % 26) as u8)).collect();
    let input = Payload::from_text(format!("\"{text}\"")).unwrap();
    let facts = written(&store, 300, &[7, 40], &input);
    let arn = arn();
    assert_eq!(FactLog::new(&store, &arn).all().unwrap(), facts);
    let records = store.scan(Table::Facts, KeyRange::all(), Direction::Forward, 1000).unwrap().records;
    let payloads = records.iter().filter(|(key, _)| *key >= keys::large_payload(&arn, 0)).count();
    assert_eq!(payloads, 1);
    let mut batch = Batch::new();
    let mut payloads = LargePayloads::new(99);
    FactLog::new(&store, &arn).load(&mut payloads).unwrap();
    let of_record = payloads.stored(&arn, &input, &mut batch);
    assert_eq!((of_record.as_reference(), batch.len()), (Some(0), 0));
    assert_eq!(FactLog::new(&store, &arn).whole(&of_record).unwrap(), input);
    let small = Payload::from_text("{}").unwrap();
    assert_eq!(FactLog::new(&store, &arn).whole(&payloads.stored(&arn, &small, &mut batch)).unwrap(), small);
    // A later process goes on with what is stored.
    let mut payloads = LargePayloads::new(99);
    FactLog::new(&store, &arn).load(&mut payloads).unwrap();
    let mut batch = Batch::new();
    put(&arn, &[event(301, &input)], &[(EventId(301), 0)], &mut payloads, &mut batch);
    assert_eq!(batch.len(), 1);
    let other = Payload::from_text(format!("\"{text}.\"")).unwrap();
    put(&arn, &[event(302, &other)], &[(EventId(302), 0)], &mut payloads, &mut batch);
    assert!(batch.writes().iter().any(|write| write.key() == keys::large_payload(&arn, 1)));
}

#[test]
fn a_record_of_the_first_format_holds_one_fact_and_is_read() {
    let store = MemoryStore::new();
    let fact = event(1, &Payload::from_text("{}").unwrap());
    let sequence = Fact::encode(std::slice::from_ref(&fact));
    // The first format has no length of the sequence.
    let mut single = vec![1];
    single.extend_from_slice(&sequence[2..]);
    let mut batch = Batch::new();
    batch.put(Table::Facts, keys::fact(&arn(), EventId(1), 0), single);
    store.commit(batch).unwrap();
    assert_eq!(FactLog::new(&store, &arn()).all().unwrap(), [fact]);
}

#[test]
fn damage_is_an_error_that_names_the_record() {
    let arn = arn();
    for record in [
        vec![],
        vec![9, 1],
        vec![COMPRESSED, 1],
        vec![COMPRESSED, 255, 255, 255, 255, 1],
        vec![COMPRESSED, 4, 0, 0, 0, 1],
    ] {
        let store = MemoryStore::new();
        let mut batch = Batch::new();
        batch.put(Table::Facts, keys::fact(&arn, EventId(1), 0), record);
        store.commit(batch).unwrap();
        let error = FactLog::new(&store, &arn).all().unwrap_err().to_string();
        assert!(error.contains("execution:m:e") && error.contains("facts"), "{error}");
    }
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    let lost = event(1, &StoredPayload::reference(4).0);
    put(&arn, &[lost], &[(EventId(1), 0)], &mut LargePayloads::new(0), &mut batch);
    store.commit(batch).unwrap();
    let error = FactLog::new(&store, &arn).all().unwrap_err().to_string();
    assert!(error.contains("missing"), "{error}");
}
