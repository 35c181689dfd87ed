//! Places for everything in a diagram.
//!
//! Each flow is laid out by itself with dagre, inner ones first; a Parallel or Map state is then one large box in the
//! flow around it. So no box can overlap another, and no way ever crosses the border of a cluster.

use super::model::{Edge, EdgeKind, End, Flow, Graph, Node};
use super::route::{self, Anchor, Run};
use super::style::{self, Frame};
use super::text;
use dagre::graph::{Graph as Sheet, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};

/// A diagram with places, in pixels from the top left corner.
pub(super) struct Scene<'g> {
    /// The top level.
    pub(super) flow: PlacedFlow<'g>,
}

/// A flow with places, relative to its own corner.
pub(super) struct PlacedFlow<'g> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) nodes: Vec<PlacedNode<'g>>,
    pub(super) edges: Vec<PlacedEdge>,
    pub(super) start: Option<Dot>,
    pub(super) finish: Option<Dot>,
}

/// A dot that marks where a flow starts or ends.
#[derive(Clone, Copy)]
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
}

/// A state with its place.
pub(super) struct PlacedNode<'g> {
    pub(super) node: &'g Node,
    pub(super) frame: Frame,
    pub(super) name: Vec<String>,
    pub(super) subtitle: Vec<String>,
    pub(super) notes: Vec<String>,
    /// The inner flows, with frames relative to the state's corner.
    pub(super) panels: Vec<Panel<'g>>,
}

/// A branch or processor within its state.
pub(super) struct Panel<'g> {
    pub(super) frame: Frame,
    pub(super) title: Option<&'g str>,
    pub(super) flow: PlacedFlow<'g>,
}

/// An edge with its way.
pub(super) struct PlacedEdge {
    pub(super) kind: EdgeKind,
    pub(super) runs: Vec<Run>,
    /// Whether it leads from a state to itself.
    pub(super) is_loop: bool,
    pub(super) label: Option<Label>,
}

/// The text beside an edge.
pub(super) struct Label {
    pub(super) frame: Frame,
    pub(super) lines: Vec<String>,
    /// The whole text, where the lines hold only a part of it.
    pub(super) whole: Option<String>,
}

/// Lays out a graph.
pub(super) fn scene(graph: &Graph) -> Scene<'_> {
    Scene { flow: place_flow(&graph.root, true) }
}

fn place_flow(flow: &Flow, is_top: bool) -> PlacedFlow<'_> {
    let mut nodes: Vec<PlacedNode<'_>> = flow.nodes.iter().map(measure).collect();
    let has_start = is_top || flow.nodes.len() > 1;
    let edges: Vec<&Edge> = flow
        .edges
        .iter()
        .filter(|edge| (has_start || edge.from != End::Start) && (is_top || edge.to != End::Finish))
        .collect();
    let labels: Vec<Option<Label>> = edges.iter().map(|edge| label(edge)).collect();
    let mut sheet = sheet(&nodes, &edges, &labels, is_top);
    let options = LayoutOptions {
        nodesep: style::NODE_GAP,
        edgesep: style::EDGE_GAP,
        ranksep: style::RANK_GAP,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut sheet, Some(options));
    for (at, placed) in nodes.iter_mut().enumerate() {
        if let Some(found) = sheet.node(&key(End::State(at))) {
            placed.frame.x = found.x.unwrap_or(0.0) - placed.frame.width / 2.0;
            placed.frame.y = found.y.unwrap_or(0.0) - placed.frame.height / 2.0;
        }
    }
    let dot = |end: End| {
        let found = sheet.node(&key(end))?;
        Some(Dot { x: found.x?, y: found.y?, radius: found.width / 2.0 })
    };
    let (start, finish) = (dot(End::Start), dot(End::Finish));
    let edges = place_edges(&sheet, &nodes, (start, finish), &edges, labels);
    let mut placed = PlacedFlow { width: 0.0, height: 0.0, nodes, edges, start, finish };
    placed.trim();
    placed
}

impl PlacedFlow<'_> {
    /// Moves everything so that the corner is at the origin, and sets the size to what is drawn.
    fn trim(&mut self) {
        let mut bounds = Bounds::default();
        self.nodes.iter().for_each(|node| bounds.cover(node.frame));
        for dot in [self.start, self.finish].into_iter().flatten() {
            bounds.cover(Frame::around(dot.x, dot.y, dot.radius * 2.0, dot.radius * 2.0));
        }
        for edge in &self.edges {
            edge.runs.iter().for_each(|run| bounds.cover(Frame::around(run.x, run.from, 4.0, 0.0)));
            edge.label.iter().for_each(|label| bounds.cover(label.frame));
        }
        let (dx, dy) = (-bounds.left, -bounds.top);
        for node in &mut self.nodes {
            node.frame.shift(dx, dy);
        }
        for edge in &mut self.edges {
            edge.runs.iter_mut().for_each(|run| run.shift(dx, dy));
            edge.label.iter_mut().for_each(|label| label.frame.shift(dx, dy));
        }
        for dot in [&mut self.start, &mut self.finish].into_iter().flatten() {
            dot.x += dx;
            dot.y += dy;
        }
        (self.width, self.height) = (bounds.right - bounds.left, bounds.bottom - bounds.top);
    }
}

