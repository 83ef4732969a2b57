//! Changes of a value, by what they depend on.

use crate::relations::{Subset, members};
use sym_ir::ValueId;

/// A change of a value: coefficients times a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What it depends on.
    pub source: Source,
    /// The axes of the value along which the coefficients vary.
    pub varies: Subset,
}

/// What a change depends on beside weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nothing: it is a constant.
    One,
    /// Another value, linearly.
    Wire {
        /// That value.
        value: ValueId,
        /// For each of its axes the axis of the changed value along which it runs; `None` where it is summed with the coefficients.
        along: Vec<Option<usize>>,
    },
    /// The inputs, in any way.
    Anything,
}

impl Flow {
    /// All axes along which the change itself varies.
    pub fn reach(&self) -> Subset {
        match &self.source {
            Source::Wire { along, .. } => along.iter().flatten().fold(self.varies, |mask, axis| mask | 1 << axis),
            Source::One | Source::Anything => self.varies,
        }
    }

    /// The value that it is a linear function of.
    pub fn wire(&self) -> Option<ValueId> {
        match &self.source {
            Source::Wire { value, .. } => Some(*value),
            Source::One | Source::Anything => None,
        }
    }

    /// The change after its axes have been renamed; `None` if one along which it varies is lost.
    pub fn renamed(&self, target: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        let varies = members(self.varies).try_fold(0, |mask, axis| Some(mask | 1 << target(axis)?))?;
        let source = match &self.source {
            Source::Wire { value, along } => Source::Wire {
                value: *value,
                along: along
                    .iter()
                    .map(|axis| match axis {
                        Some(axis) => target(*axis).map(Some),
                        None => Some(None),
                    })
                    .collect::<Option<_>>()?,
            },
            other => other.clone(),
        };
        Some(Self { source, varies })
    }

    /// The sum of two changes of one value.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        if self.source == other.source {
            return Self { varies: self.varies | other.varies, source: self.source };
        }
        Self { source: Source::Anything, varies: self.reach() | other.reach() }
    }
}
