//! The unknowns of the relations: components of the fields of all values.

use crate::spaces::{SpaceId, Spaces};
use std::ops::Range;
use sym_ir::{Program, ValueId};

/// A set of axes of a value, as a bit mask.
pub type Subset = u32;

/// Values of higher rank have components of at most one axis.
const FULL_RANK: usize = 6;

/// Axes beyond this many have no components.
const MOST_AXES: usize = 31;

/// What kind of field an unknown component belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The logarithm of a factor, or a sign.
    Scale,
    /// A summand that is the same at every θ, on values that an exponential reads or a logarithm makes.
    Shift,
    /// A half turn, on parameters that can shift periodic functions.
    Turn,
}

/// An unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Component {
    /// Value.
    pub value: ValueId,
    /// Axes on which the component depends.
    pub axes: Subset,
    /// Of which field.
    pub part: Part,
}

/// What says which components a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    rank: usize,
    /// Three bits an axis: the first axis of its space. Zero beyond the rank at which components of several axes exist.
    first: u32,
    further: Further,
}

/// Which fields a value has beside that of scales or signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Further {
    /// Shifts.
    pub shifts: bool,
    /// Half turns.
    pub turns: bool,
}

/// All unknowns, numbered by value, then axes, then part.
#[derive(Debug)]
pub struct Unknowns {
    components: Vec<Component>,
    /// The number of the first unknown of each value, and of the end.
    first: Vec<u32>,
    layouts: Vec<Layout>,
}

impl Unknowns {
    /// The components of all values, with the further fields that each has.
    pub fn of(program: &Program, spaces: &Spaces, further: &[Further]) -> Self {
        let mut unknowns = Self { components: Vec::new(), first: vec![0], layouts: Vec::new() };
        for (value, &further) in further.iter().enumerate() {
            unknowns.declare(ValueId(value as u32), program.nodes[value].shape.len(), spaces, further);
        }
        unknowns
    }

    fn declare(&mut self, value: ValueId, rank: usize, spaces: &Spaces, further: Further) {
        // A component of two indices of one space is not determined by its set of axes alone; it is taken as zero.
        let own = spaces.of_value(value);
        let distinct =
            |axes: Subset| members(axes).all(|axis| members(axes).all(|other| other <= axis || own[axis] != own[other]));
        let all = if rank <= FULL_RANK { 1 << rank } else { 0 };
        let single = (0..if rank <= FULL_RANK { 0 } else { rank.min(MOST_AXES) }).map(|axis| 1 << axis);
        let empty = (rank > FULL_RANK).then_some(0);
        for axes in (0..all).chain(empty).chain(single).filter(|&axes| distinct(axes)) {
            self.components.push(Component { value, axes, part: Part::Scale });
            self.components.extend(further.shifts.then_some(Component { value, axes, part: Part::Shift }));
            self.components.extend(further.turns.then_some(Component { value, axes, part: Part::Turn }));
        }
        self.first.push(self.components.len() as u32);
        let same = |axis: usize| own.iter().position(|space| *space == own[axis]).unwrap_or(axis) as u32;
        let first = if rank <= FULL_RANK { (0..rank).fold(0, |code, axis| code << 3 | same(axis)) } else { 0 };
        self.layouts.push(Layout { rank, first, further });
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.components.len()
    }

    /// The meaning of an unknown.
    pub fn component(&self, unknown: u32) -> Component {
        self.components[unknown as usize]
    }

    /// What says which components a value has: values of equal layout have the same ones.
    pub fn layout(&self, value: ValueId) -> Layout {
        self.layouts[value.0 as usize]
    }

    /// The unknowns of a value.
    pub fn numbers(&self, value: ValueId) -> Range<u32> {
        let at = value.0 as usize;
        self.first[at]..self.first[at + 1]
    }

    /// The components of a value.
    pub fn of_value(&self, value: ValueId) -> &[Component] {
        let Range { start, end } = self.numbers(value);
        &self.components[start as usize..end as usize]
    }

    /// The unknown of a component; `None` where the component is zero by construction.
    pub fn number(&self, component: Component) -> Option<u32> {
        let at = self.of_value(component.value).binary_search(&component).ok()?;
        Some(self.first[component.value.0 as usize] + at as u32)
    }

    /// The spaces on which an unknown depends, ascending.
    pub fn kind(&self, unknown: u32, spaces: &Spaces) -> Vec<SpaceId> {
        let component = self.component(unknown);
        let mut kind: Vec<SpaceId> = members(component.axes).map(|axis| spaces.of_axis(component.value, axis)).collect();
        kind.sort_unstable();
        kind
    }
}

/// The axes of a set, ascending.
pub fn members(mut axes: Subset) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let axis = axes.trailing_zeros();
        axes &= axes.wrapping_sub(1);
        (axis < Subset::BITS).then_some(axis as usize)
    })
}
