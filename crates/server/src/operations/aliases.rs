//! What the operations on aliases share: their names, and where they lead.

use super::ARN;
use super::versions;
use crate::error::{ApiError, ValidationReason};
use crate::request::{Fields, Pattern, Text};
use engine::{AliasError, Route};
use model::arn::{ArnError, Qualifier, StatesArn};
use model::{StateMachineArn, limits};
use std::sync::Arc;

/// AWS: recorded sfn_api_aliasing/test_error_create_alias_invalid_name.
const RESTRICTED: Pattern = Pattern {
    text: r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$",
    is_match: |text| {
        let is_sign = |byte: u8| matches!(byte, b'_' | b'-' | b'.');
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic() || is_sign(byte))
    },
};
pub(super) const ALIAS_NAME: Text = Text::of(1, limits::NAME_LENGTH).matching(&RESTRICTED);
pub(super) const DESCRIPTION: Text = Text::of(0, 256).sensitive();

/// A route as a request gives it.
#[derive(Debug)]
pub(super) struct GivenRoute {
    version_arn: Arc<str>,
    weight: i64,
}

/// Reads `routingConfiguration`: one or two routes.
pub(super) fn read_routes(fields: &mut Fields<'_>) -> Result<Option<Vec<GivenRoute>>, ApiError> {
    const NAME: &str = "routingConfiguration";
    let routes = fields.structures(NAME, |f| {
        let version_arn = f.required_text("stateMachineVersionArn", ARN)?;
        Ok(GivenRoute { version_arn, weight: f.required_integer("weight", 0..=100)? })
    })?;
    if let Some(routes) = &routes {
        let shown: Vec<String> = routes.iter().map(GivenRoute::shown).collect();
        fields.check_count(NAME, routes.len(), 1..=2, &format!("[{}]", shown.join(", ")));
    }
    Ok(routes)
}

impl GivenRoute {
    /// As Java prints it.
    fn shown(&self) -> String {
        let GivenRoute { version_arn, weight } = self;
        format!("RoutingConfigurationListItem(stateMachineVersionArn={version_arn}, weight={weight})")
    }
}

/// The machine whose versions the routes lead to, and the routes. AWS: recorded sfn_api_aliasing, but for the text about
/// versions of two machines, which is unconfirmed.
pub(super) fn checked(given: &[GivenRoute]) -> Result<(StateMachineArn, Vec<Route>), ApiError> {
    let arns: Vec<&str> = given.iter().map(|route| &*route.version_arn).collect();
    let refused = |problem: &str, received: String| {
        let message = format!("{problem} Received: [{received}]");
        Err(ApiError::validation_because(ValidationReason::InvalidRoutingConfiguration, message))
    };
    let mut versions = Vec::new();
    for route in given {
        StatesArn::parse_as(&route.version_arn, &["stateMachine"])?;
        let Ok(version) = versions::parse(&route.version_arn) else {
            return refused(
                "Routing configuration must contain state machine version ARNs.",
                arns.join(", "),
            );
        };
        versions.push(version);
    }
    if versions
        .iter()
        .enumerate()
        .any(|(at, version)| versions.iter().skip(at + 1).any(|other| other == version))
    {
        let problem = "Routing configuration must contain distinct state machine version ARNs.";
        return refused(problem, arns.join(", "));
    }
    if given.iter().map(|route| route.weight).sum::<i64>() != 100 {
        let weights: Vec<String> = given.iter().map(|route| route.weight.to_string()).collect();
        return refused("Sum of routing configuration weights must equal 100.", weights.join(", "));
    }
    let Some((machine, _)) = versions.first().cloned() else {
        return refused("Routing configuration must contain state machine version ARNs.", String::new());
    };
    if versions.iter().any(|(other, _)| *other != machine) {
        let problem = "Routing configuration must contain versions of the same state machine.";
        return refused(problem, arns.join(", "));
    }
    let weight = |route: &GivenRoute| u32::try_from(route.weight).unwrap_or(0);
    let routes = versions.iter().zip(given);
    let routes = routes.map(|((_, version), given)| Route { version: *version, weight: weight(given) });
    Ok((machine, routes.collect()))
}

