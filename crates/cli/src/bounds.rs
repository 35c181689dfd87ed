//! How much the service takes upon itself and how long it keeps what was, as the command line says.

use clap::{Args, ValueEnum};
use engine::EngineConfig;
use server::Quotas;
use std::time::Duration;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Quotas, retention, concurrency.
#[derive(Clone, Debug, Args)]
pub(crate) struct Bounds {
    /// How often operations can be called: `aws` refuses calls where AWS would, with a ThrottlingException
    #[arg(long, value_name = "WHOSE", default_value = "none")]
    quotas: QuotaSet,
    /// Days for which an execution is kept after it ended; 0 keeps them for ever
    #[arg(long, value_name = "DAYS", default_value_t = model::limits::RETENTION_DAYS, value_parser = clap::value_parser!(u64).range(0..=36_500))]
    retention_days: u64,
    /// Express executions that run at once; more are answered with a ThrottlingException
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    express_executions: u32,
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
        config.express_executions = usize::try_from(self.express_executions).unwrap_or(usize::MAX);
    }

    /// The quotas on calls, if any hold.
    pub(crate) fn quotas(&self, region: &str) -> Option<Quotas> {
        (self.quotas == QuotaSet::Aws).then(|| Quotas::of_region(region))
    }
}
