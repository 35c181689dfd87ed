//! What a function has beside its code and configuration: published versions, aliases, a bound on its calls, and
//! what becomes of its `Event` calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::function::LATEST;
use crate::store::Stored;

/// Retries of an `Event` call. AWS: documented.
pub(crate) const RETRY_ATTEMPTS: std::ops::RangeInclusive<u32> = 0..=2;
/// Seconds an `Event` call may wait. AWS: documented; the most is also the default.
pub(crate) const EVENT_AGE_SECONDS: std::ops::RangeInclusive<u32> = 60..=21_600;

/// All of it. For a function of a folder it comes from `function.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Annex {
    /// The number given to a version last; numbers are not given twice.
    pub(crate) last_version: u64,
    pub(crate) versions: BTreeMap<u64, Stored>,
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// How many calls may be under way over all versions.
    pub(crate) reserved_concurrency: Option<u32>,
    /// By `$LATEST`, version or alias.
    pub(crate) event_invoke: BTreeMap<String, EventInvokeConfig>,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    /// `$LATEST` or a number.
    pub(crate) version: String,
    pub(crate) description: String,
    /// The share of calls that another version gets, from 0 to 1.
    pub(crate) weights: BTreeMap<String, f64>,
    pub(crate) revision_id: String,
}

/// What becomes of `Event` calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EventInvokeConfig {
    pub(crate) maximum_retry_attempts: Option<u32>,
    pub(crate) maximum_event_age_seconds: Option<u32>,
    /// ARN of the function that hears of a success.
    pub(crate) on_success: Option<String>,
    /// ARN of the function that hears of an event that was given up.
    pub(crate) on_failure: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) last_modified: u64,
}

impl Annex {
    /// The version a qualifier stands for; `draw`, from 0 up to 1, decides between the two versions of an alias.
    pub(crate) fn resolve(&self, qualifier: Option<&str>, draw: f64) -> Option<String> {
        let qualifier = qualifier.unwrap_or(LATEST);
        if self.has_version(qualifier) {
            return Some(qualifier.to_owned());
        }
        let alias = self.aliases.get(qualifier)?;
        let mut share = 0.0;
        for (version, weight) in &alias.weights {
            share += weight;
            if draw < share {
                return Some(version.clone());
            }
        }
        Some(alias.version.clone())
    }

    pub(crate) fn has_version(&self, version: &str) -> bool {
        version == LATEST || self.published(version).is_some()
    }

    /// The published version of that number.
    pub(crate) fn published(&self, version: &str) -> Option<&Stored> {
        self.versions.get(&read_number(version)?)
    }

    /// The names of the aliases that lead to a version.
    pub(crate) fn aliases_of(&self, version: &str) -> Vec<&str> {
        let leads = |alias: &Alias| alias.version == version || alias.weights.contains_key(version);
        self.aliases.iter().filter(|(_, alias)| leads(alias)).map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn event_invoke(&self, qualifier: Option<&str>) -> EventInvokeConfig {
        self.event_invoke.get(qualifier.unwrap_or(LATEST)).cloned().unwrap_or_default()
    }
}

/// A version's number as AWS writes it: no sign, no leading zero.
pub(crate) fn read_number(version: &str) -> Option<u64> {
    let number: u64 = version.parse().ok()?;
    (number > 0 && number.to_string() == version).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(version: &str, weights: &[(&str, f64)]) -> Alias {
        Alias {
            version: version.to_owned(),
            description: String::new(),
            weights: weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect(),
            revision_id: String::new(),
        }
    }

    #[test]
    fn an_alias_with_weights_is_drawn() {
        let mut annex = Annex::default();
        annex.aliases.insert("live".to_owned(), alias("1", &[("2", 0.25)]));
        annex.aliases.insert("dev".to_owned(), alias(LATEST, &[]));
        let resolve = |qualifier, draw| annex.resolve(Some(qualifier), draw);
        assert_eq!(resolve("live", 0.0).unwrap(), "2");
        assert_eq!(resolve("live", 0.249).unwrap(), "2");
        assert_eq!(resolve("live", 0.25).unwrap(), "1");
        assert_eq!(resolve("live", 0.999).unwrap(), "1");
        assert_eq!(resolve("dev", 0.5).unwrap(), LATEST);
        assert_eq!(annex.resolve(None, 0.5).unwrap(), LATEST);
        assert_eq!(resolve("7", 0.5), None, "no such version");
        assert_eq!(annex.aliases_of("2"), ["live"]);
    }

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!(read_number("12"), Some(12));
        for other in ["0", "01", "+1", "-1", "", "1.0", "$LATEST", "99999999999999999999"] {
            assert_eq!(read_number(other), None, "{other}");
        }
    }
}
