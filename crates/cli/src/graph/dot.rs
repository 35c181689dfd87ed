//! The DOT writer, for Graphviz.

use super::model::{Edge, EdgeKind, End, Flow, Graph, Node};
use std::fmt::Write as _;

/// Writes the digraph.
pub(super) fn write(graph: &Graph) -> String {
    let mut out = String::from("digraph workflow {\n");
    out.push_str("  compound=true;\n  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=10];\n");
    flow(&mut out, &graph.root, "s", 1);
    out.push_str("}\n");
    out
}

fn flow(out: &mut String, flow: &Flow, prefix: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let _ = writeln!(
        out,
        "{pad}{prefix}_start [shape=circle, style=filled, fillcolor=black, label=\"\", width=0.15];"
    );
    for (at, node) in flow.nodes.iter().enumerate() {
        state(out, node, &format!("{prefix}{at}"), depth);
    }
    if flow.edges.iter().any(|edge| edge.to == End::Finish) {
        let _ = writeln!(
            out,
            "{pad}{prefix}_end [shape=doublecircle, style=filled, fillcolor=black, label=\"\", width=0.12];"
        );
    }
    for edge in &flow.edges {
        way(out, flow, edge, prefix, &pad);
    }
}

fn state(out: &mut String, node: &Node, id: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let label = caption(node);
    if node.flows.is_empty() {
        let _ = writeln!(out, "{pad}{id} [label=\"{label}\"];");
        return;
    }
    // A cluster cannot be an end of an edge: the edges end at this point inside it and are cut at its border.
    let _ = writeln!(out, "{pad}subgraph cluster_{id} {{\n{pad}  label=\"{label}\"; style=rounded;");
    let _ = writeln!(out, "{pad}  {id} [shape=point, style=invis];");
    for (at, inner) in node.flows.iter().enumerate() {
        let title = escape(inner.title.as_deref().unwrap_or(""));
        let _ =
            writeln!(out, "{pad}  subgraph cluster_{id}_{at} {{\n{pad}    label=\"{title}\"; style=dashed;");
        flow(out, inner, &format!("{id}_{at}_"), depth + 2);
        let _ = writeln!(out, "{pad}  }}");
    }
    let _ = writeln!(out, "{pad}}}");
}

fn way(out: &mut String, flow: &Flow, edge: &Edge, prefix: &str, pad: &str) {
    let name = |end: End| match end {
        End::Start => format!("{prefix}_start"),
        End::State(at) => format!("{prefix}{at}"),
        End::Finish => format!("{prefix}_end"),
    };
    let is_cluster = |end: End| match end {
        End::State(at) => flow.nodes.get(at).is_some_and(|node| !node.flows.is_empty()),
        End::Start | End::Finish => false,
    };
    let mut attributes = Vec::new();
    if !edge.labels.is_empty() {
        let joiner = if edge.kind == EdgeKind::Catch { ", " } else { " or " };
        attributes.push(format!("label=\"{}\"", escape(&edge.labels.join(joiner))));
    }
    if edge.kind == EdgeKind::Catch {
        attributes.push("style=dashed, color=red, fontcolor=red".to_owned());
    }
    if is_cluster(edge.from) {
        attributes.push(format!("ltail=cluster_{}", name(edge.from)));
    }
    if is_cluster(edge.to) {
        attributes.push(format!("lhead=cluster_{}", name(edge.to)));
    }
    let _ = writeln!(out, "{pad}{} -> {} [{}];", name(edge.from), name(edge.to), attributes.join(", "));
}

/// Name, type with subtitle, and notes, one below the other.
fn caption(node: &Node) -> String {
    let kind = match &node.subtitle {
        Some(subtitle) => format!("{}: {subtitle}", node.state_type),
        None => node.state_type.to_string(),
    };
    let lines: Vec<String> =
        [&node.name, &kind].into_iter().chain(&node.notes).map(|line| escape(line)).collect();
    lines.join("\\n")
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}
