//! Small programs for tests.

use sym_diagnostics::{FileId, Span};
use sym_infer::{Action, Class, Frame, Group, Space, Status, Symmetries};
use sym_ir::{Builder, Builtin, ParameterId, Program};

/// A span for items that no file holds.
pub fn span() -> Span {
    Span::new(FileId(0), 0, 1)
}

/// A tanh network `fc1`, `fc2`, … with biases: sizes from input to output, the last layer linear.
pub fn mlp(sizes: &[u128]) -> Program {
    let mut builder = Builder::new("Mlp");
    let mut value = builder.input("x", &sizes[..1]);
    for (at, &size) in sizes[1..].iter().enumerate() {
        value = builder.linear(&format!("fc{}", at + 1), value, size, true);
        if at + 2 < sizes.len() {
            value = builder.map(Builtin::Tanh, value);
        }
    }
    builder.output("output", value);
    builder.finish()
}

/// The signed permutations of every hidden layer of [`mlp`].
pub fn symmetries(program: &Program) -> Symmetries {
    let layers = program.parameters.len() / 2;
    let spaces = (0..layers - 1)
        .map(|layer| {
            let first = 2 * layer as u32;
            let size = program.parameters[2 * layer].shape[0].size;
            let action = |parameter: u32, axis: usize| Action {
                parameter: ParameterId(parameter),
                axis: Some(axis),
                frame: Frame::Monomial { degrees: Vec::new(), sign: true },
            };
            Space {
                name: format!("fc{}", layer + 1),
                size,
                group: Group::SignedPermutation(size),
                class: Class::Linear,
                continuous_dim: 0,
                log10_order: 0.0,
                acts_on: vec![action(first, 0), action(first + 1, 0), action(first + 2, 1)],
                states: Vec::new(),
                conserved: Vec::new(),
                kept: None,
                status: Status::Derived,
                reasons: Vec::new(),
            }
        })
        .collect();
    Symmetries { spaces, continuous_dim: 0 }
}
