//! A program that grows by derivatives, where equal operations on equal values are one node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use sym_diagnostics::Span;
use sym_ir::{
    Adjoint, Axis, Entries, Function, Initial, Input, InputId, Label, Node, Operand, Operation, Output, Parameter, ParameterId,
    Program, Role, Scalar, Storage, Term, ValueId,
};

/// A value times a constant: one summand of a derivative.
pub(crate) type Scaled = (ValueId, f64);

/// The program under construction.
#[derive(Debug)]
pub(crate) struct Graph {
    program: Program,
    /// How many nodes the given program has.
    original: usize,
    known: HashMap<String, ValueId>,
    /// Where appended nodes stand: those of the node whose derivative is taken.
    scope: Arc<str>,
    name: Arc<str>,
    span: Span,
}

/// The labels of the axes of a value of this rank.
pub(crate) fn labels(rank: usize) -> Vec<Label> {
    (0..rank as u32).map(Label).collect()
}

/// What makes two nodes the same.
fn key(operation: &Operation, shape: &[Axis]) -> String {
    let sizes: Vec<u128> = shape.iter().map(|axis| axis.size).collect();
    format!("{operation:?} {sizes:?}")
}

impl Graph {
    pub fn new(program: &Program) -> Self {
        let mut known = HashMap::new();
        for (at, node) in program.nodes.iter().enumerate() {
            known.entry(key(&node.operation, &node.shape)).or_insert(ValueId(at as u32));
        }
        let span = program.nodes.first().map_or_else(|| Span::new(sym_diagnostics::FileId(0), 0, 0), |node| node.span);
        Self { program: program.clone(), original: program.nodes.len(), known, scope: Arc::default(), name: Arc::default(), span }
    }

    pub fn node(&self, value: ValueId) -> &Node {
        self.program.node(value)
    }

    pub fn shape(&self, value: ValueId) -> &[Axis] {
        &self.node(value).shape
    }

    pub fn rank(&self, value: ValueId) -> usize {
        self.node(value).shape.len()
    }

    pub fn is_batched(&self, value: ValueId) -> bool {
        self.node(value).batched
    }

    /// Nodes appended from here on are derivatives of this one.
    pub fn stand_at(&mut self, value: ValueId, what: &str) {
        let node = self.program.node(value);
        (self.scope, self.span, self.name) = (node.scope.clone(), node.span, format!("{what} of {}", node.name).into());
    }

    /// Declares an input of real numbers.
    pub fn input(&mut self, name: String, shape: Vec<Axis>, span: Span) -> ValueId {
        let id = InputId(self.program.inputs.len() as u32);
        self.name = name.as_str().into();
        let input = Input { name, shape: shape.clone(), rank: None, basis: Vec::new(), entries: Entries::Real, span };
        self.program.inputs.push(input);
        self.push(Operation::Input(id), shape)
    }

    /// Declares an input with the axes of another.
    pub fn tangent_input(&mut self, of: InputId) -> ValueId {
        let input = &self.program.inputs[of.0 as usize];
        let (name, shape, span) = (format!("tangent of {}", input.name), input.shape.clone(), input.span);
        self.input(name, shape, span)
    }

    /// Declares a frozen tensor with the axes of a parameter.
    pub fn tangent_parameter(&mut self, of: ParameterId) -> ValueId {
        let id = ParameterId(self.program.parameters.len() as u32);
        let parameter = self.program.parameter(of);
        let (path, shape, span) = (format!("tangent of {}", parameter.path), parameter.shape.clone(), parameter.span);
        self.name = path.clone().into();
        let storage = Storage::plain(path.clone(), shape.len());
        let initial = Initial::Constant(0.0);
        let parameter = Parameter { path, storage, shape: shape.clone(), trainable: false, initial, role: Role::default(), span };
        self.program.parameters.push(parameter);
        self.push(Operation::Parameter(id), shape)
    }

    pub fn push(&mut self, operation: Operation, shape: Vec<Axis>) -> ValueId {
        let key = key(&operation, &shape);
        if let Some(&value) = self.known.get(&key) {
            return value;
        }
        let of_operands = operation.operands().iter().any(|&operand| self.is_batched(operand));
        let batched = match &operation {
            Operation::Input(_) => true,
            Operation::Adjoint(adjoint) => adjoint.is_batched(of_operands),
            _ => of_operands,
        };
        let value = ValueId(self.program.nodes.len() as u32);
        let (scope, name, span) = (self.scope.clone(), self.name.clone(), self.span);
        self.program.nodes.push(Node { operation, shape, batched, scope, name, span });
        self.known.insert(key, value);
        value
    }

    pub fn adjoint(&mut self, adjoint: Adjoint, shape: Vec<Axis>) -> ValueId {
        self.push(Operation::Adjoint(adjoint), shape)
    }

    /// coefficient · ∏ operands, with these axes.
    pub fn einsum(&mut self, operands: Vec<Operand>, output: Vec<Label>, coefficient: f64, shape: Vec<Axis>) -> ValueId {
        if let [operand] = operands.as_slice()
            && coefficient == 1.0
            && operand.labels == output
        {
            return operand.value;
        }
        self.push(Operation::Einsum { operands, output, coefficient }, shape)
    }

    /// The entrywise product of a value with another that runs along some of its axes.
    pub fn times(&mut self, value: ValueId, factor: ValueId, axes: &[usize]) -> ValueId {
        let (all, shape) = (labels(self.rank(value)), self.shape(value).to_vec());
        let along = axes.iter().map(|&axis| Label(axis as u32)).collect();
        let operands = vec![Operand { value: factor, labels: along }, Operand { value, labels: all.clone() }];
        self.einsum(operands, all, 1.0, shape)
    }

