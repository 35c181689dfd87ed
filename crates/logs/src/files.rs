//! Files that are begun anew when they are full, the oldest given up: `executions.log`, `executions.log.1`, …

use crate::writer::Lines;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file that is written; older ones have a number behind it, the highest the oldest.
const NAME: &str = "executions.log";

/// A file of lines and those that were full before it.
pub(crate) struct RotatingFiles {
    directory: PathBuf,
    max_bytes: u64,
    max_files: u32,
    file: BufWriter<File>,
    length: u64,
    /// Whether the last write failed and may have left part of a line.
    is_torn: bool,
}

impl RotatingFiles {
    /// Goes on with the file in the directory, which is made where it is missing.
    pub(crate) fn open(directory: &Path, max_bytes: u64, max_files: u32) -> io::Result<RotatingFiles> {
        fs::create_dir_all(directory)?;
        let (file, length) = append(&directory.join(NAME))?;
        Ok(RotatingFiles {
            directory: directory.to_owned(),
            max_bytes: max_bytes.max(1),
            max_files: max_files.max(1),
            // A process that was killed may have left part of a line.
            is_torn: !ends_with_a_line(&directory.join(NAME), length)?,
            file: BufWriter::new(file),
            length,
        })
    }

    /// Begins a new file. Files beyond the count are overwritten by those after them.
    fn rotate(&mut self) -> io::Result<()> {
        self.file.flush()?;
        for number in (1..self.max_files).rev() {
            let older = self.numbered(number);
            let newer = self.numbered(number - 1);
            match fs::rename(newer, older) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        if self.max_files == 1 {
            fs::remove_file(self.numbered(0))?;
        }
        let (file, length) = append(&self.numbered(0))?;
        (self.file, self.length, self.is_torn) = (BufWriter::new(file), length, false);
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        match number {
            0 => self.directory.join(NAME),
            number => self.directory.join(format!("{NAME}.{number}")),
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let bytes = line.len() as u64 + 1;
        if self.length > 0 && self.length.saturating_add(bytes) > self.max_bytes {
            self.rotate()?;
        }
        if self.is_torn {
            // What could not be written is lost; the next line must not be joined to what was.
            let (file, length) = append(&self.numbered(0))?;
            let torn = std::mem::replace(&mut self.file, BufWriter::new(file));
            // Dropped without writing what it still holds.
            drop(torn.into_parts());
            self.length = length;
            if !ends_with_a_line(&self.numbered(0), length)? {
                self.file.write_all(b"\n")?;
                self.length += 1;
            }
            self.is_torn = false;
        }
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.length += bytes;
        Ok(())
    }
}

impl Lines for RotatingFiles {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        let outcome = self.write(line);
        self.is_torn |= outcome.is_err();
        outcome
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.file.flush();
        self.is_torn |= outcome.is_err();
        outcome
    }
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

fn ends_with_a_line(path: &Path, length: u64) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if length == 0 {
        return Ok(true);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn content(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join(name)).unwrap()
    }

    #[test]
    fn full_files_move_up_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = RotatingFiles::open(dir.path(), 10, 3).unwrap();
        for line in ["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff", "gggg"] {
            files.write_line(line).unwrap();
        }
        files.flush().unwrap();
        assert_eq!(names(dir.path()), ["executions.log", "executions.log.1", "executions.log.2"]);
        assert_eq!(content(dir.path(), "executions.log"), "gggg\n");
        assert_eq!(content(dir.path(), "executions.log.1"), "eeee\nffff\n");
        assert_eq!(content(dir.path(), "executions.log.2"), "cccc\ndddd\n");
    }

    #[test]
    fn a_line_longer_than_a_file_has_one_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = RotatingFiles::open(dir.path(), 4, 2).unwrap();
        for line in ["a-long-line", "b-long-line"] {
            files.write_line(line).unwrap();
        }
        files.flush().unwrap();
        assert_eq!(content(dir.path(), "executions.log"), "b-long-line\n");
        assert_eq!(content(dir.path(), "executions.log.1"), "a-long-line\n");
    }

    #[test]
    fn one_file_alone_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = RotatingFiles::open(dir.path(), 5, 1).unwrap();
        for line in ["aaaa", "bbbb"] {
            files.write_line(line).unwrap();
        }
        files.flush().unwrap();
        assert_eq!(names(dir.path()), ["executions.log"]);
        assert_eq!(content(dir.path(), "executions.log"), "bbbb\n");
    }

    #[test]
    fn a_new_process_goes_on_behind_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "whole\nto").unwrap();
        let mut files = RotatingFiles::open(dir.path(), 100, 2).unwrap();
        files.write_line("next").unwrap();
        files.flush().unwrap();
        assert_eq!(content(dir.path(), NAME), "whole\nto\nnext\n");
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(RotatingFiles::open(&dir.path().join("file/logs"), 10, 2).is_err());
    }
}
