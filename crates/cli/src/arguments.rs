//! What can be asked for on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::StateMachineType;
use std::path::PathBuf;

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
    Validate(Validate),
    Graph(Graph),
}

/// Check definitions and show what AWS would say about them
///
/// Every error and warning comes with AWS's code and message, the place in the definition, and the line it stands in.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  no file has errors (there may be warnings)
  1  a file has errors or cannot be read
  2  the command line is wrong

Examples:
  stepwright validate order.asl.json
  stepwright validate --type EXPRESS --format json definitions/*.asl.json")]
pub(crate) struct Validate {
    /// Definitions to check; `-` reads the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The type of state machine that they are meant for
    #[arg(long = "type", value_name = "TYPE", default_value = "STANDARD", ignore_case = true)]
    pub(crate) machine_type: MachineType,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
}

/// Draw a definition as a diagram
///
/// The format follows the name of the output: .svg is a picture that follows the reader's light or dark preference,
/// .dot is for Graphviz, .mmd is a Mermaid flowchart for Markdown pages. Templates with ${Placeholders} can be drawn too.
#[derive(Debug, Args)]
#[command(after_help = "\
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
