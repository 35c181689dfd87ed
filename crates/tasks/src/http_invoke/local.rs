//! Connections from a file of this machine, in place of EventBridge's. Secrets stand in variables or in files of their own.

use crate::watched::Watched;
use json::{Object, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest secret that a file may hold, in bytes.
const SECRET_SIZE: u64 = 64 * 1024;

/// A file of connections, read again when it has changed. Clones share what was read.
#[derive(Clone)]
pub struct Connections {
    file: Arc<Watched<HashMap<String, ConnectionText>>>,
    folder: PathBuf,
    variables: Arc<HashMap<String, String>>,
}

/// Why a file of connections cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connections file {path} cannot be used: {problem}", path = path.display())]
pub struct ConnectionsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, and in which line.
    pub problem: String,
}

/// A connection as a Task uses it.
pub(super) struct Found {
    /// `BASIC`, `API_KEY`, `OAUTH_CLIENT_CREDENTIALS`, `NONE`
    pub(super) authorization: &'static str,
    /// What EventBridge's secret of such a connection holds.
    pub(super) secret: Object,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    connections: HashMap<String, ConnectionText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionText {
    authorization: Authorization,
    username: Option<SecretText>,
    password: Option<SecretText>,
    api_key_name: Option<SecretText>,
    api_key_value: Option<SecretText>,
    client_id: Option<SecretText>,
    client_secret: Option<SecretText>,
    oauth_endpoint: Option<SecretText>,
    http_method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, SecretText>,
    #[serde(default)]
    query: BTreeMap<String, SecretText>,
    #[serde(default)]
    body: BTreeMap<String, SecretText>,
    #[serde(default)]
    oauth: OauthText,
}

/// What goes to the authorization server beside who asks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OauthText {
    #[serde(default)]
    headers: BTreeMap<String, SecretText>,
    #[serde(default)]
    query: BTreeMap<String, SecretText>,
    #[serde(default)]
    body: BTreeMap<String, SecretText>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Authorization {
    Basic,
    ApiKey,
    OauthClientCredentials,
    None,
}

/// A text, or where it stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum SecretText {
    Plain(String),
    Reference(Reference),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Reference {
    Env(String),
    File(PathBuf),
}

impl Connections {
    /// The file at a path; `variables` are those that secrets may stand in. It has to be good now; one that is broken later
    /// fails the Tasks that use it until it is put right.
    pub fn at(
        path: impl Into<PathBuf>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Connections, ConnectionsError> {
        let path = path.into();
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let variables = Arc::new(variables.into_iter().collect());
        let connections = Connections { file: Arc::new(Watched::new(path, parse)), folder, variables };
        connections.read()?;
        Ok(connections)
    }

    fn read(&self) -> Result<Arc<HashMap<String, ConnectionText>>, ConnectionsError> {
        let unusable = |problem| ConnectionsError { path: self.file.path().to_owned(), problem };
        self.file.get().map_err(unusable)
    }

    /// The connection of that name; `None` where the file does not have it. An error says what is wrong.
    pub(super) fn find(&self, name: &str) -> Result<Option<Found>, String> {
        let read = self.read().map_err(|error| error.to_string())?;
        let Some(text) = read.get(name) else { return Ok(None) };
        let needed = |member: &str, text: &Option<SecretText>| match text {
            Some(text) => self.secret(text),
            None => Err(format!("it has no `{member}`")),
        };
        let mut secret = Object::new();
        let authorization = match text.authorization {
            Authorization::None => "NONE",
            Authorization::Basic => {
                secret.insert("username", needed("username", &text.username)?);
                secret.insert("password", needed("password", &text.password)?);
                "BASIC"
            }
            Authorization::ApiKey => {
                secret.insert("api_key_name", needed("api_key_name", &text.api_key_name)?);
                secret.insert("api_key_value", needed("api_key_value", &text.api_key_value)?);
                "API_KEY"
            }
            Authorization::OauthClientCredentials => {
                secret.insert("client_id", needed("client_id", &text.client_id)?);
                secret.insert("client_secret", needed("client_secret", &text.client_secret)?);
                secret.insert("oauth_endpoint", needed("oauth_endpoint", &text.oauth_endpoint)?);
                secret.insert("http_method", text.http_method.clone().unwrap_or_else(|| "POST".to_owned()));
                let OauthText { headers, query, body } = &text.oauth;
                secret.insert("oauth_http_parameters", self.parameters(headers, query, body)?);
                "OAUTH_CLIENT_CREDENTIALS"
            }
        };
        let parameters = self.parameters(&text.headers, &text.query, &text.body)?;
        secret.insert("invocation_http_parameters", parameters);
        Ok(Some(Found { authorization, secret }))
    }

    /// The parameters as EventBridge's secrets have them.
    fn parameters(
        &self,
        headers: &BTreeMap<String, SecretText>,
        query: &BTreeMap<String, SecretText>,
        body: &BTreeMap<String, SecretText>,
    ) -> Result<Value, String> {
        let list = |texts: &BTreeMap<String, SecretText>| -> Result<Value, String> {
            let one = |(key, text): (&String, &SecretText)| {
                Ok(Value::object([("key", key.clone()), ("value", self.secret(text)?)]))
            };
            Ok(Value::array(texts.iter().map(one).collect::<Result<_, String>>()?))
        };
        Ok(Value::object([
            ("header_parameters", list(headers)?),
            ("query_string_parameters", list(query)?),
            ("body_parameters", list(body)?),
        ]))
    }

    fn secret(&self, text: &SecretText) -> Result<String, String> {
        match text {
            SecretText::Plain(text) => Ok(text.clone()),
            SecretText::Reference(Reference::Env(name)) => {
                self.variables.get(name).cloned().ok_or_else(|| format!("the variable {name} is not set"))
            }
            SecretText::Reference(Reference::File(path)) => {
                let path = self.folder.join(path);
                let unreadable =
                    |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
                if std::fs::metadata(&path).map_err(unreadable)?.len() > SECRET_SIZE {
                    return Err(format!("{} has more than {SECRET_SIZE} bytes", path.display()));
                }
                let text = std::fs::read_to_string(&path).map_err(unreadable)?;
                Ok(text.trim_end_matches(['\n', '\r']).to_owned())
            }
        }
    }
}

/// Secrets are not shown.
impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("file", &self.file).finish_non_exhaustive()
    }
}

