//! What the engine complains of while it runs: panics, which its runtime catches, and errors in its log.

use std::cell::RefCell;
use std::io;
use std::panic;
use std::sync::{Arc, Mutex, Once, PoisonError};
use tracing::Level;

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What was complained of.
#[derive(Default)]
pub(crate) struct Complaints {
    pub(crate) panics: Vec<String>,
    pub(crate) errors: Vec<String>,
}

/// Runs something on this thread, and gives what was complained of meanwhile.
pub(crate) fn of<T>(action: impl FnOnce() -> T) -> (T, Complaints) {
    listen_to_panics();
    PANICS.with_borrow_mut(Vec::clear);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::ERROR)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    let result = tracing::subscriber::with_default(subscriber, action);
    let text = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let errors = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
    (result, Complaints { panics: PANICS.take(), errors })
}

/// Panics of every thread are printed as before; those of this one are kept too.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Nothing may panic in here; the thread's own store may be gone when it ends.
            let _ = PANICS
                .try_with(|panics| panics.try_borrow_mut().map(|mut panics| panics.push(info.to_string())));
            before(info);
        }));
    });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
