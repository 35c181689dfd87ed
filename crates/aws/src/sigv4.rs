//! Signature Version 4, for requests whose whole body is in memory.
//!
//! By hand: signing is this file, and the crate that does it brings thirty-five others.

use crate::credentials::Credentials;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is signed. The path and the query are those that are sent, percent-encoded once.
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Names and values, encoded.
    pub(crate) query: &'a [(String, String)],
    /// Every header to be signed, `host` among them; names in lower case.
    pub(crate) headers: &'a [(&'a str, String)],
    pub(crate) body: &'a [u8],
    /// Whether the body is left out of the signature.
    pub(crate) has_unsigned_payload: bool,
}

/// For whom the signature counts.
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// The headers that a signed request has on top of its own: the date, the session token and the signature.
pub(crate) fn sign(
    request: &Signable<'_>,
    scope: &Scope<'_>,
    credentials: &Credentials,
    at: SystemTime,
) -> Vec<(&'static str, String)> {
    let time = timestamp(at);
    let mut added = vec![("x-amz-date", time.clone())];
    let payload = match request.has_unsigned_payload {
        true => "UNSIGNED-PAYLOAD".to_owned(),
        false => hex(&Sha256::digest(request.body)),
    };
    // S3 wants to see what the signature says about the body.
    if is_s3(scope) || request.has_unsigned_payload {
        added.push(("x-amz-content-sha256", payload.clone()));
    }
    added.extend(credentials.session_token.clone().map(|token| ("x-amz-security-token", token)));
    let mut headers: Vec<(&str, &str)> =
        request.headers.iter().chain(&added).map(|(name, value)| (*name, value.as_str())).collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let scope_text = scope_text(&time, scope);
    let canonical = canonical_request(request, scope, &headers, &names, &payload);
    let signature = signature(&canonical, &time, &scope_text, scope, credentials);
    let id = &credentials.access_key_id;
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{scope_text}, SignedHeaders={names}, Signature={signature}"
    );
    added.push(("authorization", authorization));
    added
}

/// The query of a request whose signature stands in it: names and values, encoded, the signature last.
pub(crate) fn presign(
    request: &Signable<'_>,
    scope: &Scope<'_>,
    credentials: &Credentials,
    at: SystemTime,
) -> Vec<(String, String)> {
    let time = timestamp(at);
    let scope_text = scope_text(&time, scope);
    let mut headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let added = [
        ("X-Amz-Algorithm", Some("AWS4-HMAC-SHA256".to_owned())),
        ("X-Amz-Credential", Some(format!("{}/{scope_text}", credentials.access_key_id))),
        ("X-Amz-Date", Some(time.clone())),
        ("X-Amz-SignedHeaders", Some(names.clone())),
        ("X-Amz-Security-Token", credentials.session_token.clone()),
    ];
    let mut query = request.query.to_vec();
    query.extend(added.into_iter().filter_map(|(name, value)| Some((name.to_owned(), encode(&value?)))));
    let payload = match request.has_unsigned_payload {
        true => "UNSIGNED-PAYLOAD".to_owned(),
        false => hex(&Sha256::digest(request.body)),
    };
    let with_query = Signable { query: &query, ..*request };
    let canonical = canonical_request(&with_query, scope, &headers, &names, &payload);
    let signature = signature(&canonical, &time, &scope_text, scope, credentials);
    query.push(("X-Amz-Signature".to_owned(), signature));
    query
}

fn scope_text(time: &str, scope: &Scope<'_>) -> String {
    let day = time.get(..8).unwrap_or_default();
    format!("{day}/{}/{}/aws4_request", scope.region, scope.service)
}

fn signature(
    canonical_request: &str,
    time: &str,
    scope_text: &str,
    scope: &Scope<'_>,
    credentials: &Credentials,
) -> String {
    let canonical = hex(&Sha256::digest(canonical_request));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope_text}\n{canonical}");
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let day = time.get(..8).unwrap_or_default();
    let key = [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part));
    hex(&hmac(&key, &to_sign))
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
        out
    })
}

/// SHA-1 in hexadecimal digits, which names cached tokens.
pub(crate) fn sha1_hex(text: &str) -> String {
    hex(&sha1::Sha1::digest(text.as_bytes()))
}

