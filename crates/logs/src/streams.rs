//! The stream that the records of a machine go to, with what waits for it.

use crate::batch::Pending;
use aws::logs::LogStream;
use model::Timestamp;
use model::logging::log_group;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// How long records go to one stream.
const STREAM_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A machine, and the log group that it logs to: group ARN and machine name.
pub(crate) type Key = (Arc<str>, Arc<str>);

/// A stream, and what waits to be put into it.
pub(crate) struct Stream {
    pub(crate) target: LogStream,
    pub(crate) is_created: bool,
    opened_at: Instant,
    pub(crate) pending: VecDeque<Pending>,
    /// Whether a call is under way; one at a time keeps the order.
    pub(crate) is_busy: bool,
    /// Attempts in a row that failed.
    pub(crate) failures: u32,
    /// When the next attempt is due.
    pub(crate) due: Instant,
    /// As long as the log group counts as not there, what comes is dropped.
    pub(crate) missing_until: Option<Instant>,
}

impl Stream {
    /// A stream that is not created yet; `None` where the ARN names no log group.
    pub(crate) fn open((group_arn, machine): &Key) -> Option<Stream> {
        let (region, group) = log_group(group_arn)?;
        let target =
            LogStream { region: region.to_owned(), group: group.to_owned(), name: new_name(machine) };
        let now = Instant::now();
        Some(Stream {
            target,
            is_created: false,
            opened_at: now,
            pending: VecDeque::new(),
            is_busy: false,
            failures: 0,
            due: now,
            missing_until: None,
        })
    }

    /// Begins another stream where this one is old enough.
    pub(crate) fn renew(&mut self, machine: &str) {
        if !self.is_busy && self.opened_at.elapsed() >= STREAM_AGE {
            self.target.name = new_name(machine);
            self.is_created = false;
            self.opened_at = Instant::now();
        }
    }

    /// Whether nothing waits and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && !self.is_busy
    }
}

/// `states/MACHINE/2024-01-31-08-05/1f0c9a2e`. AWS: unconfirmed, as public reports show it.
fn new_name(machine: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).to_string();
    let minute = now.get(..16).unwrap_or_default().replace(['T', ':'], "-");
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("states/{machine}/{minute}/{}", unique.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_after_machine_minute_and_chance() {
        let name = new_name("order");
        let parts: Vec<&str> = name.split('/').collect();
        assert_eq!(
            (parts.len(), parts[0], parts[1], parts[2].len(), parts[3].len()),
            (4, "states", "order", 16, 8)
        );
        assert!(parts[2].chars().all(|c| c.is_ascii_digit() || c == '-'), "{name}");
        assert_ne!(new_name("order"), name);
    }

    #[test]
    fn only_the_arn_of_a_log_group_opens_one() {
        let group: Arc<str> = "arn:aws:logs:eu-west-1:1:log-group:/a/b:*".into();
        let stream = Stream::open(&(group, "m".into())).unwrap();
        assert_eq!((stream.target.region.as_str(), stream.target.group.as_str()), ("eu-west-1", "/a/b"));
        assert!(Stream::open(&("arn:aws:s3:::b".into(), "m".into())).is_none());
    }
}
