//! What can be asked for on the command line.

use crate::bounds::Bounds;
use crate::environment;
use crate::error::CliError;
use crate::execution_log::ExecutionLog;
use crate::outside::Outside;
use crate::source;
use crate::step_functions_local::StepFunctionsLocal;
use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{Partition, StateMachineType};
use std::path::PathBuf;
use template::Substitutions;

/// Run AWS Step Functions workflows on your own machine.
///
/// Stepwright serves the AWS Step Functions API, so the AWS CLI, the SDKs and Terraform work with it unchanged, and it
/// runs the Lambda functions that the workflows call.
#[derive(Debug, Parser)]
#[command(name = "stepwright", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  stepwright dev examples/order-processing
  stepwright run order.asl.json --input '{\"total\": 12}' --functions functions
  stepwright validate *.asl.json
  stepwright graph order.asl.json -o order.svg";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<Serve>),
    Dev(Dev),
    Run(Run),
    Validate(Validate),
    Graph(Graph),
}

/// Serve the API of Step Functions and Lambda
///
/// Prints `stepwright listening on http://HOST:PORT` when it answers, and logs on stderr. SIGTERM and SIGINT end it: it
/// accepts no more, lets what is under way come to its end, and exits with 0; a second signal ends it at once. Executions
/// that still run go on when it is started again on the same data directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Environment:
  AWS_REGION, AWS_DEFAULT_REGION             the region, where --region does not say
  AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL  where functions are called that are not served here
  AWS_ENDPOINT_URL_LOGS, AWS_ENDPOINT_URL    where CloudWatch Logs is, for the logs of executions
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                                             the key that signs those calls
  LAMBDA_ENDPOINT, SQS_ENDPOINT, ..., AWS_ACCOUNT_ID, WAIT_TIME_SCALE
                                             as with Step Functions Local
  SFN_MOCK_CONFIG                            file of mocked integrations, in the format of
                                             Step Functions Local; read again when it changes
  STEPWRIGHT_*                               passed on to functions

Exit codes:
  0  told to end, and did
  1  could not start or go on
  2  the command line is wrong

Examples:
  stepwright serve
  stepwright serve --port 0 --in-memory
  stepwright serve --data-dir /var/lib/stepwright --functions functions --functions shared/functions
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083")]
pub(crate) struct Serve {
    /// The port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8083)]
    pub(crate) port: u16,
    /// The address to listen on; 0.0.0.0 for every network of this machine
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Where state machines, executions and functions are kept
    #[arg(long, value_name = "DIR", default_value = "./.stepwright")]
    pub(crate) data_dir: PathBuf,
    /// Keep everything in memory and forget it at the end
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) in_memory: bool,
    /// A folder of functions, each in a folder of its name: NAME/handler.py, NAME/index.mjs or NAME/bootstrap; may be
    /// given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) outside: Outside,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    #[command(flatten)]
    pub(crate) execution_log: ExecutionLog,
    #[command(flatten)]
    pub(crate) log: Log,
    #[command(flatten)]
    pub(crate) local: StepFunctionsLocal,
}

/// Serve a project folder and follow its changes
///
/// Every *.asl.json and *.asl.yaml in the folder is a state machine named after the file, and every folder in a folder `functions` is a
/// Lambda function. A changed file takes effect at once: executions that run keep their version, as with
/// UpdateStateMachine. A file with errors is shown with its errors, and the version before it stays.
#[derive(Debug, Args)]
#[command(after_help = "\
Environment and exit codes: as with `stepwright serve`.

Examples:
  stepwright dev .
  stepwright dev examples/order-processing --port 8090
  stepwright dev . --data-dir .stepwright      # executions survive a restart")]
pub(crate) struct Dev {
    /// The project folder
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8083)]
    pub(crate) port: u16,
    /// The address to listen on; 0.0.0.0 for every network of this machine
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Where state machines, executions and functions are kept [default: in memory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) filling: Filling,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) outside: Outside,
    #[command(flatten)]
    pub(crate) log: QuietLog,
}

/// Run one execution to its end and show it
///
/// Nothing is kept: the engine runs in this process and in memory. On a terminal the states are drawn as a live tree, with
/// times, retries, caught errors and results; elsewhere there is a line for each event that matters. Functions that send
/// task tokens back reach this execution at AWS_ENDPOINT_URL_SFN. Ctrl-C stops the execution.
#[derive(Debug, Args)]
#[command(after_help = "\
Environment: as with `stepwright serve`.

Exit codes:
  0  the execution succeeded
  1  it failed, or could not be started
  2  the command line or the input is wrong
  3  it timed out, by its own TimeoutSeconds or by --timeout
  4  it was aborted, by Ctrl-C for one

Examples:
  stepwright run order.asl.json --input '{\"total\": 12}'
  stepwright run order.asl.json --input @inputs/good.json --functions functions
  echo '[1, 2, 3]' | stepwright run sum.asl.json --input - --json | jq .total")]
pub(crate) struct Run {
    /// The definition; `-` reads the standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The input: JSON, @FILE, or `-` for the standard input
    #[arg(long, value_name = "INPUT", default_value = "{}")]
    pub(crate) input: String,
    /// A folder of functions; may be given several times [default: the folder `functions` beside FILE, if there is one]
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Vec<PathBuf>,
    /// The execution's name [default: a random one]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print the output alone
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop the execution when it has run that long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) timeout: Option<u64>,
    /// The state machine, by its key, where FILE is a template with several
    #[arg(long, value_name = "NAME")]
    pub(crate) machine: Option<String>,
    #[command(flatten)]
    pub(crate) filling: Filling,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) outside: Outside,
}

