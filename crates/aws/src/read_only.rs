//! Calls that a client refuses to make because they would write to an account at AWS.

use crate::endpoints::Endpoint;
use crate::error::CallError;

/// How the names of operations begin that only read. Whatever begins otherwise is taken for one that writes, a call of a
/// function too: nobody knows what it does.
const READS: [&str; 15] = [
    "Get",
    "List",
    "Describe",
    "Head",
    "BatchGet",
    "BatchDescribe",
    "BatchCheck",
    "TransactGet",
    "Query",
    "Scan",
    "Search",
    "Lookup",
    "Select",
    "Check",
    "Validate",
];

/// The domains of AWS's own endpoints, in every partition.
const DOMAINS: [&str; 12] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "on.aws",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "aws.dev",
];

impl Endpoint {
    /// Whether it is AWS's own, and not that of an emulator.
    pub fn is_aws(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        let host = host.trim_end_matches('.');
        DOMAINS.iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }
}

/// Whether an operation of a service only reads.
pub(crate) fn reads(service: &str, operation: &str) -> bool {
    // It gives credentials, which change nothing by themselves.
    service == "sts" || READS.iter().any(|verb| operation.starts_with(verb))
}

/// Whether a request that is no operation of a service only reads.
pub(crate) fn reads_by_method(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].iter().any(|known| method.eq_ignore_ascii_case(known))
}

/// Refuses a call that would write to AWS.
pub(crate) fn check(
    endpoint: &Endpoint,
    is_read: bool,
    call: impl FnOnce() -> String,
) -> Result<(), CallError> {
    match endpoint.is_aws() && !is_read {
        true => Err(CallError::ReadOnly { call: call(), host: endpoint.host().to_owned() }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_known_by_its_domains() {
        let is = |url: &str| Endpoint::parse(url).unwrap().is_aws();
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "https://dynamodb.cn-north-1.amazonaws.com.cn",
            "https://lambda.us-east-1.api.aws:443",
            "https://abc.lambda-url.us-east-1.on.aws/",
            "https://bucket.S3.AmazonAWS.com.",
        ] {
            assert!(is(url), "{url}");
        }
        for url in [
            "http://localhost:4566",
            "http://notamazonaws.com",
            "http://amazonaws.com.example",
            "http://[::1]:1",
        ] {
            assert!(!is(url), "{url}");
        }
    }

    #[test]
    fn what_reads_is_told_by_its_name() {
        for (service, operation) in
            [("dynamodb", "GetItem"), ("s3", "HeadObject"), ("dynamodb", "Scan"), ("sts", "AssumeRole")]
        {
            assert!(reads(service, operation), "{operation}");
        }
        for (service, operation) in [
            ("dynamodb", "PutItem"),
            ("lambda", "Invoke"),
            ("sqs", "ReceiveMessage"),
            ("rdsdata", "ExecuteStatement"),
        ] {
            assert!(!reads(service, operation), "{operation}");
        }
        assert!(reads_by_method("get") && !reads_by_method("POST"));
    }
}
