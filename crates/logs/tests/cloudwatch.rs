//! Delivery to a stand-in of CloudWatch Logs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use logs::{Deliveries, Destination, ExecutionLog, Found, LogGroups};
use std::time::Duration;
use support::{GROUP, LogsService, entry, message};

const PATIENCE: Duration = Duration::from_secs(30);

fn deliveries(service: &LogsService) -> Deliveries {
    Deliveries::start(vec![Destination::CloudWatch(service.client())]).unwrap()
}

#[tokio::test]
async fn records_arrive_in_a_stream_of_their_machine() {
    let service = LogsService::start(&["group"]).await;
    let log = deliveries(&service);
    log.log(entry("order", "e1", 5));
    log.log(entry("order", "e2", 3));
    log.log(entry("refund", "e3", 4));
    log.flush(PATIENCE).await;
    let streams = service.streams("group");
    assert_eq!(streams.len(), 2);
    let (order, refund) = (&streams[0], &streams[1]);
    assert!(order.0.starts_with("states/order/") && refund.0.starts_with("states/refund/"));
    let mut got: Vec<(i64, String)> = order.1.clone();
    got.sort();
    assert_eq!(got, [(3, message("e2", 3)), (5, message("e1", 5))]);
    assert_eq!(refund.1, [(4, message("e3", 4))]);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn what_comes_while_a_call_is_under_way_goes_into_the_next_one_together() {
    let service = LogsService::start(&["group"]).await;
    service.hold();
    let log = deliveries(&service);
    log.log(entry("m", "first", 1));
    service.until_asked("PutLogEvents").await;
    for at in 2..200 {
        log.log(entry("m", "later", at));
    }
    service.let_go();
    log.flush(PATIENCE).await;
    assert_eq!(service.streams("group")[0].1.len(), 199);
    assert!(service.count("PutLogEvents") <= 4, "{} calls", service.count("PutLogEvents"));
    assert_eq!(service.count("CreateLogStream"), 1);
}

#[tokio::test]
async fn a_service_that_throttles_is_asked_again() {
    let service = LogsService::start(&["group"]).await;
    service.fail_next(&[(400, "ThrottlingException"), (503, "ServiceUnavailableException")]);
    let log = deliveries(&service);
    log.log(entry("m", "e", 1));
    log.flush(PATIENCE).await;
    assert_eq!(service.streams("group")[0].1, [(1, message("e", 1))]);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn without_its_log_group_records_are_dropped_and_counted() {
    let service = LogsService::start(&[]).await;
    let log = deliveries(&service);
    log.log(entry("m", "e", 1));
    log.flush(PATIENCE).await;
    log.log(entry("m", "e", 2));
    log.flush(PATIENCE).await;
    assert_eq!(log.dropped(), 2);
    // The group is not asked for again at once.
    assert_eq!(service.count("CreateLogStream"), 1);
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_created_again() {
    let service = LogsService::start(&["group"]).await;
    let log = deliveries(&service);
    log.log(entry("m", "e", 1));
    log.flush(PATIENCE).await;
    service.delete_streams();
    log.log(entry("m", "e", 2));
    log.flush(PATIENCE).await;
    assert_eq!(service.streams("group")[0].1, [(2, message("e", 2))]);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn a_batch_that_is_refused_does_not_hold_up_the_next() {
    let service = LogsService::start(&["group"]).await;
    let log = deliveries(&service);
    log.log(entry("m", "e", 1));
    log.flush(PATIENCE).await;
    service.fail_next(&[(400, "InvalidParameterException")]);
    log.log(entry("m", "e", 2));
    log.flush(PATIENCE).await;
    log.log(entry("m", "e", 3));
    log.flush(PATIENCE).await;
    assert_eq!(service.streams("group")[0].1, [(1, message("e", 1)), (3, message("e", 3))]);
    assert_eq!(log.dropped(), 1);
}

#[tokio::test]
async fn a_flood_is_delivered_or_counted_and_never_waits() {
    let service = LogsService::start(&["group"]).await;
    service.hold();
    let log = deliveries(&service);
    let sent = 20_000;
    let began = std::time::Instant::now();
    for at in 0..sent {
        log.log(entry("m", "e", at));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    service.let_go();
    log.flush(PATIENCE).await;
    let arrived: usize = service.streams("group").iter().map(|(_, records)| records.len()).sum();
    assert_eq!(arrived as u64 + log.dropped(), sent as u64);
    assert!(arrived > 0);
}

#[tokio::test]
async fn a_log_group_is_found_by_its_whole_name() {
    let service = LogsService::start(&["group", "group-two"]).await;
    let groups = LogGroups::new(service.client());
    let arn = |name: &str| format!("arn:aws:logs:us-east-1:000000000000:log-group:{name}:*");
    assert_eq!(groups.find(&arn("group")).await, Found::Yes);
    assert_eq!(groups.find(&arn("grou")).await, Found::No);
    assert_eq!(groups.find("arn:aws:s3:::bucket").await, Found::No);
    service.fail_next(&[(500, "InternalFailure")]);
    assert_eq!(groups.find(&arn("group")).await, Found::Unknown);
}

#[tokio::test]
async fn a_delivery_is_announced_once() {
    let service = LogsService::start(&["group"]).await;
    let groups = LogGroups::new(service.client());
    groups.announce(GROUP).await;
    groups.announce(GROUP).await;
    let streams = service.streams("group");
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0].0, "log_stream_created_by_aws_to_validate_log_delivery_subscriptions");
    assert_eq!(streams[0].1.len(), 1);
}
