//! The SVG writer.

use super::layout::{Dot, Label, Panel, PlacedEdge, PlacedFlow, PlacedNode, Scene};
use super::model::EdgeKind;
use super::style::{self, Frame};
use model::StateType;
use std::fmt::Write as _;

/// Colours by class, light first; the dark ones stand apart, since some viewers know no variables.
const STYLE: &str = include_str!("svg.css");

/// Writes the document.
pub(super) fn write(scene: &Scene<'_>) -> String {
    let (width, height) =
        (scene.flow.width + 2.0 * style::PAGE_MARGIN, scene.flow.height + 2.0 * style::PAGE_MARGIN);
    let mut out = Out(String::new());
    out.line(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img">"#,
        w = number(width),
        h = number(height)
    ));
    out.line(&format!("<style>\n{STYLE}</style>"));
    out.line("<defs>");
    for (id, class) in [("arrow", "arrow"), ("arrow-catch", "arrow-catch")] {
        out.line(&format!(
            r#"<marker id="{id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="{class}" d="M0 0.8 L10 5 L0 9.2 L2.4 5 z"/></marker>"#
        ));
    }
    out.line("</defs>");
    out.line(r#"<rect class="page" width="100%" height="100%" rx="10"/>"#);
    out.group(style::PAGE_MARGIN, style::PAGE_MARGIN, |out| flow(out, &scene.flow));
    out.line("</svg>");
    out.0
}

struct Out(String);