#[derive(Default)]
struct Bounds {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    is_set: bool,
}

impl Bounds {
    fn cover(&mut self, frame: Frame) {
        if !self.is_set {
            *self = Bounds {
                left: frame.x,
                top: frame.y,
                right: frame.right(),
                bottom: frame.bottom(),
                is_set: true,
            };
            return;
        }
        self.left = self.left.min(frame.x);
        self.top = self.top.min(frame.y);
        self.right = self.right.max(frame.right());
        self.bottom = self.bottom.max(frame.bottom());
    }
}

/// A node's size with everything inside it; its place comes later.
fn measure(node: &Node) -> PlacedNode<'_> {
    let name = text::wrap(&node.name, style::NAME_SIZE, style::TEXT_LIMIT, 3);
    let subtitle = node
        .subtitle
        .as_deref()
        .map_or_else(Vec::new, |words| text::wrap(words, style::SUBTITLE_SIZE, style::TEXT_LIMIT, 2));
    let notes: Vec<String> = node
        .notes
        .iter()
        .flat_map(|note| text::wrap(note, style::NOTE_SIZE, style::TEXT_LIMIT, 2))
        .take(4)
        .collect();
    let widest =
        |lines: &[String], size: f64| lines.iter().map(|line| text::width(line, size)).fold(0.0, f64::max);
    let text_width = widest(&name, style::NAME_SIZE * style::BOLD)
        .max(widest(&subtitle, style::SUBTITLE_SIZE))
        .max(widest(&notes, style::NOTE_SIZE));
    let mut width = (style::TEXT_LEFT + text_width + style::BOX_PADDING).max(style::BOX_WIDTH).ceil();
    let text_height = name.len() as f64 * style::NAME_LINE
        + subtitle.len() as f64 * style::SUBTITLE_LINE
        + notes.len() as f64 * style::NOTE_LINE;
    let mut height = (text_height + 2.0 * style::BOX_MARGIN).max(style::BOX_HEIGHT).ceil();
    let panels = place_panels(&node.flows, height, &mut width, &mut height);
    let frame = Frame { x: 0.0, y: 0.0, width, height };
    PlacedNode { node, frame, name, subtitle, notes, panels }
}

/// Puts the inner flows into rows under the head of their state and widens the state to hold them.
fn place_panels<'g>(flows: &'g [Flow], head: f64, width: &mut f64, height: &mut f64) -> Vec<Panel<'g>> {
    let mut panels = Vec::new();
    let (mut x, mut y, mut row_height) = (style::PANEL_GAP, head, 0.0_f64);
    for flow in flows {
        let placed = place_flow(flow, false);
        let title_width = flow.title.as_deref().map_or(0.0, |title| text::width(title, style::NOTE_SIZE));
        let panel_width = placed.width.max(title_width) + 2.0 * style::PANEL_MARGIN;
        let panel_height = placed.height + style::PANEL_HEAD + style::PANEL_MARGIN;
        if x > style::PANEL_GAP && x + panel_width > style::ROW_LIMIT {
            (x, y, row_height) = (style::PANEL_GAP, y + row_height + style::PANEL_GAP, 0.0);
        }
        let frame = Frame { x, y, width: panel_width, height: panel_height };
        x += panel_width + style::PANEL_GAP;
        row_height = row_height.max(panel_height);
        *width = width.max(x);
        *height = height.max(y + row_height + style::PANEL_GAP);
        panels.push(Panel { frame, title: flow.title.as_deref(), flow: placed });
    }
    level_rows(&mut panels, *width);
    panels
}

