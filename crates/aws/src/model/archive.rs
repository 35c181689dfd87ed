//! The archive of all models, which is part of the binary.

use super::{Service, read};
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use zip::ZipArchive;

/// Made by tools/models.py: a deflated entry for each service.
const ARCHIVE: &[u8] = include_bytes!("../../models/services.zip");
/// No model is as large; the archive is our own, this only bounds a damaged one.
const LARGEST_MODEL: u64 = 16 * 1024 * 1024;

type Directory = Mutex<Option<ZipArchive<Cursor<&'static [u8]>>>>;

static DIRECTORY: LazyLock<Directory> =
    LazyLock::new(|| Mutex::new(ZipArchive::new(Cursor::new(ARCHIVE)).ok()));
static LOADED: LazyLock<RwLock<HashMap<Box<str>, Arc<Service>>>> = LazyLock::new(RwLock::default);

/// The model of a service: `dynamodb`. The first call for a service reads its model, which takes some milliseconds.
pub fn service(name: &str) -> Option<Arc<Service>> {
    if let Some(service) = LOADED.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return Some(service.clone());
    }
    let service = Arc::new(load(name)?);
    let mut loaded = LOADED.write().unwrap_or_else(PoisonError::into_inner);
    Some(loaded.entry(name.into()).or_insert(service).clone())
}

/// The names of all services, sorted.
pub fn services() -> Vec<String> {
    let directory = DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut names: Vec<String> = directory
        .iter()
        .flat_map(ZipArchive::file_names_raw)
        .filter_map(|name| String::from_utf8(name.to_vec()).ok())
        .collect();
    names.sort_unstable();
    names
}

fn load(name: &str) -> Option<Service> {
    let mut text = String::new();
    {
        let mut directory = DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = directory.as_mut()?.by_name(name).ok()?;
        entry.take(LARGEST_MODEL).read_to_string(&mut text).ok()?;
    }
    let document = json::parse(&text).ok()?;
    drop(text);
    read::service(name, &document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn every_model_can_be_read_and_every_reference_leads_somewhere() {
        let names = services();
        assert!(names.len() > 400, "{}", names.len());
        let mut operations = 0;
        for name in &names {
            let service = load(name).unwrap_or_else(|| panic!("{name} cannot be read"));
            operations += service.operations.len();
            let known =
                |reference: &crate::model::Reference| (reference.shape.0 as usize) < service.shapes.len();
            for operation in service.operations() {
                assert!(operation.input.iter().chain(&operation.output).all(known));
            }
            for shape in &service.shapes {
                match &shape.kind {
                    Kind::Structure(structure) => assert!(structure.members.iter().all(|m| known(&m.target))),
                    Kind::List(item) => assert!(known(item)),
                    Kind::Map { key, value } => assert!(known(key) && known(value)),
                    _ => {}
                }
            }
        }
        assert!(operations > 18_000, "{operations}");
    }

    #[test]
    fn operations_are_found_by_name_and_by_action() {
        let rds = service("rds").unwrap();
        assert_eq!(&*rds.action("describeDBInstances").unwrap().name, "DescribeDBInstances");
        assert!(rds.action("DescribeDBInstances").is_none());
        assert_eq!(&*rds.prefix, "Rds");
        assert!(service("nosuch").is_none());
    }
}
