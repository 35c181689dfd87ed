//! What a person sees.

pub(crate) mod diagnostic;
pub(crate) mod progress;
pub(crate) mod screen;
pub(crate) mod story;
pub(crate) mod tree;
pub(crate) mod words;

use std::io::{self, IsTerminal as _, Write as _};

/// Whether messages on stderr may be coloured: a terminal, and nobody asked for none (`NO_COLOR`).
pub(crate) fn colours_on_stderr() -> bool {
    io::stderr().is_terminal() && wants_colours()
}

/// Whether results on stdout may be coloured.
pub(crate) fn colours_on_stdout() -> bool {
    io::stdout().is_terminal() && wants_colours()
}

/// Whether lines on stdout can be drawn again in their place.
pub(crate) fn can_redraw() -> bool {
    io::stdout().is_terminal() && is_capable()
}

fn wants_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && is_capable()
}

fn is_capable() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes to stdout. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
