//! Definitions as diagrams: a model of the graph, its layout, and writers for SVG, DOT and Mermaid.
//!
//! The model knows the language and no coordinates, the layout knows coordinates and no format, each writer knows one
//! format. All of them are pure and give the same output for the same definition.

mod condition;
mod dot;
mod layout;
mod mermaid;
mod model;
mod route;
mod style;
mod svg;
mod text;

pub(crate) use model::Graph;

impl Graph {
    /// The diagram as an SVG document that stands alone and follows the reader's light or dark preference.
    pub(crate) fn to_svg(&self) -> String {
        svg::write(&layout::scene(self))
    }

    /// The diagram in the DOT language of Graphviz.
    pub(crate) fn to_dot(&self) -> String {
        dot::write(self)
    }

    /// The diagram as a Mermaid flowchart.
    pub(crate) fn to_mermaid(&self) -> String {
        mermaid::write(self)
    }
}

#[cfg(test)]
mod tests;
