//! StartSyncExecution of five states over HTTP, beside the bare endpoint, in turns.

use crate::client::{Client, keep_busy, request, run};
use crate::rows::{Rows, median};
use crate::server::{Server, pin_load_generator, unpin};
use crate::{Failure, bare, workflows};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: u64 = 32;
const TURNS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(200);

pub(crate) fn measure(
    rows: &mut Rows,
    binary: &Path,
    previous: Option<&Path>,
    seconds: Duration,
) -> Result<(), Failure> {
    let bare = Server::start(&std::env::current_exe()?, &[bare::FLAG.into()])?;
    let ours = Server::stepwright(binary, None)?;
    let earlier = previous.map(|binary| Server::stepwright(binary, None)).transpose()?;
    pin_load_generator();
    for (name, bytes) in [("", 200), (" 10 KB", 10_000), (" 200 KB", 200_000)] {
        let input = workflows::input(bytes);
        let short = seconds.mul_f64(0.5);
        let [mut theirs, mut with_us, mut before] = [const { Vec::new() }; 3];
        for _ in 0..TURNS {
            with_us.push(turn(&ours, &input, short)?);
            theirs.push(turn(&bare, &input, short)?);
            before.extend(earlier.as_ref().map(|server| turn(server, &input, short)).transpose()?);
        }
        let rate = |turns: &[Turn]| median(turns.iter().map(|turn| turn.rate).collect());
        let cost = |turns: &[Turn]| median(turns.iter().map(|turn| turn.processor_micros).collect());
        let beside = "a bare axum endpoint";
        let of_ours = (rate(&with_us), "requests/s");
        rows.add(format!("express_http_vs_bare{name}"), of_ours, (rate(&theirs), beside));
        let spent = (cost(&with_us), "µs of processor");
        rows.add(format!("express_http_cost{name}"), spent, (cost(&theirs), beside));
        if !before.is_empty() {
            let beside = "the earlier binary";
            rows.add(format!("express_http_vs_previous{name}"), of_ours, (rate(&before), beside));
        }
    }
    unpin();
    Ok(())
}

struct Turn {
    rate: f64,
    processor_micros: f64,
}

fn turn(server: &Server, input: &str, measured: Duration) -> Result<Turn, Failure> {
    run(async {
        let mut client = Client::connect(&server.address).await?;
        let machine = workflows::machine("express", &workflows::five_states(), "EXPRESS");
        let created = client.call("CreateStateMachine", &machine).await?;
        // The bare endpoint creates nothing, and repeats what it is given.
        let arn = created["stateMachineArn"].as_str().filter(|arn| !arn.is_empty());
        let arn = arn.unwrap_or("arn:aws:states:us-east-1:000000000000:stateMachine:express");
        let body = json!({"stateMachineArn": arn, "input": input});
        let answer = client.call("StartSyncExecution", &body).await?;
        if answer["status"] != "SUCCEEDED" {
            return Err(format!("it answers {answer}").into());
        }
        let sent = request("StartSyncExecution", &body.to_string());
        let before = server.processor_seconds();
        let seen =
            keep_busy(&server.address, CONNECTIONS, WARM_UP, measured, move |_, _| sent.clone()).await?;
        let used = before.zip(server.processor_seconds()).map_or(f64::NAN, |(before, after)| after - before);
        let all = seen.per_second() * (measured + WARM_UP).as_secs_f64();
        Ok(Turn { rate: seen.per_second(), processor_micros: used * 1e6 / all })
    })
}
