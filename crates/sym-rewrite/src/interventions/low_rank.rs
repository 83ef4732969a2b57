//! W → U V over a few directions.

use super::masks::refuse_masked;
use super::rebuild::substitute;
use super::refused;
use super::targets::parameters;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::Intervention;
use sym_ir::{Axis, Initial, Label, Operand, Operation, Parameter, Program, Role, Storage};

/// Every selected matrix W [o, i] becomes `left` [o, r] times `right` [r, i]. Both start uniform so that an entry of the product has the
/// variance 1/(3·i) of PyTorch's linear layers.
pub(super) fn apply(program: &Program, intervention: &Intervention, rank: u128) -> Result<Program, Vec<Diagnostic>> {
    let is_matrix = |parameter: &Parameter| parameter.shape.len() == 2;
    let chosen = parameters(program, intervention, is_matrix, "a trainable matrix")?;
    refuse_masked(program, intervention, &chosen)?;
    let wide: Vec<Diagnostic> = chosen
        .iter()
        .map(|&id| program.parameter(id))
        .filter(|parameter| parameter.shape.iter().any(|axis| axis.size < rank))
        .map(|parameter| {
            let [rows, columns] = [parameter.shape[0].size, parameter.shape[1].size];
            refused(intervention, format!("`{}` of {rows} by {columns} has no rank {rank}", parameter.path))
                .expected(format!("a rank of at most {}", rows.min(columns)))
        })
        .collect();
    if !wide.is_empty() {
        return Err(wide);
    }
    Ok(substitute(program, &chosen, |builder, id| {
        let whole = program.parameter(id);
        let [row, column] = [whole.shape[0].clone(), whole.shape[1].clone()];
        let inner = Axis::of(rank);
        // A product of r terms of variances a and b has variance r·a·b = 1/(3·i) for a = 1/r, b = 1/(3·i).
        let bounds = [(3.0 / rank as f64).sqrt(), (1.0 / column.size as f64).sqrt()];
        let mut part = |name: &str, shape: Vec<Axis>, bound: f64| {
            let path = format!("{}.{name}", whole.path);
            builder.declare_parameter(Parameter {
                storage: Storage::plain(&path, 2),
                path,
                shape,
                trainable: true,
                initial: Initial::Uniform { bound },
                role: Role { block: whole.role.block.clone(), ..Role::default() },
                span: whole.span,
            })
        };
        let left = part("left", vec![row, inner.clone()], bounds[0]);
        let right = part("right", vec![inner, column], bounds[1]);
        let [o, i, r] = [Label(0), Label(1), Label(2)];
        let operands = vec![Operand { value: left, labels: vec![o, r] }, Operand { value: right, labels: vec![r, i] }];
        let product = Operation::Einsum { operands, output: vec![o, i], coefficient: 1.0 };
        builder.push(product, whole.shape.clone(), whole.path.clone())
    }))
}
