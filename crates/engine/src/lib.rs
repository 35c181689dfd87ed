//! Owns running executions: mailboxes, timers, dispatch after commit, recovery.
