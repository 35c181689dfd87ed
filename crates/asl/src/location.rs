//! AWS's slash paths to places in a definition.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// The most characters of one name that a location or a message shows.
// AWS: long state names are reported cut with ` ...`; at which length is unconfirmed, chosen as the longest legal name.
const SHOWN_CHARACTERS: usize = model::limits::NAME_LENGTH;

/// A place in the definition, printed as `/States/C/Choices[0]/Next`. Cloning copies a pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Location(Option<Rc<Segment>>);

#[derive(Debug)]
struct Segment {
    parent: Location,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Field(Arc<str>),
    Item(usize),
}

impl Location {
    /// `/`
    pub(crate) fn root() -> Location {
        Location(None)
    }

    /// The member `name` of what stands here.
    pub(crate) fn field(&self, name: &Arc<str>) -> Location {
        self.step(Step::Field(name.clone()))
    }

    /// The item `index` of the array that stands here.
    pub(crate) fn item(&self, index: usize) -> Location {
        self.step(Step::Item(index))
    }

    /// The way from `ancestor` to here, as `Output/a/b[0]`; from the root, where it does not lead through `ancestor`.
    pub(crate) fn below(&self, ancestor: &Location) -> String {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(segment) = &at.0
            && !ancestor.is(segment)
        {
            steps.push(&segment.step);
            at = &segment.parent;
        }
        let mut way = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Field(name) if way.is_empty() => way.push_str(name),
                Step::Field(name) => {
                    way.push('/');
                    way.push_str(name);
                }
                Step::Item(index) => way.push_str(&format!("[{index}]")),
            }
        }
        way
    }

    fn is(&self, segment: &Rc<Segment>) -> bool {
        self.0.as_ref().is_some_and(|own| Rc::ptr_eq(own, segment))
    }

    fn step(&self, step: Step) -> Location {
        Location(Some(Rc::new(Segment { parent: self.clone(), step })))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut segments = Vec::new();
        let mut at = self;
        while let Some(segment) = &at.0 {
            segments.push(&segment.step);
            at = &segment.parent;
        }
        if segments.is_empty() {
            return f.write_str("/");
        }
        segments.iter().rev().try_for_each(|step| match step {
            Step::Field(name) => write!(f, "/{}", shown(name)),
            Step::Item(index) => write!(f, "[{index}]"),
        })
    }
}

/// A name as messages show it: whole, or cut with ` ...` where it is longer than any name may be.
pub(crate) fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{} ...", name.get(..end).unwrap_or(name)),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_print_as_slash_paths_with_array_positions_in_brackets() {
        let root = Location::root();
        assert_eq!(root.to_string(), "/");
        let choices = root.field(&"States".into()).field(&"a/b".into()).field(&"Choices".into());
        assert_eq!(choices.item(0).field(&"Next".into()).to_string(), "/States/a/b/Choices[0]/Next");
    }

    #[test]
    fn the_way_below_a_state_is_how_errors_name_fields() {
        let state = Location::root().field(&"States".into()).field(&"A".into());
        let field = state.field(&"Choices".into()).item(1).field(&"Output".into()).field(&"a b".into());
        assert_eq!(field.item(0).below(&state), "Choices[1]/Output/a b[0]");
        assert_eq!(state.below(&state), "");
    }

    #[test]
    fn names_longer_than_any_legal_name_are_cut() {
        assert_eq!(shown(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(shown(&"ä".repeat(81)), format!("{} ...", "ä".repeat(80)));
    }
}
