//! One model while it is elaborated: the program so far and the stack of bodies from the model down to the innermost block.

use super::scan::Scan;
use super::scope::{Binding, Tensor};
use super::{Elaborator, Scope};
use crate::Builder;
use crate::program::{Axis, Operation, ValueId};
use std::collections::HashMap;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Expr;

/// The most operations and loop turns of one model.
pub(super) const MOST_OPERATIONS: usize = 500_000;

/// The largest number of entries of one tensor: what 64-bit addresses count.
pub(super) const MOST_ENTRIES: u128 = i64::MAX as u128;

/// The body of a model or block being elaborated.
#[derive(Debug)]
pub(super) struct Body {
    /// Its names.
    pub scope: Scope,
    /// The path of block names, such as `encoder.fc1`; empty for the model.
    pub prefix: String,
    /// The block's name; `None` for the model.
    pub block: Option<String>,
    /// The result, once a `return` was met; without a tensor where it has errors.
    pub result: Option<Binding>,
    /// Whether a statement had an error.
    pub failed: bool,
}

/// A model being elaborated.
#[derive(Debug)]
pub(super) struct Network<'e, 'a> {
    /// What all items share.
    pub elaborator: &'e mut Elaborator<'a>,
    /// The program so far.
    pub builder: Builder,
    /// The bodies from the model to the innermost block.
    pub bodies: Vec<Body>,
    /// Stored names, with where in the tensor, and where they were first used.
    pub stored: HashMap<(String, Vec<u128>), Span>,
    /// The scans being unrolled, innermost last.
    pub scans: Vec<Scan>,
    /// Parameters that a first step of a scan has declared, by path.
    pub shared: HashMap<String, Tensor>,
    /// Number of `output` statements so far, sound or not.
    pub outputs: usize,
    /// What is left of [`MOST_OPERATIONS`].
    pub fuel: usize,
    /// Set once a limit was met: nothing further is elaborated or reported.
    pub stopped: bool,
    /// Text that could not be read as statements: names in it may be defined there.
    pub unread: Vec<Span>,
}

impl Network<'_, '_> {
    /// The innermost body.
    pub fn body(&mut self) -> &mut Body {
        self.bodies.last_mut().expect("a network always has the model's body")
    }

    /// The innermost scope.
    pub fn scope(&self) -> &Scope {
        &self.bodies.last().expect("a network always has the model's body").scope
    }

    /// The innermost body that a call in the user's own text has opened; 0 is the model.
    pub fn visible_depth(&self) -> usize {
        let calls = &self.elaborator.calls;
        calls.iter().rposition(|call| !self.elaborator.names.is_library(call.file)).map_or(0, |at| at + 1)
    }

    /// Reports, unless elaboration has been stopped.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.elaborator.report(diagnostic);
        }
    }

    /// Counts one operation or loop turn; false when the limit is met.
    pub fn spend(&mut self, span: Span) -> bool {
        if self.stopped {
            return false;
        }
        if self.fuel == 0 {
            let name = self.builder.program().name.clone();
            self.report(
                Diagnostic::new(Code::E0224, span, format!("`{name}` unrolls into more than {MOST_OPERATIONS} operations"))
                    .label("the limit is met here")
                    .found(format!("more than {MOST_OPERATIONS} operations"))
                    .expected(format!("at most {MOST_OPERATIONS}"))
                    .help("shorten the loops, or stack layers over an axis"),
            );
            self.stopped = true;
            return false;
        }
        self.fuel -= 1;
        true
    }

    /// Appends an operation, if its result can be counted.
    pub fn push(&mut self, operation: Operation, shape: Vec<Axis>, name: &str, span: Span) -> Option<ValueId> {
        if !self.spend(span) || !self.countable(&shape, span) {
            return None;
        }
        Some(self.builder.push(operation, shape, name))
    }

    /// Whether a tensor of this shape has at most [`MOST_ENTRIES`] entries; E0207 otherwise.
    pub fn countable(&mut self, shape: &[Axis], span: Span) -> bool {
        let entries = shape.iter().try_fold(1u128, |product, axis| product.checked_mul(axis.size));
        if entries.is_some_and(|entries| entries <= MOST_ENTRIES) {
            return true;
        }
        self.report(
            Diagnostic::new(Code::E0207, span, format!("a tensor of shape {} has too many entries to count", shape_text(shape)))
                .found(shape_text(shape))
                .expected("fewer than 2^63 entries"),
        );
        false
    }

    /// An axis of the size that an expression gives: at least 1, below 2⁶³.
    pub fn axis(&mut self, expr: &Expr) -> Option<Axis> {
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let size = self.elaborator.whole(expr, scope)?;
        let symbol = self.elaborator.symbol(expr, scope);
        let span = super::Elaborator::blame(expr, scope);
        if size < 1 {
            self.report(
                Diagnostic::new(Code::E0208, span, format!("`{symbol}` is {size}, and a size is at least 1"))
                    .found(size.to_string())
                    .expected("a whole number from 1"),
            );
            return None;
        }
        if size as u128 > MOST_ENTRIES {
            self.report(
                Diagnostic::new(Code::E0207, span, format!("`{symbol}` is {size}, which is too large for a size"))
                    .found(size.to_string())
                    .expected("a size below 2^63"),
            );
            return None;
        }
        let literal = !symbol.contains(|letter: char| letter.is_alphabetic());
        Some(Axis { size: size as u128, symbol: if literal { size.to_string().into() } else { symbol }, name: Arc::default() })
    }
}

/// A shape as messages show it: `[5, 3]`.
pub(super) fn shape_text(shape: &[Axis]) -> String {
    format!("[{}]", shape.iter().map(|axis| axis.size.to_string()).collect::<Vec<_>>().join(", "))
}

/// `1 axis`, `2 axes`; `1 index`, `2 indices`.
pub(super) fn count_text(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
