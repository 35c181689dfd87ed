//! Several layers as one directory. A later layer's file takes the place of an earlier one's, as under `/opt`.

use std::fs::{self, FileType};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError};

/// Layers of one function. AWS: documented.
pub(crate) const LAYER_LIMIT: usize = 5;
/// Bytes of all layers of a function. AWS: documented (250 MB, the function's code included).
const SIZE_LIMIT: u64 = 262_144_000;
/// Files and directories of all layers of a function.
const ENTRY_LIMIT: usize = 50_000;
/// Directories in directories.
const DEPTH_LIMIT: usize = 64;

/// Where a layer's content comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder or a zip file of the user's, which is copied.
    Path(PathBuf),
    /// An archive.
    Archive(Vec<u8>),
}

/// Lays the layers, the lowest first, over each other below `root`, an empty directory.
pub(crate) fn lay_over(layers: &[Source], root: &Path) -> Result<(), ArchiveError> {
    let mut room = Room { bytes: SIZE_LIMIT, entries: ENTRY_LIMIT };
    for layer in layers {
        match layer {
            Source::Path(path) if path.is_dir() => merge(path, root, Way::Copy, &mut room, 0)?,
            Source::Path(path) => {
                archive::check_zipped_size(fs::metadata(path)?.len())?;
                lay_archive(&fs::read(path)?, root, &mut room)?;
            }
            Source::Archive(bytes) => lay_archive(bytes, root, &mut room)?,
        }
    }
    Ok(())
}

/// An archive is laid out by itself first, so that none of its files is written through a link of a lower layer.
fn lay_archive(bytes: &[u8], root: &Path, room: &mut Room) -> Result<(), ArchiveError> {
    let parent = root.parent().unwrap_or(root);
    let own = tempfile::Builder::new().prefix("layer-").tempdir_in(parent)?;
    archive::unpack(bytes, own.path())?;
    merge(own.path(), root, Way::Move, room, 0)
}

/// What may still be laid out.
struct Room {
    bytes: u64,
    entries: usize,
}

#[derive(Clone, Copy)]
enum Way {
    Copy,
    Move,
}

fn merge(from: &Path, to: &Path, way: Way, room: &mut Room, depth: usize) -> Result<(), ArchiveError> {
    if depth > DEPTH_LIMIT {
        return Err(io::Error::other(format!("{} lies too deep", from.display())).into());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        room.entries = room.entries.checked_sub(1).ok_or(ArchiveError::TooManyEntries)?;
        clear(&target, kind)?;
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            merge(&source, &target, way, room, depth + 1)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            let size = entry.metadata()?.len();
            room.bytes = room.bytes.checked_sub(size).ok_or(ArchiveError::LayersTooLarge)?;
            match way {
                Way::Copy => fs::copy(&source, &target).map(drop)?,
                Way::Move => fs::rename(&source, &target)?,
            }
        }
    }
    Ok(())
}

/// Removes what a lower layer has at that place, unless both are directories, which become one.
fn clear(target: &Path, kind: FileType) -> io::Result<()> {
    let Ok(there) = fs::symlink_metadata(target) else { return Ok(()) };
    match (there.is_dir(), kind.is_dir()) {
        (true, true) => Ok(()),
        (true, false) => fs::remove_dir_all(target),
        (false, _) => fs::remove_file(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_later_layer_takes_the_place_of_an_earlier_ones_files() {
        let low = folder(&[("python/a.py", "low"), ("python/b.py", "low"), ("x", "a file"), ("y/in", "1")]);
        let high = folder(&[("python/b.py", "high"), ("x/in", "a directory now"), ("y", "a file now")]);
        let outside = folder(&[("kept", "as it was")]);
        symlink(outside.path(), low.path().join("link")).unwrap();
        fs::create_dir(high.path().join("link")).unwrap();
        fs::write(high.path().join("link/kept"), "new").unwrap();
        let base = tempfile::tempdir().unwrap();
        let root = base.path().join("opt");
        fs::create_dir(&root).unwrap();
        let layers = [&low, &high].map(|folder| Source::Path(folder.path().to_owned()));
        lay_over(&layers, &root).unwrap();
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        assert_eq!((read("python/a.py").as_str(), read("python/b.py").as_str()), ("low", "high"));
        assert_eq!((read("x/in").as_str(), read("y").as_str()), ("a directory now", "a file now"));
        assert_eq!(read("link/kept"), "new");
        let untouched = fs::read_to_string(outside.path().join("kept")).unwrap();
        assert_eq!(untouched, "as it was", "nothing is written through a link");
    }

    #[test]
    fn what_is_no_layer_is_refused() {
        let files = folder(&[("no.zip", "not an archive")]);
        let root = tempfile::tempdir().unwrap();
        let lay = |name: &str| lay_over(&[Source::Path(files.path().join(name))], root.path());
        assert!(matches!(lay("no.zip"), Err(ArchiveError::Malformed)));
        assert!(matches!(lay("absent"), Err(ArchiveError::Io(_))));
    }
}
