//! `FunctionConfiguration`: the document most answers carry, and the settings requests bring.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check_length;
use super::errors::ApiError;
use crate::annex::read_number;
use crate::clock;
use crate::function::{
    FunctionSpec, LATEST, MEMORY_MB, Runtime, TIMEOUT_SECONDS, is_blank, is_reserved_variable,
    is_variable_name,
};
use crate::registry::{Entry, Origin};
use crate::store::Stored;

/// Bytes of all names and values of an environment. AWS: documented (4 KB).
const ENVIRONMENT_LIMIT: usize = 4_096;

/// The role shown for a function of a folder, which has none.
const FOLDER_ROLE: &str = "role/folder-function";

/// AWS's `FunctionConfiguration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionConfiguration {
    function_name: String,
    function_arn: String,
    runtime: String,
    role: String,
    handler: String,
    code_size: u64,
    description: String,
    timeout: u32,
    memory_size: u32,
    last_modified: String,
    code_sha256: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Value>,
    tracing_config: Value,
    revision_id: String,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    architectures: [&'static str; 1],
    ephemeral_storage: Value,
    snap_start: Value,
    logging_config: Value,
}

/// AWS's `Environment`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

impl FunctionConfiguration {
    /// Of `$LATEST`.
    pub(super) fn of(entry: &Entry) -> FunctionConfiguration {
        let (spec, arn) = (entry.function.spec.clone(), entry.function.arn.clone());
        FunctionConfiguration::from_parts(spec, Identity::of(entry), arn, LATEST.to_owned())
    }

    /// Of a version that was published.
    pub(super) fn of_version(entry: &Entry, number: u64, version: &Stored) -> FunctionConfiguration {
        let arn = format!("{}:{number}", entry.function.arn);
        let identity = Identity::of_stored(version);
        FunctionConfiguration::from_parts(version.spec.clone(), identity, arn, number.to_string())
    }

    /// Of the version that a qualifier leads to; `None` where there is none. An alias is in the ARN in place of the
    /// version that it leads to.
    pub(super) fn of_qualifier(entry: &Entry, qualifier: Option<&str>) -> Option<FunctionConfiguration> {
        let Some(qualifier) = qualifier.filter(|qualifier| *qualifier != LATEST) else {
            return Some(FunctionConfiguration::of(entry));
        };
        let alias = entry.annex.aliases.get(qualifier);
        let version = alias.map_or(qualifier, |alias| alias.version.as_str());
        let configuration = match read_number(version) {
            _ if version == LATEST => FunctionConfiguration::of(entry),
            Some(number) => {
                FunctionConfiguration::of_version(entry, number, entry.annex.versions.get(&number)?)
            }
            None => return None,
        };
        let function_arn = format!("{}:{qualifier}", entry.function.arn);
        Some(FunctionConfiguration { function_arn, ..configuration })
    }

    /// As lists of versions show it, where `$LATEST` has its version in the ARN too.
    pub(super) fn with_version_in_arn(self) -> FunctionConfiguration {
        let suffix = format!(":{}", self.version);
        let bare = self.function_arn.strip_suffix(&suffix).unwrap_or(&self.function_arn);
        FunctionConfiguration { function_arn: format!("{bare}{suffix}"), ..self }
    }

    fn from_parts(
        spec: FunctionSpec,
        identity: Identity,
        function_arn: String,
        version: String,
    ) -> FunctionConfiguration {
        let FunctionSpec { name, runtime, handler, timeout_seconds, memory_mb, environment, layers } = spec;
        let layers = layers.into_iter().map(|layer| json!({ "Arn": layer.arn, "CodeSize": layer.code_size }));
        let log_group = format!("/aws/lambda/{name}");
        FunctionConfiguration {
            function_arn,
            function_name: name,
            runtime: runtime.name,
            role: identity.role,
            handler,
            code_size: identity.code_size,
            description: identity.description,
            timeout: timeout_seconds,
            memory_size: memory_mb,
            last_modified: clock::last_modified(identity.last_modified),
            code_sha256: identity.code_sha256,
            version,
            environment: (!environment.is_empty()).then_some(Environment { variables: Some(environment) }),
            layers: layers.collect(),
            tracing_config: json!({ "Mode": "PassThrough" }),
            revision_id: identity.revision_id,
            state: "Active",
            last_update_status: "Successful",
            package_type: "Zip",
            architectures: [if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }],
            ephemeral_storage: json!({ "Size": 512 }),
            snap_start: json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }),
            logging_config: json!({ "LogFormat": "Text", "LogGroup": log_group }),
        }
    }
}