/// Check definitions and show what AWS would say about them
///
/// Every error and warning comes with AWS's code and message, the place in the definition, and the line it stands in.
/// Definitions are JSON or YAML; of a SAM or CloudFormation template every state machine is checked. Where a ${Placeholder}
/// has no value, something that fits is assumed.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  no file has errors (there may be warnings)
  1  a file has errors or cannot be read
  2  the command line is wrong

Examples:
  stepwright validate order.asl.json ship.asl.yaml template.yaml
  stepwright validate order.asl.json --substitution Table=orders --substitution @values.yaml
  stepwright validate --type EXPRESS --format json definitions/*.asl.json")]
pub(crate) struct Validate {
    /// Definitions to check; `-` reads the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The type of state machine that they are meant for [default: what a template says, else STANDARD]
    #[arg(long = "type", value_name = "TYPE", ignore_case = true)]
    pub(crate) machine_type: Option<MachineType>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) filling: Filling,
}

/// Draw a definition as a diagram
///
/// The format follows the name of the output: .svg is a picture that follows the reader's light or dark preference,
/// .dot is for Graphviz, .mmd is a Mermaid flowchart for Markdown pages. Definitions are JSON or YAML, by themselves
/// or in a SAM or CloudFormation template, and may have ${Placeholders}.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  drawn
  1  the definition has errors, or a file cannot be read or written
  2  the command line is wrong

Examples:
  stepwright graph order.asl.json -o order.svg
  stepwright graph order.asl.json -o order.mmd
  stepwright graph order.asl.json -o - --format dot | dot -Tpdf > order.pdf")]
pub(crate) struct Graph {
    /// The definition; `-` reads the standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write: a name that ends in .svg, .dot or .mmd, or `-` for the standard output
    #[arg(short, long, value_name = "OUTPUT")]
    pub(crate) output: PathBuf,
    /// The format, where the name of the output does not say it [default: svg for `-`]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<DiagramFormat>,
    /// The state machine, by its key, where FILE is a template with several
    #[arg(long, value_name = "NAME")]
    pub(crate) machine: Option<String>,
    #[command(flatten)]
    pub(crate) filling: Filling,
}

/// What is put in the place of CloudFormation's placeholders.
#[derive(Debug, Args)]
pub(crate) struct Filling {
    /// A value for the placeholder ${NAME}, or @FILE with many, as an object in JSON or YAML; may be given several times
    #[arg(long = "substitution", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<Substitution>,
}

impl Filling {
    /// The values; of several for a name the last.
    pub(crate) fn values(&self) -> Result<Substitutions, CliError> {
        let mut values = Substitutions::default();
        for given in self.substitutions.iter().rev() {
            match given {
                Substitution::Value(name, value) => values.add(name, value),
                Substitution::File(path) => source::read_values(path, &mut values)?,
            }
        }
        Ok(values)
    }
}

/// One value, or a file of them.
#[derive(Clone, Debug)]
enum Substitution {
    Value(String, String),
    File(PathBuf),
}

fn substitution(text: &str) -> Result<Substitution, String> {
    if let Some(path) = text.strip_prefix('@') {
        return Ok(Substitution::File(path.into()));
    }
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(Substitution::Value(name.to_owned(), value.to_owned())),
        Some(_) | None => Err("give NAME=VALUE or @FILE".to_owned()),
    }
}

/// Which region and account ARNs name.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The region [default: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1]
    #[arg(long, visible_alias = "aws-region", value_name = "REGION", value_parser = region)]
    region: Option<String>,
    /// The account: twelve digits [default: AWS_ACCOUNT_ID, else 000000000000]
    #[arg(long, visible_alias = "aws-account", value_name = "ACCOUNT", value_parser = account)]
    account: Option<String>,
}

impl Place {
    /// The partition that the region belongs to, with the account.
    pub(crate) fn partition(&self) -> Result<Partition, CliError> {
        let checked = |variable, text: Option<String>, check: fn(&str) -> Result<String, String>| {
            let wrong = |text, problem| CliError::Variable { variable, text, problem };
            text.map(|text| check(&text).map_err(|problem| wrong(text, problem))).transpose()
        };
        let region = match &self.region {
            Some(region) => Some(region.clone()),
            None => checked("AWS_REGION or AWS_DEFAULT_REGION", environment::region(), region)?,
        };
        let account = match &self.account {
            Some(account) => Some(account.clone()),
            None => checked("AWS_ACCOUNT_ID", environment::account(), account)?,
        };
        let (region, account) = (region.as_deref(), account.as_deref());
        Ok(Partition::of(region.unwrap_or("us-east-1"), account.unwrap_or("000000000000")))
    }
}

fn region(text: &str) -> Result<String, String> {
    let is_region = !text.is_empty()
        && text.len() <= 32
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_region { Ok(text.to_owned()) } else { Err("a region looks like us-east-1".to_owned()) }
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

/// What is logged, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct Log {
    /// What to log: error, warn, info, debug, trace, or a filter such as engine=debug,info
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: String,
    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// The same where the command speaks for itself.
#[derive(Clone, Debug, Args)]
pub(crate) struct QuietLog {
    /// What to log: error, warn, info, debug, trace, or a filter such as engine=debug,info
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub(crate) log: String,
    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

impl From<&QuietLog> for Log {
    fn from(quiet: &QuietLog) -> Log {
        Log { log: quiet.log.clone(), log_format: quiet.log_format }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// The types of state machine.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum MachineType {
    Standard,
    Express,
}

impl From<MachineType> for StateMachineType {
    fn from(machine_type: MachineType) -> StateMachineType {
        match machine_type {
            MachineType::Standard => StateMachineType::Standard,
            MachineType::Express => StateMachineType::Express,
        }
    }
}

/// How `validate` reports.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

/// What `graph` writes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DiagramFormat {
    Svg,
    Dot,
    Mmd,
}
