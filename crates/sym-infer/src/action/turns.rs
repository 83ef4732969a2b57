//! Shifts of periodic functions.

use crate::action::Weights;
use crate::action::context::sizes;
use crate::action::element::{flip_by, tuples};
use crate::action::tensor::{offsets, other_axes};
use crate::symmetries::HalfTurn;
use sym_ir::{ParameterId, Program};

/// None or one half turn of each tuple, and a random number of whole turns of each entry.
pub(super) fn random(
    program: &Program,
    moved: &mut Weights,
    halves: &[HalfTurn],
    whole: (ParameterId, f64),
    normal: &mut dyn FnMut() -> f64,
) {
    for turn in halves {
        let counts: Vec<i32> = (0..tuples(&turn.signs)).map(|_| i32::from(normal() < 0.0)).collect();
        half(program, moved, turn, &counts);
    }
    let (parameter, amount) = whole;
    for (at, entry) in moved.values[parameter.0 as usize].iter_mut().enumerate() {
        // The unit element would prove nothing.
        let turns = if at == 0 { normal().abs().ceil() } else { normal().round() };
        *entry += turns * amount;
    }
}

/// Some half turns of each tuple: odd numbers change the signs.
pub(super) fn half(program: &Program, moved: &mut Weights, turn: &HalfTurn, counts: &[i32]) {
    let flipped: Vec<bool> = counts.iter().map(|count| count % 2 != 0).collect();
    flip_by(program, moved, &turn.signs, &flipped);
    for (parameter, axes, amount) in &turn.shifts {
        let shape = sizes(&program.parameter(*parameter).shape);
        let rest = offsets(&shape, &other_axes(shape.len(), axes));
        for (start, count) in offsets(&shape, axes).into_iter().zip(counts) {
            let values = &mut moved.values[parameter.0 as usize];
            rest.iter().for_each(|at| values[start + at] += f64::from(*count) * amount);
        }
    }
}
