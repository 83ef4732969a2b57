//! Given elements of the groups that act by permutations, factors, signs and matrices along axes: what control of given weights applies.

use crate::action::Weights;
use crate::action::element::{flip_by, layouts, permute_by, rescale_by};
use crate::action::matrix::Matrix;
use crate::centres::Centres;
use crate::cuts::{self, Cuts};
use crate::splits;
use crate::symmetries::{Generators, Space, Symmetries};
use sym_ir::Program;

/// An element of a space's group, in parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// Unit `order[to]` comes to the place `to`; one order for each index tuple of the axes that have permutations of their own.
    Orders(Vec<Vec<usize>>),
    /// Tuples of a scale field are multiplied by e^logarithm.
    Scale {
        /// The field's number among the space's scale fields.
        field: usize,
        /// One a tuple.
        logarithms: Vec<f64>,
    },
    /// Tuples of a sign field change sign.
    Flip {
        /// The field's number among the space's sign fields.
        field: usize,
        /// One a tuple.
        flipped: Vec<bool>,
    },
    /// g and g⁻ᵀ for each copy of a matrix group. Whether they belong to its family is the caller's to see to.
    Matrices(Vec<(Matrix, Matrix)>),
}

impl Element {
    /// The inverse.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self {
            Element::Orders(orders) => Element::Orders(
                orders
                    .iter()
                    .map(|order| {
                        let mut inverse = vec![0; order.len()];
                        order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
                        inverse
                    })
                    .collect(),
            ),
            Element::Scale { field, logarithms } => {
                Element::Scale { field: *field, logarithms: logarithms.iter().map(|logarithm| -logarithm).collect() }
            }
            Element::Flip { .. } => self.clone(),
            Element::Matrices(copies) => {
                Element::Matrices(copies.iter().map(|(primal, dual)| (dual.transposed(), primal.transposed())).collect())
            }
        }
    }
}

/// gθ for a given element of a space's group, in the coordinates of a [`Chart`]. An element of another kind of group moves nothing.
pub fn apply_element(program: &Program, space: &Space, weights: &Weights, element: &Element) -> Weights {
    let mut moved = weights.clone();
    match (&space.generators, element) {
        (Generators::Units { permuted, .. }, Element::Orders(orders)) => permute_by(program, &mut moved, permuted, orders),
        (Generators::Units { scales, .. }, Element::Scale { field, logarithms }) => {
            rescale_by(program, &mut moved, &scales[*field], logarithms);
        }
        (Generators::Units { signs, .. }, Element::Flip { field, flipped }) => {
            flip_by(program, &mut moved, &signs[*field], flipped);
        }
        (Generators::Matrices { frames, .. }, Element::Matrices(copies)) => {
            for layout in layouts(program, weights, frames) {
                for (copy, (primal, dual)) in copies.iter().enumerate() {
                    layout.apply(&mut moved.values[layout.parameter], copy, if layout.dual { dual } else { primal });
                }
            }
        }
        _ => {}
    }
    moved
}

/// Coordinates of a model's weights in which groups act on whole axes: cut and split axes are written out, and weights counted from the
/// frozen summands beside them.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The program in these coordinates.
    pub program: Program,
    /// The rows that are about it, in the order of the model's; rows of another chart, and those that frozen entries cut, are left out.
    pub symmetries: Symmetries,
    cuts: Option<Cuts>,
    uncentred: Program,
    centres: Option<Centres>,
}

impl Chart {
    /// Charts that together have all rows: one for those about whole axes, and one for those about cut axes where there are any.
    pub fn all(program: &Program, symmetries: &Symmetries) -> Vec<Self> {
        if program.has_masks() {
            let mut others = symmetries.clone();
            others.spaces.retain(|space| !matches!(space.generators, Generators::Masked { .. }));
            return Self::all(&program.with_masked_frozen(), &others);
        }
        match cuts::unfolded(program, symmetries) {
            Some((cuts, own, others)) => {
                let of_blocks = Self { cuts: Some(cuts.clone()), ..Self::of(&cuts.program, own) };
                vec![Self::of(program, others), of_blocks]
            }
            None => vec![Self::of(program, symmetries.clone())],
        }
    }

    fn of(program: &Program, symmetries: Symmetries) -> Self {
        let (uncentred, symmetries) = splits::unfolded(program, &symmetries).unwrap_or_else(|| (program.clone(), symmetries));
        let centres = Centres::of(&uncentred);
        let program = centres.as_ref().map_or_else(|| uncentred.clone(), |centres| centres.program.clone());
        Self { program, symmetries, cuts: None, uncentred, centres }
    }

    /// Weights of the model in these coordinates.
    pub fn lifted(&self, weights: &Weights) -> Weights {
        let mut lifted = self.cuts.as_ref().map_or_else(|| weights.clone(), |cuts| cuts.lifted(weights));
        if let Some(centres) = &self.centres {
            centres.shift(&self.uncentred, &mut lifted, false);
        }
        lifted
    }

    /// A change of weights of the model, such as a gradient, in these coordinates.
    pub fn lifted_change(&self, change: &Weights) -> Weights {
        self.cuts.as_ref().map_or_else(|| change.clone(), |cuts| cuts.lifted(change))
    }

    /// Weights in these coordinates as weights of the model.
    pub fn lowered(&self, mut weights: Weights) -> Weights {
        if let Some(centres) = &self.centres {
            centres.shift(&self.uncentred, &mut weights, true);
        }
        match &self.cuts {
            Some(cuts) => cuts.lowered(weights),
            None => weights,
        }
    }
}