/// The same, but slashes stay.
pub(crate) fn encode_path(text: &str) -> String {
    text.split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn canonical_request(
    request: &Signable<'_>,
    scope: &Scope<'_>,
    headers: &[(&str, &str)],
    names: &str,
    payload: &str,
) -> String {
    // Every service but S3 signs the path without empty and dotted parts, encoded a second time.
    let path = match request.path {
        "" => "/".to_owned(),
        path if is_s3(scope) => path.to_owned(),
        path => encode_path(&normalized(path)),
    };
    let mut query = request.query.to_vec();
    query.sort_unstable();
    let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut out = format!("{}\n{path}\n{query}\n", request.method);
    for (name, value) in headers {
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(out, "{name}:{value}").unwrap_or_default();
    }
    format!("{out}\n{names}\n{payload}")
}

fn is_s3(scope: &Scope<'_>) -> bool {
    matches!(scope.service, "s3" | "s3-outposts" | "s3-object-lambda" | "s3express")
}

/// The path as RFC 3986 shortens it.
fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("INVARIANT(hmac-key): HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}

/// `20150830T123600Z`; a moment before 1970 counts as 1970.
fn timestamp(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar with years counted from March, so that the leap day ends its year.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let of_era_years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_years + of_era_years / 4 - of_era_years / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = of_era_years + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Signs with the key, the moment and the scope of AWS's own test suite; gives the signature.
    fn signature(
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        extra: &[(&str, &str)],
        body: &str,
    ) -> String {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let query: Vec<(String, String)> = query.iter().map(|(k, v)| (encode(k), encode(v))).collect();
        let mut headers = vec![("host", "example.amazonaws.com".to_owned())];
        headers.extend(extra.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let request = Signable {
            method,
            path,
            query: &query,
            headers: &headers,
            body: body.as_bytes(),
            has_unsigned_payload: false,
        };
        let scope = Scope { region: "us-east-1", service: "service" };
        let added = sign(&request, &scope, &credentials, UNIX_EPOCH + Duration::from_secs(1_440_938_160));
        let authorization = &added.last().unwrap().1;
        authorization.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn the_vectors_of_the_aws_test_suite_are_met() {
        // get-vanilla, get-vanilla-query-order-key-case, post-vanilla, post-x-www-form-urlencoded
        assert_eq!(
            signature("GET", "/", &[], &[], ""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature("GET", "/", &[("Param2", "value2"), ("Param1", "value1")], &[], ""),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
        assert_eq!(
            signature("POST", "/", &[], &[], ""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(
            signature("POST", "/", &[], &form, "Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn an_encoded_path_is_signed_as_botocore_signs_it() {
        let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Apay/invocations";
        assert_eq!(
            signature(
                "POST",
                path,
                &[("Qualifier", "$LATEST")],
                &[("content-type", "application/json")],
                r#"{"a":1}"#
            ),
            "b9cc25b9dccfe5e7f9cc9f1bd849b84329970d9d47f7fdc7d4341d8921cce690"
        );
    }

    #[test]
    fn a_presigned_request_is_the_one_of_the_documentation() {
        // "Authenticating Requests: Using Query Parameters" of S3's API reference.
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let request = Signable {
            method: "GET",
            path: "/test.txt",
            query: &[("X-Amz-Expires".to_owned(), "86400".to_owned())],
            headers: &[("host", "examplebucket.s3.amazonaws.com".to_owned())],
            body: b"",
            has_unsigned_payload: true,
        };
        let scope = Scope { region: "us-east-1", service: "s3" };
        let at = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let signed = presign(&request, &scope, &credentials, at);
        let expected = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(signed.last().unwrap().1, expected);
    }

    #[test]
    fn the_moment_is_written_in_basic_iso_8601() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        assert_eq!(at(951_782_400), "20000229T000000Z");
        assert_eq!(at(1_440_938_160), "20150830T123600Z");
    }

    #[test]
    fn a_session_token_is_sent_and_signed() {
        let credentials =
            Credentials { session_token: Some("token".into()), ..Credentials::new("id", "secret") };
        let request = Signable {
            method: "GET",
            path: "/",
            query: &[],
            headers: &[("host", "h".into())],
            body: b"",
            has_unsigned_payload: false,
        };
        let added = sign(&request, &Scope { region: "r", service: "s" }, &credentials, UNIX_EPOCH);
        assert!(added.contains(&("x-amz-security-token", "token".to_owned())));
        let authorization = &added.last().unwrap().1;
        assert!(
            authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token"),
            "{authorization}"
        );
    }
}
