//! Quadratic forms: units that are squared and summed with weights into one number, `Σᵢ aᵢ zᵢ²`. Matrices that keep diag(a) as a form,
//! O(p, q), act on whatever makes z, with coefficients that depend on a.

use super::Analysis;
use crate::frames::Kind;
use crate::names;
use crate::names::Names;
use crate::spaces::{SpaceId, repeats};
use crate::symmetries::{Action, Class, Frame, Generators, Group, MatrixFrame, Space, Status};
use sym_ir::{Operation, ParameterId, ValueId};

impl Analysis<'_> {
    /// All such spaces; their permutations and scales have rows of their own.
    pub(super) fn forms(&self, names: &mut Names) -> Vec<Space> {
        let spaces = 0..self.spaces.sizes.len() as SpaceId;
        spaces.filter_map(|id| self.form(id, names)).collect()
    }

    fn form(&self, id: SpaceId, names: &mut Names) -> Option<Space> {
        let (square, _) = self.frames.reasons[id as usize].as_ref()?;
        if self.frames.kinds[id as usize] != Kind::Monomial || !self.frames.plain[id as usize] {
            return None;
        }
        // An even function of degree 2 is a multiple of the square.
        let class = self.classes.get(square)?;
        if !class.even || class.degree != Some(2.0) {
            return None;
        }
        let (form, argument) = self.read_form(id, *square)?;
        let size = self.spaces.sizes[id as usize];
        let of_argument = self.link(argument.0, argument.1).inverse();
        let mut frames = Vec::new();
        for (parameter, value, axis) in self.axes_of(id).into_iter().filter(|(parameter, ..)| *parameter != form) {
            let link = self.link(value, axis).after(&of_argument);
            let once = frames.iter().all(|known: &MatrixFrame| known.parameter != parameter);
            if !link.gains.is_empty() || !once {
                return None;
            }
            frames.push(MatrixFrame { parameter, axes: vec![axis], over: Vec::new(), dual: link.dual, gains: link.gains });
        }
        if frames.is_empty() || size < 2 {
            return None;
        }
        let group = Group::Form(size);
        let acts_on = frames
            .iter()
            .map(|frame| Action {
                parameter: frame.parameter,
                axis: Some(frame.axes[0]),
                frame: if frame.dual { Frame::Dual } else { Frame::Primal },
            })
            .collect();
        let text = format!(
            "it is squared and summed with `{}` into one number: matrices that keep this quadratic form act on it",
            self.program.parameter(form).path
        );
        let stem = names::candidates(self.program, &self.spaces, id).into_iter().find(|name| !name.is_empty());
        Some(Space {
            name: names.unique([format!("{}.form", stem.unwrap_or_else(|| "space".to_string()))]),
            size,
            class: Class::Gauge,
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            states: Vec::new(),
            conserved: Vec::new(),
            kept: None,
            generators: Generators::Form { frames, form },
            status: Status::Derived,
            reasons: vec![self.reason(*square, &text)],
            group,
        })
    }

    /// The coefficients of the form and the place of what is squared, if one product alone reads the squares and sums them.
    fn read_form(&self, id: SpaceId, square: ValueId) -> Option<(ParameterId, (ValueId, usize))> {
        let Operation::Map { value: argument, .. } = self.program.node(square).operation else { return None };
        let ([_], [reader]) = (self.graph.uses(argument), self.graph.uses(square)) else { return None };
        let Operation::Einsum { operands, output, .. } = &self.program.node(reader.by).operation else { return None };
        let [_, _] = operands.as_slice() else { return None };
        let (own, other) = (&operands[reader.slot], &operands[1 - reader.slot]);
        let axis = (0..own.labels.len()).find(|&axis| self.spaces.of_axis(square, axis) == id)?;
        let label = own.labels[axis];
        let Operation::Parameter(form) = self.program.node(other.value).operation else { return None };
        let whole =
            other.labels.iter().enumerate().all(|(at, own)| *own == label || self.program.node(other.value).shape[at].size == 1);
        let summed = own.labels.iter().all(|kept| (*kept == label) != output.contains(kept));
        let once = self.program.parameter(form).trainable && self.graph.is_read_once(form, other.value);
        let outputs = self.graph.is_output(square) || self.graph.is_output(argument);
        (whole && summed && once && !outputs && other.labels.contains(&label) && !repeats(&own.labels))
            .then_some((form, (argument, axis)))
    }
}
