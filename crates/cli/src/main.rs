//! The `stepwright` binary: the only room of the house that prints, reads the environment and exits.
//!
//! `arguments` says what can be asked for, `commands` has one file for each command, `stack` puts the rooms together into
//! a running service, `terminal` is what a person sees, `graph` draws, and `error` decides what a failure looks like and
//! which exit code it gives.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the room that talks to people")]

mod arguments;
mod bounds;
mod commands;
mod descriptors;
mod environment;
mod error;
mod execution_log;
mod given;
mod graph;
mod logging;
mod source;
mod stack;
mod terminal;

use arguments::{Arguments, Command};
use clap::Parser as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Dev(arguments) => commands::dev::run(&arguments),
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Validate(arguments) => commands::validate::run(&arguments),
        Command::Graph(arguments) => commands::graph::run(&arguments),
    };
    outcome.unwrap_or_else(|error| error.report())
}