impl Out {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn group(&mut self, x: f64, y: f64, inner: impl FnOnce(&mut Out)) {
        self.line(&format!(r#"<g transform="translate({} {})">"#, number(x), number(y)));
        inner(self);
        self.line("</g>");
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.line(&format!(
            r#"<text class="{class}" x="{}" y="{}">{}</text>"#,
            number(x),
            number(y),
            escape(text)
        ));
    }

    fn rect(&mut self, class: &str, frame: Frame, radius: f64) {
        self.line(&format!(
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>"#,
            number(frame.x),
            number(frame.y),
            number(frame.width),
            number(frame.height),
            number(radius)
        ));
    }
}

fn flow(out: &mut Out, flow: &PlacedFlow<'_>) {
    for edge in &flow.edges {
        way(out, edge);
    }
    if let Some(Dot { x, y, radius }) = flow.start {
        out.line(&format!(
            r#"<circle class="dot" cx="{}" cy="{}" r="{}"/>"#,
            number(x),
            number(y),
            number(radius)
        ));
    }
    if let Some(Dot { x, y, radius }) = flow.finish {
        out.line(&format!(
            r#"<circle class="ring" cx="{x}" cy="{y}" r="{outer}"/><circle class="dot" cx="{x}" cy="{y}" r="{inner}"/>"#,
            x = number(x),
            y = number(y),
            outer = number(radius - 1.0),
            inner = number(radius - 4.0)
        ));
    }
    for placed in &flow.nodes {
        out.group(placed.frame.x, placed.frame.y, |out| node(out, placed));
    }
    for label in flow.edges.iter().filter_map(|edge| edge.label.as_ref().map(|label| (edge.kind, label))) {
        beside_edge(out, label.0, label.1);
    }
}

fn way(out: &mut Out, edge: &PlacedEdge) {
    let mut path = String::new();
    if let (true, Some(run)) = (edge.is_loop, edge.runs.first()) {
        let (x, far) = (run.x, run.x + 26.0);
        let points = [x, run.from, far, run.from, far, run.to, x, run.to].map(number);
        let [x0, y0, x1, y1, x2, y2, x3, y3] = points;
        path = format!("M{x0} {y0} C{x1} {y1} {x2} {y2} {x3} {y3}");
    } else {
        let mut last: Option<(f64, f64)> = None;
        for run in &edge.runs {
            let _ = match last {
                None => write!(path, "M{} {}", number(run.x), number(run.from)),
                Some((x, _)) if (x - run.x).abs() < 0.5 => {
                    write!(path, " L{} {}", number(run.x), number(run.from))
                }
                Some((x, y)) => {
                    let middle = number((y + run.from) / 2.0);
                    let (x0, x1, end) = (number(x), number(run.x), number(run.from));
                    write!(path, " C{x0} {middle} {x1} {middle} {x1} {end}")
                }
            };
            if (run.from - run.to).abs() > 0.01 {
                let _ = write!(path, " L{} {}", number(run.x), number(run.to));
            }
            last = Some((run.x, run.to));
        }
    }
    let (class, marker) = match edge.kind {
        EdgeKind::Next | EdgeKind::Rule | EdgeKind::Default => ("edge", "arrow"),
        EdgeKind::Catch => ("edge catch", "arrow-catch"),
    };
    out.line(&format!(r#"<path class="{class}" marker-end="url(#{marker})" d="{path}"/>"#));
}

fn beside_edge(out: &mut Out, kind: EdgeKind, label: &Label) {
    let frame = label.frame;
    out.line("<g>");
    if let Some(whole) = &label.whole {
        out.line(&format!("<title>{}</title>", escape(whole)));
    }
    out.rect("paper", frame, 4.0);
    let class = match kind {
        EdgeKind::Next | EdgeKind::Rule => "label",
        EdgeKind::Default => "label default",
        EdgeKind::Catch => "label catch",
    };
    for (at, line) in label.lines.iter().enumerate() {
        out.text(class, frame.centre_x(), frame.y + 12.0 + at as f64 * style::LABEL_LINE, line);
    }
    out.line("</g>");
}

fn node(out: &mut Out, placed: &PlacedNode<'_>) {
    let node = placed.node;
    let hint: Vec<&str> = [Some(node.name.as_str()), node.comment.as_deref()]
        .into_iter()
        .flatten()
        .chain(node.notes.iter().map(String::as_str))
        .collect();
    out.line(&format!("<title>{}</title>", escape(&hint.join("\n"))));
    let kind = kind_class(node.state_type, node.is_lambda);
    let frame = Frame { x: 0.0, y: 0.0, ..placed.frame };
    let is_cluster = !placed.panels.is_empty();
    let class = if is_cluster { "cluster" } else { "box" };
    out.rect(&format!("{class} {kind}"), frame, if is_cluster { 12.0 } else { 9.0 });
    let text_height = placed.name.len() as f64 * style::NAME_LINE
        + placed.subtitle.len() as f64 * style::SUBTITLE_LINE
        + placed.notes.len() as f64 * style::NOTE_LINE;
    let head = if is_cluster { text_height + 2.0 * style::BOX_MARGIN } else { frame.height };
    let head = head.max(style::BOX_HEIGHT);
    icon(out, node.state_type, node.is_lambda, kind, head);
    let mut y = (head - text_height) / 2.0;
    for (lines, class, height, baseline) in [
        (&placed.name, "name", style::NAME_LINE, 12.8),
        (&placed.subtitle, "subtitle", style::SUBTITLE_LINE, 11.5),
        (&placed.notes, "note", style::NOTE_LINE, 10.3),
    ] {
        for line in lines {
            out.text(class, style::TEXT_LEFT, y + baseline, line);
            y += height;
        }
    }
    for inner in &placed.panels {
        panel(out, inner);
    }
}

fn panel(out: &mut Out, panel: &Panel<'_>) {
    let frame = panel.frame;
    out.rect("panel", frame, 9.0);
    if let Some(title) = panel.title {
        out.text("note", frame.x + 12.0, frame.y + 17.0, title);
    }
    let x = frame.x + (frame.width - panel.flow.width) / 2.0;
    out.group(x, frame.y + style::PANEL_HEAD, |out| flow(out, &panel.flow));
}

fn kind_class(state_type: StateType, is_lambda: bool) -> &'static str {
    match state_type {
        StateType::Task if is_lambda => "lambda",
        StateType::Task => "task",
        StateType::Wait => "wait",
        StateType::Pass => "pass",
        StateType::Succeed => "succeed",
        StateType::Fail => "fail",
        StateType::Choice => "choice",
        StateType::Parallel => "parallel",
        StateType::Map => "map",
    }
}

/// A square in the type's colour with a sign on it.
fn icon(out: &mut Out, state_type: StateType, is_lambda: bool, kind: &str, head: f64) {
    let sign = match state_type {
        StateType::Task if is_lambda => "M6.5 5.5h2.2l6.3 11h-1 M9.9 9.2l-3.9 7.3",
        StateType::Task => "M12.2 4.6l-5.4 7.4h4l-1 5.4 5.4-7.4h-4z",
        StateType::Wait => "M11 5.2a5.8 5.8 0 1 0 .01 0z M11 8v3.2l2.2 1.5",
        StateType::Pass => "M5.5 11h10 M12 7.2l3.8 3.8-3.8 3.8",
        StateType::Succeed => "M5.8 11.4l3.4 3.5 7-7.4",
        StateType::Fail => "M7 7l8 8 M15 7l-8 8",
        StateType::Choice => "M11 4.8l6.2 6.2-6.2 6.2-6.2-6.2z",
        StateType::Parallel => "M6.5 5.5v11 M11 5.5v11 M15.5 5.5v11",
        StateType::Map => {
            "M5.5 5.5h4.2v4.2h-4.2z M12.3 5.5h4.2v4.2h-4.2z M5.5 12.3h4.2v4.2h-4.2z M12.3 12.3h4.2v4.2h-4.2z"
        }
    };
    out.group(style::ICON_LEFT, (head - style::ICON) / 2.0, |out| {
        out.rect(
            &format!("icon {kind}"),
            Frame { x: 0.0, y: 0.0, width: style::ICON, height: style::ICON },
            6.0,
        );
        out.line(&format!(r#"<path class="sign" d="{sign}"/>"#));
    });
}

/// At most one decimal, and none where it says nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// Text for XML. Control characters that XML 1.0 forbids become the replacement character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
