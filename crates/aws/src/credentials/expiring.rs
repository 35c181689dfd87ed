//! Credentials that end, found anew in time.

use super::{Credentials, NoCredentials};
use crate::moment::Moment;
use json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// How long before their end credentials are found anew.
const EARLY: Duration = Duration::from_secs(120);

/// Credentials and their end, if they have one.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) credentials: Credentials,
    pub(super) ends_at: Option<SystemTime>,
}

/// What was found last. Callers that come while it is looked for wait for it together.
#[derive(Debug, Default)]
pub(super) struct Expiring {
    found: Mutex<Option<Lease>>,
}

impl Expiring {
    /// What was found before, or what `find` finds.
    pub(super) async fn get<F>(&self, find: impl FnOnce() -> F) -> Result<Credentials, NoCredentials>
    where
        F: Future<Output = Result<Lease, NoCredentials>>,
    {
        let mut found = self.found.lock().await;
        let is_good = |lease: &&Lease| lease.ends_at.is_none_or(|end| end > SystemTime::now() + EARLY);
        if let Some(lease) = found.as_ref().filter(is_good) {
            return Ok(lease.credentials.clone());
        }
        let lease = find().await?;
        let credentials = lease.credentials.clone();
        *found = Some(lease);
        Ok(credentials)
    }
}

impl Lease {
    /// From the members that AWS's answers have, by the names that this one gives them.
    pub(super) fn from_members(
        document: &Value,
        [id, secret, token, expiration]: [&str; 4],
    ) -> Option<Lease> {
        let text = |name: &str| document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(Lease {
            credentials: Credentials {
                access_key_id: text(id)?.to_owned(),
                secret_access_key: text(secret)?.to_owned(),
                session_token: text(token).map(str::to_owned),
            },
            ends_at: document.get(expiration).and_then(Moment::read).map(system_time),
        })
    }
}

fn system_time(moment: Moment) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(moment.seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn credentials_are_found_anew_shortly_before_they_end() {
        let (expiring, count) = (Expiring::default(), AtomicU32::new(0));
        let get = async |lasts: u64| {
            let find = || {
                let n = count.fetch_add(1, Ordering::Relaxed);
                let lease = Lease {
                    credentials: Credentials::new(format!("id{n}"), "secret"),
                    ends_at: Some(SystemTime::now() + Duration::from_secs(lasts)),
                };
                std::future::ready(Ok(lease))
            };
            expiring.get(find).await.unwrap().access_key_id
        };
        assert_eq!(get(60).await, "id0");
        assert_eq!(get(3_600).await, "id1");
        assert_eq!(get(3_600).await, "id1");
    }
}
