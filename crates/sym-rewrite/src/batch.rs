//! The implicit batch as an axis of its own, for programs whose examples meet in the statistics of the batch.

use sym_ir::{Axis, Label, Node, Operand, Operation, Program, Term, ValueId};

/// Whether examples of one batch change each other's outputs.
pub fn has_batch_statistics(program: &Program) -> bool {
    program.nodes.iter().any(|node| node.batched && matches!(node.operation, Operation::Normalise { batch: true, .. }))
}

/// The program whose one example is a batch of `count` examples of this one: every input and all that depends on it has a leading axis, along
/// which the statistics of the batch run. Parameters, and outputs that depend on no input, stay.
pub fn with_explicit_batch(program: &Program, count: u128) -> Program {
    let mut writer = Writer { program, count, nodes: Vec::with_capacity(program.nodes.len()), moved: Vec::new() };
    for node in &program.nodes {
        let value = if node.batched { writer.batched(node) } else { writer.plain(node) };
        writer.moved.push(value);
    }
    let mut result = Program { nodes: Vec::new(), ..program.clone() };
    for input in &mut result.inputs {
        input.shape.insert(0, Axis::of(count));
    }
    for output in &mut result.outputs {
        output.value = writer.moved[output.value.0 as usize];
    }
    result.nodes = writer.nodes;
    result
}

struct Writer<'a> {
    program: &'a Program,
    count: u128,
    nodes: Vec<Node>,
    /// The new value of each old one.
    moved: Vec<ValueId>,
}

impl Writer<'_> {
    fn push(&mut self, node: Node) -> ValueId {
        self.nodes.push(node);
        ValueId(self.nodes.len() as u32 - 1)
    }

    fn value(&self, old: ValueId) -> ValueId {
        self.moved[old.0 as usize]
    }

    fn is_batched(&self, old: ValueId) -> bool {
        self.program.node(old).batched
    }

    /// A node without a batch, over the new values.
    fn plain(&mut self, node: &Node) -> ValueId {
        let mut node = node.clone();
        for operand in node.operation.operands_mut() {
            *operand = self.moved[operand.0 as usize];
        }
        self.push(node)
    }

    /// A node with the batch as its first axis.
    fn batched(&mut self, node: &Node) -> ValueId {
        let operation = match &node.operation {
            Operation::Input(id) => Operation::Input(*id),
            Operation::Parameter(id) => Operation::Parameter(*id),
            Operation::Einsum { operands, output, coefficient } => {
                let labels = operands.iter().flat_map(|operand| &operand.labels).chain(output);
                let batch = Label(labels.map(|label| label.0 + 1).max().unwrap_or(0));
                let lead = |labels: &[Label]| -> Vec<Label> { std::iter::once(batch).chain(labels.iter().copied()).collect() };
                let operands = operands
                    .iter()
                    .map(|operand| Operand {
                        value: self.value(operand.value),
                        labels: if self.is_batched(operand.value) { lead(&operand.labels) } else { operand.labels.clone() },
                    })
                    .collect();
                Operation::Einsum { operands, output: lead(output), coefficient: *coefficient }
            }
            Operation::Add { terms, constant } => {
                let term = |term: &Term| {
                    let own = self.is_batched(term.value).then_some(0);
                    let axes = own.into_iter().chain(term.axes.iter().map(|axis| axis + 1)).collect();
                    Term { value: self.value(term.value), coefficient: term.coefficient, axes }
                };
                Operation::Add { terms: terms.iter().map(term).collect(), constant: *constant }
            }
            Operation::Map { value, function } => Operation::Map { value: self.value(*value), function: function.clone() },
            Operation::Softmax { value, axis } => Operation::Softmax { value: self.value(*value), axis: axis + 1 },
            Operation::Reduce { value, kind, axes } => {
                Operation::Reduce { value: self.value(*value), kind: *kind, axes: axes.iter().map(|axis| axis + 1).collect() }
            }
            Operation::Reshape { value, atoms, from, to } => {
                let lead = |groups: &[usize]| std::iter::once(1).chain(groups.iter().copied()).collect();
                let atoms = std::iter::once(Axis::of(self.count)).chain(atoms.iter().cloned()).collect();
                Operation::Reshape { value: self.value(*value), atoms, from: lead(from), to: lead(to) }
            }
            Operation::Concat { values, axis } => {
                let values = values.iter().map(|&value| self.repeated(value)).collect();
                Operation::Concat { values, axis: axis + 1 }
            }
            Operation::Slice { value, axis, start } => {
                Operation::Slice { value: self.value(*value), axis: axis + 1, start: *start }
            }
            Operation::Normalise { value, axes, batch, centre, epsilon } => {
                let axes = batch.then_some(0).into_iter().chain(axes.iter().map(|axis| axis + 1)).collect();
                Operation::Normalise { value: self.value(*value), axes, batch: false, centre: *centre, epsilon: *epsilon }
            }
            Operation::Window { value, axis, stride, padding, dilation, rest } => {
                let (value, axis) = (self.value(*value), axis + 1);
                Operation::Window { value, axis, stride: *stride, padding: *padding, dilation: *dilation, rest: *rest }
            }
            Operation::OneHot { value } => Operation::OneHot { value: self.value(*value) },
            Operation::Mask { value, row, column, before, after } => {
                let (value, row, column) = (self.value(*value), row + 1, column + 1);
                Operation::Mask { value, row, column, before: *before, after: *after }
            }
            Operation::TopK { value, axis, count, rest } => {
                Operation::TopK { value: self.value(*value), axis: axis + 1, count: *count, rest: *rest }
            }
            Operation::Rotary { value, position, axis, base, pairs } => {
                let (value, position, axis) = (self.value(*value), position + 1, axis + 1);
                Operation::Rotary { value, position, axis, base: *base, pairs: *pairs }
            }
            Operation::Adjoint(_) => unreachable!("models have no derivatives"),
        };
        let mut node = Node { operation, ..node.clone() };
        node.shape.insert(0, Axis::of(self.count));
        self.push(node)
    }

    /// A value with the batch as its first axis, repeated along it where it has none.
    fn repeated(&mut self, old: ValueId) -> ValueId {
        let value = self.value(old);
        if self.is_batched(old) {
            return value;
        }
        let mut node = self.program.node(old).clone();
        let labels: Vec<Label> = (1..=node.shape.len() as u32).map(Label).collect();
        let output = std::iter::once(Label(0)).chain(labels.iter().copied()).collect();
        node.operation = Operation::Einsum { operands: vec![Operand { value, labels }], output, coefficient: 1.0 };
        node.shape.insert(0, Axis::of(self.count));
        self.push(node)
    }
}
