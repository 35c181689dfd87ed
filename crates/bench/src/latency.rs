//! What a durable transition adds at half load, beside the store's own commits at the same rate.

use crate::client::{at_rate, run};
use crate::rows::{Rows, percentile};
use crate::server::{Scratch, Server, pin_load_generator, unpin};
use crate::starts::{bare_commits, commits_at, create, start_request};
use crate::{Failure, workflows};
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: u64 = 64;
/// About what an execution of the five states takes on the disk.
const BYTES: f64 = 1500.0;

pub(crate) fn measure(
    rows: &mut Rows,
    binary: &Path,
    scratch: &Scratch,
    seconds: Duration,
) -> Result<(), Failure> {
    let folder = scratch.folder()?;
    let server = Server::stepwright(binary, Some(&folder.path().join("data")))?;
    pin_load_generator();
    let (full, half) = run(async {
        let arn = create(&server, &workflows::five_states()).await?;
        let input = workflows::input(200);
        let next = move |turn: &'static str| {
            let (arn, input) = (arn.clone(), input.clone());
            move |client: u64, count: u64| start_request(&arn, &format!("{turn}{client}-{count}"), &input)
        };
        let warm_up = Duration::from_millis(300);
        let full =
            crate::client::keep_busy(&server.address, CONNECTIONS, warm_up, seconds, next("full")).await?;
        let half =
            at_rate(&server.address, CONNECTIONS, full.per_second() / 2.0, seconds, next("half")).await?;
        Ok((full, half))
    })?;
    unpin();
    drop(server);
    let most = bare_commits(scratch, BYTES, seconds.mul_f64(0.5))?;
    let rate = (full.per_second() / 2.0).min(most.per_second() * 0.9);
    let bare = commits_at(scratch, BYTES, Some(rate), seconds)?;
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        rows.add(
            format!("durable_transition_half_load_{name}"),
            (percentile(&half.took, part), "ms"),
            (percentile(&bare.took, part), "the bare store's commits at that rate"),
        );
    }
    Ok(())
}
