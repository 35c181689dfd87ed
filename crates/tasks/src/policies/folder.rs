//! A folder of policy documents.

use super::{PoliciesError, RolePolicies, read};
use crate::watched::Watched;
use iam::Policy;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Roles whose documents are kept in mind.
const MOST_ROLES: usize = 1_000;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    documents: Mutex<HashMap<String, Arc<Watched<Vec<Policy>>>>>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Folder {
        Folder { path, documents: Mutex::new(HashMap::new()) }
    }

    /// Whether every document can be read.
    pub(super) fn check(&self) -> Result<(), PoliciesError> {
        let unusable = |path: &Path, problem: String| PoliciesError { path: path.to_owned(), problem };
        let listed =
            std::fs::read_dir(&self.path).map_err(|error| unusable(&self.path, error.to_string()))?;
        for entry in listed {
            let path = entry.map_err(|error| unusable(&self.path, error.to_string()))?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                Watched::new(&path, read).get().map_err(|problem| unusable(&path, problem))?;
            }
        }
        Ok(())
    }

    pub(super) fn of_role(&self, name: &str) -> Result<RolePolicies, String> {
        // The name goes into a path, so that it has to be one that IAM gives.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) || name.starts_with('.') {
            return Err(format!("{name:?} is no name of a role"));
        }
        let file = self.path.join(format!("{name}.json"));
        if !file.exists() {
            tracing::warn!(role = name, file = %file.display(), "the role has no policies, and is allowed nothing");
            return Ok(RolePolicies::default());
        }
        let document = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            if documents.len() >= MOST_ROLES {
                documents.clear();
            }
            documents.entry(name.to_owned()).or_insert_with(|| Arc::new(Watched::new(&file, read))).clone()
        };
        let policies = document.get().map_err(|problem| format!("{}: {problem}", file.display()))?;
        Ok(RolePolicies { policies: (*policies).clone(), boundary: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_what_its_file_says_now() {
        let folder = tempfile::tempdir().unwrap();
        let of = Folder::new(folder.path().to_owned());
        assert!(of.of_role("r").unwrap().policies.is_empty());
        let file = folder.path().join("r.json");
        let policy = r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#;
        std::fs::write(&file, policy).unwrap();
        assert_eq!(of.of_role("r").unwrap().policies.len(), 1);
        std::fs::write(&file, format!("[{policy},{policy}]")).unwrap();
        assert_eq!(of.of_role("r").unwrap().policies.len(), 2);
        std::fs::write(&file, r#"{"Statement":{"Effect":"Maybe"}}"#).unwrap();
        let problem = of.of_role("r").unwrap_err();
        assert!(
            problem.ends_with("r.json: statement 1 must have the Effect \"Allow\" or \"Deny\""),
            "{problem}"
        );
        let refused = of.check().unwrap_err().to_string();
        assert!(refused.contains("r.json cannot be used: statement 1 must have the Effect"), "{refused}");
        for name in ["", "../r", ".hidden", "a/b"] {
            assert!(of.of_role(name).is_err(), "{name}");
        }
    }
}
