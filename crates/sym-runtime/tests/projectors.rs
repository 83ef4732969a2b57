//! `P_G` by orbits of parameter entries is the projector that sampled group elements give.
//!
//! A symmetric state is the fixed set of a subgroup G. Here G is written down by hand, for each model and state: the axes of which parameters a
//! matrix g (or g⁻ᵀ) acts on, and which matrices. That these are symmetries is measured: no element changes an output at random weights
//! on random inputs. The dense projector needs nothing else:
//!
//! - a finite group (permutations with or without signs, a reflection) gives its mean over *all* its elements;
//! - a continuous one (scales of a unit, GL of some positions) the null space of its generators.
//!
//! Several such groups together have the joint null space of all 1 − P and all generators. Its projector is compared with
//! that of the orbits entry by entry, and its dimension with `rank(P_G)`.

#[path = "support/programs.rs"]
mod programs;

use faer::{Mat, Side};
use programs::{compiled, programs};
use sym_diagnostics::{FileId, Span};
use sym_infer::{Group, StateKind, Weights};
use sym_ir::Program;
use sym_ir::experiment::{StateClause, StateVerb};
use sym_rewrite::{Coordinates, Reduction, fixed_dimension, reduce};
use sym_runtime::Stream;
use sym_runtime::compress::{random_inputs, relative};
use sym_runtime::evaluate::outputs;
use sym_runtime::proof::generators::{dense, export, word};

/// What a symmetry may change of an output, relative to the largest: rounding.
const ROUNDING: f64 = 1e-10;
/// Eigenvalues below this are zero; all others here are of order one.
const ZERO: f64 = 1e-8;

/// How a matrix g of the units acts along an axis.
#[derive(Clone, Copy, PartialEq)]
enum Along {
    /// By g.
    Primal,
    /// By g⁻ᵀ.
    Dual,
    /// By g without its signs.
    Unsigned,
}

