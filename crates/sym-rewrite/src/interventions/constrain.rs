//! Constraints by symmetry (DCS, Ziyin 2024): a subspace of the rows with factors of its own, which decay drives to zero.

use super::masks::refuse_masked;
use super::rebuild::substitute;
use super::refused;
use super::targets::parameters;
use std::sync::Arc;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::{Constraint, Intervention};
use sym_ir::{Axis, Builder, Initial, Label, Operand, Operation, Parameter, ParameterId, Program, Role, Storage, Term, ValueId};

/// More rows than this would make a dense basis beyond reason.
const MOST_ROWS: u128 = 4_096;

/// W [o, …] → O (u ⊙ p) + O⊥ q with orthonormal bases O [o, r] of the subspace and O⊥ [o, o − r] of the rest, `p = OᵀW` and `q = O⊥ᵀW`.
/// This is (I − OOᵀ)φ + O(u ⊙ Oᵀφ) in coordinates along O: gradient descent and decay do not see the rotation, and the products u ⊙ p show.
pub(super) fn apply(program: &Program, intervention: &Intervention, to: &Constraint) -> Result<Program, Vec<Diagnostic>> {
    let is_weight = |parameter: &Parameter| parameter.shape.len() >= 2;
    let chosen = parameters(program, intervention, is_weight, "a trainable weight of two or more axes")?;
    refuse_masked(program, intervention, &chosen)?;
    let mut bases = Vec::new();
    let mut problems = Vec::new();
    for &id in &chosen {
        match bases_of(program.parameter(id), intervention, to) {
            Ok(found) => bases.push((id, found)),
            Err(problem) => problems.push(*problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(substitute(program, &chosen, |builder, id| {
        let (_, bases) = bases.iter().find(|(own, _)| *own == id).expect("every chosen parameter has its bases");
        constrained(builder, program, id, bases)
    }))
}

/// The row axis of a weight, and its basis of the subspace with one of the rest.
struct Bases {
    axis: usize,
    constrained: Vec<Vec<f64>>,
    free: Vec<Vec<f64>>,
}

fn bases_of(parameter: &Parameter, intervention: &Intervention, to: &Constraint) -> Result<Bases, Box<Diagnostic>> {
    let path = &parameter.path;
    let rows = parameter.storage.layout.first().map(|stored| stored.axes.as_slice());
    let Some(&[axis]) = rows else {
        let message = format!("the rows of `{path}` merge several axes");
        return Err(Box::new(refused(intervention, message).expected("a weight whose rows are one axis")));
    };
    let count = parameter.shape[axis].size;
    if !(2..=MOST_ROWS).contains(&count) {
        let message = format!("`{path}` has {count} rows");
        return Err(Box::new(refused(intervention, message).expected(format!("2 to {MOST_ROWS} rows"))));
    }
    let count = count as usize;
    let differences = helmert(count);
    let mean = vec![vec![1.0 / (count as f64).sqrt(); count]];
    let (constrained, free) = match to {
        Constraint::Equal => (differences, mean),
        Constraint::ZeroMean => (mean, differences),
        Constraint::Subspace(vectors) => {
            if let Some(vector) = vectors.iter().find(|vector| vector.len() != count) {
                let message = format!("a vector of {} numbers for the {count} rows of `{path}`", vector.len());
                return Err(Box::new(refused(intervention, message).expected(format!("vectors of {count} numbers"))));
            }
            let span = orthonormal(vectors, count);
            if span.len() < vectors.len() || span.len() == count {
                let message = format!("{} vectors span {} of {count} dimensions", vectors.len(), span.len());
                return Err(Box::new(refused(intervention, message).expected("independent vectors, fewer than the rows")));
            }
            let units = (0..count).map(|at| (0..count).map(|row| f64::from(u8::from(row == at))).collect());
            let all: Vec<Vec<f64>> = span.iter().cloned().chain(units).collect();
            let rest = orthonormal(&all, count).split_off(span.len());
            (span, rest)
        }
    };
    Ok(Bases { axis, constrained, free })
}

/// An orthonormal basis of the vectors that sum to 0 (Helmert): k entries 1/√(k(k+1)), then −k/√(k(k+1)).
fn helmert(count: usize) -> Vec<Vec<f64>> {
    (1..count)
        .map(|k| {
            let norm = ((k * (k + 1)) as f64).sqrt();
            (0..count)
                .map(|row| match row.cmp(&k) {
                    std::cmp::Ordering::Less => 1.0 / norm,
                    std::cmp::Ordering::Equal => -(k as f64) / norm,
                    std::cmp::Ordering::Greater => 0.0,
                })
                .collect()
        })
        .collect()
}

/// An orthonormal basis of the span, by Gram–Schmidt applied twice; vectors that depend on those before are left out.
fn orthonormal(vectors: &[Vec<f64>], size: usize) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for vector in vectors {
        if basis.len() == size {
            break;
        }
        let before = dot(vector, vector).sqrt();
        let mut rest = vector.clone();
        for _ in 0..2 {
            for known in &basis {
                let along = dot(&rest, known);
                rest.iter_mut().zip(known).for_each(|(entry, known)| *entry -= along * known);
            }
        }
        let norm = dot(&rest, &rest).sqrt();
        if norm > 1e-9 * before {
            for entry in &mut rest {
                *entry /= norm;
            }
            basis.push(rest);
        }
    }
    basis
}

fn constrained(builder: &mut Builder, program: &Program, id: ParameterId, bases: &Bases) -> ValueId {
    let whole = program.parameter(id);
    let rank = whole.shape.len();
    let initial = match &whole.initial {
        // A rotation leaves normal entries normal; those of other distributions keep mean square and mean 0.
        Initial::Uniform { bound } => Initial::Normal { mean: 0.0, std: bound / 3f64.sqrt() },
        other => other.clone(),
    };
    let path = |name: &str| format!("{}.{name}", whole.path);
    let declare = |builder: &mut Builder, name: &str, shape: Vec<Axis>, trainable: bool, initial: Initial, factor: bool| {
        builder.declare_parameter(Parameter {
            path: path(name),
            storage: Storage::plain(path(name), shape.len()),
            shape,
            trainable,
            initial,
            role: Role { block: whole.role.block.clone(), factor, ..Role::default() },
            span: whole.span,
        })
    };
    let labels: Vec<Label> = (0..rank).map(|axis| Label(axis as u32)).collect();
    let inner = Label(rank as u32);
    let along = |basis: &[Vec<f64>]| {
        let mut shape = whole.shape.clone();
        shape[bases.axis] = Axis::of(basis.len() as u128);
        let mut own = labels.clone();
        own[bases.axis] = inner;
        (shape, own)
    };
    let matrix = |builder: &mut Builder, name: &str, basis: &[Vec<f64>]| {
        let rows = basis.first().map_or(0, Vec::len);
        let values: Vec<f64> = (0..rows).flat_map(|row| basis.iter().map(move |vector| vector[row])).collect();
        let shape = vec![whole.shape[bases.axis].clone(), Axis::of(basis.len() as u128)];
        let value = declare(builder, name, shape, false, Initial::Values(Arc::from(values)), false);
        Operand { value, labels: vec![labels[bases.axis], inner] }
    };
    let (shape, own) = along(&bases.constrained);
    let basis = matrix(builder, "basis", &bases.constrained);
    let part = declare(builder, "constrained", shape.clone(), true, initial.clone(), false);
    let factor = declare(builder, "factor", shape, true, Initial::Constant(1.0), true);
    let operands = vec![basis, Operand { value: part, labels: own.clone() }, Operand { value: factor, labels: own }];
    let first = Operation::Einsum { operands, output: labels.clone(), coefficient: 1.0 };
    let first = builder.push(first, whole.shape.clone(), path("bound"));
    let (shape, own) = along(&bases.free);
    let basis = matrix(builder, "rest", &bases.free);
    let part = declare(builder, "free", shape, true, initial, false);
    let operands = vec![basis, Operand { value: part, labels: own }];
    let second = Operation::Einsum { operands, output: labels, coefficient: 1.0 };
    let second = builder.push(second, whole.shape.clone(), path("unbound"));
    let axes: Vec<usize> = (0..rank).collect();
    let terms = [first, second].map(|value| Term { value, coefficient: 1.0, axes: axes.clone() }).to_vec();
    builder.push(Operation::Add { terms, constant: 0.0 }, whole.shape.clone(), whole.path.clone())
}

#[cfg(test)]
mod tests {
    use super::{helmert, orthonormal};

    #[test]
    fn bases_are_orthonormal_and_differences_sum_to_zero() {
        let check = |basis: &[Vec<f64>]| {
            for (a, left) in basis.iter().enumerate() {
                for (b, right) in basis.iter().enumerate() {
                    let dot: f64 = left.iter().zip(right).map(|(x, y)| x * y).sum();
                    assert!((dot - f64::from(u8::from(a == b))).abs() < 1e-14);
                }
            }
        };
        let differences = helmert(7);
        check(&differences);
        assert!(differences.iter().all(|vector| vector.iter().sum::<f64>().abs() < 1e-14));
        let span = orthonormal(&[vec![1.0, 1.0, 0.0], vec![2.0, 2.0, 0.0], vec![0.0, 1.0, 1.0]], 3);
        check(&span);
        assert_eq!(span.len(), 2);
    }
}
