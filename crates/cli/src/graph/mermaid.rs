//! The Mermaid writer, for Markdown pages that draw flowcharts.

use super::model::{Edge, EdgeKind, End, Flow, Graph, Node};
use model::StateType;
use std::fmt::Write as _;

/// Writes the flowchart.
pub(super) fn write(graph: &Graph) -> String {
    let mut out = Chart { text: String::from("flowchart TD\n"), edges: 0, catches: Vec::new() };
    out.flow(&graph.root, "s", 1);
    if !out.catches.is_empty() {
        let _ = writeln!(
            out.text,
            "  linkStyle {} stroke:#dc4a4a,color:#c02626",
            out.catches.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        );
    }
    out.text
}

struct Chart {
    text: String,
    /// How many edges are written: Mermaid styles edges by their number.
    edges: usize,
    catches: Vec<usize>,
}

impl Chart {
    fn flow(&mut self, flow: &Flow, prefix: &str, depth: usize) {
        let pad = "  ".repeat(depth);
        let _ = writeln!(self.text, "{pad}{prefix}_start(( ))");
        for (at, node) in flow.nodes.iter().enumerate() {
            self.state(node, &format!("{prefix}{at}"), depth);
        }
        if flow.edges.iter().any(|edge| edge.to == End::Finish) {
            let _ = writeln!(self.text, "{pad}{prefix}_end((( )))");
        }
        for edge in &flow.edges {
            self.way(edge, prefix, &pad);
        }
    }

    fn state(&mut self, node: &Node, id: &str, depth: usize) {
        let pad = "  ".repeat(depth);
        let caption = caption(node);
        if node.flows.is_empty() {
            let (open, close) = match node.state_type {
                StateType::Choice => ("{{", "}}"),
                StateType::Wait | StateType::Succeed | StateType::Fail => ("([", "])"),
                StateType::Task | StateType::Pass | StateType::Parallel | StateType::Map => ("(", ")"),
            };
            let _ = writeln!(self.text, "{pad}{id}{open}\"{caption}\"{close}");
            return;
        }
        let _ = writeln!(self.text, "{pad}subgraph {id} [\"{caption}\"]");
        for (at, inner) in node.flows.iter().enumerate() {
            let title = escape(inner.title.as_deref().unwrap_or(""));
            let _ = writeln!(self.text, "{pad}  subgraph {id}_{at} [\"{title}\"]");
            self.flow(inner, &format!("{id}_{at}_"), depth + 2);
            let _ = writeln!(self.text, "{pad}  end");
        }
        let _ = writeln!(self.text, "{pad}end");
    }

    fn way(&mut self, edge: &Edge, prefix: &str, pad: &str) {
        let name = |end: End| match end {
            End::Start => format!("{prefix}_start"),
            End::State(at) => format!("{prefix}{at}"),
            End::Finish => format!("{prefix}_end"),
        };
        let (arrow, joiner) = match edge.kind {
            EdgeKind::Next | EdgeKind::Rule | EdgeKind::Default => ("-->", " or "),
            EdgeKind::Catch => ("-.->", ", "),
        };
        let label = match edge.labels.is_empty() {
            true => String::new(),
            false => format!("|\"{}\"|", escape(&edge.labels.join(joiner))),
        };
        let _ = writeln!(self.text, "{pad}{} {arrow}{label} {}", name(edge.from), name(edge.to));
        if edge.kind == EdgeKind::Catch {
            self.catches.push(self.edges);
        }
        self.edges += 1;
    }
}

fn caption(node: &Node) -> String {
    let kind = match &node.subtitle {
        Some(subtitle) => format!("{}: {subtitle}", node.state_type),
        None => node.state_type.to_string(),
    };
    let lines: Vec<String> = std::iter::once(format!("<b>{}</b>", escape(&node.name)))
        .chain(std::iter::once(&kind).chain(&node.notes).map(|line| escape(line)))
        .collect();
    lines.join("<br/>")
}

/// Mermaid reads `#name;` entities inside quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