/// What a function of the API keeps beside its specification, and what stands for it in one of a folder.
struct Identity {
    role: String,
    description: String,
    code_size: u64,
    /// In base64.
    code_sha256: String,
    /// Milliseconds since 1970.
    last_modified: u64,
    revision_id: String,
}

impl Identity {
    fn of(entry: &Entry) -> Identity {
        match &entry.origin {
            Origin::Api(stored) => Identity::of_stored(stored),
            Origin::Folder { fingerprint, .. } => {
                let account = entry.function.arn.split(':').nth(4).unwrap_or_default();
                Identity {
                    role: format!("arn:aws:iam::{account}:{FOLDER_ROLE}"),
                    description: String::new(),
                    code_size: fingerprint.size,
                    code_sha256: BASE64.encode(fingerprint.sha256),
                    last_modified: fingerprint.modified_millis,
                    revision_id: fingerprint.revision_id(),
                }
            }
        }
    }

    fn of_stored(stored: &Stored) -> Identity {
        Identity {
            role: stored.role.clone(),
            description: stored.description.clone(),
            code_size: stored.code_size,
            code_sha256: base64_of_hex(&stored.code_sha256),
            last_modified: stored.last_modified,
            revision_id: stored.revision_id.clone(),
        }
    }
}

pub(super) fn base64_of_hex(hex: &str) -> String {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    BASE64.encode(bytes)
}

/// The settings that CreateFunction and UpdateFunctionConfiguration share. A member that is absent leaves what
/// was.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    pub(super) runtime: Option<String>,
    pub(super) role: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    pub(super) layers: Option<Vec<String>>,
}

impl Settings {
    /// Checks the settings and writes those that are there into `spec`.
    pub(super) fn apply(&self, spec: &mut FunctionSpec) -> Result<(), ApiError> {
        if let Some(name) = &self.runtime {
            spec.runtime = Runtime::parse(name).ok_or_else(|| unknown_runtime(name))?;
        }
        if let Some(handler) = &self.handler {
            if handler.is_empty() || handler.len() > 128 || handler.contains(is_blank) {
                let rule = "Member must satisfy regular expression pattern: [^\\s]+";
                return Err(ApiError::validation(handler, "handler", rule));
            }
            spec.handler.clone_from(handler);
        }
        if let Some(timeout) = self.timeout {
            spec.timeout_seconds = within(timeout, "timeout", TIMEOUT_SECONDS)?;
        }
        if let Some(memory) = self.memory_size {
            spec.memory_mb = within(memory, "memorySize", MEMORY_MB)?;
        }
        if let Some(environment) = &self.environment {
            let variables = environment.variables.clone().unwrap_or_default();
            check_environment(&variables)?;
            spec.environment = variables;
        }
        self.role.as_deref().map_or(Ok(()), check_role)?;
        self.description.as_deref().map_or(Ok(()), |text| check_length(text, "description", 256))
    }
}

fn unknown_runtime(name: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [python3.N, \
         nodejsN.x, provided, provided.al2, provided.al2023] or be a valid ARN"
    ))
}

fn within(value: i64, member: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, ApiError> {
    let (low, high) = (*range.start(), *range.end());
    match u32::try_from(value) {
        Ok(number) if range.contains(&number) => Ok(number),
        Ok(number) if number > high => {
            let rule = format!("Member must have value less than or equal to {high}");
            Err(ApiError::validation(&value.to_string(), member, &rule))
        }
        Ok(_) | Err(_) => {
            let rule = format!("Member must have value greater than or equal to {low}");
            Err(ApiError::validation(&value.to_string(), member, &rule))
        }
    }
}

fn check_role(role: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let valid = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && resource.strip_prefix("role").is_some_and(|name| name.len() > 1));
    if valid {
        return Ok(());
    }
    let rule = "Member must satisfy regular expression pattern: \
                arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
    Err(ApiError::validation(role, "role", rule))
}

fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|key| is_reserved_variable(key)).collect();
    if !reserved.is_empty() {
        return Err(ApiError::invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used \
             in this request: {}",
            reserved.join(", ")
        )));
    }
    if let Some(key) = variables.keys().find(|key| !is_variable_name(key)) {
        let rule = "Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+";
        return Err(ApiError::validation(key, "environment.variables", rule));
    }
    if let Some((key, _)) = variables.iter().find(|(_, value)| value.contains('\0')) {
        return Err(ApiError::invalid_parameter(format!(
            "The value of the variable {key} has a NUL character"
        )));
    }
    let size: usize = variables.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > ENVIRONMENT_LIMIT {
        return Err(ApiError::invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the {ENVIRONMENT_LIMIT} bytes limit."
        )));
    }
    Ok(())
}
