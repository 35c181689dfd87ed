//! The facts of an execution on disk.
//!
//! Facts that become durable together are one record, compressed where that pays, so that an execution which runs through
//! in one go costs one write. A large payload is a record of its own, once for each execution, whatever number of events
//! carry it: a document that is handed from state to state is stored once. What an execution began with and how it ended
//! refer to the same records (`records.rs`).

use crate::error::EngineError;
use crate::keys;
use crate::page::Page;
use json::Payload;
use machine::Fact;
use model::history::StoredPayload;
use model::{EventId, ExecutionArn, HistoryEvent};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use store::{Batch, Direction, KeyRange, MAX_VALUE_BYTES, Store, Table, Walk};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Facts of one record at the most, so that a page of a long history reads little beside what it shows.
const RECORD_FACTS: usize = 128;
/// Bytes from which on a payload is stored apart.
const LARGE: usize = 1024;
/// Bytes below which compressing saves less than it costs.
const COMPRESSIBLE: usize = 256;
/// What stands before a record that is compressed (LZ4, behind its length as four bytes, the lowest first).
const COMPRESSED: u8 = 3;
/// What stands before the text of a payload.
const PLAIN: u8 = 1;

/// The large payloads of one execution that are stored already.
#[derive(Debug, Default)]
pub(crate) struct LargePayloads {
    next: u64,
    /// By a digest that nobody outside can foresee.
    known: HashMap<u128, u64>,
    seed: u64,
}

impl LargePayloads {
    /// None are stored; `seed` is a random number.
    pub(crate) fn new(seed: u64) -> LargePayloads {
        LargePayloads { seed, ..LargePayloads::default() }
    }

    /// What the fact says, with references in place of its large payloads, which go into the batch where they are new.
    fn without_large<'f>(
        &mut self,
        arn: &ExecutionArn,
        fact: &'f Fact,
        places: &mut HashMap<usize, u64>,
        batch: &mut Batch,
    ) -> Cow<'f, Fact> {
        if fact.payloads().all(|payload| payload.0.size() < LARGE) {
            return Cow::Borrowed(fact);
        }
        let mut fact = fact.clone();
        fact.replace_payloads(|payload| {
            let text = payload.0.text();
            if text.len() < LARGE {
                return;
            }
            let number = *places.entry(payload.0.place()).or_insert_with(|| self.number(arn, text, batch));
            *payload = StoredPayload::reference(number);
        });
        Cow::Owned(fact)
    }

    /// The payload as a record beside the facts holds it: a reference, where it is large.
    pub(crate) fn stored(
        &mut self,
        arn: &ExecutionArn,
        payload: &Payload,
        batch: &mut Batch,
    ) -> StoredPayload {
        if payload.size() < LARGE {
            return payload.clone().into();
        }
        StoredPayload::reference(self.number(arn, payload.text(), batch))
    }

    /// The number under which the text is stored, which it is from now on.
    fn number(&mut self, arn: &ExecutionArn, text: &str, batch: &mut Batch) -> u64 {
        let digest = xxh3_128_with_seed(text.as_bytes(), self.seed);
        *self.known.entry(digest).or_insert_with(|| {
            let number = self.next;
            self.next += 1;
            let mut record = vec![PLAIN];
            record.extend_from_slice(text.as_bytes());
            batch.put(Table::Facts, keys::large_payload(arn, number), compressed(record));
            number
        })
    }

    /// Keeps in mind a payload that was found in the store.
    fn found(&mut self, number: u64, payload: &StoredPayload) {
        self.next = self.next.max(number.saturating_add(1));
        self.known.insert(xxh3_128_with_seed(payload.0.text().as_bytes(), self.seed), number);
    }
}

