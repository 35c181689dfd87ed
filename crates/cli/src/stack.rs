//! The rooms put together: listener, store, functions, tasks, engine and server as one running service.

use crate::arguments::Place;
use crate::bounds::Bounds;
use crate::environment;
use crate::error::CliError;
use crate::execution_log::ExecutionLog;
use crate::outside::Outside;
use crate::step_functions_local::StepFunctionsLocal;
use engine::{Engine, EngineConfig};
use lambda::{FunctionHost, HostConfig, Shutdown};
use logs::{Deliveries, LogGroups};
use model::{Partition, Timestamp};
use server::Api;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store};
use tasks::{Mocks, Routing, TaskLimits, Tasks};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long log records under way may take to arrive when a server ends.
const LOG_GRACE: Duration = Duration::from_secs(5);
/// How long requests under way may take to end.
const REQUEST_GRACE: Duration = Duration::from_secs(5);
/// How long calls of functions under way may take to come back when a server ends.
pub(crate) const CALL_GRACE: Duration = Duration::from_secs(5);

/// What a stack is started with.
pub(crate) struct StackConfig<'a> {
    pub(crate) place: &'a Place,
    /// Host and port of the API.
    pub(crate) address: (&'a str, u16),
    /// Where everything is kept; in memory where it is absent.
    pub(crate) data_dir: Option<&'a Path>,
    /// Folders of functions.
    pub(crate) functions: &'a [PathBuf],
    /// Whether a folder with something wrong in it is passed over.
    pub(crate) serves_without_functions: bool,
    /// How much the service takes upon itself; the defaults where it is absent.
    pub(crate) bounds: Option<&'a Bounds>,
    /// Where the logs of executions go.
    pub(crate) execution_log: &'a ExecutionLog,
    /// What Tasks call, and as whom.
    pub(crate) outside: &'a Outside,
    /// The folder whose routing file counts where none is named.
    pub(crate) project: Option<&'a Path>,
    /// What Step Functions Local would be told.
    pub(crate) local: Option<&'a StepFunctionsLocal>,
}