/// Subgroups of the matrices of n units.
enum Subgroup {
    /// All orders of these units, the marked ones being the negative of the others.
    Orders(&'static [usize], &'static [usize]),
    /// One reflection that changes the signs of these units.
    Reflection(&'static [usize]),
    /// The positive scales of these units.
    Scales(&'static [usize]),
    /// GL of these units.
    Linear(&'static [usize]),
}
use Subgroup::{Linear, Orders, Reflection, Scales};

/// `attn.wq.1 attn.wk.1'`: g acts on axis 1 of `attn.wq`, g⁻ᵀ on axis 1 of `attn.wk`; `|rnn.b_ir.0` goes without signs.
struct Acting {
    program: Program,
    axes: Vec<(usize, usize, Along)>,
    units: usize,
}

impl Acting {
    fn new(program: &Program, text: &str) -> Self {
        let mut units = 0;
        let mut axis = |word: &str| {
            let along = match word {
                word if word.ends_with('\'') => Along::Dual,
                word if word.starts_with('|') => Along::Unsigned,
                _ => Along::Primal,
            };
            let (path, axis) = word.trim_start_matches('|').trim_end_matches('\'').rsplit_once('.').expect("a path and an axis");
            let parameter = program.parameters.iter().position(|parameter| parameter.path == path);
            let (parameter, axis): (usize, usize) = (parameter.expect(path), axis.parse().expect("an axis"));
            units = program.parameters[parameter].shape[axis].size as usize;
            (parameter, axis, along)
        };
        let axes = text.split_whitespace().map(&mut axis).collect();
        Self { program: program.clone(), axes, units }
    }

    /// Applies g, its inverse transposed or its absolute values along the axes.
    fn apply(&self, g: &Mat<f64>, inverse_transposed: &Mat<f64>, weights: &Weights) -> Weights {
        let unsigned = Mat::from_fn(self.units, self.units, |row, column| g[(row, column)].abs());
        let mut moved = weights.clone();
        for &(parameter, axis, along) in &self.axes {
            let matrix = match along {
                Along::Primal => g,
                Along::Dual => inverse_transposed,
                Along::Unsigned => &unsigned,
            };
            self.multiply(parameter, axis, matrix, &mut moved.values[parameter]);
        }
        moved
    }

    /// The derivative of e^{tA} θ at t = 0. Every parameter here has one axis that a continuous group acts on.
    fn derivative(&self, a: &Mat<f64>, weights: &Weights) -> Weights {
        let minus_transposed = Mat::from_fn(self.units, self.units, |row, column| -a[(column, row)]);
        let mut change = Weights { values: weights.values.iter().map(|values| vec![0.0; values.len()]).collect() };
        for &(parameter, axis, along) in &self.axes {
            change.values[parameter].clone_from(&weights.values[parameter]);
            let matrix = if along == Along::Dual { &minus_transposed } else { a };
            self.multiply(parameter, axis, matrix, &mut change.values[parameter]);
        }
        change
    }

    fn multiply(&self, parameter: usize, axis: usize, matrix: &Mat<f64>, values: &mut [f64]) {
        let sizes: Vec<usize> = self.program.parameters[parameter].shape.iter().map(|axis| axis.size as usize).collect();
        let inner: usize = sizes[axis + 1..].iter().product();
        let before = values.to_vec();
        for (at, value) in values.iter_mut().enumerate() {
            let (block, row, rest) = (at / (self.units * inner), at / inner % self.units, at % inner);
            *value = (0..self.units).map(|unit| matrix[(row, unit)] * before[(block * self.units + unit) * inner + rest]).sum();
        }
    }
}

/// All orders of a list.
fn orders(units: &[usize]) -> Vec<Vec<usize>> {
    if units.is_empty() {
        return vec![Vec::new()];
    }
    let starting = |at: usize| {
        let rest: Vec<usize> =
            units.iter().copied().enumerate().filter(|(other, _)| *other != at).map(|(_, unit)| unit).collect();
        orders(&rest).into_iter().map(move |order| [vec![units[at]], order].concat())
    };
    (0..units.len()).flat_map(starting).collect()
}

fn unit(size: usize) -> Mat<f64> {
    Mat::from_fn(size, size, |row, column| f64::from(u8::from(row == column)))
}

/// All elements of a finite subgroup; none of a continuous one.
fn elements(subgroup: &Subgroup, size: usize) -> Vec<Mat<f64>> {
    match subgroup {
        Orders(units, negative) => {
            let sign = |unit: &usize| if negative.contains(unit) { -1.0 } else { 1.0 };
            let element = |order: Vec<usize>| {
                let mut g = unit(size);
                for (to, from) in units.iter().zip(&order) {
                    g[(*to, *to)] = 0.0;
                    g[(*to, *from)] = sign(to) * sign(from);
                }
                g
            };
            orders(units).into_iter().map(element).collect()
        }
        Reflection(units) => {
            let mut g = unit(size);
            units.iter().for_each(|&at| g[(at, at)] = -1.0);
            vec![unit(size), g]
        }
        Scales(_) | Linear(_) => Vec::new(),
    }
}

/// The generators of a continuous subgroup, each with only one entry.
fn generators(subgroup: &Subgroup, size: usize) -> Vec<Mat<f64>> {
    let one = |(row, column): (usize, usize)| {
        let mut a = Mat::zeros(size, size);
        a[(row, column)] = 1.0;
        a
    };
    match subgroup {
        Scales(units) => units.iter().map(|&at| one((at, at))).collect(),
        Linear(units) => units.iter().flat_map(|&row| units.iter().map(move |&column| (row, column))).map(one).collect(),
        Orders(..) | Reflection(_) => Vec::new(),
    }
}

fn normal(program: &Program, seed: u64) -> Weights {
    let mut stream = Stream::new(seed, "projectors", &program.name);
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|value| *value = stream.normal());
    weights
}

/// Requires that an element moves random weights but no output.
fn is_symmetry(acting: &Acting, g: &Mat<f64>, inverse_transposed: &Mat<f64>, what: &str) {
    let program = &acting.program;
    let (weights, inputs) = (normal(program, 1), random_inputs(program));
    let moved = acting.apply(g, inverse_transposed, &weights);
    assert!(moved != weights || *g == unit(acting.units), "{what}: nothing moves");
    let [before, after] =
        [&weights, &moved].map(|weights| outputs(program, weights, &inputs).expect("the model can be executed"));
    let change = relative(&before, &after);
    assert!(change < ROUNDING, "{what}: outputs change by {change:.1e}");
}

/// The sum of 1 − P over finite groups and of `AᵀA` over generators: its null space is the fixed set.
fn constraints(program: &Program, groups: &[(&str, &[Subgroup])], what: &str) -> Mat<f64> {
    let mut sum: Option<Mat<f64>> = None;
    let square = |(size, values): (usize, Vec<f64>)| Mat::from_fn(size, size, |row, column| values[row * size + column]);
    let mut add = |part: Mat<f64>| sum = Some(sum.take().map_or(part.clone(), |sum| sum + part));
    for (axes, subgroups) in groups {
        let acting = Acting::new(program, axes);
        for subgroup in *subgroups {
            let finite = elements(subgroup, acting.units);
            for g in &finite {
                is_symmetry(&acting, g, g, what);
            }
            if let Some(first) = finite.first() {
                let of = |g: &Mat<f64>| square(dense(program, |weights| acting.apply(g, g, weights)));
                let mean = finite.iter().skip(1).fold(of(first), |sum, g| sum + of(g)) * (1.0 / finite.len() as f64);
                add(unit(mean.nrows()) - mean);
            }
            for a in generators(subgroup, acting.units) {
                // e^{A/2}: of one entry on the diagonal a factor, of another one a shear.
                let factor = |t: f64| {
                    Mat::from_fn(acting.units, acting.units, |row, column| match (row == column, a[(row, column)]) {
                        (true, entry) => (t * entry).exp(),
                        (false, entry) => t * entry,
                    })
                };
                is_symmetry(&acting, &factor(0.5), &factor(-0.5).transpose().to_owned(), what);
                let matrix = square(dense(program, |weights| acting.derivative(&a, weights)));
                add(matrix.transpose() * &matrix);
            }
        }
    }
    sum.expect("a group has elements")
}

/// The projector onto the null space of a symmetric matrix, and its rank.
fn onto_null_space(matrix: &Mat<f64>) -> (Mat<f64>, usize) {
    let size = matrix.nrows();
    let eigen = matrix.self_adjoint_eigen(Side::Lower).expect("a symmetric matrix has eigenvectors");
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let kept: Vec<usize> = (0..size).filter(|&at| values[at].abs() < ZERO).collect();
    assert!(values.iter().all(|value| value.abs() < ZERO || *value > 1e-3), "no gap in {values:?}");
    let basis = Mat::from_fn(size, kept.len(), |row, column| eigen.U()[(row, kept[column])]);
    (&basis * basis.transpose(), kept.len())
}

fn check(program: &Program, state: &[StateClause], groups: &[(&str, &[Subgroup])]) {
    let what = format!("{} {:?}", program.name, state.iter().map(|clause| (&clause.target, clause.verb)).collect::<Vec<_>>());
    let reduction: Reduction = reduce(program, &sym_infer::infer(program), state, Coordinates::Orthonormal)
        .unwrap_or_else(|problems| panic!("{what}: {problems:?}"));
    let (expected, rank) = onto_null_space(&constraints(program, groups, &what));
    let (size, orbits) = dense(program, |weights| reduction.project(weights));
    assert_eq!((rank as u128, fixed_dimension(&reduction)), (reduction.rank, reduction.rank), "{what}");
    assert!(rank < size, "{what}: nothing is removed");
    let worst = (0..size * size).map(|at| (orbits[at] - expected[(at / size, at % size)]).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-9, "{what}: projectors differ by {worst:.1e}");
}

fn clause(verb: StateVerb, target: &str, units: Option<(u128, u128)>) -> StateClause {
    StateClause { verb, target: target.to_string(), units, span: Span::new(FileId(0), 0, 0) }
}

fn merge(target: &str, classes: u128) -> StateClause {
    clause(StateVerb::Merge { classes }, target, None)
}

fn low_rank(target: &str, rank: u128) -> StateClause {
    clause(StateVerb::LowRank { rank }, target, None)
}

#[test]
fn the_table_of_states_counts_what_the_projectors_have() {
    let mut compared = 0;
    for (name, program) in programs("examples/theorems") {
        let symmetries = sym_infer::infer(&program);
        let exported = export(&program, &symmetries, 0).expect("the model can be executed");
        // The gates of a unit that has vanished keep weights that no output reads.
        let missing: Vec<&String> = exported.without_projector.iter().filter(|state| !state.ends_with("/gate_closed")).collect();
        assert_eq!(missing, if name == "Gru" { vec!["rnn/dead_unit"] } else { Vec::new() }, "{name}");
        for space in &symmetries.spaces {
            for tensor in &exported.tensors {
                let Some(kind) = tensor.name.strip_prefix(&format!("projector/{}/", space.name)) else { continue };
                let state = space.states.iter().find(|state| word(state.kind) == kind).expect("a state of the table");
                let size = tensor.shape[0];
                let trace: f64 = (0..size).map(|at| tensor.values[at * size + at]).sum();
                // The table counts the lower rank of one head, the projector takes it from all heads.
                let copies = match (&space.group, state.kind) {
                    (Group::Wreath { copies, .. }, StateKind::LowRank) => *copies,
                    _ => 1,
                };
                let rank = size as f64 - (copies * state.removed) as f64;
                assert!((trace - rank).abs() < 1e-9, "{name} {}: {trace}", tensor.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared}");
}

/// A model of `examples/theorems`, by its name.
fn example(name: &str) -> Program {
    programs("examples/theorems").into_iter().find(|(other, _)| other == name).expect("the model is there").1
}

const HEADS: &str = "attn.wq.0 attn.wk.0 attn.wv.0 attn.wo.1";

#[test]
fn heads_are_permuted_and_their_queries_and_values_turned() {
    let program = example("Attention");
    check(&program, &[merge("attn", 3)], &[(HEADS, &[Orders(&[0, 1], &[])])]);
    check(&program, &[merge("attn", 1)], &[(HEADS, &[Orders(&[0, 1, 2, 3], &[])])]);
    // A head vanishes by the sign of its queries and keys, and by that of its values and their readers.
    check(
        &program,
        &[clause(StateVerb::Zero, "attn", Some((3, 4))), clause(StateVerb::Merge { classes: 2 }, "attn", Some((0, 3)))],
        &[
            (HEADS, &[Orders(&[0, 1], &[])]),
            ("attn.wq.0 attn.wk.0", &[Reflection(&[3])]),
            ("attn.wv.0 attn.wo.1", &[Reflection(&[3])]),
        ],
    );
    // The fixed set of one reflection is that of the whole GL of the positions that it turns round.
    let state = [low_rank("attn.m", 2), low_rank("attn.wv", 1)];
    let (scores, values) = ("attn.wq.1 attn.wk.1'", "attn.wv.1 attn.wo.2'");
    check(&program, &state, &[(scores, &[Reflection(&[2])]), (values, &[Reflection(&[1, 2])])]);
    check(&program, &state, &[(scores, &[Linear(&[2])]), (values, &[Linear(&[1, 2])])]);
}

#[test]
fn experts_are_permuted_and_so_are_units_within_all_of_them() {
    let program = example("Moe");
    let experts = "moe.router.0 moe.w1.0 moe.w2.0";
    check(&program, &[merge("moe", 3)], &[(experts, &[Orders(&[0, 1], &[])])]);
    check(&program, &[merge("moe", 1)], &[(experts, &[Orders(&[0, 1, 2, 3], &[])])]);
    let units = "moe.w1.1 moe.w2.2";
    check(&program, &[merge("moe.f", 2)], &[(units, &[Orders(&[0, 1, 2], &[]), Orders(&[3, 4, 5], &[])])]);
}

#[test]
fn a_residual_stream_is_permuted_with_its_gains() {
    let program = example("Block");
    let stream = "read.weight.0 read.bias.0 ln1.weight.0 ln1.bias.0 attn.wq.2 attn.wk.2 attn.wv.2 attn.wo.0 ln2.weight.0 ln2.bias.0 \
                  mlp.fc1.weight.1 mlp.head.weight.0 mlp.head.bias.0 ln3.weight.0 ln3.bias.0 head.weight.1";
    check(&program, &[merge("read", 4)], &[(stream, &[Orders(&[0, 1], &[]), Orders(&[2, 3], &[])])]);
    let units = "mlp.fc1.weight.0 mlp.fc1.bias.0 mlp.head.weight.1";
    let thirds = [Orders(&[0, 1, 2], &[]), Orders(&[3, 4, 5], &[]), Orders(&[6, 7], &[])];
    check(&program, &[merge("mlp.fc1", 3), merge("attn", 1)], &[(units, &thirds), (HEADS, &[Orders(&[0, 1], &[])])]);
    check(&program, &[low_rank("attn.m", 1)], &[("attn.wq.1 attn.wk.1'", &[Linear(&[1, 2])])]);
}

#[test]
fn channels_are_permuted_and_vanish_by_the_scales_that_batch_norm_forgets_and_passes() {
    let program = example("Conv");
    let stem = "stem.weight.0 bn1.weight.0 bn1.bias.0 conv1.weight.1 conv2.weight.0 head.weight.1";
    let inner = "conv1.weight.0 bn2.weight.0 bn2.bias.0 conv2.weight.1";
    let pairs = [Orders(&[0, 1], &[]), Orders(&[2, 3], &[])];
    check(&program, &[merge("stem", 3), merge("conv1", 2)], &[(stem, &pairs), (inner, &[Orders(&[0, 1], &[])])]);
    check(&program, &[merge("conv1", 1)], &[(inner, &[Orders(&[0, 1, 2], &[])])]);
    // Behind the norm a channel's scale passes the ReLU; before it the norm forgets it.
    check(
        &program,
        &[clause(StateVerb::Zero, "conv1", Some((2, 3)))],
        &[("bn2.weight.0 bn2.bias.0 conv2.weight.1'", &[Scales(&[2])]), ("conv1.weight.0", &[Scales(&[2])])],
    );
    // With the sign of a filter that of its gain changes: a pair is opposite in these alone.
    check(
        &program,
        &[clause(StateVerb::MergeSigned { classes: 1 }, "conv1", Some((0, 2)))],
        &[("conv1.weight.0 bn2.weight.0 |bn2.bias.0 |conv2.weight.1", &[Orders(&[0, 1], &[1])])],
    );
}

#[test]
fn units_of_a_recurrence_are_permuted_on_both_axes_and_their_signs_pass_tanh_but_no_gate() {
    let program = example("Gru");
    let axes = "|rnn.w_ir.0 |rnn.w_iz.0 rnn.w_in.0 |rnn.w_hr.0 rnn.w_hr.1 |rnn.w_hz.0 rnn.w_hz.1 rnn.w_hn.0 rnn.w_hn.1 \
                |rnn.b_ir.0 |rnn.b_iz.0 rnn.b_in.0 |rnn.b_hr.0 |rnn.b_hz.0 rnn.b_hn.0 head.weight.1";
    let pairs = [Orders(&[0, 1], &[]), Orders(&[2, 3], &[]), Orders(&[4, 5], &[])];
    check(&program, &[merge("rnn", 3)], &[(axes, &pairs)]);
    check(&program, &[merge("rnn", 2)], &[(axes, &[Orders(&[0, 1, 2], &[]), Orders(&[3, 4, 5], &[])])]);
    let state = [clause(StateVerb::MergeSigned { classes: 1 }, "rnn", Some((0, 3)))];
    check(&program, &state, &[(axes, &[Orders(&[0, 1, 2], &[1])])]);
    // Gates of a unit that has vanished keep their weights, which no output reads: no smaller program, but its dimension is counted.
    let symmetries = sym_infer::infer(&program);
    let dead = symmetries.spaces[0].states.iter().find(|state| state.kind == StateKind::DeadUnit).expect("a unit can vanish");
    let (_, rank) = onto_null_space(&constraints(&program, &[(axes, &[Reflection(&[5])])], "a dead unit"));
    assert_eq!(rank as u128, dead.rank);
}

#[test]
fn linear_layers_are_turned_and_units_of_a_relu_scaled() {
    let program = example("Linear");
    let (first, second) = ("fc1.weight.0 fc2.weight.1'", "fc2.weight.0 head.weight.1'");
    check(&program, &[low_rank("fc1", 4), low_rank("fc2", 3)], &[(first, &[Linear(&[4, 5])]), (second, &[Linear(&[3, 4, 5])])]);
    let text = "model Relu { input x[3] output linear(relu(linear(x, 5, name: \"fc1\")), 2, name: \"head\") }";
    let program = compiled("relu.sym", text).remove(0).1;
    let units = "fc1.weight.0 fc1.bias.0 head.weight.1'";
    let state = [clause(StateVerb::Zero, "fc1", Some((3, 5))), clause(StateVerb::Merge { classes: 1 }, "fc1", Some((0, 2)))];
    check(&program, &state, &[(units, &[Scales(&[3, 4]), Orders(&[0, 1], &[])])]);
}