/// Puts facts into a batch; each comes with its place: the event behind which it stands, and how far.
pub(crate) fn put(
    arn: &ExecutionArn,
    facts: &[Fact],
    places: &[(EventId, u64)],
    payloads: &mut LargePayloads,
    batch: &mut Batch,
) {
    // The facts hold their payloads meanwhile, so that a place is one payload's.
    let mut known_places = HashMap::new();
    for (facts, places) in facts.chunks(RECORD_FACTS).zip(places.chunks(RECORD_FACTS)) {
        let Some((event, place)) = places.first() else { return };
        let facts: Vec<Cow<'_, Fact>> =
            facts.iter().map(|fact| payloads.without_large(arn, fact, &mut known_places, batch)).collect();
        batch.put(Table::Facts, keys::fact(arn, *event, *place), compressed(Fact::encode(&facts)));
    }
}

/// The stored facts of one execution.
pub(crate) struct FactLog<'s> {
    store: &'s dyn Store,
    arn: &'s ExecutionArn,
    /// The large payloads that were read.
    payloads: RefCell<HashMap<u64, StoredPayload>>,
}

impl<'s> FactLog<'s> {
    pub(crate) fn new(store: &'s dyn Store, arn: &'s ExecutionArn) -> FactLog<'s> {
        FactLog { store, arn, payloads: RefCell::default() }
    }

    /// Every fact, in order.
    pub(crate) fn all(&self) -> Result<Vec<Fact>, EngineError> {
        let mut facts = Vec::new();
        for record in self.walk(keys::facts(self.arn), Direction::Forward) {
            facts.append(&mut record?);
        }
        Ok(facts)
    }

    /// Every fact, in order; what is stored apart is kept in mind.
    pub(crate) fn load(&self, payloads: &mut LargePayloads) -> Result<Vec<Fact>, EngineError> {
        let facts = self.all()?;
        self.payloads.borrow().iter().for_each(|(number, payload)| payloads.found(*number, payload));
        Ok(facts)
    }

    /// The payload that a record beside the facts holds, or refers to.
    pub(crate) fn whole(&self, payload: &StoredPayload) -> Result<Payload, EngineError> {
        match payload.as_reference() {
            Some(number) => Ok(self.large(number)?.0),
            None => Ok(payload.0.clone()),
        }
    }

    /// A page of the events behind the event `after` in the direction asked for.
    pub(crate) fn events(
        &self,
        after: Option<EventId>,
        limit: usize,
        direction: Direction,
    ) -> Result<Page<HistoryEvent>, EngineError> {
        let range = match (after, direction) {
            (None, _) => keys::facts(self.arn),
            (Some(event), Direction::Forward) => self.records_from(EventId(event.0.saturating_add(1)))?,
            (Some(event), Direction::Reverse) => keys::facts_before(self.arn, event),
        };
        let is_wanted = |event: &HistoryEvent| match (after, direction) {
            (None, _) => true,
            (Some(after), Direction::Forward) => event.id > after,
            (Some(after), Direction::Reverse) => event.id < after,
        };
        let mut items: Vec<HistoryEvent> = Vec::new();
        for facts in self.walk(range, direction) {
            let mut events: Vec<HistoryEvent> = facts?.into_iter().filter_map(Fact::into_event).collect();
            if direction == Direction::Reverse {
                events.reverse();
            }
            for event in events.into_iter().filter(is_wanted) {
                if items.len() == limit {
                    let next = items.last().map(|event| event.id.0.to_be_bytes().to_vec());
                    return Ok(Page { items, next });
                }
                items.push(event);
            }
        }
        Ok(Page { items, next: None })
    }

    /// The latest event; 0 where there is none.
    pub(crate) fn last_event(&self) -> Result<EventId, EngineError> {
        for facts in self.walk(keys::facts(self.arn), Direction::Reverse) {
            if let Some(event) = facts?.iter().rev().find_map(Fact::event) {
                return Ok(event.id);
            }
        }
        Ok(EventId(0))
    }

    /// The first record's facts.
    pub(crate) fn first(&self) -> Result<Vec<Fact>, EngineError> {
        self.walk(keys::facts(self.arn), Direction::Forward).next().unwrap_or(Ok(Vec::new()))
    }

    /// From the record on that holds the event: the last one that begins no later.
    fn records_from(&self, event: EventId) -> Result<KeyRange, EngineError> {
        let all = keys::facts(self.arn);
        let behind = Bound::Excluded(keys::fact(self.arn, event, 1));
        let up_to = KeyRange { end: behind, ..all.clone() };
        let record = self.store.scan(Table::Facts, up_to, Direction::Reverse, 1)?;
        Ok(match record.records.into_iter().next() {
            Some((key, _)) => KeyRange { start: Bound::Included(key), ..all },
            None => all,
        })
    }

    fn walk(
        &self,
        range: KeyRange,
        direction: Direction,
    ) -> impl Iterator<Item = Result<Vec<Fact>, EngineError>> + use<'_, 's> {
        Walk::new(self.store, Table::Facts, range, direction).map(|record| {
            let (key, bytes) = record?;
            self.read(&key, &bytes)
        })
    }

    fn read(&self, key: &[u8], bytes: &[u8]) -> Result<Vec<Fact>, EngineError> {
        let plain = plain(key, bytes)?;
        let mut facts = Fact::decode(&plain).map_err(|error| unreadable(key, error.to_string()))?;
        let mut outcome = Ok(());
        for fact in &mut facts {
            fact.replace_payloads(|payload| {
                if let Some(number) = payload.as_reference() {
                    match self.large(number) {
                        Ok(found) => *payload = found,
                        Err(error) => outcome = Err(error),
                    }
                }
            });
        }
        outcome.map(|()| facts)
    }

    fn large(&self, number: u64) -> Result<StoredPayload, EngineError> {
        if let Some(known) = self.payloads.borrow().get(&number) {
            return Ok(known.clone());
        }
        let key = keys::large_payload(self.arn, number);
        let bytes = self.store.get(Table::Facts, &key)?;
        let bytes =
            bytes.ok_or_else(|| unreadable(&key, "it is missing, though others refer to it".into()))?;
        let plain = plain(&key, &bytes)?;
        let text = match plain.split_first() {
            Some((&PLAIN, text)) => std::str::from_utf8(text).map_err(|e| unreadable(&key, e.to_string()))?,
            _ => return Err(unreadable(&key, "it is no payload that this program knows".into())),
        };
        let payload = StoredPayload(Payload::from_stored_text(Arc::<str>::from(text)));
        self.payloads.borrow_mut().insert(number, payload.clone());
        Ok(payload)
    }
}