fn parse(text: &str) -> Result<HashMap<String, ConnectionText>, String> {
    let file: Result<FileText, toml::de::Error> = toml::from_str(text);
    file.map(|file| file.connections).map_err(|error| {
        let line = |start| text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        let line = error.span().map(|span| format!("line {}: ", line(span.start)));
        format!("{}{}", line.unwrap_or_default(), error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(text: &str) -> (tempfile::TempDir, Result<Connections, ConnectionsError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.toml");
        std::fs::write(&path, text).unwrap();
        let variables = [("SHOP_PASSWORD".to_owned(), "s3cret".to_owned())];
        (folder, Connections::at(path, variables))
    }

    #[test]
    fn secrets_stand_in_variables_and_files() {
        let (folder, connections) = connections(
            "[connections.shop]\nauthorization = \"BASIC\"\nusername = { file = \"user\" }\npassword = { env = \"SHOP_PASSWORD\" }\n\
             [connections.shop.headers]\nx-team = \"a\"\n",
        );
        let connections = connections.unwrap();
        assert!(
            connections
                .find("shop")
                .err()
                .unwrap()
                .ends_with("user cannot be read: No such file or directory (os error 2)")
        );
        std::fs::write(folder.path().join("user"), "ann\n").unwrap();
        let found = connections.find("shop").unwrap().unwrap();
        assert_eq!(found.authorization, "BASIC");
        let text = Value::from(found.secret).to_text();
        assert!(text.starts_with(r#"{"username":"ann","password":"s3cret","invocation_http_parameters":{"header_parameters":[{"key":"x-team","value":"a"}]"#), "{text}");
        assert!(connections.find("other").unwrap().is_none());
        assert!(!format!("{connections:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let problem = |text: &str| connections(text).1.err().unwrap().problem;
        let unknown = problem("[connections.a]\nauthorization = \"BASIC\"\nuser = \"x\"\n");
        assert!(unknown.starts_with("line 3: unknown field `user`"), "{unknown}");
        let kind = problem("[connections.a]\nauthorization = \"DIGEST\"\n");
        assert!(kind.starts_with("line 2: unknown variant `DIGEST`"), "{kind}");
        let (_folder, missing) =
            connections("[connections.a]\nauthorization = \"API_KEY\"\napi_key_name = \"k\"\n");
        assert_eq!(missing.unwrap().find("a").err().unwrap(), "it has no `api_key_value`");
        let (_folder, unset) =
            connections("[connections.a]\nauthorization = \"BASIC\"\nusername = { env = \"NOBODY\" }\n");
        assert_eq!(unset.unwrap().find("a").err().unwrap(), "the variable NOBODY is not set");
    }
}
