//! The environment variables of a worker.

use std::collections::BTreeMap;
use std::path::Path;

use crate::clock;
use crate::function::{Family, Function};
use crate::pool::Equipment;

/// A worker's whole environment. Nothing of the host's own is passed on but where programs and libraries are:
/// its credentials are not the function's.
pub(super) fn of(function: &Function, equipment: &Equipment, api_address: &str) -> BTreeMap<String, String> {
    let (config, spec) = (&equipment.config, &function.spec);
    let mut variables = BTreeMap::new();
    let mut set = |key: &str, value: String| drop(variables.insert(key.to_owned(), value));
    set("HOME", text(&equipment.home()));
    set("LANG", "en_US.UTF-8".to_owned());
    set("TZ", ":UTC".to_owned());
    set("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned());
    // As on AWS, where the code lies on a read-only disk: nothing is written into the user's folder.
    set("PYTHONDONTWRITEBYTECODE", "1".to_owned());
    set("PYTHONIOENCODING", "utf-8".to_owned());
    if !config.environment.iter().any(|(key, _)| key == "AWS_ACCESS_KEY_ID") {
        set("AWS_ACCESS_KEY_ID", "local".to_owned());
        set("AWS_SECRET_ACCESS_KEY", "local".to_owned());
        set("AWS_SESSION_TOKEN", "local".to_owned());
    }
    set("AWS_REGION", config.region.clone());
    set("AWS_DEFAULT_REGION", config.region.clone());
    variables.extend(search_paths(function));
    variables.extend(config.environment.iter().cloned());
    variables.extend(spec.environment.iter().map(|(key, value)| (key.clone(), value.clone())));
    add_module_paths(function, &mut variables);
    let mut set = |key: &str, value: String| drop(variables.insert(key.to_owned(), value));
    let (date, id) = (clock::log_stream_date(clock::now_millis()), uuid::Uuid::new_v4().simple());
    set("AWS_LAMBDA_RUNTIME_API", api_address.to_owned());
    set("_HANDLER", spec.handler.clone());
    set("LAMBDA_TASK_ROOT", text(function.root.path()));
    set("LAMBDA_RUNTIME_DIR", text(&equipment.bootstraps()));
    set("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone());
    set("AWS_LAMBDA_FUNCTION_VERSION", function.version.clone());
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned());
    set("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name));
    set("AWS_LAMBDA_LOG_STREAM_NAME", format!("{date}/[{}]{id}", function.version));
    set("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", spec.runtime.name));
    variables
}

/// Where programs and libraries are: the host's own paths first, as AWS has the system's, then the function's. A
/// function can set these itself. AWS: documented.
fn search_paths(function: &Function) -> Vec<(String, String)> {
    let (root, opt) = (function.root.path(), function.opt.as_ref().map(|opt| opt.path()));
    let mut programs: Vec<String> = std::env::var("PATH").ok().into_iter().collect();
    let mut libraries: Vec<String> = std::env::var("LD_LIBRARY_PATH").ok().into_iter().collect();
    libraries.extend([text(root), text(&root.join("lib"))]);
    if let Some(opt) = opt {
        programs.push(text(&opt.join("bin")));
        libraries.push(text(&opt.join("lib")));
    }
    let join = |paths: Vec<String>| {
        let paths: Vec<String> = paths.into_iter().filter(|path| !path.is_empty()).collect();
        paths.join(":")
    };
    vec![("PATH".to_owned(), join(programs)), ("LD_LIBRARY_PATH".to_owned(), join(libraries))]
}

/// Where the modules of the layers are, before what the function itself names.
fn add_module_paths(function: &Function, variables: &mut BTreeMap<String, String>) {
    let Some(opt) = function.opt.as_ref().map(|opt| opt.path()) else { return };
    let runtime = &function.spec.runtime;
    let (key, folders) = match runtime.family {
        Family::Python => {
            let site = format!("python/lib/{}/site-packages", runtime.name);
            ("PYTHONPATH", [site, "python".to_owned()])
        }
        Family::Node => {
            let own = runtime.name.trim_end_matches(".x").replace("nodejs", "node");
            ("NODE_PATH", [format!("nodejs/{own}/node_modules"), "nodejs/node_modules".to_owned()])
        }
        Family::Provided => return,
    };
    let of_layers = folders.iter().map(|folder| text(&opt.join(folder)));
    let paths: Vec<String> = of_layers.chain(variables.get(key).cloned()).collect();
    variables.insert(key.to_owned(), paths.join(":"));
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
