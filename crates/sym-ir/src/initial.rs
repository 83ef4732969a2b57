//! Initial values of parameters.

use crate::program::{Initial, Parameter};
use sym_streams::Stream;

impl Initial {
    /// Fills `values` with these initial values, read from `stream` in row-major order.
    pub fn fill(&self, stream: &mut Stream, values: &mut [f64]) {
        match self {
            Initial::Constant(value) => values.fill(*value),
            Initial::Uniform { bound } => stream.fill_uniform(-bound, *bound, values),
            Initial::Normal { mean, std } => {
                stream.fill_normal(values);
                for entry in values {
                    *entry = mean + std * *entry;
                }
            }
            Initial::Values(given) => values.iter_mut().zip(given.iter()).for_each(|(entry, given)| *entry = *given),
        }
    }
}

impl Parameter {
    /// Whether the file fixes its initial values, equal in every run: it lists them, or names a stream of its own. A constant says itself what it is.
    pub fn is_given(&self) -> bool {
        match &self.initial {
            Initial::Values(_) => true,
            Initial::Constant(_) => false,
            Initial::Uniform { .. } | Initial::Normal { .. } => self.role.drawn.is_some(),
        }
    }

    /// The initial values that the file fixes, in row-major order; `None` where each run draws its own ([`Parameter::is_given`]) or they do not fit
    /// into memory.
    pub fn given(&self) -> Option<Vec<f64>> {
        if !self.is_given() {
            return None;
        }
        let mut stream = match &self.role.drawn {
            Some(drawn) => Stream::new(drawn.seed, &drawn.purpose, &self.path),
            None => Stream::new(0, "", ""),
        };
        let mut values = vec![0.0; usize::try_from(self.entries()?).ok()?];
        self.initial.fill(&mut stream, &mut values);
        Some(values)
    }
}