/// The machine and the alias that an ARN names.
pub(super) fn parse(arn: &str) -> Result<(StateMachineArn, &str), ApiError> {
    let resource = StatesArn::parse_as(arn, &["stateMachine"])?.resource_type;
    match StateMachineArn::qualified(arn) {
        Some((machine, Qualifier::Alias(name))) => Ok((machine, name)),
        // AWS: unconfirmed, chosen because it is how other ARNs of the wrong kind are refused.
        Some((_, Qualifier::Version(_))) | None => Err(ArnError::ResourceType(resource.to_owned()).into()),
    }
}

/// Why an alias was neither created nor changed.
pub(super) fn refusal(error: AliasError, arn: &str) -> ApiError {
    match error {
        AliasError::DoesNotExist => ApiError::ReferencedResourceNotFound(arn.to_owned()),
        // AWS: recorded sfn_api_aliasing/test_base_create_alias_single_router_config.
        AliasError::Exists => ApiError::Conflict(
            "Failed to create alias because an alias with the same name and a different routing configuration already \
             exists."
                .to_owned(),
        ),
        AliasError::TooMany => {
            ApiError::ServiceQuotaExceeded { resources: "aliases", limit: limits::ALIASES }
        }
        AliasError::Engine(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{parse_body, read};

    const MACHINE: &str = "arn:aws:states:us-east-1:1:stateMachine:m";

    fn routes_of(routes: &[(&str, i64)]) -> Result<Vec<(u64, u32)>, String> {
        let routes: Vec<String> = routes
            .iter()
            .map(|(arn, weight)| {
                let arn = arn.replace('m', MACHINE);
                format!(r#"{{"stateMachineVersionArn": "{arn}", "weight": {weight}}}"#)
            })
            .collect();
        let body = format!(r#"{{"routingConfiguration": [{}]}}"#, routes.join(", "));
        let body = parse_body(body.as_bytes()).unwrap();
        let given = read(&body, read_routes).map_err(|e| e.to_string())?.unwrap();
        let (machine, routes) = checked(&given).map_err(|e| e.to_string())?;
        assert_eq!(&*machine.0, MACHINE);
        Ok(routes.iter().map(|route| (route.version, route.weight)).collect())
    }

    fn refusal_of(routes: &[(&str, i64)]) -> String {
        routes_of(routes).unwrap_err().replace(MACHINE, "m")
    }

    #[test]
    fn one_or_two_versions_share_all_executions() {
        assert_eq!(routes_of(&[("m:1", 100)]), Ok(vec![(1, 100)]));
        assert_eq!(routes_of(&[("m:2", 0), ("m:1", 100)]), Ok(vec![(2, 0), (1, 100)]));
    }

    #[test]
    fn recorded_refusals_are_worded_as_aws_words_them() {
        assert_eq!(
            refusal_of(&[("m", 50), ("m:1", 50)]),
            "Routing configuration must contain state machine version ARNs. Received: [m, m:1]"
        );
        assert_eq!(
            refusal_of(&[("m:1", 50), ("m:1", 50)]),
            "Routing configuration must contain distinct state machine version ARNs. Received: [m:1, m:1]"
        );
        assert_eq!(
            refusal_of(&[("m:1", 70), ("m:2", 29)]),
            "Sum of routing configuration weights must equal 100. Received: [70, 29]"
        );
        assert_eq!(
            refusal_of(&[("m:1", 101)]),
            "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy \
             constraint: Member must have value less than or equal to 100"
        );
        let item = |number, weight| {
            format!("RoutingConfigurationListItem(stateMachineVersionArn=m:{number}, weight={weight})")
        };
        assert_eq!(
            refusal_of(&[("m:1", 50), ("m:2", 30), ("m:3", 20)]),
            format!(
                "1 validation error detected: Value '[{}, {}, {}]' at 'routingConfiguration' failed to satisfy \
                 constraint: Member must have length less than or equal to 2",
                item(1, 50),
                item(2, 30),
                item(3, 20)
            )
        );
    }

    #[test]
    fn a_name_is_not_all_digits() {
        for name in ["a", "PROD-1", "1.0", "_"] {
            assert!((RESTRICTED.is_match)(name), "{name}");
        }
        for name in ["", "123", "!INVALID", "ALIAS@", "INVALID ALIAS", "größe"] {
            assert!(!(RESTRICTED.is_match)(name), "{name}");
        }
    }
}
