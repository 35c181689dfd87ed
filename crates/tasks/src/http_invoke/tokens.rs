//! Tokens that authorization servers gave, kept until shortly before they end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long before its end a token is not used any more.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token counts at most; one whose server says nothing counts that long, unless it is refused before.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Tokens that are kept.
const MOST_TOKENS: usize = 1_000;

/// Tokens by what they were asked for with.
#[derive(Default)]
pub(crate) struct Tokens {
    kept: Mutex<HashMap<String, (String, Instant)>>,
}

impl Tokens {
    pub(super) fn get(&self, key: &str) -> Option<String> {
        let kept = self.lock();
        kept.get(key).filter(|(_, until)| *until > Instant::now()).map(|(token, _)| token.clone())
    }

    pub(super) fn keep(&self, key: String, token: &str, lasts: Option<Duration>) {
        let lasts = lasts.unwrap_or(LONGEST).min(LONGEST).saturating_sub(EARLY);
        if lasts.is_zero() {
            return;
        }
        let mut kept = self.lock();
        if kept.len() >= MOST_TOKENS {
            kept.clear();
        }
        kept.insert(key, (token.to_owned(), Instant::now() + lasts));
    }

    /// The token was refused; one that was put in its place in the meantime stays.
    pub(super) fn forget(&self, key: &str, token: &str) {
        let mut kept = self.lock();
        if kept.get(key).is_some_and(|(known, _)| known == token) {
            kept.remove(key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (String, Instant)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_count_until_shortly_before_their_end() {
        let tokens = Tokens::default();
        tokens.keep("short".into(), "a", Some(Duration::from_secs(20)));
        assert_eq!(tokens.get("short"), None);
        tokens.keep("long".into(), "b", Some(Duration::from_secs(600)));
        assert_eq!(tokens.get("long").as_deref(), Some("b"));
        tokens.forget("long", "another");
        assert_eq!(tokens.get("long").as_deref(), Some("b"));
        tokens.forget("long", "b");
        assert_eq!(tokens.get("long"), None);
    }
}
