use super::*;
use crate::document::{Syntax, read};
use crate::fill::fill;

const HERE: Place<'static> = Place { partition: "aws", region: "eu-west-1", account: "000000000000" };

const TEMPLATE: &str = r#"
Parameters:
  Wait: {Type: Number, Default: 30}
  Stage: {Type: String}
Resources:
  Charge:
    Type: AWS::Serverless::Function
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: orders
      Type: EXPRESS
      DefinitionUri: machines/orders.asl.yaml
      DefinitionSubstitutions:
        ChargeArn: !GetAtt Charge.Arn
        Seconds: !Ref Wait
        Stage: !Ref Stage
  Inline:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: !Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Charge}"
            Parameters: {Joined: !Join ["-", [a, !Ref Stage, !Ref Topic]]}
            End: true
  Text:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: !Sub "text-${Stage}"
      DefinitionString: !Sub
        - |
          {"StartAt": "A",

            "States": {"A": {"Type": "Wait", "Seconds": ${Wait}, "Comment": "${Own} ${!kept} ${Stage}", "End": true}}}
        - Own: !GetAtt Topic.TopicArn
  Bucket:
    Type: AWS::StepFunctions::StateMachine
    Properties: {DefinitionS3Location: {Bucket: b, Key: k}}
  Topic: {Type: AWS::SNS::Topic}
"#;

fn machines(given: &[(&str, &str)]) -> Vec<Machine> {
    let document = read(TEMPLATE, Syntax::Yaml).unwrap();
    find(&document, TEMPLATE, &given.iter().copied().collect(), HERE).unwrap()
}

#[test]
fn every_machine_is_found_with_its_name_and_type() {
    let found = machines(&[]);
    let shown: Vec<_> =
        found.iter().map(|m| (m.id.as_str(), m.name.as_deref(), m.machine_type.as_deref())).collect();
    let expected = [
        ("Orders", Some("orders"), Some("EXPRESS")),
        ("Inline", None, None),
        ("Text", None, None),
        ("Bucket", None, None),
    ];
    assert_eq!(shown, expected);
    assert!(matches!(&found[0].definition, Definition::File(path) if path == "machines/orders.asl.yaml"));
    assert!(matches!(found[3].definition, Definition::Elsewhere));
    assert_eq!(machines(&[("Stage", "dev")])[2].name.as_deref(), Some("text-dev"));
}

#[test]
fn substitutions_take_what_the_template_knows() {
    let values = &machines(&[])[0].values;
    assert_eq!(values.get("ChargeArn"), Some("arn:aws:lambda:eu-west-1:000000000000:function:Charge"));
    assert_eq!((values.get("Seconds"), values.get("Stage")), (Some("30"), None));
    assert_eq!(machines(&[("Seconds", "5")])[0].values.get("Seconds"), Some("5"));
    assert_eq!(machines(&[("Wait", "6")])[0].values.get("Seconds"), Some("6"));
}

#[test]
fn functions_within_an_inline_definition_become_texts() {
    let Definition::Inline(document) = machines(&[]).remove(1).definition else {
        panic!("it stands in the template")
    };
    let task = document.tree.get("States").unwrap().get("A").unwrap().to_value().to_text();
    let expected = r#"{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:000000000000:function:Charge","Parameters":{"Joined":"a-${Stage}-arn:aws:sns:eu-west-1:000000000000:Topic"},"End":true}"#;
    assert_eq!(task, expected);
}

#[test]
fn a_definition_in_a_text_keeps_its_places() {
    let machine = machines(&[]).remove(2);
    let Definition::Text(quoted) = machine.definition else { panic!("it is a text") };
    let document = read(&quoted.text, Syntax::Json).unwrap();
    let kind = document.tree.get("States").unwrap().get("A").unwrap().get("Type").unwrap();
    assert_eq!(TEMPLATE.get(quoted.place(&kind.span)), Some("\"Wait\""));
    assert_eq!(TEMPLATE.get(quoted.place(&(0..1))), Some("{"));
    let filled = fill(document, &machine.values, HERE);
    let wait = filled.tree.get("States").unwrap().get("A").unwrap().to_value().to_text();
    let expected = r#"{"Type":"Wait","Seconds":30,"Comment":"arn:aws:sns:eu-west-1:000000000000:Topic ${!kept} ${Stage}","End":true}"#;
    assert_eq!(wait, expected);
}

#[test]
fn a_definition_is_no_template() {
    for text in ["{}", "[]", "StartAt: A\nStates: {}\nResources: {}\n", "Resources: 3\n"] {
        let document = read(text, Syntax::Yaml).unwrap();
        assert!(find(&document, text, &Substitutions::default(), HERE).is_none(), "{text}");
    }
}

#[test]
fn names_that_stand_for_themselves_or_for_much_are_bounded() {
    let long = "x".repeat(1_000_000);
    let text = format!(
        "Parameters:\n  P: {{Default: {{Ref: P}}}}\n  L: {{Default: {long}}}\nResources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    \
         Properties:\n      StateMachineName: !Ref P\n      Definition:\n        Comment: !Join ['', [{}]]\n",
        "!Ref L, ".repeat(1_000)
    );
    let document = read(&text, Syntax::Yaml).unwrap();
    let found = find(&document, &text, &Substitutions::default(), HERE).unwrap();
    assert_eq!(found[0].name, None);
    let Definition::Inline(document) = &found[0].definition else { panic!("it stands in the template") };
    assert!(document.tree.get("Comment").unwrap().as_str().unwrap().len() < 5_000_000);
}

#[test]
fn a_text_behind_a_tag_keeps_its_places_too() {
    let text = "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      DefinitionString: !Sub |-\n        {\"a\":\n         [\"${X}\",\n\n        3]}\n";
    let document = read(text, Syntax::Yaml).unwrap();
    let mut found = find(&document, text, &Substitutions::default(), HERE).unwrap();
    let Definition::Text(quoted) = found.remove(0).definition else { panic!("it is a text") };
    let three = quoted.text.find('3').unwrap();
    assert_eq!(quoted.place(&(three..three + 1)), text.find("3]").unwrap()..text.find("3]").unwrap() + 1);
}