/// Gives the panels of a row one height, and spreads a row that is narrower than its state.
fn level_rows(panels: &mut [Panel<'_>], width: f64) {
    for row in panels.chunk_by_mut(|a, b| a.frame.y == b.frame.y) {
        let tallest = row.iter().map(|panel| panel.frame.height).fold(0.0, f64::max);
        let right = row.last().map_or(0.0, |panel| panel.frame.right()) + style::PANEL_GAP;
        let spare = (width - right) / row.len() as f64;
        for (at, panel) in row.iter_mut().enumerate() {
            panel.frame.height = tallest;
            panel.frame.x += spare * at as f64;
            panel.frame.width += spare;
        }
    }
}

fn label(edge: &Edge) -> Option<Label> {
    if edge.labels.is_empty() {
        return None;
    }
    let joiner = if edge.kind == EdgeKind::Catch { ", " } else { " or " };
    let whole = edge.labels.join(joiner);
    let lines = text::wrap(&whole, style::LABEL_SIZE, style::LABEL_LIMIT, 3);
    let width = lines.iter().map(|line| text::width(line, style::LABEL_SIZE)).fold(0.0, f64::max);
    let frame = Frame {
        x: 0.0,
        y: 0.0,
        width: (width + 2.0 * style::LABEL_PADDING).ceil(),
        height: lines.len() as f64 * style::LABEL_LINE + 4.0,
    };
    let is_cut = lines.last().is_some_and(|line| line.ends_with('…'));
    Some(Label { frame, lines, whole: is_cut.then_some(whole) })
}

type DagreSheet = Sheet<NodeLabel, EdgeLabel>;

fn sheet(nodes: &[PlacedNode<'_>], edges: &[&Edge], labels: &[Option<Label>], is_top: bool) -> DagreSheet {
    let mut sheet =
        DagreSheet::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    let mut add = |end: End, width: f64, height: f64| {
        sheet.set_node(key(end), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    };
    let dot = if is_top { style::DOT } else { style::INNER_DOT };
    if edges.iter().any(|edge| edge.from == End::Start) {
        add(End::Start, dot, dot);
    }
    for (at, placed) in nodes.iter().enumerate() {
        add(End::State(at), placed.frame.width, placed.frame.height);
    }
    if edges.iter().any(|edge| edge.to == End::Finish) {
        add(End::Finish, dot, dot);
    }
    for (at, (edge, label)) in edges.iter().zip(labels).enumerate() {
        // The way that the author meant stays straight, what handles errors gives way.
        let weight = match edge.kind {
            EdgeKind::Next => 4,
            EdgeKind::Rule | EdgeKind::Default => 2,
            EdgeKind::Catch => 1,
        };
        let (width, height) =
            label.as_ref().map_or((0.0, 0.0), |label| (label.frame.width, label.frame.height));
        let line = EdgeLabel {
            weight,
            width,
            height,
            labelpos: dagre::layout::types::LabelPos::Center,
            ..EdgeLabel::default()
        };
        sheet.set_edge(key(edge.from), key(edge.to), Some(line), Some(&at.to_string()));
    }
    sheet
}

fn key(end: End) -> String {
    match end {
        End::Start => "start".to_owned(),
        End::State(at) => format!("state {at}"),
        End::Finish => "finish".to_owned(),
    }
}

fn place_edges(
    sheet: &DagreSheet,
    nodes: &[PlacedNode<'_>],
    (start, finish): (Option<Dot>, Option<Dot>),
    edges: &[&Edge],
    mut labels: Vec<Option<Label>>,
) -> Vec<PlacedEdge> {
    let dot_frame = |dot: Option<Dot>| dot.map(|d| Frame::around(d.x, d.y, d.radius * 2.0, d.radius * 2.0));
    let frame = |end: End| match end {
        End::Start => dot_frame(start),
        End::State(at) => nodes.get(at).map(|placed| placed.frame),
        End::Finish => dot_frame(finish),
    };
    let mut anchors = Vec::with_capacity(edges.len());
    for (at, (edge, label)) in edges.iter().zip(&mut labels).enumerate() {
        let line = sheet.edge(&key(edge.from), &key(edge.to), Some(&at.to_string()));
        if let (Some(label), Some(EdgeLabel { x: Some(x), y: Some(y), .. })) = (label, line) {
            label.frame = Frame::around(*x, *y, label.frame.width, label.frame.height);
        }
        let bends = line.map_or(&[][..], |line| line.points.as_slice());
        // The first and the last point are where dagre meets the boxes; `route` chooses those itself.
        let inner = bends.get(1..bends.len().saturating_sub(1)).unwrap_or(&[]);
        anchors.push(Anchor {
            from: (edge.from, frame(edge.from).unwrap_or_default()),
            to: (edge.to, frame(edge.to).unwrap_or_default()),
            bends: inner.iter().map(|point| (point.x, point.y)).collect(),
        });
    }
    let frames: Vec<Frame> = nodes.iter().map(|placed| placed.frame).collect();
    let label_frames: Vec<Option<Frame>> = labels.iter().map(|l| l.as_ref().map(|l| l.frame)).collect();
    let runs = route::runs(&anchors, &frames, &label_frames);
    edges
        .iter()
        .zip(labels)
        .zip(runs)
        .map(|((edge, label), runs)| PlacedEdge {
            kind: edge.kind,
            runs,
            is_loop: edge.from == edge.to,
            label,
        })
        .collect()
}
