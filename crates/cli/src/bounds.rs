//! How much the service takes upon itself and how long it keeps what was, as the command line says.

use crate::descriptors;
use clap::{Args, ValueEnum};
use engine::{EngineConfig, TransitionQuota};
use lambda::HostConfig;
use server::TokenBuckets;
use std::time::Duration;

/// One of so many file descriptors may be a connection; the others are for the store, for functions and for calls.
const CONNECTION_SHARE: usize = 2;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Quotas, retention, concurrency.
#[derive(Clone, Debug, Args)]
pub(crate) struct Bounds {
    #[command(flatten)]
    pub(crate) functions: FunctionBounds,
    /// How often operations can be called and states entered: `aws` refuses calls where AWS would, with a
    /// ThrottlingException, and makes state transitions wait where AWS would
    #[arg(long, value_name = "WHOSE", default_value = "none")]
    quotas: QuotaSet,
    /// Days for which an execution is kept after it ended; 0 keeps them for ever
    #[arg(long, value_name = "DAYS", default_value_t = model::limits::RETENTION_DAYS, value_parser = clap::value_parser!(u64).range(0..=36_500))]
    retention_days: u64,
    /// Connections that are served at once; more are answered with a ThrottlingException. Fewer are served where the system
    /// gives the process fewer file descriptors than they need
    #[arg(long, value_name = "COUNT", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Express executions that run at once; more are answered with a ThrottlingException
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    express_executions: u32,
    /// Express executions that can still be looked at when they have ended, on GET /stepwright/v1/express-executions;
    /// with 0 none can
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    kept_express_executions: u32,
    /// MiB that these take at the most
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    kept_express_size: u32,
}

/// How functions are run.
#[derive(Clone, Debug, Args)]
pub(crate) struct FunctionBounds {
    /// Processes of functions that run at once; more calls wait
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    function_processes: u32,
    /// Seconds until a call of type Event whose function failed is made again, for each retry
    #[arg(long, value_name = "SECONDS", default_value = "60,120", value_delimiter = ',', num_args = 1, value_parser = clap::value_parser!(u64).range(0..=21_600))]
    event_retry_delays: Vec<u64>,
}

impl FunctionBounds {
    /// Sets what concerns the host of functions; one function has half of its processes at the most.
    pub(crate) fn set(&self, config: &mut HostConfig) {
        config.max_workers = usize::try_from(self.function_processes).unwrap_or(usize::MAX);
        config.max_workers_per_function = config.max_workers.div_ceil(2);
        config.event_retry_delays =
            self.event_retry_delays.iter().map(|seconds| Duration::from_secs(*seconds)).collect();
    }
}

/// Whose quotas hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum QuotaSet {
    None,
    Aws,
}

impl Bounds {
    /// Sets what concerns the engine.
    pub(crate) fn set(&self, config: &mut EngineConfig) {
        config.retention =
            (self.retention_days > 0).then(|| Duration::from_secs(self.retention_days * DAY_SECONDS));
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let region = &config.partition.region;
        config.transitions = (self.quotas == QuotaSet::Aws).then(|| TransitionQuota::of_region(region));
        config.express_executions = count(self.express_executions);
        config.kept_express_executions = count(self.kept_express_executions);
        config.kept_express_bytes = count(self.kept_express_size).saturating_mul(1024 * 1024);
    }

    /// How many connections are served at once, within what the system allows.
    pub(crate) fn connections(&self) -> usize {
        let asked = usize::try_from(self.max_connections).unwrap_or(usize::MAX);
        let allowed = descriptors::allowed() / CONNECTION_SHARE;
        if allowed < asked {
            tracing::warn!(
                asked,
                served = allowed,
                "fewer connections are served, because the limit of open files is low (ulimit -n)"
            );
        }
        asked.min(allowed).max(1)
    }

    /// The quotas on calls, if any hold.
    pub(crate) fn token_buckets(&self, region: &str) -> Option<TokenBuckets> {
        (self.quotas == QuotaSet::Aws).then(|| TokenBuckets::of_region(region))
    }
}
