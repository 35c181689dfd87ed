//! What a durable transition adds at half load, beside the store's own commits at the same rate.

use crate::client::{Seen, at_rate, keep_busy, run};
use crate::rows::{Rows, median, percentile};
use crate::server::{Scratch, Server, pin_load_generator, unpin};
use crate::starts::{bare_commits, commits_at, create, start_request};
use crate::{Failure, workflows};
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: u64 = 64;
/// So many, because the disk is not the same from one second to the next.
const TURNS: usize = 5;
/// About what an execution of the five states takes on the disk.
const BYTES: f64 = 1500.0;

pub(crate) fn measure(
    rows: &mut Rows,
    binary: &Path,
    scratch: &Scratch,
    seconds: Duration,
) -> Result<(), Failure> {
    let on_disk = |rate: Option<f64>, measured: Duration| {
        let folder = scratch.folder()?;
        starts(&Server::stepwright(binary, Some(&folder.path().join("data")))?, rate, measured)
    };
    // For longer than the rest, so that the store tidies up meanwhile as it does under a load that lasts.
    let full = on_disk(None, seconds * 4)?.per_second();
    let most = bare_commits(scratch, BYTES, seconds.mul_f64(0.5))?.per_second();
    let rate = (full / 2.0).min(most * 0.9);
    let [mut half, mut in_memory, mut bare] = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        half.push(on_disk(Some(rate), seconds)?);
        in_memory.push(starts(&Server::stepwright(binary, None)?, Some(rate), seconds)?);
        bare.push(commits_at(scratch, BYTES, Some(rate), seconds)?);
    }
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        let of = |turns: &[Seen]| median(turns.iter().map(|seen| percentile(&seen.took, part)).collect());
        let beside = "the bare store's commits at that rate";
        rows.add(format!("durable_transition_half_load_{name}"), (of(&half), "ms"), (of(&bare), beside));
        // Without what the request takes in any case.
        let added = (of(&half) - of(&in_memory), "ms more than in memory");
        rows.add(format!("durable_transition_added_{name}"), added, (of(&bare), beside));
    }
    Ok(())
}

/// StartExecution of the five states at a rate, or as often as the server answers.
fn starts(server: &Server, rate: Option<f64>, measured: Duration) -> Result<Seen, Failure> {
    pin_load_generator();
    let seen = run(async {
        let arn = create(server, &workflows::five_states()).await?;
        let input = workflows::input(200);
        let next = move |client: u64, count: u64| start_request(&arn, &format!("{client}-{count}"), &input);
        match rate {
            Some(rate) => at_rate(&server.address, CONNECTIONS, rate, measured, next).await,
            None => {
                let warm_up = Duration::from_millis(300);
                keep_busy(&server.address, CONNECTIONS, warm_up, measured, next).await
            }
        }
    });
    unpin();
    seen
}
