//! The ways of the edges.
//!
//! A way is a chain of vertical runs joined by S-curves. Across a rank of boxes it runs straight down, and it moves
//! sideways only in the gaps between ranks, where there is nothing to cross. Bends that are not needed to keep clear of
//! boxes and labels are then left out.

use super::model::End;
use super::style::Frame;
use std::collections::BTreeMap;

/// A vertical piece of a way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) x: f64,
    /// Where it is entered.
    pub(super) from: f64,
    /// Where it is left; above `from` for a way that leads up.
    pub(super) to: f64,
}

impl Run {
    pub(super) fn shift(&mut self, dx: f64, dy: f64) {
        self.x += dx;
        self.from += dy;
        self.to += dy;
    }
}

/// An edge as the layout leaves it.
pub(super) struct Anchor {
    /// The box that it leaves.
    pub(super) from: (End, Frame),
    /// The box that it leads to.
    pub(super) to: (End, Frame),
    /// The points in between.
    pub(super) bends: Vec<(f64, f64)>,
}

impl Anchor {
    fn leads_down(&self) -> bool {
        self.from.1.centre_y() <= self.to.1.centre_y()
    }

    fn is_loop(&self) -> bool {
        self.from.0 == self.to.0
    }
}

/// Between a way and a box that it passes.
const CLEARANCE: f64 = 7.0;
/// Bends that are tried to be left out at once: a bound on the work.
const LOOK_AHEAD: usize = 6;
/// Points of a curve that are looked at for a clash.
const SAMPLES: u32 = 14;
/// Between two ways that meet one side of a box.
const PORT_GAP: f64 = 26.0;

/// The runs of every edge. `labels` holds the place of each edge's label, in the order of the edges.
pub(super) fn runs(anchors: &[Anchor], boxes: &[Frame], labels: &[Option<Frame>]) -> Vec<Vec<Run>> {
    let bands = Bands::of(boxes, labels);
    let ports = ports(anchors);
    anchors
        .iter()
        .enumerate()
        .map(|(at, anchor)| {
            if anchor.is_loop() {
                return beside(anchor.from.1);
            }
            let (leave, arrive) =
                ports.get(at).copied().unwrap_or((anchor.from.1.centre_x(), anchor.to.1.centre_x()));
            let all = chain(anchor, leave, arrive, &bands);
            let own = labels.get(at).copied().flatten();
            let others: Vec<Frame> = labels
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .filter_map(|(_, frame)| *frame)
                .chain(boxes.iter().copied().filter(|b| *b != anchor.from.1 && *b != anchor.to.1))
                .collect();
            straighten(&all, own, &others)
        })
        .collect()
}

/// A state that leads to itself: out of its right side and back.
fn beside(frame: Frame) -> Vec<Run> {
    let reach = (frame.height / 4.0).min(12.0);
    vec![Run { x: frame.right(), from: frame.centre_y() - reach, to: frame.centre_y() + reach }]
}

/// The heights that ranks take up: bands of boxes, and bands of labels between them.
struct Bands(Vec<(f64, f64, f64)>);

impl Bands {
    fn of(boxes: &[Frame], labels: &[Option<Frame>]) -> Bands {
        let mut bands: BTreeMap<i64, (f64, f64, f64)> = BTreeMap::new();
        for frame in boxes.iter().copied().chain(labels.iter().copied().flatten()) {
            let centre = frame.centre_y();
            // Half pixels keep the boxes of one rank together and ranks apart.
            let band =
                bands.entry((centre * 2.0).round() as i64).or_insert((centre, frame.y, frame.bottom()));
            band.1 = band.1.min(frame.y);
            band.2 = band.2.max(frame.bottom());
        }
        Bands(bands.into_values().collect())
    }

    /// The top and bottom of the rank whose middle is at `y`.
    fn at(&self, y: f64) -> (f64, f64) {
        let near = self.0.iter().find(|(centre, _, _)| (centre - y).abs() < 1.0);
        near.map_or((y, y), |(_, top, bottom)| (*top, *bottom))
    }
}

/// All runs of an edge, one for each rank that it passes.
fn chain(anchor: &Anchor, leave: f64, arrive: f64, bands: &Bands) -> Vec<Run> {
    let (from, to) = (anchor.from.1, anchor.to.1);
    let is_down = anchor.leads_down();
    let (first, last) = if is_down { (from.bottom(), to.y) } else { (from.y, to.bottom()) };
    let mut runs = vec![Run { x: leave, from: first, to: first }];
    for (x, y) in &anchor.bends {
        let (top, bottom) = bands.at(*y);
        let (from, to) = if is_down { (top, bottom) } else { (bottom, top) };
        runs.push(Run { x: *x, from, to });
    }
    // The last pixels are straight, so that the arrow's head does not lean.
    let straight = if is_down { last - 6.0 } else { last + 6.0 };
    runs.push(Run { x: arrive, from: straight, to: last });
    runs
}

