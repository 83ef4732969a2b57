//! What can be settled before any number is known: whether a program can be executed, its sizes, and the order of its contractions.

use crate::array::MAX_RANK;
use crate::primitive::dense::{self, DenseLayer};
use crate::primitive::einsum::Contraction;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::{Adjoint, Operation, Program};

/// The largest number of entries of one value, and of all parameters together: 2³² (32 GiB in double precision).
pub const MAX_ENTRIES: u128 = 1 << 32;

/// A program with everything that its execution needs besides numbers.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub program: Program,
    /// Sizes of every value, without the batch.
    pub sizes: Vec<Vec<usize>>,
    /// The contraction of every einsum.
    pub contractions: Vec<Option<Contraction>>,
    /// Dense layers by the value that they give.
    pub layers: Vec<Option<DenseLayer>>,
    /// Values inside of a dense layer, which are not computed on their own.
    pub inside: Vec<bool>,
    /// Values that may hold −∞ because a mask, a window or a choice of the largest entries puts it there.
    pub masked: Vec<bool>,
    /// How often every value is read, outputs included.
    pub readers: Vec<u32>,
}

/// Says everything in the program that cannot be executed (E0501), without allocating anything for its weights.
///
/// # Errors
///
/// One diagnostic for each value that has too many axes or entries.
pub fn check(program: &Program) -> Result<(), Vec<Diagnostic>> {
    compile(program).map(|_| ())
}

pub(crate) fn compile(program: &Program) -> Result<Compiled, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for node in &program.nodes {
        // Operations on a value of too many axes have the same fault: its source is the one to name.
        let inherited = node.operation.operands().iter().any(|&operand| too_large(program, operand).is_some());
        if inherited {
            continue;
        }
        if let Some(fault) = fault(node) {
            diagnostics.push(fault);
        }
    }
    diagnostics.extend(too_many_parameters(program));
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }

    let sizes: Vec<Vec<usize>> =
        program.nodes.iter().map(|node| node.shape.iter().map(|axis| axis.size as usize).collect()).collect();
    let mut contractions = Vec::with_capacity(program.nodes.len());
    let mut readers = vec![0; program.nodes.len()];
    for (at, node) in program.nodes.iter().enumerate() {
        for operand in node.operation.operands() {
            readers[operand.0 as usize] += 1;
        }
        let contraction = match &node.operation {
            Operation::Einsum { operands, output, coefficient } => {
                let contraction = Contraction::plan(program, operands, output, *coefficient, &sizes, at);
                if contraction.widest > MAX_RANK {
                    diagnostics.push(too_wide(node, contraction.widest, "needs a value of"));
                }
                Some(contraction)
            }
            _ => None,
        };
        contractions.push(contraction);
    }
    for output in &program.outputs {
        readers[output.value.0 as usize] += 1;
    }
    if diagnostics.is_empty() {
        let (layers, inside) = dense::find(program, &readers);
        Ok(Compiled { program: program.clone(), sizes, contractions, layers, inside, masked: masked(program), readers })
    } else {
        Err(diagnostics)
    }
}

/// Which values may hold the −∞ of something masked: it lasts up to the next softmax, reduction or elementwise function.
fn masked(program: &Program) -> Vec<bool> {
    let mut masked = vec![false; program.nodes.len()];
    for (at, node) in program.nodes.iter().enumerate() {
        masked[at] = match &node.operation {
            Operation::Mask { .. } => true,
            Operation::Window { rest, .. } | Operation::TopK { rest, .. } if *rest != 0.0 => true,
            Operation::Softmax { .. }
            | Operation::Reduce { .. }
            | Operation::Map { .. }
            | Operation::Adjoint(Adjoint::First { .. } | Adjoint::Kept { .. }) => false,
            other => other.operands().iter().any(|operand| masked[operand.0 as usize]),
        };
    }
    masked
}

fn too_large(program: &Program, value: sym_ir::ValueId) -> Option<Diagnostic> {
    fault(program.node(value))
}

/// What is wrong with the result of one operation by itself.
fn fault(node: &sym_ir::Node) -> Option<Diagnostic> {
    let rank = node.shape.len() + usize::from(node.batched);
    if rank > MAX_RANK {
        return Some(too_wide(node, rank, "has"));
    }
    let entries = node.shape.iter().try_fold(1u128, |product, axis| product.checked_mul(axis.size));
    if entries.is_some_and(|entries| entries <= MAX_ENTRIES) {
        return None;
    }
    let shown = node.shape.iter().map(|axis| axis.size.to_string()).collect::<Vec<_>>().join(" × ");
    Some(
        Diagnostic::new(Code::E0501, node.span, format!("`{}` has {shown} entries, more than one value can have", node.name))
            .label("too large to execute")
            .found(format!("{shown} entries"))
            .expected(format!("at most {MAX_ENTRIES} entries"))
            .help("choose smaller sizes; `symc check` without `--verify` analyses models of any size"),
    )
}

fn too_wide(node: &sym_ir::Node, rank: usize, verb: &str) -> Diagnostic {
    let batch = if node.batched { ", the batch included" } else { "" };
    Diagnostic::new(Code::E0501, node.span, format!("`{}` {verb} {rank} axes{batch}", node.name))
        .label("too many axes to execute")
        .found(format!("{rank} axes"))
        .expected(format!("at most {MAX_RANK} axes"))
        .help("merge axes that always occur together")
}

/// Parameters that fit one by one and not together.
fn too_many_parameters(program: &Program) -> Option<Diagnostic> {
    let total = program.parameters.iter().try_fold(0u128, |sum, parameter| sum.checked_add(parameter.entries()?));
    if total.is_some_and(|total| total <= MAX_ENTRIES) {
        return None;
    }
    let largest = program.parameters.iter().max_by_key(|parameter| parameter.entries().unwrap_or(u128::MAX))?;
    if largest.entries().is_none_or(|entries| entries > MAX_ENTRIES) {
        // Said already where it is read.
        return None;
    }
    let total = total.map_or_else(|| "too many".to_string(), |total| total.to_string());
    Some(
        Diagnostic::new(Code::E0501, largest.span, format!("`{}` has {total} parameters, more than can be held", program.name))
            .label(format!("the largest of them is `{}`", largest.path))
            .found(format!("{total} parameters"))
            .expected(format!("at most {MAX_ENTRIES} parameters"))
            .help("choose smaller sizes; `symc check` without `--verify` analyses models of any size"),
    )
}
