//! Laying out a function's zip archive, which comes from outside and is not to be trusted.

use std::fs::{self, OpenOptions};
use std::io::{self, Cursor, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;

/// Bytes of an archive. AWS: documented (50 MB, zipped, for direct upload).
const ZIPPED_LIMIT: usize = 52_428_800;
/// Bytes of everything in it. AWS: documented (250 MB).
const UNZIPPED_LIMIT: u64 = 262_144_000;
/// Files and directories in an archive.
const ENTRY_LIMIT: usize = 50_000;
/// Bytes of a symbolic link's target.
const LINK_LIMIT: u64 = 4_096;

/// Why an archive was refused. `Display` is AWS's message where there is one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    Malformed,
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
    #[error("Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")]
    TooLarge,
    // AWS: unconfirmed, the text SDK users report.
    #[error("Layers consume more than the available size of {UNZIPPED_LIMIT} bytes")]
    LayersTooLarge,
    #[error("Zipped size must be smaller than {ZIPPED_LIMIT} bytes")]
    ZippedTooLarge,
    #[error("The uploaded file has more than {ENTRY_LIMIT} entries")]
    TooManyEntries,
    #[error("The uploaded file holds '{0}', which would lie outside the function")]
    Outside(String),
    #[error("The uploaded file cannot be laid out: {0}")]
    Io(#[from] io::Error),
}

/// Refuses an archive of more bytes than can be uploaded.
pub(crate) fn check_zipped_size(bytes: u64) -> Result<(), ArchiveError> {
    if bytes > ZIPPED_LIMIT as u64 { Err(ArchiveError::ZippedTooLarge) } else { Ok(()) }
}

/// Lays the archive out below `root`, an empty directory.
///
/// Nothing is written outside `root`: names are checked, and symbolic links are made last, so that no file is
/// written through one.
pub(crate) fn unpack(archive: &[u8], root: &Path) -> Result<(), ArchiveError> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| ArchiveError::Malformed)?;
    match archive.len() {
        0 => return Err(ArchiveError::Empty),
        ENTRY_LIMIT.. => return Err(ArchiveError::TooManyEntries),
        _ => {}
    }
    let mut room = UNZIPPED_LIMIT;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| ArchiveError::Malformed)?;
        let name = entry.name().map_err(|_| ArchiveError::Malformed)?.into_owned();
        let path = entry.enclosed_name().ok_or_else(|| ArchiveError::Outside(name.clone()))?;
        let path = inside(&path).ok_or(ArchiveError::Outside(name))?;
        let target = root.join(&path);
        if entry.is_dir() {
            fs::create_dir_all(&target)?;
        } else if entry.is_symlink() {
            let mut text = String::new();
            (&mut entry).take(LINK_LIMIT).read_to_string(&mut text).map_err(|_| ArchiveError::Malformed)?;
            links.push((path, text));
        } else {
            let mode = entry.unix_mode().unwrap_or(0o644) & 0o755 | 0o600;
            room = write_file(&mut entry, &target, mode, room)?;
        }
    }
    links.into_iter().try_for_each(|(path, target)| link(root, &path, &target))
}

/// Writes one file and returns how many bytes may still follow. What is counted is what comes out, not what the
/// archive says.
fn write_file(entry: &mut impl io::Read, target: &Path, mode: u32, room: u64) -> Result<u64, ArchiveError> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(target)?;
    let written = io::copy(&mut entry.take(room + 1), &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
            ArchiveError::Malformed
        }
        _ => ArchiveError::Io(error),
    })?;
    room.checked_sub(written).ok_or(ArchiveError::TooLarge)
}

fn link(root: &Path, path: &Path, target: &str) -> Result<(), ArchiveError> {
    let outside = || ArchiveError::Outside(format!("{} -> {target}", path.display()));
    let parent = path.parent().unwrap_or(Path::new(""));
    if Path::new(target).is_absolute() {
        return Err(outside());
    }
    inside(&parent.join(target)).ok_or_else(outside)?;
    fs::create_dir_all(root.join(parent))?;
    Ok(symlink(target, root.join(path))?)
}

/// The path with its dots resolved by their letters; `None` when it leaves its root or is absolute.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(build: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        build(&mut writer);
        writer.finish().unwrap().into_inner()
    }

    fn options() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)
    }

    #[test]
    fn files_keep_their_place_and_their_right_to_run() {
        let bytes = archive(|zip| {
            zip.start_file("bootstrap", options().unix_permissions(0o755)).unwrap();
            zip.write_all(b"#!/bin/sh\n").unwrap();
            zip.start_file("lib/a.py", options()).unwrap();
            zip.write_all(b"A = 1\n").unwrap();
            zip.add_symlink("lib/b.py", "a.py", options()).unwrap();
        });
        let root = tempfile::tempdir().unwrap();
        unpack(&bytes, root.path()).unwrap();
        assert_eq!(fs::metadata(root.path().join("bootstrap")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_to_string(root.path().join("lib/b.py")).unwrap(), "A = 1\n");
    }

    #[test]
    fn names_and_links_that_lead_outside_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("code");
        fs::create_dir(&root).unwrap();
        for name in ["../evil", "a/../../evil"] {
            let bytes = archive(|zip| {
                zip.start_file(name, options()).unwrap();
                zip.write_all(b"x").unwrap();
            });
            assert!(matches!(unpack(&bytes, &root), Err(ArchiveError::Outside(_))), "{name}");
        }
        for target in ["/etc/passwd", "../..", "a/../../.."] {
            let bytes = archive(|zip| zip.add_symlink("link", target, options()).unwrap());
            assert!(matches!(unpack(&bytes, &root), Err(ArchiveError::Outside(_))), "{target}");
        }
        assert!(!parent.path().join("evil").exists());
    }

    #[test]
    fn a_file_is_not_written_through_a_link() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("code");
        fs::create_dir(&root).unwrap();
        let bytes = archive(|zip| {
            zip.add_symlink("dir", "sub", options()).unwrap();
            zip.start_file("dir/file", options()).unwrap();
            zip.write_all(b"x").unwrap();
        });
        assert!(unpack(&bytes, &root).is_err(), "the name is a directory and a link at once");
        assert!(!root.join("sub/file").exists());
    }

    #[test]
    fn what_is_no_archive_and_what_is_too_large_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(unpack(b"not a zip", root.path()), Err(ArchiveError::Malformed)));
        assert!(matches!(unpack(&archive(|_| {}), root.path()), Err(ArchiveError::Empty)));
        let mut source = io::repeat(0);
        let target = root.path().join("zeros");
        assert!(matches!(write_file(&mut source, &target, 0o644, 1000), Err(ArchiveError::TooLarge)));
    }
}
