//! Every failure of a command: its words, its hint, and its exit code. Nothing else decides how the process ends badly.

use engine::{EngineError, StartError};
use lambda::HostError;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use store::StoreError;

/// The exit code of a command that failed.
pub(crate) const FAILURE: u8 = 1;
/// The exit code of a command that was asked for in a wrong way; clap uses the same.
const USAGE: u8 = 2;
/// The exit code of an execution that timed out.
pub(crate) const TIMED_OUT: u8 = 3;
/// The exit code of an execution that was aborted.
pub(crate) const ABORTED: u8 = 4;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Read { path: PathBuf, error: io::Error },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}", path = path.display())]
    Write { path: PathBuf, error: io::Error },
    /// The standard output cannot be written.
    #[error("cannot write to the standard output: {0}")]
    Stdout(io::Error),
    /// A file is larger than any definition or input.
    #[error("{path} has more than {limit} bytes", path = path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    /// A file is not UTF-8.
    #[error("{path} is not UTF-8 text", path = path.display())]
    NotText { path: PathBuf },
    /// A definition has errors; they are shown already laid out.
    #[error("{name} is not a valid state machine")]
    InvalidDefinition { name: String, shown: String },
    /// A definition is longer than AWS takes.
    #[error("{path} has more than 1,048,576 characters", path = path.display())]
    TooLong { path: PathBuf },
    /// A template that makes no state machine.
    #[error("{path} is a template without a state machine", path = path.display())]
    NoMachine { path: PathBuf },
    /// A machine was named where there is one definition without a key.
    #[error("--machine names one of a template, and {path} is no template", path = path.display())]
    NoTemplate { path: PathBuf },
    /// A template that makes several, of which one is needed.
    #[error("which state machine of {path} is meant? It has {}", names.join(", "), path = path.display())]
    WhichMachine { path: PathBuf, names: Vec<String> },
    /// A definition that a template does not hold.
    #[error("the definition of {machine} is neither in {path} nor in a file that it names", path = path.display())]
    Elsewhere { path: PathBuf, machine: String },
    /// A file of values that holds something else.
    #[error("{path} is no object of names and values", path = path.display())]
    Substitutions { path: PathBuf },
    /// An output file has an ending that names no format.
    #[error("cannot tell the format of {path} from its name", path = path.display())]
    UnknownFormat { path: PathBuf },
    /// An execution's input is not JSON.
    #[error("the input is not JSON: {problem}")]
    Input { problem: String },
    /// A name that AWS would refuse.
    #[error("{name:?} is no name of an execution")]
    Name { name: String },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Bind { address: String, error: io::Error },
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A folder of functions cannot be used.
    #[error("the functions in {folder} cannot be served:\n{error}", folder = folder.display())]
    Functions { folder: PathBuf, error: HostError },
    /// The host of functions cannot start.
    #[error("the host of functions cannot start: {0}")]
    Host(#[from] HostError),
    /// The engine cannot start or go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The execution did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// AWS's settings cannot be read.
    #[error("AWS settings: {0}")]
    Settings(#[from] aws::SettingsError),
    /// The environment names a region or an account that is none.
    #[error("{variable} is {text:?}: {problem}")]
    Variable { variable: &'static str, text: String, problem: String },
    /// The factor of waits in the environment is none.
    #[error("WAIT_TIME_SCALE is {text:?}, which is no number from 0 to 1000")]
    WaitTimeScale { text: String },
    /// A routing file cannot be used.
    #[error(transparent)]
    Routing(#[from] tasks::RoutingError),
    /// A folder of policies cannot be used.
    #[error(transparent)]
    Policies(#[from] tasks::PoliciesError),
    /// A file of connections cannot be used.
    #[error(transparent)]
    Connections(#[from] tasks::ConnectionsError),
    /// Logs of executions are to go to CloudWatch Logs, and nothing says where that is.
    #[error("no endpoint of CloudWatch Logs is configured")]
    NoLogsEndpoint,
    /// Logs of executions cannot be written.
    #[error(transparent)]
    ExecutionLog(#[from] logs::DestinationError),
    /// A log filter that is none.
    #[error("{filter:?} is no log level or filter: {problem}")]
    LogFilter { filter: String, problem: String },
    /// A project folder that is none.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder { path: PathBuf },
    /// The system refused something that every process needs.
    #[error("the system refused: {0}")]
    Runtime(io::Error),
}

impl CliError {
    /// Prints the failure on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        self.print();
        ExitCode::from(self.exit_code())
    }

    /// Prints the failure on stderr.
    pub(crate) fn print(&self) {
        if let CliError::InvalidDefinition { shown, .. } = self {
            eprint!("{shown}");
        }
        eprintln!("error: {self}");
        if let Some(hint) = self.hint() {
            eprintln!("  hint: {hint}");
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            CliError::UnknownFormat { .. }
            | CliError::WhichMachine { .. }
            | CliError::NoTemplate { .. }
            | CliError::Substitutions { .. }
            | CliError::Input { .. }
            | CliError::Name { .. }
            | CliError::LogFilter { .. }
            | CliError::NoLogsEndpoint
            | CliError::Variable { .. }
            | CliError::WaitTimeScale { .. }
            | CliError::NotAFolder { .. } => USAGE,
            CliError::Read { .. }
            | CliError::Write { .. }
            | CliError::Stdout(_)
            | CliError::TooLarge { .. }
            | CliError::NotText { .. }
            | CliError::InvalidDefinition { .. }
            | CliError::TooLong { .. }
            | CliError::NoMachine { .. }
            | CliError::Elsewhere { .. }
            | CliError::Bind { .. }
            | CliError::Store(_)
            | CliError::Functions { .. }
            | CliError::Host(_)
            | CliError::Engine(_)
            | CliError::Start(_)
            | CliError::Settings(_)
            | CliError::Routing(_)
            | CliError::Connections(_)
            | CliError::Policies(_)
            | CliError::ExecutionLog(_)
            | CliError::Runtime(_) => FAILURE,
        }
    }

    /// What the user can do about it, where the words do not say so already.
    fn hint(&self) -> Option<&'static str> {
        match self {
            CliError::Read { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Some("check the path; `-` stands for the standard input")
            }
            CliError::UnknownFormat { .. } => {
                Some("end the name in .svg, .dot or .mmd, or name the format with --format")
            }
            CliError::WhichMachine { .. } => Some("name it with --machine, by its key in the template"),
            CliError::Elsewhere { .. } => Some("give the definition itself"),
            CliError::Substitutions { .. } => {
                Some("write them as {\"NAME\": \"VALUE\"} in JSON, or NAME: VALUE in YAML")
            }
            CliError::TooLarge { .. } => {
                Some("AWS takes definitions of at most 1,048,576 bytes and inputs of at most 262,144")
            }
            CliError::Input { .. } => {
                Some("give JSON, @FILE to read a file, or - to read the standard input")
            }
            CliError::Name { .. } => Some(
                "a name has 1 to 80 characters, without blanks, control characters and <>{}[]?*\"#%\\^|~`$&,;:/",
            ),
            CliError::Bind { error, .. } if error.kind() == io::ErrorKind::AddrInUse => Some(
                "another process has that port: stop it, choose another with --port, or let --port 0 find one",
            ),
            CliError::Bind { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                Some("ports below 1024 need special rights: choose a higher one with --port")
            }
            CliError::Bind { .. } => Some("--host takes an address of this machine, 127.0.0.1 for one"),
            CliError::Functions { error: HostError::File { .. }, .. } => Some(
                "a folder of functions holds one folder for each: NAME/handler.py, NAME/index.mjs or NAME/bootstrap",
            ),
            CliError::Settings(_) => {
                Some("an endpoint looks like http://localhost:4566; unset what is not needed")
            }
            CliError::Routing(_) => {
                Some("a route looks like: [[route]], service = \"dynamodb\", to = \"http://localhost:8000\"")
            }
            CliError::Policies(_) => Some(
                "a folder of policies holds ROLE.json for each role: a policy document of IAM, or a list of them",
            ),
            CliError::Connections(_) => Some(
                "a connection looks like: [connections.NAME], authorization = \"BASIC\", username = \"u\", password = { env = \"VARIABLE\" }",
            ),
            CliError::NoLogsEndpoint => Some("set AWS_ENDPOINT_URL_LOGS, http://localhost:4566 for one"),
            CliError::Read { .. }
            | CliError::Write { .. }
            | CliError::Stdout(_)
            | CliError::NotText { .. }
            | CliError::ExecutionLog(_)
            | CliError::InvalidDefinition { .. }
            | CliError::TooLong { .. }
            | CliError::NoMachine { .. }
            | CliError::NoTemplate { .. }
            | CliError::Store(_)
            | CliError::Functions { .. }
            | CliError::Host(_)
            | CliError::Engine(_)
            | CliError::Start(_)
            | CliError::LogFilter { .. }
            | CliError::Variable { .. }
            | CliError::WaitTimeScale { .. }
            | CliError::NotAFolder { .. }
            | CliError::Runtime(_) => None,
        }
    }
}