/// The record, or the same compressed where that is shorter by a tenth.
fn compressed(record: Vec<u8>) -> Vec<u8> {
    if record.len() < COMPRESSIBLE {
        return record;
    }
    let mut shorter = vec![COMPRESSED];
    shorter.append(&mut lz4_flex::compress_prepend_size(&record));
    if shorter.len() < record.len() / 10 * 9 { shorter } else { record }
}

fn plain<'b>(key: &[u8], bytes: &'b [u8]) -> Result<Cow<'b, [u8]>, EngineError> {
    let Some((&COMPRESSED, shorter)) = bytes.split_first() else { return Ok(Cow::Borrowed(bytes)) };
    let length = shorter.first_chunk().map_or(usize::MAX, |length| u32::from_le_bytes(*length) as usize);
    if length > MAX_VALUE_BYTES {
        return Err(unreadable(key, "the length in it is none that was ever written".into()));
    }
    let plain = lz4_flex::decompress_size_prepended(shorter);
    plain.map(Cow::Owned).map_err(|error| unreadable(key, error.to_string()))
}

fn unreadable(key: &[u8], problem: String) -> EngineError {
    EngineError::Record { key: format!("{} in table {}", store::key::printable(key), Table::Facts), problem }
}

#[cfg(test)]
mod tests;
