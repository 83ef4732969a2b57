//! Cut axes: joined and sliced axes, as their parts.
//!
//! An axis that values are joined along, or that slices cut, consists of blocks of positions that the program treats apart. Written out,
//! each value is one value a block: a product that sums over a joined axis is a sum of products, a weight is several, and joins and
//! slices are gone. It is the same function of the same entries; the axis of each block is a space of its own, a token of weights in
//! front of others is a term of a sum, and positions that nothing reads are computed no more.
//!
//! | module | idea |
//! |---|---|
//! | `points` | where axes are cut, and which values must stay whole |
//! | `writer` | the program of the blocks |
//! | `rows` | symmetries of that program as symmetries of the given one |

mod points;
mod rows;
mod writer;

pub use rows::{unfolded, with_cuts};

use crate::action::Weights;
use crate::action::context::sizes;
use crate::action::tensor::Tensor;
use std::collections::BTreeMap;
use sym_ir::{ParameterId, Program};

/// A program whose joined and sliced axes are cut.
#[derive(Debug, Clone)]
pub struct Cuts {
    /// That program. Parameters keep their numbers; those that are cut are not read, and their blocks follow after all of them.
    pub program: Program,
    /// The blocks of the cut parameters.
    pub blocks: BTreeMap<ParameterId, Block>,
}

/// A block of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The parameter of the given program.
    pub of: ParameterId,
    /// Its first position, by axis.
    pub start: Vec<u128>,
}

impl Cuts {
    /// `None` where no joined or sliced axis is to be cut.
    pub fn of(program: &Program) -> Option<Self> {
        let points = points::Points::of(program)?;
        writer::write(program, &points)
    }

    /// Weights of the given program as weights of this one.
    pub fn lifted(&self, weights: &Weights) -> Weights {
        let mut lifted = weights.clone();
        for (id, block) in &self.blocks {
            let whole = &weights.values[block.of.0 as usize];
            debug_assert_eq!(id.0 as usize, lifted.values.len());
            lifted.values.push(self.entries(*id, block).into_iter().map(|at| whole[at]).collect());
        }
        lifted
    }

    /// Weights of this program as weights of the given one.
    pub fn lowered(&self, mut weights: Weights) -> Weights {
        let parts = weights.values.split_off(weights.values.len() - self.blocks.len());
        for ((id, block), part) in self.blocks.iter().zip(parts) {
            let whole = &mut weights.values[block.of.0 as usize];
            self.entries(*id, block).into_iter().zip(part).for_each(|(at, entry)| whole[at] = entry);
        }
        weights
    }

    /// The offsets of a block's entries in its parameter, in their order.
    fn entries(&self, id: ParameterId, block: &Block) -> Vec<usize> {
        let strides = Tensor::strides(&sizes(&self.program.parameter(block.of).shape));
        let mut all: Vec<usize> = vec![block.start.iter().zip(&strides).map(|(start, stride)| *start as usize * stride).sum()];
        for (size, stride) in sizes(&self.program.parameter(id).shape).into_iter().zip(strides) {
            all = all.into_iter().flat_map(|offset| (0..size).map(move |at| offset + at * stride)).collect();
        }
        all
    }
}