/// A running service.
pub(crate) struct Stack {
    /// What runs the executions.
    pub(crate) engine: Engine,
    /// What runs the functions.
    pub(crate) functions: FunctionHost,
    /// `http://127.0.0.1:8083`
    pub(crate) url: String,
    execution_log: Deliveries,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Stack {
    /// Starts everything; it answers when this returns.
    pub(crate) async fn start(config: StackConfig<'_>) -> Result<Stack, CliError> {
        let partition = config.place.partition()?;
        // The functions are told the port, so it comes first. Whoever connects early waits in the listener's queue.
        let listener = bind(config.address).await?;
        let address = listener.local_addr().map_err(CliError::Runtime)?;
        let url = format!("http://{address}");
        let store = open_store(config.data_dir)?;
        let routing = config.outside.routing(config.project)?;
        let routed = routing.as_ref().map(Routing::function_folders).transpose()?.unwrap_or_default();
        let functions = start_functions(&partition, &config, &routed, address).await?;
        // Workflows that call Step Functions call this one, unless they are pointed elsewhere.
        let mut settings = environment::aws_settings()?;
        if let Some(local) = config.local {
            settings = local.settings(settings)?;
        }
        let settings = config.outside.settings(settings.with_local("sfn", &reachable_url(address))?);
        let tasks = Tasks::new(Some(functions.clone()), Some(settings.client()), TaskLimits::default());
        let mut tasks = config.outside.tasks(tasks, routing)?;
        if let Some(path) = environment::mock_config() {
            tasks = tasks.with_mocks(Mocks::at(path));
        }
        let cloudwatch = config.execution_log.client()?;
        let destinations = config.execution_log.destinations(config.data_dir, cloudwatch.as_ref())?;
        let execution_log = Deliveries::start(destinations)?;
        let mut engine_config = EngineConfig::new(partition);
        let token_buckets =
            config.bounds.and_then(|bounds| bounds.token_buckets(&engine_config.partition.region));
        if let Some(bounds) = config.bounds {
            bounds.set(&mut engine_config);
        }
        engine_config.wait_scale = match config.local {
            Some(local) => local.wait_scale()?,
            None => 1.0,
        };
        engine_config.log = Arc::new(execution_log.clone());
        let engine = Engine::open(engine_config, store, Arc::new(tasks)).await?;
        let mut api = Api::new(engine.clone()).with_functions(functions.clone());
        api.token_buckets = token_buckets.map(Arc::new);
        api.log_groups = cloudwatch.map(LogGroups::new);
        api.limits.shutdown_grace = REQUEST_GRACE;
        if let Some(bounds) = config.bounds {
            api.limits.connections = bounds.connections();
        }
        let (stop, mut stopping) = watch::channel(false);
        let server = tokio::spawn(server::serve(listener, api, async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        Ok(Stack { engine, functions, url, execution_log, stop, server })
    }

    /// Accepts no more, lets what is under way end within bounds, makes everything durable and ends every process of a
    /// function. Calls of functions have `grace` to come back.
    pub(crate) async fn shutdown(self, grace: Duration) -> Result<(), CliError> {
        self.stop.send_replace(true);
        let served = self.server.await;
        self.engine.shutdown(grace).await;
        let Shutdown { kept_events, lost_events } = self.functions.shutdown().await;
        if kept_events > 0 {
            tracing::info!(events = kept_events, "events of functions wait on disk for the next start");
        }
        if lost_events > 0 {
            tracing::warn!(events = lost_events, "events of functions are lost: there is no data directory");
        }
        self.execution_log.flush(LOG_GRACE).await;
        match served {
            Ok(ended) => ended.map_err(CliError::Runtime),
            Err(panic) => Err(CliError::Runtime(std::io::Error::other(panic))),
        }
    }
}

async fn bind((host, port): (&str, u16)) -> Result<TcpListener, CliError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpListener::bind((host, port))
        .await
        .map_err(|error| CliError::Bind { address: format!("{host}:{port}"), error })
}

fn open_store(data_dir: Option<&Path>) -> Result<Arc<dyn Store>, CliError> {
    let Some(path) = data_dir else { return Ok(Arc::new(MemoryStore::new())) };
    let store = EmbeddedStore::open(path, &EmbeddedOptions::default())?;
    let torn = store.recovery().torn_bytes_dropped;
    if torn > 0 {
        tracing::warn!(bytes = torn, "dropped the torn last write, which was never acknowledged");
    }
    Ok(Arc::new(store))
}

async fn start_functions(
    partition: &Partition,
    config: &StackConfig<'_>,
    routed: &[PathBuf],
    address: SocketAddr,
) -> Result<FunctionHost, CliError> {
    let mut host = HostConfig::new(&*partition.region, &*partition.account);
    host.data_dir = config.data_dir.map(|path| path.join("functions"));
    host.environment = environment::for_functions(&reachable_url(address));
    if let Some(bounds) = config.bounds {
        bounds.functions.set(&mut host);
    }
    let host = FunctionHost::start(host).await?;
    for folder in config.functions.iter().chain(routed) {
        let loaded = match load(&host, folder) {
            Err(_) if config.serves_without_functions => continue,
            loaded => loaded?,
        };
        for function in loaded {
            tracing::info!(name = function.name, runtime = function.runtime.name, "serves a function");
        }
    }
    let resumed = host.resume_events()?;
    if resumed > 0 {
        tracing::info!(events = resumed, "calls the events of functions that an earlier run left");
    }
    Ok(host)
}

/// Loads a folder of functions, or says what is wrong with it.
pub(crate) fn load(host: &FunctionHost, folder: &Path) -> Result<Vec<lambda::LoadedFunction>, CliError> {
    host.load_folder(folder).map_err(|error| CliError::Functions { folder: folder.to_owned(), error })
}

/// The URL under which a process of this machine reaches the address: a wildcard is no address to call.
fn reachable_url(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("http://127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("http://[::1]:{}", v6.port()),
        SocketAddr::V4(_) | SocketAddr::V6(_) => format!("http://{address}"),
    }
}

/// The moment of the system's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Runs a command's future on a fresh runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let outcome = runtime.block_on(future);
    // What still blocks a thread, a read of the standard input for one, must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

/// The signals that tell the process to end: SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on they are this value's to handle.
    pub(crate) fn listen() -> Result<Signals, CliError> {
        let terminate = signal(SignalKind::terminate()).map_err(CliError::Runtime)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(CliError::Runtime)?;
        Ok(Signals { terminate, interrupt })
    }

    /// Resolves at the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }

    /// From here on the next one ends the process at once.
    pub(crate) fn end_at_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            // As a shell reports a process that SIGINT ended.
            std::process::exit(130);
        });
    }
}