    /// The entrywise product of two values of one shape.
    pub fn product(&mut self, one: ValueId, other: ValueId) -> ValueId {
        let axes: Vec<usize> = (0..self.rank(one)).collect();
        self.times(other, one, &axes)
    }

    /// coefficient · ∑ over `axes` of ∏ values, all of one shape.
    pub fn sum_over(&mut self, values: &[ValueId], axes: &[usize], coefficient: f64) -> ValueId {
        let all = labels(self.rank(values[0]));
        let kept: Vec<usize> = (0..all.len()).filter(|axis| !axes.contains(axis)).collect();
        let shape = kept.iter().map(|&axis| self.shape(values[0])[axis].clone()).collect();
        let operands = values.iter().map(|&value| Operand { value, labels: all.clone() }).collect();
        self.einsum(operands, kept.into_iter().map(|axis| all[axis]).collect(), coefficient, shape)
    }

    /// A function of every entry.
    pub fn map(&mut self, value: ValueId, name: String, body: Scalar) -> ValueId {
        let shape = self.shape(value).to_vec();
        self.push(Operation::Map { value, function: Function { name, body } }, shape)
    }

    /// The sum of values with the axes of the first, each along the given ones.
    pub fn add(&mut self, terms: Vec<Term>) -> ValueId {
        let shape = self.shape(terms[0].value).to_vec();
        self.add_along(terms, shape)
    }

    /// The sum of values along axes of this shape.
    pub fn add_along(&mut self, terms: Vec<Term>, shape: Vec<Axis>) -> ValueId {
        self.push(Operation::Add { terms, constant: 0.0 }, shape)
    }

    /// The sum of values of one shape; equal ones count together. `None` of none.
    pub fn sum(&mut self, parts: &[Scaled]) -> Option<ValueId> {
        let mut merged: BTreeMap<ValueId, f64> = BTreeMap::new();
        for (value, coefficient) in parts {
            *merged.entry(*value).or_default() += coefficient;
        }
        merged.retain(|_, coefficient| *coefficient != 0.0);
        let merged: Vec<Scaled> = merged.into_iter().collect();
        match merged.as_slice() {
            [] => None,
            [(value, coefficient)] if *coefficient == 1.0 => Some(*value),
            parts => {
                let axes: Vec<usize> = (0..self.rank(parts[0].0)).collect();
                let term = |&(value, coefficient): &Scaled| Term { value, coefficient, axes: axes.clone() };
                Some(self.add(parts.iter().map(term).collect()))
            }
        }
    }

    /// A value times a constant.
    pub fn scaled(&mut self, (value, coefficient): Scaled) -> ValueId {
        if coefficient == 1.0 {
            return value;
        }
        let axes = (0..self.rank(value)).collect();
        self.add(vec![Term { value, coefficient, axes }])
    }

    /// The constant zero with these axes, and the batch where `batched` is set.
    pub fn zeros(&mut self, shape: &[Axis], batched: bool) -> ValueId {
        let shape = shape.to_vec();
        let output = labels(shape.len());
        let zero = self.push(Operation::Einsum { operands: Vec::new(), output, coefficient: 0.0 }, shape);
        if batched { self.repeated(zero) } else { zero }
    }

    /// A value with the batch.
    pub fn repeated(&mut self, value: ValueId) -> ValueId {
        if self.is_batched(value) {
            return value;
        }
        let shape = self.shape(value).to_vec();
        self.adjoint(Adjoint::Repeat { value }, shape)
    }

    /// The sum over the batch of a value that has one.
    pub fn over_batch(&mut self, value: ValueId, mean: bool) -> ValueId {
        if !self.is_batched(value) {
            return value;
        }
        let shape = self.shape(value).to_vec();
        self.adjoint(Adjoint::OverBatch { value, mean }, shape)
    }

    /// One over the number of examples.
    pub fn inverse_count(&mut self) -> ValueId {
        let one = self.push(Operation::Einsum { operands: Vec::new(), output: Vec::new(), coefficient: 1.0 }, Vec::new());
        let one = self.repeated(one);
        let count = self.over_batch(one, false);
        self.map(count, "x^-1".to_string(), Scalar::Power(Box::new(Scalar::Argument), -1.0))
    }

    /// The program with these outputs, without nodes that only other derivatives would have read.
    pub fn finish(self, outputs: Vec<Output>) -> Program {
        without_unread(Program { outputs, ..self.program }, self.original)
    }
}

/// The program without nodes behind the first `kept` ones that nothing reads.
pub(crate) fn without_unread(mut program: Program, kept: usize) -> Program {
    let mut read = vec![false; program.nodes.len()];
    program.outputs.iter().for_each(|output| read[output.value.0 as usize] = true);
    let mut moved = vec![ValueId(0); program.nodes.len()];
    for at in (0..program.nodes.len()).rev() {
        if at < kept || read[at] {
            program.nodes[at].operation.operands().iter().for_each(|operand| read[operand.0 as usize] = true);
            read[at] = true;
        }
    }
    let mut next = 0;
    for (at, node) in std::mem::take(&mut program.nodes).into_iter().enumerate() {
        if read[at] {
            moved[at] = ValueId(next);
            next += 1;
            let mut node = node;
            node.operation.operands_mut().into_iter().for_each(|operand| *operand = moved[operand.0 as usize]);
            program.nodes.push(node);
        }
    }
    program.outputs.iter_mut().for_each(|output| output.value = moved[output.value.0 as usize]);
    program
}
