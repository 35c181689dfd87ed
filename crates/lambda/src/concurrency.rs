//! How many calls of each function are under way, and the bound that a function may have on them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::errors::{InvokeError, ThrottleReason};

/// The calls under way of every function that has any, those that wait for a worker among them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Concurrency {
    calls: Arc<Mutex<HashMap<String, usize>>>,
}

/// A call under way. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    of: Concurrency,
    function: String,
}

impl Concurrency {
    /// Takes a call of a function upon itself, unless as many as `reserved` are under way.
    pub(crate) fn enter(&self, function: &str, reserved: Option<u32>) -> Result<Permit, InvokeError> {
        let mut calls = self.lock();
        let under_way = calls.entry(function.to_owned()).or_default();
        if reserved.is_some_and(|limit| *under_way >= limit as usize) {
            if *under_way == 0 {
                calls.remove(function);
            }
            let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
            return Err(InvokeError::TooManyRequests { reason });
        }
        *under_way += 1;
        Ok(Permit { of: self.clone(), function: function.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut calls = self.of.lock();
        if let Some(under_way) = calls.get_mut(&self.function) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                calls.remove(&self.function);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_over_the_reserved_number_are_throttled_until_one_ends() {
        let calls = Concurrency::default();
        assert!(calls.enter("f", Some(0)).is_err());
        let one = calls.enter("f", Some(2)).unwrap();
        let _two = calls.enter("f", Some(2)).unwrap();
        let error = calls.enter("f", Some(2)).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.status()), ("Rate Exceeded.", 429));
        let _other = calls.enter("g", Some(1)).unwrap();
        drop(one);
        let _again = calls.enter("f", Some(2)).unwrap();
        let _unbounded = calls.enter("f", None).unwrap();
        assert_eq!(calls.lock().get("f"), Some(&3));
    }
}
