//! Variables and their scopes.

use crate::function::Function;
use crate::item::{Item, Key, release};
use json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// One scope: what is bound in it, and the scope around it.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    around: Option<Rc<Frame>>,
    /// The lambda whose call this is the scope of: its parameters name the arguments.
    called: Option<Rc<Function>>,
    /// As many as the lambda has parameters.
    arguments: Vec<Item>,
    bindings: RefCell<Vec<(Key, Item)>>,
    /// Whether there are bindings.
    is_bound: Cell<bool>,
    /// Whether the evaluator knows that a function was bound here, which may refer back to the frame.
    pub(crate) is_watched: Cell<bool>,
}

/// What a variable is bound to.
pub(crate) enum Bound<'a> {
    /// An argument, where it is.
    Argument(&'a Item),
    Value(&'a Value),
    Item(Item),
}

impl Bound<'_> {
    pub(crate) fn into_item(self) -> Item {
        match self {
            Bound::Argument(item) => item.clone(),
            Bound::Value(value) => Item::Json(value.clone()),
            Bound::Item(item) => item,
        }
    }
}

impl Frame {
    pub(crate) fn outermost() -> Rc<Frame> {
        Rc::default()
    }

    pub(crate) fn within(around: &Rc<Frame>, bindings: Vec<(Key, Item)>) -> Rc<Frame> {
        Rc::new(Frame {
            around: Some(around.clone()),
            called: None,
            arguments: Vec::new(),
            is_bound: Cell::new(!bindings.is_empty()),
            bindings: RefCell::new(bindings),
            is_watched: Cell::new(false),
        })
    }

    /// Makes an empty frame the scope of a call of a lambda that was written in `around`.
    pub(crate) fn fill(&mut self, around: &Rc<Frame>, called: &Rc<Function>, arguments: Vec<Item>) {
        self.around = Some(around.clone());
        self.called = Some(called.clone());
        self.arguments = arguments;
    }

    /// Makes the frame an empty one, to be used again, and hands out what were its arguments.
    pub(crate) fn empty(&mut self) -> Vec<Item> {
        if self.is_bound.take() {
            self.bindings.get_mut().clear();
        }
        self.around = None;
        self.called = None;
        self.is_watched.set(false);
        std::mem::take(&mut self.arguments)
    }

    pub(crate) fn bind(&self, key: Key, item: Item) {
        self.is_bound.set(true);
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
    pub(crate) fn look(&self, name: &str) -> Option<Bound<'_>> {
        self.find(|bound| **bound == *name)
    }

    /// The same for a name that stands at the same place wherever it is bound.
    pub(crate) fn look_for(&self, name: &Arc<str>) -> Option<Bound<'_>> {
        self.find(|bound| Arc::ptr_eq(bound, name))
    }

    #[inline(always)]
    fn find(&self, is_it: impl Fn(&Arc<str>) -> bool) -> Option<Bound<'_>> {
        let mut frame = self;
        loop {
            if frame.is_bound.get() {
                let found = frame.bound(|key| match key {
                    Key::Name(bound) => is_it(bound),
                    Key::Ancestor(_) => false,
                });
                if let Some(item) = found {
                    return Some(Bound::Item(item));
                }
            }
            if let Some(Function::Lambda { lambda, .. }) = frame.called.as_deref() {
                // Of two parameters with one name, the last one is meant.
                let index = lambda.parameters.iter().rposition(&is_it);
                if let Some(item) = index.and_then(|index| frame.arguments.get(index)) {
                    return Some(Bound::Argument(item));
                }
            }
            frame = frame.around.as_deref()?;
        }
    }

    /// The same as [`Frame::look`], as a value of its own.
    pub(crate) fn variable(&self, name: &str) -> Option<Item> {
        self.look(name).map(Bound::into_item)
    }

    /// The context of a step.
    pub(crate) fn ancestor(&self, label: u32) -> Option<Item> {
        let mut frame = self;
        loop {
            if let Some(item) = frame.bound(|key| matches!(key, Key::Ancestor(bound) if *bound == label)) {
                return Some(item);
            }
            frame = frame.around.as_deref()?;
        }
    }

    #[inline]
    fn bound(&self, is_it: impl Fn(&Key) -> bool) -> Option<Item> {
        self.bindings.borrow().iter().find(|(key, _)| is_it(key)).map(|(_, item)| item.clone())
    }

    /// Lets go of everything that is bound.
    pub(crate) fn clear(&self) {
        let bindings = std::mem::take(&mut *self.bindings.borrow_mut());
        release(bindings.into_iter().map(|(_, item)| item));
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // An empty one, which most are that come here, has nothing that could stand deep.
        if self.arguments.is_empty() && self.called.is_none() && self.bindings.get_mut().is_empty() {
            return;
        }
        let arguments = std::mem::take(&mut self.arguments).into_iter();
        let bindings = std::mem::take(self.bindings.get_mut()).into_iter().map(|(_, item)| item);
        release(arguments.chain(bindings).chain(self.called.take().map(Item::Function)));
    }
}
