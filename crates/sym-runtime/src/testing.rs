//! Small programs for tests.

use sym_diagnostics::{FileId, Span};
use sym_ir::{Builder, Builtin, Program};

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
