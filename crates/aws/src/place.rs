//! Where a call goes: to a configured endpoint, or to the service's own address at AWS.

use crate::endpoints::{Endpoint, Endpoints};
use crate::error::{TransportError, TransportKind};
use crate::model::{EndpointTable, Operation, RegionalEndpoint, Service};
use crate::protocol::HttpRequest;
use json::Value;

/// Where a call goes and what its signature names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// The place of a call; `None` where the service is not in the region.
pub(crate) fn of(
    service: &Service,
    operation: &Operation,
    region: &str,
    endpoints: &Endpoints,
    request: &mut HttpRequest,
) -> Option<Place> {
    let signing_name = service.signing_name.to_string();
    if let Some(endpoint) = endpoints.get(&service.setting()) {
        // Configured endpoints are told apart by nothing but their address, so it stays as it is.
        return Some(Place { endpoint: endpoint.clone(), region: region.to_owned(), service: signing_name });
    }
    let table = service.endpoints.get(operation.endpoint)?;
    let entry = entry(table, region)?;
    let mut endpoint = Endpoint::parse(&entry.url.replace("{region}", region)).ok()?;
    if let Some(prefix) = &request.host_prefix {
        endpoint.authority = format!("{prefix}{}", endpoint.authority);
    }
    let mut place = Place {
        endpoint,
        region: entry.signing_region.as_deref().unwrap_or(region).to_owned(),
        service: entry.signing_name.as_deref().map_or(signing_name, str::to_owned),
    };
    if &*service.name == "s3" {
        bucket_in_host(&mut place, request);
    }
    Some(place)
}

/// Where most operations of a service are in a region, at AWS.
pub(crate) fn usual(service: &Service, region: &str) -> Option<Endpoint> {
    let entry = entry(service.endpoints.first()?, region)?;
    Endpoint::parse(&entry.url.replace("{region}", region)).ok()
}

/// A queue says with its URL where it is, unless an endpoint is configured for all queues.
///
/// AWS: recorded test_sqs_failure_in_wait_for_task_tok: a QueueUrl that is no URL is taken for a host that nobody knows.
pub(crate) fn at_queue(place: &mut Place, input: &Value, is_configured: bool) -> Result<(), TransportError> {
    let Some(url) = input.get("QueueUrl").and_then(Value::as_str) else { return Ok(()) };
    match Endpoint::parse(url) {
        Ok(queue) if !is_configured => {
            place.endpoint = Endpoint { base_path: String::new(), ..queue };
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(_) => {
            let reason = format!("{url}: Name or service not known");
            Err(TransportError { kind: TransportKind::Dns, reason })
        }
    }
}

fn entry<'a>(table: &'a EndpointTable, region: &str) -> Option<&'a RegionalEndpoint> {
    let rule = table.partitions.get(partition(region))?;
    Some(rule.exceptions.get(region).unwrap_or(&rule.usual))
}

/// The partition of a region, by the form of its name.
fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// S3 has its buckets in the host, where their names can stand there; access points are there by name and account.
fn bucket_in_host(place: &mut Place, request: &mut HttpRequest) {
    let rest = request.path.strip_prefix('/').unwrap_or_default();
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some((host, region)) = access_point(bucket, &place.endpoint.authority) {
        place.endpoint.authority = host;
        place.region = region;
    } else if is_host_label(bucket) {
        place.endpoint.authority = format!("{bucket}.{}", place.endpoint.authority);
    } else {
        return;
    }
    request.path = format!("/{key}");
}

/// The host and the region of `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`, percent-encoded.
fn access_point(bucket: &str, authority: &str) -> Option<(String, String)> {
    let bucket = bucket.replace("%3A", ":").replace("%2F", "/");
    let mut parts = bucket.strip_prefix("arn:")?.splitn(5, ':');
    let (_, service, region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let name = parts.next()?.strip_prefix("accesspoint").and_then(|name| name.strip_prefix([':', '/']))?;
    let suffix = authority.strip_prefix("s3.")?.split_once('.')?.1;
    let is_one = service == "s3" && is_host_label(name) && is_host_label(account) && is_host_label(region);
    is_one.then(|| (format!("{name}-{account}.s3-accesspoint.{region}.{suffix}"), region.to_owned()))
}

/// Whether the name can be one label of a host name. One with dots cannot: the certificate would not be for it.
fn is_host_label(name: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (3..=63).contains(&name.len())
        && name.bytes().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;
    use json::Value;

    fn place_of(service: &str, action: &str, region: &str, input: &str) -> (String, String, String, String) {
        let service = model::service(service).unwrap();
        let operation = service.action(action).unwrap();
        let input: Value = json::parse(input).unwrap();
        let mut request = crate::protocol::request(&service, operation, &input, None).unwrap();
        let place = of(&service, operation, region, &Endpoints::none(), &mut request).unwrap();
        (place.endpoint.authority, request.path, place.region, place.service)
    }

    fn strings(parts: [&str; 4]) -> (String, String, String, String) {
        let [a, b, c, d] = parts.map(str::to_owned);
        (a, b, c, d)
    }

    #[test]
    fn services_are_found_in_every_partition() {
        let place = place_of("dynamodb", "listTables", "eu-west-1", "{}");
        assert_eq!(place, strings(["dynamodb.eu-west-1.amazonaws.com", "/", "eu-west-1", "dynamodb"]));
        let place = place_of("dynamodb", "listTables", "cn-north-1", "{}");
        assert_eq!(place, strings(["dynamodb.cn-north-1.amazonaws.com.cn", "/", "cn-north-1", "dynamodb"]));
        let place = place_of("iam", "listUsers", "eu-west-1", "{}");
        assert_eq!(place, strings(["iam.amazonaws.com", "/", "us-east-1", "iam"]));
        let place = place_of("sfn", "startSyncExecution", "us-east-1", r#"{"StateMachineArn":"a"}"#);
        assert_eq!(place, strings(["sync-states.us-east-1.amazonaws.com", "/", "us-east-1", "states"]));
        // A region that is younger than the model follows its partition's rule.
        let place = place_of("sqs", "listQueues", "mars-north-1", "{}");
        assert_eq!(place, strings(["sqs.mars-north-1.amazonaws.com", "/", "mars-north-1", "sqs"]));
    }

    #[test]
    fn buckets_stand_in_the_host_where_they_can() {
        let host = |bucket: &str| {
            let place = place_of(
                "s3",
                "getObject",
                "eu-west-1",
                &format!(r#"{{"Bucket":"{bucket}","Key":"a/b c"}}"#),
            );
            (place.0, place.1)
        };
        let expected = ("my-bucket.s3.eu-west-1.amazonaws.com".to_owned(), "/a/b%20c".to_owned());
        assert_eq!(host("my-bucket"), expected);
        assert_eq!(host("My.Bucket").1, "/My.Bucket/a/b%20c");
        let point = host("arn:aws:s3:us-west-2:123456789012:accesspoint/point");
        assert_eq!(point.0, "point-123456789012.s3-accesspoint.us-west-2.amazonaws.com");
        assert_eq!(point.1, "/a/b%20c");
    }
}
