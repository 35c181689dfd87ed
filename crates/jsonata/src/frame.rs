//! Variables and their scopes.

use crate::item::{Item, Key, release};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One scope: what is bound in it, and the scope around it.
#[derive(Debug)]
pub(crate) struct Frame {
    around: Option<Rc<Frame>>,
    bindings: RefCell<Vec<(Key, Item)>>,
    /// Whether the evaluator knows that a function was bound here, which may refer back to the frame.
    pub(crate) is_watched: Cell<bool>,
}

impl Frame {
    pub(crate) fn outermost() -> Rc<Frame> {
        Rc::new(Frame { around: None, bindings: RefCell::default(), is_watched: Cell::new(false) })
    }

    pub(crate) fn within(around: &Rc<Frame>, bindings: Vec<(Key, Item)>) -> Rc<Frame> {
        let around = Some(around.clone());
        Rc::new(Frame { around, bindings: RefCell::new(bindings), is_watched: Cell::new(false) })
    }

    pub(crate) fn bind(&self, key: Key, item: Item) {
        let mut bindings = self.bindings.borrow_mut();
        match bindings.iter_mut().find(|(bound, _)| *bound == key) {
            Some((_, old)) => *old = item,
            None => bindings.push((key, item)),
        }
    }

    /// Whether anything is bound here that may hold a function.
    pub(crate) fn may_refer_back(&self) -> bool {
        self.bindings.borrow().iter().any(|(_, item)| !matches!(item, Item::Undefined | Item::Json(_)))
    }

    /// What a variable is bound to here or further out. A variable that is bound to nothing is bound.
    pub(crate) fn variable(&self, name: &str) -> Option<Item> {
        self.find(|key| matches!(key, Key::Name(bound) if **bound == *name))
    }

    /// The context of a step.
    pub(crate) fn ancestor(&self, label: u32) -> Option<Item> {
        self.find(|key| matches!(key, Key::Ancestor(bound) if *bound == label))
    }

    fn find(&self, is_it: impl Fn(&Key) -> bool) -> Option<Item> {
        let mut frame = self;
        loop {
            if let Some((_, item)) = frame.bindings.borrow().iter().find(|(key, _)| is_it(key)) {
                return Some(item.clone());
            }
            frame = frame.around.as_deref()?;
        }
    }

    /// Lets go of everything that is bound.
    pub(crate) fn clear(&self) {
        let bindings = std::mem::take(&mut *self.bindings.borrow_mut());
        release(bindings.into_iter().map(|(_, item)| item));
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.clear();
    }
}
