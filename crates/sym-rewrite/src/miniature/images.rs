//! Windows in miniature: fewer taps, and lines of pixels in place of images.

use super::sizes::Size;
use crate::AxisClasses;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::program::window_count;
use sym_ir::{Operation, Program, ValueId};

/// The taps of windows that slide along an axis, and how they slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taps {
    /// How many.
    pub size: Size,
    /// Steps between windows.
    pub stride: u128,
    /// Positions added on both sides.
    pub padding: u128,
    /// Steps between taps.
    pub dilation: u128,
}

impl Taps {
    /// Whether the windows cut an axis into patches.
    pub fn are_patches(&self) -> bool {
        self.stride == self.size.value && self.padding == 0
    }

    /// Stride and padding of windows with another number of taps: patches stay patches, and windows over a padded axis stay as many.
    pub fn resized(&self, taps: u128) -> Option<(u128, u128)> {
        if self.are_patches() {
            return Some((taps, 0));
        }
        // A single tap needs no padding.
        if self.padding == 0 || taps == 1 {
            return Some((self.stride, 0));
        }
        let lost = self.size.value.checked_sub(taps)? * self.dilation;
        let padding = self.padding.checked_sub(lost / 2).filter(|_| lost.is_multiple_of(2))?;
        Some((self.stride, padding))
    }

    /// The number of windows of so many taps over so many positions.
    pub fn windows(&self, positions: u128, taps: u128) -> Option<u128> {
        let (stride, padding) = self.resized(taps)?;
        window_count(positions, taps, stride, padding, self.dilation)
    }
}

/// The axis classes of all directions of images but one, taps included.
///
/// Kernels act along each direction of an image alike, so a line of pixels shows what an image does. A direction may go where everything
/// windowed along it also has a direction that stays.
pub fn directions(program: &Program, classes: &AxisClasses) -> BTreeSet<usize> {
    let windows: Vec<(ValueId, ValueId, usize)> = (0..program.nodes.len() as u32)
        .map(ValueId)
        .filter_map(|result| match program.node(result).operation {
            Operation::Window { value, axis, .. } => Some((result, value, axis)),
            _ => None,
        })
        .collect();
    // The axes before and after windows, by the least class that they are joined with.
    let mut least: BTreeMap<usize, usize> = BTreeMap::new();
    let root = |least: &BTreeMap<usize, usize>, mut class: usize| {
        while let Some(&next) = least.get(&class).filter(|&&next| next != class) {
            class = next;
        }
        class
    };
    for &(result, value, axis) in &windows {
        let [from, to] = [(value, axis), (result, axis)].map(|(value, axis)| root(&least, classes.class(value, axis)));
        least.insert(from.max(to), from.min(to));
        least.insert(from.min(to), from.min(to));
    }
    let all: BTreeSet<usize> = least.keys().map(|&class| root(&least, class)).collect();
    let mut kept = all.clone();
    for &direction in &all {
        let own = |value: ValueId, axis: usize| {
            let class = classes.class(value, axis);
            least.contains_key(&class).then(|| root(&least, class))
        };
        let stays = |of: usize| of != direction && kept.contains(&of);
        let along = windows.iter().filter(|(_, value, axis)| own(*value, *axis) == Some(direction));
        let mut axes = along.map(|&(_, value, _)| (0..program.node(value).shape.len()).filter_map(move |axis| own(value, axis)));
        if axes.all(|mut axes| axes.any(stays)) {
            kept.remove(&direction);
        }
    }
    let gone = |class: usize| least.contains_key(&class) && !kept.contains(&root(&least, class));
    let taps = windows.iter().filter(|&&(_, value, axis)| gone(classes.class(value, axis)));
    let taps: Vec<usize> = taps.map(|&(result, _, axis)| classes.class(result, axis + 1)).collect();
    least.keys().copied().filter(|&class| gone(class)).chain(taps).collect()
}
