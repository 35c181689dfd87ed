//! What Tasks call and as whom, as the command line says.

use crate::environment;
use crate::error::CliError;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use tasks::{AssumeRoles, Connections, Policies, Routing, Tasks};

/// Roles, policies, routes, connections.
#[derive(Clone, Debug, Args)]
pub(crate) struct Outside {
    /// A file that says where Tasks call: AWS, an endpoint, a function, a mock; read again when it changes [default: with
    /// `dev` and `run`, stepwright.toml in the project or working directory, if there is one]
    #[arg(long, value_name = "FILE")]
    routing: Option<PathBuf>,
    /// Whether Tasks call with credentials of the state machine's role, from STS; auto: at AWS itself, or where
    /// AWS_ENDPOINT_URL_STS is set, and not for roles of the account 000000000000
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    assume_roles: When,
    /// Refuse what a role is not allowed: a folder of policies, ROLE.json each, or `iam` for what IAM has
    #[arg(long, value_name = "DIR|iam")]
    policies: Option<PathBuf>,
    /// A file of connections for HTTP Tasks, used before those of EventBridge
    #[arg(long, value_name = "FILE")]
    connections: Option<PathBuf>,
    /// Refuse calls of Tasks that would write to an account at AWS; emulators are written to
    #[arg(long)]
    read_only_aws: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Never,
    Auto,
    Always,
}

impl Outside {
    /// The routing file that is named, or the one of the folder.
    pub(crate) fn routing(&self, folder: Option<&Path>) -> Result<Option<Routing>, CliError> {
        Ok(match (&self.routing, folder) {
            (Some(path), _) => Some(Routing::at(path)?),
            (None, Some(folder)) => Routing::in_folder(folder)?,
            (None, None) => None,
        })
    }

    /// The settings, as far as they are said here.
    pub(crate) fn settings(&self, settings: aws::Settings) -> aws::Settings {
        if self.read_only_aws { settings.only_reading() } else { settings }
    }

    /// The Tasks that call as it is said here.
    pub(crate) fn tasks(&self, tasks: Tasks, routing: Option<Routing>) -> Result<Tasks, CliError> {
        let mut tasks = tasks.with_assumed_roles(match self.assume_roles {
            When::Never => AssumeRoles::Never,
            When::Auto => AssumeRoles::Auto,
            When::Always => AssumeRoles::Always,
        });
        if let Some(routing) = routing {
            tasks = tasks.with_routing(routing);
        }
        match &self.policies {
            Some(path) if path.as_os_str() == "iam" => tasks = tasks.with_policies(Policies::of_iam()),
            Some(path) => tasks = tasks.with_policies(Policies::in_folder(path)?),
            None => {}
        }
        if let Some(path) = &self.connections {
            tasks = tasks.with_connections(Connections::at(path, environment::variables())?);
        }
        Ok(tasks)
    }
}
