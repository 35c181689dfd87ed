//! Frames and lists of arguments whose calls have ended, to be used again.

use super::Evaluator;
use crate::frame::Frame;
use crate::function::Function;
use crate::item::Item;
use std::rc::Rc;

/// More than so many are not kept.
const MOST: usize = 32;
/// A longer list of arguments is not kept.
const LONGEST: usize = 16;

#[derive(Default)]
pub(super) struct Spare {
    frames: Vec<Rc<Frame>>,
    rooms: Vec<Vec<Item>>,
}

impl Evaluator<'_> {
    /// An empty list with room for some arguments.
    #[inline]
    pub(crate) fn room(&mut self, count: usize) -> Vec<Item> {
        match self.spare.rooms.pop() {
            Some(room) => room,
            None => Vec::with_capacity(count.max(4)),
        }
    }

    /// Takes a list back that is not used any more.
    #[inline]
    pub(crate) fn give_back(&mut self, mut room: Vec<Item>) {
        if self.spare.rooms.len() < MOST && room.capacity() <= LONGEST {
            room.clear();
            self.spare.rooms.push(room);
        }
    }

    /// The scope of a call of a lambda that was written in `around`.
    #[inline]
    pub(super) fn frame_of_call(
        &mut self,
        around: &Rc<Frame>,
        called: &Rc<Function>,
        arguments: Vec<Item>,
    ) -> Rc<Frame> {
        let mut frame = self.spare.frames.pop().unwrap_or_default();
        // Nobody else holds a spare one.
        if let Some(empty) = Rc::get_mut(&mut frame) {
            empty.fill(around, called, arguments);
        }
        frame
    }

    /// Takes a frame back whose call has ended, if nothing was made in it that still needs it.
    #[inline]
    pub(super) fn give_back_frame(&mut self, mut frame: Rc<Frame>) {
        if let Some(used) = Rc::get_mut(&mut frame) {
            let room = used.empty();
            self.give_back(room);
            if self.spare.frames.len() < MOST {
                self.spare.frames.push(frame);
            }
        }
    }
}
