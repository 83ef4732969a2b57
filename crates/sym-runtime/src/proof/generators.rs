//! The symmetries of a small model as numbers, for use elsewhere: generators, random group elements and projectors onto symmetric states.

use super::point;
use crate::Stream;
use safetensors::tensor::{Dtype, TensorView};
use sym_diagnostics::Diagnostic;
use sym_infer::{StateKind, Symmetries, Weights, action};
use sym_ir::Program;
use sym_ir::experiment::{StateClause, StateVerb};
use sym_lower::{Stored, from_state_dict, to_state_dict};
use sym_rewrite::{Coordinates, reduce};

/// The largest number of trainable entries D: a projector has D² entries.
pub const LARGEST: u128 = 1_000;

/// What a file of generators holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The tensors: `theta/NAME`, `generator/SPACE/K/NAME`, `element/SPACE/NAME` with stored names and layouts, `projector/SPACE/STATE` of shape
    /// [D, D] over the trainable stored tensors one after the other.
    pub tensors: Vec<Stored>,
    /// Number of generators.
    pub generators: usize,
    /// Number of random elements, one a group.
    pub elements: usize,
    /// Number of projectors.
    pub projectors: usize,
    /// States of the table that have no projector, because no smaller program stands for them.
    pub without_projector: Vec<String>,
}

/// The numbers at a generic point; the same seed gives the same.
///
/// # Errors
///
/// E0501 for a program that cannot be executed. The program must have at most [`LARGEST`] trainable entries.
pub fn export(program: &Program, symmetries: &Symmetries, seed: u64) -> Result<Exported, Vec<Diagnostic>> {
    sym_lower::check(program)?;
    let mut stream = Stream::new(seed, "generators", &program.name);
    let weights = point::weights(program, &mut stream);
    let mut exported = Exported { tensors: Vec::new(), generators: 0, elements: 0, projectors: 0, without_projector: Vec::new() };
    exported.add("theta", program, &weights);
    let mut numbers = vec![0usize; symmetries.spaces.len()];
    for (space, tangent) in action::tangents(program, symmetries, &weights) {
        exported.add(&format!("generator/{}/{}", symmetries.spaces[space].name, numbers[space]), program, &tangent);
        numbers[space] += 1;
        exported.generators += 1;
    }
    for (at, space) in symmetries.spaces.iter().enumerate() {
        if space.acts_on.is_empty() {
            continue;
        }
        let moved = action::random_element(program, symmetries, at, &weights, &mut || stream.normal());
        exported.add(&format!("element/{}", space.name), program, &moved);
        exported.elements += 1;
        for state in &space.states {
            let name = format!("{}/{}", space.name, word(state.kind));
            match clause(state.kind, &space.name, space.size, program).and_then(|clause| projector(program, symmetries, &clause))
            {
                Some(tensor) => {
                    exported.tensors.push(Stored { name: format!("projector/{name}"), ..tensor });
                    exported.projectors += 1;
                }
                None => exported.without_projector.push(name),
            }
        }
    }
    Ok(exported)
}

impl Exported {
    fn add(&mut self, prefix: &str, program: &Program, weights: &Weights) {
        let named = |tensor: Stored| Stored { name: format!("{prefix}/{}", tensor.name), ..tensor };
        self.tensors.extend(to_state_dict(program, weights).into_iter().map(named));
    }

    /// The content of a safetensors file with these tensors in double precision.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let bytes: Vec<Vec<u8>> =
            self.tensors.iter().map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
        let views = self.tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
            let view = TensorView::new(Dtype::F64, tensor.shape.clone(), bytes).expect("as many bytes as the shape and type say");
            (&tensor.name, view)
        });
        safetensors::serialize(views, None).expect("a header of names and shapes can be written")
    }
}

/// The word for a state in names.
pub fn word(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Identical => "identical",
        StateKind::PairIdentical => "pair_identical",
        StateKind::PairOpposite => "pair_opposite",
        StateKind::DeadUnit => "dead_unit",
        StateKind::LowRank => "low_rank",
        StateKind::GateClosed => "gate_closed",
    }
}

/// The state as a clause of the language; a pair is the first two units, a dead unit the last.
fn clause(kind: StateKind, space: &str, size: u128, program: &Program) -> Option<StateClause> {
    let (verb, units) = match kind {
        StateKind::Identical => (StateVerb::Merge { classes: 1 }, None),
        StateKind::PairIdentical => (StateVerb::Merge { classes: 1 }, Some((0, 2))),
        StateKind::PairOpposite => (StateVerb::MergeSigned { classes: 1 }, Some((0, 2))),
        StateKind::DeadUnit => (StateVerb::Zero, Some((size.checked_sub(1)?, size))),
        StateKind::LowRank => (StateVerb::LowRank { rank: size.checked_sub(1)? }, None),
        StateKind::GateClosed => return None,
    };
    Some(StateClause { verb, target: space.to_string(), units, span: program.nodes.first()?.span })
}

/// `P_G` of a state; `None` where no smaller program stands for it.
fn projector(program: &Program, symmetries: &Symmetries, clause: &StateClause) -> Option<Stored> {
    let reduction = reduce(program, symmetries, std::slice::from_ref(clause), Coordinates::Orthonormal).ok()?;
    let (size, values) = dense(program, |weights| reduction.project(weights));
    Some(Stored { name: String::new(), shape: vec![size, size], values })
}

/// A linear map of weights as a matrix over the trained entries of the stored tensors, one tensor after the other: their number D, and the
/// D² entries row by row. The map is applied to each of the D unit vectors.
pub fn dense(program: &Program, map: impl Fn(&Weights) -> Weights) -> (usize, Vec<f64>) {
    let mut unit = to_state_dict(program, &Weights::zeros(program));
    let mut trained = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut trained.values) {
        parameter.trained_places().into_iter().for_each(|place| values[place] = 1.0);
    }
    let entries: Vec<(usize, usize)> = to_state_dict(program, &trained)
        .iter()
        .enumerate()
        .flat_map(|(tensor, marks)| {
            (0..marks.values.len()).filter(|&entry| marks.values[entry] == 1.0).map(move |entry| (tensor, entry))
        })
        .collect();
    let size = entries.len();
    let mut values = vec![0.0; size * size];
    for (column, &(tensor, entry)) in entries.iter().enumerate() {
        unit[tensor].values[entry] = 1.0;
        let weights = from_state_dict(program, &unit, "unit").expect("the tensors are the program's own");
        unit[tensor].values[entry] = 0.0;
        let mapped = to_state_dict(program, &map(&weights));
        for (row, &(tensor, entry)) in entries.iter().enumerate() {
            values[row * size + column] = mapped[tensor].values[entry];
        }
    }
    (size, values)
}
