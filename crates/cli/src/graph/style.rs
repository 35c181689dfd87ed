//! The sizes of a diagram, in pixels, and the rectangle that they are counted with.

/// Font size of a state's name.
pub(super) const NAME_SIZE: f64 = 13.0;
/// How much wider than regular the name's weight is.
pub(super) const BOLD: f64 = 1.06;
/// Font size of what a state works with.
pub(super) const SUBTITLE_SIZE: f64 = 11.0;
/// Font size of retries, limits and the titles of branches.
pub(super) const NOTE_SIZE: f64 = 10.0;
/// Font size beside edges.
pub(super) const LABEL_SIZE: f64 = 10.5;
/// Height of a line of a name.
pub(super) const NAME_LINE: f64 = 17.0;
/// Height of a line of a subtitle.
pub(super) const SUBTITLE_LINE: f64 = 15.0;
/// Height of a line of a note.
pub(super) const NOTE_LINE: f64 = 13.5;
/// Height of a line beside an edge.
pub(super) const LABEL_LINE: f64 = 13.5;

/// The widest line in a box.
pub(super) const TEXT_LIMIT: f64 = 230.0;
/// The widest line beside an edge.
pub(super) const LABEL_LIMIT: f64 = 190.0;
/// Left and right of a label's text.
pub(super) const LABEL_PADDING: f64 = 5.0;

/// The smallest box.
pub(super) const BOX_WIDTH: f64 = 132.0;
/// The lowest box.
pub(super) const BOX_HEIGHT: f64 = 42.0;
/// Between a box's border and its text, above and below.
pub(super) const BOX_MARGIN: f64 = 9.0;
/// Right of a box's text.
pub(super) const BOX_PADDING: f64 = 14.0;
/// Side of the icon.
pub(super) const ICON: f64 = 22.0;
/// Left of the icon.
pub(super) const ICON_LEFT: f64 = 10.0;
/// Where a box's text starts.
pub(super) const TEXT_LEFT: f64 = 41.0;

/// Width of the dots at the top level.
pub(super) const DOT: f64 = 16.0;
/// Width of the dots in branches.
pub(super) const INNER_DOT: f64 = 10.0;

/// Between boxes of one rank.
pub(super) const NODE_GAP: f64 = 40.0;
/// Between edges that run side by side.
pub(super) const EDGE_GAP: f64 = 22.0;
/// Between ranks.
pub(super) const RANK_GAP: f64 = 58.0;

/// Around and between the panels of a Parallel or Map.
pub(super) const PANEL_GAP: f64 = 12.0;
/// Around the flow in a panel.
pub(super) const PANEL_MARGIN: f64 = 16.0;
/// The title line of a panel.
pub(super) const PANEL_HEAD: f64 = 30.0;
/// The widest row of panels before a new one starts.
pub(super) const ROW_LIMIT: f64 = 1500.0;
/// Around the whole diagram.
pub(super) const PAGE_MARGIN: f64 = 28.0;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    /// The rectangle with its centre at a point.
    pub(super) fn around(x: f64, y: f64, width: f64, height: f64) -> Frame {
        Frame { x: x - width / 2.0, y: y - height / 2.0, width, height }
    }

    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(super) fn centre_x(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub(super) fn centre_y(&self) -> f64 {
        self.y + self.height / 2.0
    }

    pub(super) fn shift(&mut self, dx: f64, dy: f64) {
        self.x += dx;
        self.y += dy;
    }

    /// Whether the point lies within, or less than `margin` outside.
    pub(super) fn holds(&self, (x, y): (f64, f64), margin: f64) -> bool {
        x > self.x - margin && x < self.right() + margin && y > self.y - margin && y < self.bottom() + margin
    }
}
