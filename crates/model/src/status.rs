//! Statuses and types, as the API spells them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A closed set of words of the API.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the service model.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word of the API.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }

            /// The value that the word names; words are case-sensitive.
            pub fn parse(word: &str) -> Option<$name> {
                match word {
                    $($word => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// How an execution stands.
    ExecutionStatus {
        /// It goes on.
        Running = "RUNNING",
        /// It reached a terminal state.
        Succeeded = "SUCCEEDED",
        /// It ended with an error.
        Failed = "FAILED",
        /// It ran out of time.
        TimedOut = "TIMED_OUT",
        /// It was stopped.
        Aborted = "ABORTED",
        /// It waits to be redriven.
        PendingRedrive = "PENDING_REDRIVE",
    }
}

words! {
    /// How a Map Run stands.
    MapRunStatus {
        /// It goes on.
        Running = "RUNNING",
        /// Its children ended well, or as well as its thresholds ask for.
        Succeeded = "SUCCEEDED",
        /// Too many children failed, or its items or results could not be read or written.
        Failed = "FAILED",
        /// Its execution does not wait for it any more.
        Aborted = "ABORTED",
    }
}

words! {
    /// How a state machine stands.
    StateMachineStatus {
        /// It can be started.
        Active = "ACTIVE",
        /// It is being deleted.
        Deleting = "DELETING",
    }
}

words! {
    /// The two kinds of state machine.
    StateMachineType {
        /// Durable, exactly once.
        Standard = "STANDARD",
        /// In memory.
        Express = "EXPRESS",
    }
}

words! {
    /// The eight types of state.
    StateType {
        /// Does work outside.
        Task = "Task",
        /// Waits for a time.
        Wait = "Wait",
        /// Passes its input on.
        Pass = "Pass",
        /// Ends well.
        Succeed = "Succeed",
        /// Ends with an error.
        Fail = "Fail",
        /// Branches on its input.
        Choice = "Choice",
        /// Runs branches at once.
        Parallel = "Parallel",
        /// Runs one workflow for each item.
        Map = "Map",
    }
}
