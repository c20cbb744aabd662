//! Numbers that stand for values, so that a call that is made often needs no class: unwrapping one
//! costs more than the call.

use std::cell::RefCell;
use std::rc::Rc;

/// Values of one kind in one thread, by their numbers.
pub(crate) struct Slots<T> {
    values: RefCell<Vec<Option<Rc<RefCell<T>>>>>,
}

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Self { values: RefCell::new(Vec::new()) }
    }

    /// Puts a value in the first free slot.
    pub(crate) fn add(&self, value: &Rc<RefCell<T>>) -> u32 {
        let mut values = self.values.borrow_mut();
        let free = values.iter().position(Option::is_none).unwrap_or(values.len());
        if free == values.len() {
            values.push(None);
        }
        if let Some(slot) = values.get_mut(free) {
            *slot = Some(Rc::clone(value));
        }
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// Works on the value of a number; `None` where none has it.
    pub(crate) fn with<R>(&self, number: u32, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let values = self.values.borrow();
        let slot = values.get(usize::try_from(number).ok()?)?.as_ref()?;
        Some(work(&mut slot.borrow_mut()))
    }

    pub(crate) fn remove(&self, number: u32) {
        let mut values = self.values.borrow_mut();
        if let Some(slot) = usize::try_from(number).ok().and_then(|at| values.get_mut(at)) {
            *slot = None;
        }
    }
}
