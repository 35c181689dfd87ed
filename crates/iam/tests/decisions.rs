//! What policies allow: by example, and what holds for all of them.
#![allow(clippy::unwrap_used)] // a test that panics has failed

use iam::{Context, Decision, Policy, Request, decide};
use proptest::prelude::*;

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn decision(policies: &[Policy], action: &str, resource: &str) -> Decision {
    decide(policies, None, &Request { action, resource, context: &Context::new() })
}

#[test]
fn what_no_statement_allows_is_not_allowed() {
    assert_eq!(decision(&[], "sqs:SendMessage", "*"), Decision::NotAllowed);
    let allow = policy(r#"{"Effect":"Allow","Action":"sqs:Send*","Resource":"arn:aws:sqs:*:1:orders"}"#);
    let decided = |action, resource| decision(std::slice::from_ref(&allow), action, resource);
    assert_eq!(decided("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:orders"), Decision::Allowed);
    assert_eq!(decided("SQS:sendmessage", "arn:aws:sqs:us-east-1:1:orders"), Decision::Allowed);
    assert_eq!(decided("sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:1:orders"), Decision::NotAllowed);
    assert_eq!(decided("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:Orders"), Decision::NotAllowed);
}

#[test]
fn a_denial_goes_before_every_permission() {
    let all = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let deny = policy(r#"{"Effect":"Deny","NotAction":"s3:Get*","NotResource":"arn:aws:s3:::open/*"}"#);
    for policies in [[all.clone(), deny.clone()], [deny, all]] {
        assert_eq!(decision(&policies, "s3:PutObject", "arn:aws:s3:::shut/k"), Decision::Denied);
        assert_eq!(decision(&policies, "s3:GetObject", "arn:aws:s3:::shut/k"), Decision::Allowed);
        assert_eq!(decision(&policies, "s3:PutObject", "arn:aws:s3:::open/k"), Decision::Allowed);
    }
}

#[test]
fn conditions_and_variables_see_the_request() {
    let own = policy(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*",
            "Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#,
    );
    let decided = |context: &Context, resource| {
        let request = Request { action: "s3:GetObject", resource, context };
        decide(std::slice::from_ref(&own), None, &request)
    };
    let context = Context::new().with("aws:UserName", "ann").with("aws:RequestedRegion", "eu-west-1");
    assert_eq!(decided(&context, "arn:aws:s3:::b/ann/x"), Decision::Allowed);
    assert_eq!(decided(&context, "arn:aws:s3:::b/bob/x"), Decision::NotAllowed);
    assert_eq!(decided(&Context::new(), "arn:aws:s3:::b/ann/x"), Decision::NotAllowed);
}

#[test]
fn a_variable_without_a_value_makes_a_statement_one_of_nothing() {
    let statement = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::${aws:username}"}"#;
    let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let policies = [policy(&format!("{statement},{allow}"))];
    assert_eq!(decision(&policies, "s3:GetObject", "arn:aws:s3:::b"), Decision::Allowed);
}

#[test]
fn a_boundary_takes_away_and_gives_nothing() {
    let request = Request { action: "a:b", resource: "*", context: &Context::new() };
    let allow = [policy(r#"{"Effect":"Allow","Action":"a:b","Resource":"*"}"#)];
    let other = [policy(r#"{"Effect":"Allow","Action":"a:c","Resource":"*"}"#)];
    assert_eq!(decide(&allow, Some(&allow), &request), Decision::Allowed);
    assert_eq!(decide(&allow, Some(&other), &request), Decision::NotAllowed);
    assert_eq!(decide(&other, Some(&allow), &request), Decision::NotAllowed);
}

/// A statement of few actions and resources, so that many of them are about the same request.
fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let texts = |of: &'static str| proptest::collection::vec(of, 1..3);
    let quoted = |texts: Vec<String>| format!("{texts:?}");
    (any::<(bool, bool, bool)>(), texts("[ab*]:[cd*]{1,2}"), texts("[xy*]{1,2}"), "[uv]").prop_map(
        move |((not_action, not_resource, has_condition), actions, resources, value)| {
            let action = if not_action { "NotAction" } else { "Action" };
            let resource = if not_resource { "NotResource" } else { "Resource" };
            let (actions, resources) = (quoted(actions), quoted(resources));
            let condition = match has_condition {
                true => format!(r#","Condition":{{"StringEquals":{{"k":"{value}"}}}}"#),
                false => String::new(),
            };
            format!(r#"{{"Effect":"{effect}","{action}":{actions},"{resource}":{resources}{condition}}}"#)
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(prop_oneof![statement("Allow"), statement("Deny")], 0..6)
}

proptest! {
    #[test]
    fn order_and_grouping_change_nothing(
        statements in statements(), action in "[ab]:[cd]", resource in "[xy]", value in "[uv]",
    ) {
        let context = Context::new().with("k", value);
        let request = Request { action: &action, resource: &resource, context: &context };
        let together = decide(&[policy(&statements.join(","))], None, &request);
        let apart: Vec<Policy> = statements.iter().rev().map(|one| policy(one)).collect();
        prop_assert_eq!(together, decide(&apart, None, &request));
    }

    #[test]
    fn a_further_denial_never_allows_and_a_further_permission_never_denies(
        statements in statements(), deny in statement("Deny"), allow in statement("Allow"),
        action in "[ab]:[cd]", resource in "[xy]",
    ) {
        let context = Context::new();
        let request = Request { action: &action, resource: &resource, context: &context };
        let mut policies: Vec<Policy> = statements.iter().map(|one| policy(one)).collect();
        let before = decide(&policies, None, &request);
        policies.push(policy(&deny));
        let after = decide(&policies, None, &request);
        prop_assert!(after == before || after == Decision::Denied);
        policies.pop();
        policies.push(policy(&allow));
        let after = decide(&policies, None, &request);
        prop_assert!(after == before || (before, after) == (Decision::NotAllowed, Decision::Allowed));
    }

    #[test]
    fn what_is_not_listed_is_the_rest(actions in "[ab*]:[cd*]{1,2}", action in "[ab]:[cd]") {
        let of = |name: &str| policy(&format!(r#"{{"Effect":"Allow","{name}":"{actions}","Resource":"*"}}"#));
        let allows = |name: &str| decision(&[of(name)], &action, "r") == Decision::Allowed;
        prop_assert!(allows("Action") != allows("NotAction"));
    }
}
