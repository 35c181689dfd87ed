//! What went over the wire, as TestState shows it.

use super::request::{HttpCall, Sent};
use aws::WebAnswer;

/// A request and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpExchange {
    /// The request.
    pub request: HttpRequestShown,
    /// The answer, where there was one.
    pub response: Option<HttpResponseShown>,
}

/// A request. AWS's names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HttpRequestShown {
    pub protocol: String,
    pub method: String,
    pub url: String,
    /// `[name: value, name: value]`
    pub headers: String,
    pub body: Option<String>,
}

/// An answer. AWS's names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HttpResponseShown {
    pub protocol: String,
    pub status_code: String,
    pub status_message: String,
    /// `[name: value, name: value]`
    pub headers: String,
    pub body: String,
}

/// The exchange, without what the connection added unless that is asked for.
pub(super) fn shown(
    http: &HttpCall,
    sent: &Sent,
    reveal_secrets: bool,
    answer: Option<&WebAnswer>,
) -> HttpExchange {
    let protocol = sent.url.split(':').next().unwrap_or_default().to_owned();
    let is_hidden =
        |name: &str| !reveal_secrets && http.headers.iter().any(|part| part.is_secret && part.name == name);
    let headers = sent.headers.iter().filter(|(name, _)| !is_hidden(name));
    let body = match reveal_secrets {
        true => sent.body.clone(),
        // It was written once already.
        false => http.body_text(false).unwrap_or_default(),
    };
    let request = HttpRequestShown {
        protocol: protocol.clone(),
        method: http.method.clone(),
        url: http.url(reveal_secrets),
        headers: listed(headers),
        body,
    };
    let response = answer.map(|answer| HttpResponseShown {
        protocol,
        status_code: answer.status.to_string(),
        status_message: answer.reason.clone(),
        headers: listed(answer.headers.iter()),
        body: String::from_utf8_lossy(&answer.body).into_owned(),
    });
    HttpExchange { request, response }
}

// AWS: documented, one string.
fn listed<'a>(headers: impl Iterator<Item = &'a (String, String)>) -> String {
    let shown: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    format!("[{}]", shown.join(", "))
}
