//! Engines that break a rule, for the proof that the checks find it.

use engine::EngineConfig;
use json::Payload;
use model::TaskResource;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use tasks::{CancelFuture, TaskCall, TaskFuture, TaskRunner, Workflows};

/// A rule that the engine breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Every tenth call is made twice.
    CallsTwice,
    /// Every tenth call never comes back, whatever becomes of it.
    NeverComesBack,
    /// Executions stay in memory although they only wait.
    KeepsEverything,
    /// Timers of the next hours are not set: they are looked for when it is too late.
    ForgetsTimers,
}

impl Breach {
    /// Changes the settings, where they are what breaks it.
    pub(crate) fn change(self, config: &mut EngineConfig) {
        match self {
            Breach::KeepsEverything => config.idle_executions = 10_000,
            Breach::ForgetsTimers => config.clock = Arc::new(Stopped(config.clock.now())),
            Breach::CallsTwice | Breach::NeverComesBack => {}
        }
    }

    /// Changes how tasks are called, where that is what breaks it.
    pub(crate) fn wrap(self, tasks: Arc<dyn TaskRunner>) -> Arc<dyn TaskRunner> {
        match self {
            Breach::CallsTwice | Breach::NeverComesBack => {
                Arc::new(Broken { inner: tasks, breach: self, calls: AtomicUsize::new(0) })
            }
            Breach::KeepsEverything | Breach::ForgetsTimers => tasks,
        }
    }
}

/// A clock that stands still.
struct Stopped(model::Timestamp);

impl engine::Clock for Stopped {
    fn now(&self) -> model::Timestamp {
        self.0
    }
}

struct Broken {
    inner: Arc<dyn TaskRunner>,
    breach: Breach,
    calls: AtomicUsize,
}

impl TaskRunner for Broken {
    fn call(&self, call: TaskCall) -> TaskFuture {
        if !self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(10) {
            return self.inner.call(call);
        }
        match self.breach {
            Breach::NeverComesBack => Box::pin(std::future::pending()),
            _ => {
                let (first, second) = (self.inner.call(call.clone()), self.inner.call(call));
                Box::pin(async move {
                    let _ = first.await;
                    second.await
                })
            }
        }
    }

    fn watch(&self, call: TaskCall, submitted: Payload) -> TaskFuture {
        self.inner.watch(call, submitted)
    }

    fn cancel(&self, call: TaskCall, submitted: Payload) -> CancelFuture {
        self.inner.cancel(call, submitted)
    }

    fn supports(&self, resource: &TaskResource) -> bool {
        self.inner.supports(resource)
    }

    fn connect(&self, workflows: Weak<dyn Workflows>) {
        self.inner.connect(workflows);
    }
}
