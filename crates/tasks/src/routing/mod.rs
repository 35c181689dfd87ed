//! Where Tasks call: a file that says for services, or for what is called, whether it is AWS, an endpoint, a function that is
//! hosted here, or a mock.

mod file;

use crate::call::TaskCall;
use crate::function_name::FunctionName;
use crate::mock_config::Mocked;
use crate::watched::Watched;
use crate::{permissions, policies, requested_operation, services};
use aws::Endpoint;
use file::{Route, parse};
use json::Value;
use model::TaskResource;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file in a project's folder.
const FILE_NAME: &str = "stepwright.toml";

/// A routing file, read again when it has changed. Clones share what was read.
#[derive(Clone, Debug)]
pub struct Routing {
    file: Arc<Watched<Vec<Route>>>,
}

/// Why a routing file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the routing file {path} cannot be used: {problem}", path = path.display())]
pub struct RoutingError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, and in which line.
    pub problem: String,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Destination {
    /// The service's own address at AWS.
    Aws,
    Endpoint(Endpoint),
    /// The functions hosted here; the one of that name, where it is not the one that the call names.
    Functions {
        function: Option<String>,
    },
    Mock(Mocked),
}

impl Routing {
    /// The file at a path. It has to be good now; one that is broken later fails the calls until it is put right.
    pub fn at(path: impl Into<PathBuf>) -> Result<Routing, RoutingError> {
        let path = path.into();
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let routing = Routing { file: Arc::new(Watched::new(path, move |text| parse(text, &folder))) };
        routing.routes()?;
        Ok(routing)
    }

    /// The file `stepwright.toml` of a folder, if it is there.
    pub fn in_folder(folder: &Path) -> Result<Option<Routing>, RoutingError> {
        let path = folder.join(FILE_NAME);
        if path.is_file() { Routing::at(path).map(Some) } else { Ok(None) }
    }

    /// The folders of functions that it names.
    pub fn function_folders(&self) -> Result<Vec<PathBuf>, RoutingError> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in self.routes()?.iter().filter_map(|route| route.folder.as_ref()) {
            if !folders.contains(folder) {
                folders.push(folder.clone());
            }
        }
        Ok(folders)
    }

    /// Where the call goes; `None` where no route fits it.
    pub(crate) fn of(&self, call: &TaskCall) -> Result<Option<Destination>, RoutingError> {
        let routes = self.routes()?;
        if routes.is_empty() {
            return Ok(None);
        }
        let subject = Subject::of(call);
        Ok(routes.iter().find(|route| route.fits(&subject)).map(|route| route.to.clone()))
    }

    fn routes(&self) -> Result<Arc<Vec<Route>>, RoutingError> {
        let unusable = |problem| RoutingError { path: self.file.path().to_owned(), problem };
        self.file.get().map_err(unusable)
    }
}

/// What a Task calls, in all the ways in which a route may name it.
pub(crate) struct Subject {
    /// `events` and `eventbridge`
    services: Vec<String>,
    action: String,
    /// The Task's Resource, the ARNs of what it calls, the URL of an HTTP Task.
    resources: Vec<String>,
}

impl Subject {
    fn of(call: &TaskCall) -> Subject {
        let mut resources = vec![call.resource.arn().to_string()];
        let parameters = call.parameters.value();
        let (service, action) = match &call.resource {
            TaskResource::LambdaFunction { .. } => ("lambda", "invoke"),
            // Its workers come for it; nobody calls it.
            TaskResource::Activity { .. } => ("activity", ""),
            TaskResource::Service { service, action, .. } => (&**service, &**action),
        };
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        if let (TaskResource::Service { .. }, "lambda" | "aws-sdk:lambda", Some(function)) =
            (&call.resource, service, text("FunctionName"))
        {
            let qualifier = text("Qualifier");
            let arn = FunctionName::parse(function).qualified_arn(&call.execution_arn, qualifier);
            resources.extend(arn.strip_suffix(":$LATEST").map(str::to_owned));
            resources.push(arn);
        }
        let (services, operation) = match service.strip_prefix("aws-sdk:") {
            Some(model) => {
                let optimised = services::OPTIMISED.iter().filter(|known| known.model == model);
                let mut names = vec![model.to_owned()];
                names.extend(optimised.map(|known| known.resource.to_owned()));
                (names, Some((model.to_owned(), action.to_owned())))
            }
            None => {
                let requested = requested_operation(service, action);
                let mut names = vec![service.to_owned()];
                names.extend(
                    requested.map(|operation| operation.model.to_owned()).filter(|name| name != service),
                );
                (names, requested.map(|operation| (operation.model.to_owned(), operation.action.to_owned())))
            }
        };
        if let Some((model, action)) = operation {
            let operation = model::sdk_names::capitalised(&action);
            let needed = permissions::needed(&model, &operation, parameters, policies::account(call));
            resources.extend(needed.into_iter().map(|one| one.resource).filter(|arn| arn != "*"));
        }
        for member in ["ApiEndpoint", "QueueUrl"] {
            resources.extend(text(member).map(str::to_owned));
        }
        Subject { services, action: action.to_owned(), resources }
    }
}
