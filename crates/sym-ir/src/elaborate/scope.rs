//! What names mean inside one block or model.

use super::setting::Setting;
use crate::program::{Axis, ValueId};
use indexmap::IndexMap;
use std::sync::Arc;
use sym_diagnostics::Span;

/// A tensor under its name. Its axes may carry other names than the node's: those of the last assignment.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// The value.
    pub value: ValueId,
    /// Its axes.
    pub axes: Vec<Axis>,
}

/// What a name in scope stands for.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The tensor; `None` where its definition failed, so that no use of it is reported again.
    pub tensor: Option<Tensor>,
    /// Where it is bound.
    pub span: Span,
}

/// A compile-time value with where it comes from.
#[derive(Debug, Clone)]
pub struct Known {
    /// The value; `None` where its expression failed.
    pub setting: Option<Setting>,
    /// How a size made from it is written.
    pub symbol: Arc<str>,
    /// Where the value is written.
    pub span: Span,
    /// Whether it is a loop variable, whose value is written nowhere.
    pub counts: bool,
}

/// The names of one block or model body. Tensors and settings are separate, so that a switch `bias: bool` and a parameter `bias` may
/// both exist.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Settings, sizes and loop variables; innermost loop last.
    pub settings: Vec<IndexMap<String, Known>>,
    /// Tensors; the body's own names first, then one map a loop.
    pub tensors: Vec<IndexMap<String, Binding>>,
}

impl Scope {
    /// An empty scope.
    pub fn new() -> Self {
        Self { settings: vec![IndexMap::new()], tensors: vec![IndexMap::new()] }
    }

    /// The setting, size or loop variable of this name.
    pub fn setting(&self, name: &str) -> Option<&Known> {
        self.settings.iter().rev().find_map(|frame| frame.get(name))
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Binding> {
        self.tensors.iter().rev().find_map(|frame| frame.get(name))
    }

    /// Binds a setting in the innermost frame.
    pub fn define(&mut self, name: &str, known: Known) {
        if let Some(frame) = self.settings.last_mut() {
            frame.insert(name.to_string(), known);
        }
    }

    /// Binds a tensor in the innermost frame.
    pub fn bind(&mut self, name: &str, binding: Binding) {
        if let Some(frame) = self.tensors.last_mut() {
            frame.insert(name.to_string(), binding);
        }
    }

    /// Opens the body of a loop.
    pub fn enter_loop(&mut self) {
        self.settings.push(IndexMap::new());
        self.tensors.push(IndexMap::new());
    }

    /// Closes the body of a loop: its own names end.
    pub fn leave_loop(&mut self) {
        self.settings.pop();
        self.tensors.pop();
    }

    /// Whether the place is inside a loop of this body.
    pub fn in_loop(&self) -> bool {
        self.tensors.len() > 1
    }

    /// All names of tensors.
    pub fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.iter().flat_map(|frame| frame.keys().map(String::as_str))
    }

    /// All names of settings.
    pub fn setting_names(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().flat_map(|frame| frame.keys().map(String::as_str))
    }
}
