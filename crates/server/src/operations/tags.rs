//! Tags: how a request gives them, which are allowed, and whose they are.

use super::Caller;
use crate::error::ApiError;
use crate::request::{Fields, Text};
use engine::StateMachineUpdate;
use model::arn::StatesArn;
use std::sync::Arc;

pub(super) const KEY: Text = Text::of(1, 128);
const VALUE: Text = Text::of(0, 256);
/// Tags of one resource. AWS: documented.
const MAX_TAGS: usize = 50;

pub(super) type Tag = (Arc<str>, Arc<str>);

/// Reads a list of tags.
pub(super) fn read(fields: &mut Fields<'_>, name: &str) -> Result<Option<Vec<Tag>>, ApiError> {
    fields.structures(name, |f| {
        let key = f.text("key", KEY)?.unwrap_or_default();
        Ok((key, f.text("value", VALUE)?.unwrap_or_default()))
    })
}

/// The tags that a resource has once the given ones are set: known keys keep their place.
/// AWS: recorded sfn_api_tagging/test_tag_state_machine.
pub(super) fn merged(current: &[Tag], given: Vec<Tag>, resource: &str) -> Result<Vec<Tag>, ApiError> {
    let mut tags = current.to_vec();
    for (key, value) in given {
        check(&key, &value)?;
        match tags.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => tags.push((key, value)),
        }
        if tags.len() > MAX_TAGS {
            return Err(ApiError::TooManyTags(resource.to_owned()));
        }
    }
    Ok(tags)
}

/// The tags of the machine or activity that an ARN names. Versions and aliases carry none.
/// AWS: recorded sfn_api_versioning: ResourceNotFound for the ARN of a version.
pub(super) fn of(caller: &Caller<'_>, arn: &str) -> Result<Vec<Tag>, ApiError> {
    let engine = &caller.api.engine;
    let tags = match StatesArn::parse_as(arn, &["stateMachine", "activity"])?.resource_type {
        "activity" => engine.activities().get(arn)?.map(|activity| activity.tags),
        _ => engine.machines().get(arn)?.map(|machine| machine.tags.clone()),
    };
    tags.ok_or_else(|| ApiError::ResourceNotFound(arn.to_owned()))
}

/// Sets all tags of a machine or an activity.
pub(super) async fn set(caller: &Caller<'_>, arn: &str, tags: Vec<Tag>) -> Result<(), ApiError> {
    let engine = &caller.api.engine;
    let is_there = match StatesArn::parse_as(arn, &["stateMachine", "activity"])?.resource_type {
        "activity" => engine.activities().set_tags(arn, tags).await?,
        _ => {
            let update = StateMachineUpdate { tags: Some(tags), ..StateMachineUpdate::default() };
            engine.machines().update(arn, update).await?.is_some()
        }
    };
    if is_there { Ok(()) } else { Err(ApiError::ResourceNotFound(arn.to_owned())) }
}

/// Letters, digits, blanks and a few signs; the prefix `aws:` is AWS's. The rule is documented, its texts are
/// unconfirmed.
fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let is_allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if key.is_empty() {
        return Err(ApiError::validation("A tag needs a key"));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(ApiError::validation(format!("Tag keys cannot start with 'aws:': '{key}'")));
    }
    if !key.chars().chain(value.chars()).all(is_allowed) {
        return Err(ApiError::validation(format!("A tag holds a character that is not allowed: '{key}'")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        (key.into(), value.into())
    }

    #[test]
    fn a_known_key_keeps_its_place_and_takes_the_new_value() {
        let current = [tag("a", "1"), tag("b", "2")];
        let tags = merged(&current, vec![tag("c", ""), tag("a", "3")], "r").unwrap();
        assert_eq!(tags, [tag("a", "3"), tag("b", "2"), tag("c", "")]);
    }

    #[test]
    fn fifty_tags_are_the_most() {
        let given = |count: usize| (0..count).map(|n| tag(&n.to_string(), "")).collect();
        assert_eq!(merged(&[], given(50), "r").unwrap().len(), 50);
        assert_eq!(merged(&[], given(51), "r").unwrap_err(), ApiError::TooManyTags("r".into()));
    }

    #[test]
    fn forbidden_keys_and_values_are_refused() {
        for (key, value) in [("", "v"), ("aws:k", "v"), ("AWS:k", "v"), ("k#", "v"), ("k", "v\u{0}")] {
            let error = merged(&[], vec![tag(key, value)], "r").unwrap_err();
            assert_eq!(error.code(), "ValidationException", "{key}");
        }
        assert!(merged(&[], vec![tag("Größe 1_.:/=+-@", "")], "r").is_ok());
    }
}
