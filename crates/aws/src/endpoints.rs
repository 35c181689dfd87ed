//! Where each service is.

use std::collections::BTreeMap;

/// The address of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host and port as the URL names them: `localhost:4566`.
    pub authority: String,
    /// What comes before the path of an operation: empty, or `/base` without a slash at its end.
    pub base_path: String,
    /// Whether it is called by https.
    pub is_tls: bool,
}

/// Why a URL is no endpoint. Each text names the URL and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address of an HTTP service.
    #[error("the endpoint {url:?} is no URL of the form http[s]://HOST[:PORT][/PATH]")]
    NotAUrl {
        /// The URL as given.
        url: String,
    },
}

/// The addresses of the services: one for all, with exceptions by service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    default: Option<Endpoint>,
    services: BTreeMap<String, Endpoint>,
}

impl Endpoint {
    /// Reads `http[s]://HOST[:PORT][/PATH]`.
    pub fn parse(url: &str) -> Result<Endpoint, EndpointError> {
        let refused = || EndpointError::NotAUrl { url: url.to_owned() };
        let uri: http::Uri = url.trim().parse().map_err(|_| refused())?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refused()),
        };
        let authority = uri.authority().ok_or_else(refused)?;
        if authority.host().is_empty() || authority.as_str().contains('@') || uri.query().is_some() {
            return Err(refused());
        }
        let base_path = uri.path().trim_end_matches('/').to_owned();
        Ok(Endpoint { authority: authority.as_str().to_owned(), base_path, is_tls })
    }

    /// The host without the port.
    pub(crate) fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }
}

impl Endpoints {
    /// No service has an address.
    pub fn none() -> Endpoints {
        Endpoints::default()
    }

    /// What the standard variables say: `AWS_ENDPOINT_URL` for every service, `AWS_ENDPOINT_URL_LAMBDA` and its like for
    /// one. Other variables and empty values are passed over.
    pub fn from_variables<K: AsRef<str>, V: AsRef<str>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Endpoints, EndpointError> {
        let mut endpoints = Endpoints::none();
        for (name, url) in variables {
            let (Some(rest), url) = (name.as_ref().strip_prefix("AWS_ENDPOINT_URL"), url.as_ref()) else {
                continue;
            };
            match rest.strip_prefix('_') {
                _ if url.is_empty() => {}
                None if rest.is_empty() => endpoints.default = Some(Endpoint::parse(url)?),
                Some(service) if !service.is_empty() => {
                    endpoints = endpoints.with(service, Endpoint::parse(url)?)
                }
                _ => {}
            }
        }
        Ok(endpoints)
    }

    /// The address of every service that has none of its own.
    pub fn with_default(mut self, endpoint: Endpoint) -> Endpoints {
        self.default = Some(endpoint);
        self
    }

    /// The address of one service, named `lambda`, `step-functions` or `STEP_FUNCTIONS`.
    pub fn with(mut self, service: &str, endpoint: Endpoint) -> Endpoints {
        self.services.insert(key(service), endpoint);
        self
    }

    /// These, with the others before them where both have one.
    pub(crate) fn and(mut self, others: Endpoints) -> Endpoints {
        self.services.extend(others.services);
        Endpoints { default: others.default.or(self.default), services: self.services }
    }

    /// Whether the service has an address of its own.
    pub(crate) fn has_own(&self, service: &str) -> bool {
        self.services.contains_key(&key(service))
    }

    /// Whether services without an address of their own have one.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The address of a service.
    pub fn get(&self, service: &str) -> Option<&Endpoint> {
        self.services.get(&key(service)).or(self.default.as_ref())
    }
}

fn key(service: &str) -> String {
    let key = service.to_ascii_lowercase().replace('_', "-");
    // Some services are known by the name in their signature better than by their id.
    match key.as_str() {
        "logs" => "cloudwatch-logs".to_owned(),
        "events" => "eventbridge".to_owned(),
        "states" | "stepfunctions" | "step-functions" => "sfn".to_owned(),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_address_wins_over_the_common_one() {
        let variables = [
            ("AWS_ENDPOINT_URL", "http://all:1"),
            ("AWS_ENDPOINT_URL_LAMBDA", "http://functions:2/base/"),
            ("AWS_ENDPOINT_URL_S3", ""),
            ("HOME", "/root"),
        ];
        let endpoints = Endpoints::from_variables(variables).unwrap();
        let lambda = endpoints.get("lambda").unwrap();
        assert_eq!((lambda.authority.as_str(), lambda.base_path.as_str()), ("functions:2", "/base"));
        assert_eq!(endpoints.get("s3").unwrap().authority, "all:1");
        assert_eq!(Endpoints::none().get("lambda"), None);
    }

    #[test]
    fn an_endpoint_may_be_called_by_tls() {
        let endpoint = Endpoint::parse("https://lambda.eu-west-1.amazonaws.com").unwrap();
        assert!(endpoint.is_tls && endpoint.host() == "lambda.eu-west-1.amazonaws.com");
        assert!(!Endpoint::parse("http://localhost:4566").unwrap().is_tls);
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["localhost:4566", "ftp://x", "http://", "http://u:p@x", "http://x?y=1", "http://a b"] {
            assert!(matches!(Endpoint::parse(url), Err(EndpointError::NotAUrl { .. })), "{url}");
        }
    }

    #[test]
    fn the_port_is_no_part_of_the_host() {
        assert_eq!(Endpoint::parse("http://h:80").unwrap().host(), "h");
        assert_eq!(Endpoint::parse("http://[::1]:80").unwrap().host(), "[::1]");
        assert_eq!(Endpoint::parse("http://h").unwrap().host(), "h");
    }
}
