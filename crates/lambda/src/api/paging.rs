//! Lists that come in pages: `MaxItems`, `Marker`, `NextMarker`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use http::Request;

use super::errors::ApiError;
use super::query;

/// Items in one answer, whatever `MaxItems` says. AWS: documented.
const PAGE_LIMIT: usize = 50;

/// What a caller wants of a list.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) count: usize,
    /// The key of the last item of the page before; empty for the first page.
    pub(super) after: String,
}

impl Place {
    pub(super) fn read(request: &Request<Bytes>) -> Result<Place, ApiError> {
        let count = match query(request, "MaxItems") {
            None => PAGE_LIMIT,
            Some(text) => match text.parse::<usize>() {
                Ok(count @ 1..=10_000) => count.min(PAGE_LIMIT),
                Ok(_) | Err(_) => {
                    let rule = "Member must have value between 1 and 10000";
                    return Err(ApiError::validation(&text, "maxItems", rule));
                }
            },
        };
        let marker = query(request, "Marker").filter(|marker| !marker.is_empty());
        let after = marker.map(|marker| {
            let key = BASE64.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            key.ok_or_else(|| ApiError::invalid_parameter("Invalid Marker"))
        });
        Ok(Place { count, after: after.transpose()?.unwrap_or_default() })
    }

    /// The page out of items in the order of their keys, and the marker of the next.
    pub(super) fn cut<T>(&self, items: impl IntoIterator<Item = (String, T)>) -> (Vec<T>, Option<String>) {
        let mut rest = items.into_iter().skip_while(|(key, _)| *key <= self.after).peekable();
        let (mut page, mut last) = (Vec::new(), String::new());
        while page.len() < self.count
            && let Some((key, item)) = rest.next()
        {
            page.push(item);
            last = key;
        }
        let next = rest.peek().map(|_| write_marker(&last));
        (page, next)
    }
}

pub(super) fn write_marker(key: &str) -> String {
    BASE64.encode(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let items = || ["a", "b", "c"].into_iter().map(|key| (key.to_owned(), key));
        let page = |after: &str| Place { count: 2, after: after.to_owned() }.cut(items());
        assert_eq!(page(""), (vec!["a", "b"], Some(write_marker("b"))));
        assert_eq!(page("b"), (vec!["c"], None));
        assert_eq!(page("bb"), (vec!["c"], None), "what the marker named may be gone");
        assert_eq!(page("c"), (vec![], None));
    }
}
