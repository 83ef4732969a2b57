//! Trained entries as one vector.

use sym_infer::Weights;
use sym_ir::{ParameterId, Program};

/// Which entries of a model are trained, in the order of its parameters; entries that a mask freezes are left out.
#[derive(Debug, Clone)]
pub struct Coordinates {
    /// For each trained parameter its trained places.
    parts: Vec<(ParameterId, Vec<usize>)>,
}

impl Coordinates {
    /// The coordinates of a model.
    pub fn of(program: &Program) -> Self {
        let places = |parameter: &sym_ir::Parameter| {
            let count: usize = parameter.shape.iter().map(|axis| axis.size as usize).product();
            let mut kept = vec![true; count];
            if parameter.role.mask.is_some() {
                parameter.frozen_entries().places.into_iter().for_each(|place| kept[place] = false);
            }
            (0..count).filter(|&place| kept[place]).collect()
        };
        let trained = program.parameter_ids().filter(|(_, parameter)| parameter.trainable);
        Self { parts: trained.map(|(id, parameter)| (id, places(parameter))).collect() }
    }

    /// The trained parameters.
    pub fn parameters(&self) -> Vec<ParameterId> {
        self.parts.iter().map(|(id, _)| *id).collect()
    }

    /// How many entries.
    pub fn size(&self) -> usize {
        self.parts.iter().map(|(_, places)| places.len()).sum()
    }

    /// Reads a vector from the values of each trained parameter, given by position; `offset` finds the entries of one example.
    pub fn gather<'v>(&self, values: impl Fn(usize) -> &'v [f64], out: &mut [f64]) {
        let mut out = out.iter_mut();
        for (at, (_, places)) in self.parts.iter().enumerate() {
            let values = values(at);
            for (place, out) in places.iter().zip(&mut out) {
                *out = values[*place];
            }
        }
    }

    /// Writes the part of a vector that belongs to the trained parameter of a position; what is frozen is left alone.
    pub fn scatter(&self, vector: &[f64], at: usize, values: &mut [f64]) {
        let start: usize = self.parts[..at].iter().map(|(_, places)| places.len()).sum();
        for (place, entry) in self.parts[at].1.iter().zip(&vector[start..]) {
            values[*place] = *entry;
        }
    }

    /// Weights as a vector.
    pub fn vector(&self, weights: &Weights) -> Vec<f64> {
        let mut vector = vec![0.0; self.size()];
        self.gather(|at| &weights.values[self.parts[at].0.0 as usize], &mut vector);
        vector
    }

    /// Weights with these trained entries.
    pub fn replaced(&self, weights: &Weights, vector: &[f64]) -> Weights {
        let mut replaced = weights.clone();
        for (at, (id, _)) in self.parts.iter().enumerate() {
            self.scatter(vector, at, &mut replaced.values[id.0 as usize]);
        }
        replaced
    }
}
