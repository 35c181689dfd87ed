//! Pages: how many items a request wants, and the tokens that lead from one page to the next.

use crate::error::ApiError;
use crate::operations::Caller;
use crate::request::{Fields, Text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use model::{Partition, Timestamp, limits};
use sha2::Sha256;

/// How long a token lives. AWS: documented.
const LIFE_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Grows when the layout of a token does, which makes the older ones invalid.
const FORMAT: u8 = 1;
const HEAD_LENGTH: usize = 9;
const SEAL_LENGTH: usize = 16;

/// What a request says about pages.
#[derive(Debug)]
pub(crate) struct PageRequest {
    /// Items wanted: 1 to 1000.
    pub(crate) limit: usize,
    /// The token of the page before.
    pub(crate) token: Option<std::sync::Arc<str>>,
}

impl PageRequest {
    /// Reads `maxResults` and `nextToken`, which has at most `token_length` characters.
    pub(crate) fn read(fields: &mut Fields<'_>, token_length: usize) -> Result<PageRequest, ApiError> {
        let greatest = i64::try_from(limits::PAGE_SIZE).unwrap_or(i64::MAX);
        let wanted = fields.integer("maxResults", 0..=greatest)?.unwrap_or(0);
        let token = fields.text("nextToken", Text::of(1, token_length))?;
        // AWS: documented, 0 stands for the default.
        let limit = if wanted == 0 { limits::DEFAULT_PAGE_SIZE } else { wanted.unsigned_abs() };
        Ok(PageRequest { limit: usize::try_from(limit).unwrap_or(usize::MAX), token })
    }

    /// The name that the page before ended with, for listings in the order of names.
    pub(crate) fn name_before(
        &self,
        caller: &Caller<'_>,
        listing: &Listing<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, ApiError> {
        let Some(token) = &self.token else { return Ok(None) };
        let place = caller.tokens.open(listing, token, now)?;
        String::from_utf8(place).map(Some).map_err(|_| ApiError::InvalidToken)
    }

    /// The number that the page before ended with, for listings in the order of numbers.
    pub(crate) fn number_before(
        &self,
        caller: &Caller<'_>,
        listing: &Listing<'_>,
        now: Timestamp,
    ) -> Result<Option<u64>, ApiError> {
        let Some(token) = &self.token else { return Ok(None) };
        let place = caller.tokens.open(listing, token, now)?;
        let place = place.try_into().map_err(|_| ApiError::InvalidToken)?;
        Ok(Some(u64::from_be_bytes(place)))
    }
}

/// What a token belongs to: the operation and every argument but those that speak of pages.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) operation: &'static str,
    pub(crate) arguments: &'a [&'a str],
}

/// Makes and opens page tokens.
///
/// A token is a place in a listing, when it was made, and a keyed digest over both and over what the listing was of: one
/// that was cut, altered, aged or carried to another request opens no more. The key follows from the partition, so tokens
/// outlive a restart; it guards against mistakes, not against a forger, who could only choose where a page begins.
#[derive(Clone)]
pub(crate) struct PageTokens {
    sealer: Hmac<Sha256>,
}

impl PageTokens {
    pub(crate) fn new(partition: &Partition) -> PageTokens {
        let key = format!("page token/{}/{}/{}", partition.name, partition.region, partition.account);
        let sealer = Hmac::new_from_slice(key.as_bytes())
            .expect("INVARIANT(hmac-takes-any-key): a key of any length is taken");
        PageTokens { sealer }
    }

