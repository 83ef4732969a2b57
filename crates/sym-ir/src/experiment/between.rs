//! Comparisons of networks of different runs, or of different seeds.

use super::ProbeKind;
use crate::probes::{Declaration, PROBES};

/// A comparison of the weights with which two runs, or two seeds of one run, ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Between {
    /// How far the loss rises on the straight way.
    Barrier(BarrierOf),
    /// The losses on that way, one a point.
    Way(BarrierOf),
    /// How alike values of the two networks are.
    Likeness(Likeness),
}

/// The barrier between the final weights of two runs of one model: how far the loss on the training examples rises above the line between its
/// values at the ends, along the straight way from one to the other (Frankle et al. 2020).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BarrierOf {
    /// The first run.
    pub from: String,
    /// The second run; the same for the first two seeds of one run.
    pub to: String,
    /// Whether the first weights are aligned with the second along the orbit of the model's symmetries before.
    pub aligned: bool,
    /// Equally spaced points, the ends among them.
    pub points: usize,
}

/// A measure of likeness between a value of one network and a value of another, each for the training examples of its own run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Likeness {
    /// `alignment`, `alignment_baseline`, `cka` or `debiased_cka`.
    pub kind: ProbeKind,
    /// A run and the name of a value of its model.
    pub one: (String, String),
    /// The other.
    pub other: (String, String),
    /// The first so many training examples.
    pub examples: usize,
    /// Exchanges of examples for the likeness by chance.
    pub permutations: usize,
}

impl Likeness {
    /// The measures that there are: probes of a value with another.
    pub fn kinds() -> impl Iterator<Item = ProbeKind> {
        let compares = |probe: &&Declaration| probe.settings.iter().any(|setting| setting.name == "with");
        PROBES.iter().filter(compares).map(|probe| probe.kind)
    }
}

impl Between {
    /// The names of the two runs.
    pub fn runs(&self) -> [&str; 2] {
        match self {
            Between::Barrier(of) | Between::Way(of) => [&of.from, &of.to],
            Between::Likeness(of) => [&of.one.0, &of.other.0],
        }
    }
}
