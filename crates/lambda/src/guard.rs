//! Ends the workers when the host dies without doing so itself (`kill -9`, out of memory).
//!
//! A shell in a process group of its own reads the workers' process groups from a pipe whose other end only the
//! host holds. When the host is gone the pipe ends, and the shell kills every group it still knows and removes
//! the host's temporary directory. This covers functions in any language and their children, without a line of
//! code in them. The Python and Node bootstraps watch their parent besides, in case the shell is missing.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const SCRIPT: &str = r#"
groups=
while read -r change group; do
  if [ "$change" = + ]; then groups="$groups $group"; continue; fi
  kept=
  for g in $groups; do [ "$g" = "$group" ] || kept="$kept $g"; done
  groups=$kept
done
for g in $groups; do kill -s KILL -- "-$g"; done 2>/dev/null
/bin/rm -rf -- "$1"
"#;

/// The watching shell. Ends with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Option<Arc<Shell>>);

#[derive(Debug)]
struct Shell {
    pipe: Mutex<Option<std::fs::File>>,
    child: Mutex<Child>,
}

impl Guard {
    /// Starts the shell, which removes `directory` in the end. A machine without `/bin/sh` has no guard; the bootstraps' own watch remains.
    pub(crate) fn start(directory: &Path) -> Guard {
        let spawned = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .spawn();
        Guard(spawned.ok().map(|mut child| {
            let pipe = child.stdin.take().map(|stdin| std::fs::File::from(OwnedFd::from(stdin)));
            Arc::new(Shell { pipe: Mutex::new(pipe), child: Mutex::new(child) })
        }))
    }

    /// Puts a process group under watch until the answer is dropped.
    pub(crate) fn watch(&self, group: i32) -> Watched {
        self.write('+', group);
        Watched { guard: self.clone(), group }
    }

    /// The lines are far shorter than a pipe's atomic write and its buffer; the shell does nothing but read, so
    /// this does not block. A shell that was killed leaves a broken pipe, which is not worth an error.
    fn write(&self, change: char, group: i32) {
        if let Some(shell) = &self.0
            && let Some(pipe) = shell.pipe.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            let _ = pipe.write_all(format!("{change} {group}\n").as_bytes());
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

/// A process group under watch.
#[derive(Debug)]
pub(crate) struct Watched {
    guard: Guard,
    group: i32,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.guard.write('-', self.group);
    }
}