    /// The token that leads to `place`.
    pub(crate) fn seal(&self, listing: &Listing<'_>, place: &[u8], now: Timestamp) -> String {
        let mut token = Vec::with_capacity(HEAD_LENGTH + place.len() + SEAL_LENGTH);
        token.push(FORMAT);
        token.extend_from_slice(&now.0.to_be_bytes());
        token.extend_from_slice(place);
        let seal = self.digest(listing, &token).finalize().into_bytes();
        token.extend(seal.iter().take(SEAL_LENGTH));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The place that a token of this listing leads to.
    pub(crate) fn open(
        &self,
        listing: &Listing<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, ApiError> {
        self.place(listing, token, now).ok_or(ApiError::InvalidToken)
    }

    fn place(&self, listing: &Listing<'_>, token: &str, now: Timestamp) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (sealed, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_LENGTH)?)?;
        self.digest(listing, sealed).verify_truncated_left(seal).ok()?;
        let (head, place) = sealed.split_at_checked(HEAD_LENGTH)?;
        let (format, made) = head.split_first()?;
        let made = Timestamp(i64::from_be_bytes(made.try_into().ok()?));
        (*format == FORMAT && now.millis_since(made) <= LIFE_MILLIS).then(|| place.to_vec())
    }

    /// Every part goes in behind its length, so that no two listings read the same.
    fn digest(&self, listing: &Listing<'_>, sealed: &[u8]) -> Hmac<Sha256> {
        let mut digest = self.sealer.clone();
        let parts = std::iter::once(&listing.operation).chain(listing.arguments);
        for part in parts.map(|part| part.as_bytes()).chain([sealed]) {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const LISTING: Listing<'static> =
        Listing { operation: "ListExecutions", arguments: &["machine", "RUNNING"] };

    fn tokens(account: &str) -> PageTokens {
        PageTokens::new(&Partition::of("us-east-1", account))
    }

    fn open(token: &str, listing: &Listing<'_>, now: Timestamp) -> Result<Vec<u8>, ApiError> {
        tokens("1").open(listing, token, now)
    }

    #[test]
    fn a_token_outlives_a_restart_and_opens_for_a_day() {
        let token = tokens("1").seal(&LISTING, b"place", NOW);
        assert_eq!(open(&token, &LISTING, NOW).unwrap(), b"place");
        assert_eq!(open(&token, &LISTING, NOW.plus_millis(LIFE_MILLIS)).unwrap(), b"place");
        assert_eq!(open(&token, &LISTING, NOW.plus_millis(LIFE_MILLIS + 1)), Err(ApiError::InvalidToken));
    }

    #[test]
    fn a_token_is_bound_to_operation_arguments_and_account() {
        let token = tokens("1").seal(&LISTING, b"place", NOW);
        for listing in [
            Listing { operation: "ListStateMachines", arguments: &["machine", "RUNNING"] },
            Listing { operation: "ListExecutions", arguments: &["machine", "FAILED"] },
            Listing { operation: "ListExecutions", arguments: &["machine"] },
            Listing { operation: "ListExecutions", arguments: &["machin", "eRUNNING"] },
        ] {
            assert_eq!(open(&token, &listing, NOW), Err(ApiError::InvalidToken), "{listing:?}");
        }
        assert_eq!(tokens("2").open(&LISTING, &token, NOW), Err(ApiError::InvalidToken));
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let token = tokens("1").seal(&LISTING, b"place", NOW);
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(open(&altered, &LISTING, NOW), Err(ApiError::InvalidToken), "character {at}");
            assert_eq!(open(&token[..at], &LISTING, NOW), Err(ApiError::InvalidToken), "cut at {at}");
        }
    }

    #[test]
    fn a_page_has_a_hundred_items_where_the_request_does_not_say() {
        let size = |text: &str| {
            let body = crate::request::parse_body(text.as_bytes()).unwrap();
            crate::request::read(&body, |f| PageRequest::read(f, 10)).unwrap().limit
        };
        let sizes = [size("{}"), size(r#"{"maxResults":0}"#), size(r#"{"maxResults":1000}"#)];
        assert_eq!(sizes, [100, 100, 1000]);
    }

    proptest! {
        #[test]
        fn garbage_is_an_invalid_token(token in "\\PC{0,80}") {
            prop_assert_eq!(open(&token, &LISTING, NOW), Err(ApiError::InvalidToken));
        }

        #[test]
        fn any_place_comes_back(place in proptest::collection::vec(any::<u8>(), 0..300)) {
            let token = tokens("1").seal(&LISTING, &place, NOW);
            prop_assert_eq!(open(&token, &LISTING, NOW).unwrap(), place);
        }
    }
}