/// Leaves out the runs without which the way still keeps clear of everything.
fn straighten(runs: &[Run], own_label: Option<Frame>, others: &[Frame]) -> Vec<Run> {
    let carries_label = |run: &Run| {
        own_label
            .is_some_and(|label| (run.from.min(run.to)..=run.from.max(run.to)).contains(&label.centre_y()))
    };
    let mut kept: Vec<Run> = runs.first().copied().into_iter().collect();
    let mut at = 0;
    while let Some(current) = kept.last().copied() {
        let reach = (at + 1 + LOOK_AHEAD).min(runs.len().saturating_sub(1));
        let next = (at + 1..=reach).rev().find(|next| {
            let skipped = runs.get(at + 1..*next).unwrap_or(&[]);
            let Some(target) = runs.get(*next) else { return false };
            skipped.is_empty() || (!skipped.iter().any(carries_label) && is_clear(&current, target, others))
        });
        let Some(next) = next else { break };
        let Some(target) = runs.get(next).copied() else { break };
        // Beside its own label a way needs to be straight only as far as the label reaches, if nothing else is near.
        let short = own_label.filter(|_| carries_label(&target)).map(|label| shortened(target, label));
        let short = short.filter(|short| {
            let after =
                runs.get(next + 1).map_or(Run { x: target.x, from: target.to, to: target.to }, |run| *run);
            is_clear(&current, short, others) && is_clear(short, &after, others)
        });
        kept.push(short.unwrap_or(target));
        at = next;
    }
    kept
}

/// The run along the label alone, a little longer than it.
fn shortened(run: Run, label: Frame) -> Run {
    let (top, bottom) = (label.y - 4.0, label.bottom() + 4.0);
    match run.from <= run.to {
        true => Run { from: top, to: bottom, ..run },
        false => Run { from: bottom, to: top, ..run },
    }
}

fn is_clear(from: &Run, to: &Run, others: &[Frame]) -> bool {
    (0..=SAMPLES).all(|step| {
        let point = curve_point((from.x, from.to), (to.x, to.from), f64::from(step) / f64::from(SAMPLES));
        !others.iter().any(|frame| frame.holds(point, CLEARANCE))
    })
}

/// A point of the S-curve that leaves and arrives vertically.
fn curve_point((x0, y0): (f64, f64), (x1, y1): (f64, f64), t: f64) -> (f64, f64) {
    let middle = (y0 + y1) / 2.0;
    let (a, b, c, d) = ((1.0 - t).powi(3), 3.0 * t * (1.0 - t).powi(2), 3.0 * t * t * (1.0 - t), t.powi(3));
    ((a + b) * x0 + (c + d) * x1, a * y0 + (b + c) * middle + d * y1)
}

/// A way at a side of a box: towards which x it leads, which edge it is, whether it leaves the box.
type Meeting = (f64, usize, bool);

/// Where each edge leaves its box and where it arrives: the ways at one side stand apart, in the order of where they
/// come from or go to, so that they do not cross at once.
fn ports(anchors: &[Anchor]) -> Vec<(f64, f64)> {
    let mut ports: Vec<(f64, f64)> =
        anchors.iter().map(|a| (a.from.1.centre_x(), a.to.1.centre_x())).collect();
    // By the box and whether it is its lower side.
    let mut sides: BTreeMap<(End, bool), (Frame, Vec<Meeting>)> = BTreeMap::new();
    for (at, anchor) in anchors.iter().enumerate().filter(|(_, anchor)| !anchor.is_loop()) {
        let is_down = anchor.leads_down();
        let towards = anchor.bends.first().map_or(anchor.to.1.centre_x(), |bend| bend.0);
        let comes_from = anchor.bends.last().map_or(anchor.from.1.centre_x(), |bend| bend.0);
        let mut meet = |end: (End, Frame), is_bottom: bool, way| {
            sides.entry((end.0, is_bottom)).or_insert((end.1, Vec::new())).1.push(way);
        };
        meet(anchor.from, is_down, (towards, at, true));
        meet(anchor.to, !is_down, (comes_from, at, false));
    }
    for ((end, _), (frame, mut ways)) in sides {
        if !matches!(end, End::State(_)) {
            continue;
        }
        ways.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let gaps = ways.len().saturating_sub(1).max(1) as f64;
        let gap = PORT_GAP.min((frame.width - 36.0) / gaps);
        let first = frame.centre_x() - gap * (ways.len() as f64 - 1.0) / 2.0;
        for (position, (_, at, leaves)) in ways.into_iter().enumerate() {
            let x = first + gap * position as f64;
            if let Some(port) = ports.get_mut(at) {
                *(if leaves { &mut port.0 } else { &mut port.1 }) = x;
            }
        }
    }
    ports
}
