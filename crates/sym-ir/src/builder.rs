//! Appends nodes to a program. The elaboration of `.sym` files and tests of later stages build programs through it.

use crate::program::{
    Axis, Entries, Initial, Input, InputId, Label, Node, Operand, Operation, Output, Parameter, ParameterId, Program, Role, Term,
    ValueId,
};
use crate::{Builtin, Function, Storage};
use std::sync::Arc;
use sym_diagnostics::{FileId, Span};

/// A program under construction. It derives [`Node::batched`]; shapes are the caller's to get right: elaboration checks them
/// with diagnostics before it appends, and [`Builder::einsum`] and its like derive them.
#[derive(Debug)]
pub struct Builder {
    program: Program,
    /// The scope given to appended nodes.
    pub scope: Arc<str>,
    /// The span given to appended nodes.
    pub span: Span,
}

impl Builder {
    /// An empty program.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            program: Program {
                name: name.into(),
                parameters: Vec::new(),
                inputs: Vec::new(),
                nodes: Vec::new(),
                outputs: Vec::new(),
            },
            scope: Arc::default(),
            span: Span::new(FileId(0), 0, 0),
        }
    }

    /// What has been built so far.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The finished program.
    pub fn finish(self) -> Program {
        self.program
    }

    /// The axes of a value.
    pub fn shape(&self, value: ValueId) -> &[Axis] {
        &self.program.node(value).shape
    }

    /// Appends an operation whose result has these axes.
    pub fn push(&mut self, operation: Operation, shape: Vec<Axis>, name: impl Into<Arc<str>>) -> ValueId {
        let batched = match &operation {
            Operation::Input(_) => true,
            Operation::Adjoint(adjoint) => {
                adjoint.is_batched(adjoint.operand().is_some_and(|operand| self.program.node(operand).batched))
            }
            other => other.operands().iter().any(|&operand| self.program.node(operand).batched),
        };
        self.program.nodes.push(Node {
            operation,
            shape,
            batched,
            scope: self.scope.clone(),
            name: name.into(),
            span: self.span,
        });
        ValueId(self.program.nodes.len() as u32 - 1)
    }

    /// Renames a value: an assignment gives its value the target's name.
    pub fn rename(&mut self, value: ValueId, name: &str) {
        self.program.nodes[value.0 as usize].name = name.into();
    }

    /// Sets the axes of a value anew, for names and symbols that an assignment gives; sizes must not change.
    pub fn relabel(&mut self, value: ValueId, shape: Vec<Axis>) {
        self.program.nodes[value.0 as usize].shape = shape;
    }

    /// Declares an input and reads it.
    pub fn declare_input(&mut self, input: Input) -> ValueId {
        let id = InputId(self.program.inputs.len() as u32);
        let (shape, name) = (input.shape.clone(), input.name.clone());
        self.program.inputs.push(input);
        self.push(Operation::Input(id), shape, name)
    }

    /// Declares a parameter or frozen tensor and reads it.
    pub fn declare_parameter(&mut self, parameter: Parameter) -> ValueId {
        let id = ParameterId(self.program.parameters.len() as u32);
        let (shape, name) = (parameter.shape.clone(), parameter.path.clone());
        self.program.parameters.push(parameter);
        self.push(Operation::Parameter(id), shape, name)
    }

    /// Names a result of the program.
    pub fn output(&mut self, name: impl Into<String>, value: ValueId) {
        self.program.outputs.push(Output { name: name.into(), value });
    }

    /// An input of literal sizes.
    pub fn input(&mut self, name: &str, sizes: &[u128]) -> ValueId {
        let shape = sizes.iter().map(|&size| Axis::of(size)).collect();
        self.declare_input(Input {
            name: name.to_string(),
            shape,
            rank: None,
            basis: Vec::new(),
            entries: Entries::Real,
            span: self.span,
        })
    }

    /// A trainable parameter of literal sizes, stored as it is, normal with standard deviation 1.
    pub fn parameter(&mut self, path: &str, sizes: &[u128]) -> ValueId {
        self.tensor(path, sizes, true)
    }

    /// A frozen tensor of literal sizes.
    pub fn frozen(&mut self, path: &str, sizes: &[u128]) -> ValueId {
        self.tensor(path, sizes, false)
    }

    fn tensor(&mut self, path: &str, sizes: &[u128], trainable: bool) -> ValueId {
        self.declare_parameter(Parameter {
            path: path.to_string(),
            storage: Storage::plain(path, sizes.len()),
            shape: sizes.iter().map(|&size| Axis::of(size)).collect(),
            trainable,
            initial: Initial::Normal { mean: 0.0, std: 1.0 },
            role: Role::default(),
            span: self.span,
        })
    }

    /// An einsum in the usual notation, such as `"oi,i->o"`; one letter an index. Panics on a malformed equation.
    pub fn einsum(&mut self, equation: &str, values: &[ValueId]) -> ValueId {
        self.scaled_einsum(equation, values, 1.0)
    }

    /// [`Builder::einsum`] times a constant.
    pub fn scaled_einsum(&mut self, equation: &str, values: &[ValueId], coefficient: f64) -> ValueId {
        let (left, right) = equation.split_once("->").expect("an einsum equation has an arrow");
        let label = |letter: char| Label(letter as u32);
        let operands: Vec<Operand> = left
            .split(',')
            .zip(values)
            .map(|(labels, &value)| Operand { value, labels: labels.chars().map(label).collect() })
            .collect();
        let output: Vec<Label> = right.chars().map(label).collect();
        let shape = output
            .iter()
            .map(|wanted| {
                operands
                    .iter()
                    .find_map(|operand| {
                        let at = operand.labels.iter().position(|label| label == wanted)?;
                        Some(self.shape(operand.value)[at].clone())
                    })
                    .expect("every output label occurs in an operand")
            })
            .collect();
        self.push(Operation::Einsum { operands, output, coefficient }, shape, "einsum")
    }

    /// The sum of values; shorter ones run along the last axes of the first.
    pub fn add(&mut self, values: &[ValueId]) -> ValueId {
        let shape = self.shape(values[0]).to_vec();
        let terms = values
            .iter()
            .map(|&value| {
                let rank = self.shape(value).len();
                Term { value, coefficient: 1.0, axes: (shape.len() - rank..shape.len()).collect() }
            })
            .collect();
        self.push(Operation::Add { terms, constant: 0.0 }, shape, "add")
    }

    /// A builtin function, elementwise.
    pub fn map(&mut self, builtin: Builtin, value: ValueId) -> ValueId {
        self.map_function(Function::builtin(builtin), value)
    }

    /// Any function, elementwise.
    pub fn map_function(&mut self, function: Function, value: ValueId) -> ValueId {
        let (shape, name) = (self.shape(value).to_vec(), function.name.clone());
        self.push(Operation::Map { value, function }, shape, name)
    }

    /// Softmax over one axis.
    pub fn softmax(&mut self, value: ValueId, axis: usize) -> ValueId {
        let shape = self.shape(value).to_vec();
        self.push(Operation::Softmax { value, axis }, shape, "softmax")
    }

    /// `weight · value + bias` with parameters `{path}.weight` [out, in] and, where asked for, `{path}.bias` [out], over the last axis.
    pub fn linear(&mut self, path: &str, value: ValueId, out: u128, bias: bool) -> ValueId {
        let outer = std::mem::replace(&mut self.scope, path.into());
        let width = self.shape(value).last().expect("a vector").size;
        let weight = self.parameter(&format!("{path}.weight"), &[out, width]);
        let lead: String = ('a'..).take(self.shape(value).len() - 1).collect();
        let product = self.einsum(&format!("yx,{lead}x->{lead}y"), &[weight, value]);
        let result = if bias {
            let bias = self.parameter(&format!("{path}.bias"), &[out]);
            self.add(&[product, bias])
        } else {
            product
        };
        self.scope = outer;
        result
    }
}
