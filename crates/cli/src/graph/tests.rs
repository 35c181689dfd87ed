use super::Graph;
use super::layout::{self, PlacedFlow};
use super::style::{self, Frame};
use super::text;
use model::StateMachineType;
use model::StateType;
use std::path::Path;

fn graph(source: &str) -> Graph {
    let compiled = asl::compile(source, StateMachineType::Standard).expect("a valid definition");
    Graph::of(&compiled.definition, &json::parse(source).expect("JSON"))
}

/// The examples, and a definition that has everything a layout can stumble over.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut sources = vec![crowded()];
    for name in ["order-processing", "saga", "human-approval", "fan-out"] {
        let path = root.join(name).join(format!("{name}.asl.json"));
        sources.push(std::fs::read_to_string(path).expect("the example is there"));
    }
    sources
}

/// A Choice that leads everywhere and to itself, with long conditions, into branches of very different size.
fn crowded() -> String {
    let rules: Vec<String> = (0..9)
        .map(|n| {
            let next = if n == 8 { "Hub".to_owned() } else { format!("A state with quite a long name, number {n}") };
            format!(r#"{{"Variable": "$.some.deeply.nested.member[{n}]", "StringEquals": "value {n}", "Next": "{next}"}}"#)
        })
        .collect();
    let states: Vec<String> = (0..8)
        .map(|n| {
            let name = format!("A state with quite a long name, number {n}");
            let branch = |b: usize| {
                let inner: Vec<String> = (0..=b)
                    .map(|i| {
                        let after = if i == b {
                            r#""End": true"#.to_owned()
                        } else {
                            format!(r#""Next": "{n}.{b}.{}""#, i + 1)
                        };
                        format!(r#""{n}.{b}.{i}": {{"Type": "Pass", {after}}}"#)
                    })
                    .collect();
                format!(r#"{{"StartAt": "{n}.{b}.0", "States": {{{}}}}}"#, inner.join(","))
            };
            let branches: Vec<String> = (0..=n).map(branch).collect();
            let next = if n % 2 == 0 { "Hub" } else { "Last" };
            format!(
                r#""{name}": {{"Type": "Parallel", "Branches": [{}], "Next": "{next}",
                   "Catch": [{{"ErrorEquals": ["Custom.Error{n}", "Other"], "Next": "Last"}}]}}"#,
                branches.join(",")
            )
        })
        .collect();
    format!(
        r#"{{"StartAt": "Hub", "States": {{
            "Hub": {{"Type": "Choice", "Choices": [{}], "Default": "Last"}}, {},
            "Last": {{"Type": "Pass", "End": true}}}}}}"#,
        rules.join(","),
        states.join(",")
    )
}

fn each_flow<'f>(flow: &'f PlacedFlow<'f>, check: &mut dyn FnMut(&'f PlacedFlow<'f>)) {
    check(flow);
    for panel in flow.nodes.iter().flat_map(|node| &node.panels) {
        each_flow(&panel.flow, check);
    }
}

fn overlap(a: Frame, b: Frame) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

#[test]
fn boxes_and_labels_never_overlap() {
    for source in sources() {
        let graph = graph(&source);
        each_flow(&layout::scene(&graph).flow, &mut |flow| {
            let named = flow.nodes.iter().map(|node| (node.node.name.clone(), node.frame));
            let labels = flow.edges.iter().filter_map(|edge| edge.label.as_ref());
            let frames: Vec<(String, Frame)> =
                named.chain(labels.map(|label| (label.lines.join(" "), label.frame))).collect();
            for (at, (name, frame)) in frames.iter().enumerate() {
                for (other, other_frame) in &frames[at + 1..] {
                    assert!(!overlap(*frame, *other_frame), "{name} and {other}");
                }
            }
        });
    }
}

#[test]
fn everything_lies_within_its_flow_and_its_panel() {
    for source in sources() {
        let graph = graph(&source);
        each_flow(&layout::scene(&graph).flow, &mut |flow| {
            for node in &flow.nodes {
                let frame = node.frame;
                assert!(frame.x >= -0.1 && frame.y >= -0.1, "{}", node.node.name);
                assert!(
                    frame.right() <= flow.width + 0.1 && frame.bottom() <= flow.height + 0.1,
                    "{}",
                    node.node.name
                );
                for panel in &node.panels {
                    assert!(panel.frame.right() < frame.width && panel.frame.bottom() < frame.height);
                    assert!(panel.flow.width <= panel.frame.width && panel.flow.height <= panel.frame.height);
                }
                for (at, panel) in node.panels.iter().enumerate() {
                    assert!(node.panels[at + 1..].iter().all(|other| !overlap(panel.frame, other.frame)));
                }
            }
        });
    }
}

#[test]
fn ways_cross_no_box() {
    for source in sources() {
        let graph = graph(&source);
        each_flow(&layout::scene(&graph).flow, &mut |flow| {
            for edge in flow.edges.iter().filter(|edge| !edge.is_loop) {
                for run in &edge.runs {
                    let inside = |node: &&layout::PlacedNode<'_>| {
                        let middle = (run.from + run.to) / 2.0;
                        node.frame.holds((run.x, middle), -2.0)
                    };
                    let crossed = flow.nodes.iter().find(inside);
                    assert!(crossed.is_none(), "{}", crossed.unwrap().node.name);
                }
            }
        });
    }
}

#[test]
fn texts_fit_their_boxes() {
    for source in sources() {
        let graph = graph(&source);
        each_flow(&layout::scene(&graph).flow, &mut |flow| {
            for placed in &flow.nodes {
                let room = placed.frame.width - style::TEXT_LEFT;
                assert!(placed.name.iter().all(|line| text::width(line, style::NAME_SIZE) < room));
                assert!(placed.notes.iter().all(|line| text::width(line, style::NOTE_SIZE) < room));
            }
        });
    }
}

#[test]
fn names_of_any_characters_give_well_formed_xml() {
    let source = r#"{"StartAt": "<a & \"b\"> \u0007 日本語 ]]>", "States": {"<a & \"b\"> \u0007 日本語 ]]>": {"Type": "Succeed"}}}"#;
    // Names with control characters are refused, so the graph is made by hand from a name that is taken.
    let svg = match asl::compile(source, StateMachineType::Standard) {
        Ok(compiled) => Graph::of(&compiled.definition, &json::Value::Null).to_svg(),
        Err(_) => graph(&source.replace("\\u0007", "")).to_svg(),
    };
    assert!(svg.contains("&lt;a &amp; &quot;b&quot;&gt;"), "{svg}");
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn reading_order_puts_the_way_before_what_handles_errors() {
    let source = r#"{"StartAt": "A", "States": {
        "Handler": {"Type": "Fail"},
        "B": {"Type": "Pass", "End": true},
        "A": {"Type": "Parallel", "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Handler"}], "Next": "B"}}}"#;
    let graph = graph(source);
    let names: Vec<&str> = graph.root.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "Handler"]);
    assert_eq!(graph.root.nodes[0].state_type, StateType::Parallel);
    assert_eq!(graph.root.nodes[0].flows[0].title.as_deref(), Some("branch 1"));
}
