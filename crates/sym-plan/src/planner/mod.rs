//! From a program to steps. Elementwise operations stay unevaluated until something needs their entries in memory, so that they join.

mod adjoint;
mod einsum;
mod elementwise;
mod fold;
mod fused;
mod normalise;
mod simple;
mod window;

use crate::chain::Chain;
use crate::evaluator::Evaluate;
use crate::memory::{Kernel, Step, Wanted};
use crate::view::{Buffer, View};
use fused::Fused;
use normalise::Statistics;
use std::collections::BTreeMap;
use sym_ir::{Operation, Program, ValueId};
use sym_kernels::arithmetic::rounded;
use sym_kernels::slice::Real;
use window::Windows;

/// The most links of a chain that is joined to another.
const LONGEST_CHAIN: usize = 48;

/// What is known of a value while steps are planned.
#[derive(Debug, Clone)]
enum Value {
    /// Not met yet, or part of another's steps.
    Absent,
    /// In memory.
    Stored(View),
    /// An elementwise expression of what is in memory.
    Pending(Chain),
    /// Windows of what is in memory, its padding not made yet.
    Windowed(Windows),
}

/// Steps as far as they are planned.
#[derive(Debug)]
pub(crate) struct Planner<'a, T> {
    program: &'a Program,
    batch: usize,
    values: Vec<Value>,
    /// How often each value is read, outputs included.
    readers: Vec<u32>,
    /// Values that are part of the steps of their only reader.
    absorbed: Vec<bool>,
    /// What one step does, by its result.
    fused: BTreeMap<ValueId, Fused>,
    statistics: Vec<Statistics>,
    pub buffers: Vec<Wanted<T>>,
    pub steps: Vec<Step<T>>,
    pub parameters: Vec<Buffer>,
    pub inputs: Vec<Buffer>,
}

impl<'a, T: Real> Planner<'a, T> {
    pub fn new(program: &'a Program, batch: usize) -> Self {
        let mut readers = vec![0; program.nodes.len()];
        for node in &program.nodes {
            node.operation.operands().iter().for_each(|operand| readers[operand.0 as usize] += 1);
        }
        program.outputs.iter().for_each(|output| readers[output.value.0 as usize] += 1);
        let count = program.nodes.len();
        let mut planner = Self {
            program,
            batch,
            values: vec![Value::Absent; count],
            readers,
            absorbed: vec![false; count],
            fused: BTreeMap::new(),
            statistics: Vec::new(),
            buffers: Vec::new(),
            steps: Vec::new(),
            parameters: Vec::new(),
            inputs: Vec::new(),
        };
        for parameter in &program.parameters {
            let length = parameter.shape.iter().map(|axis| axis.size as usize).product();
            let buffer = planner.pinned(vec![rounded(0.0); length]);
            planner.parameters.push(buffer);
        }
        for input in &program.inputs {
            let length: usize = input.shape.iter().map(|axis| axis.size as usize).product();
            let buffer = planner.pinned(vec![rounded(0.0); length * batch]);
            planner.inputs.push(buffer);
        }
        planner.absorb();
        planner
    }

    /// Plans the nodes from `from` up to `to`.
    pub fn plan(&mut self, from: usize, to: usize) {
        for at in from..to {
            if self.readers[at] > 0 && !self.absorbed[at] {
                self.values[at] = self.node(ValueId(at as u32));
            }
        }
    }

    fn node(&mut self, at: ValueId) -> Value {
        let program = self.program;
        let node = program.node(at);
        if let Some(&fused) = self.fused.get(&at) {
            return self.fused(fused);
        }
        match &node.operation {
            Operation::Input(id) => Value::Stored(View::whole(self.inputs[id.0 as usize], &self.dims(at))),
            Operation::Parameter(id) => Value::Stored(View::whole(self.parameters[id.0 as usize], &self.dims(at))),
            Operation::Einsum { operands, output, coefficient } => self.einsum(at, operands, output, *coefficient),
            Operation::Add { terms, constant } => self.add(at, terms, *constant),
            Operation::Map { value, function } => Value::Pending(self.chain(*value).mapped(&function.body)),
            Operation::Softmax { value, axis } => self.softmax(*value, *axis),
            Operation::Reduce { value, kind, axes } => self.extreme(*value, *kind, axes, crate::extreme::Wanted::Value),
            Operation::Reshape { value, .. } => self.reshape(at, *value),
            Operation::Concat { values, axis } => self.concat(at, values, *axis),
            Operation::Slice { value, axis, start } => self.slice(at, *value, *axis, *start),
            Operation::Normalise { value, axes, batch, centre, epsilon } => {
                self.normalise(*value, axes, *batch, *centre, *epsilon)
            }
            Operation::Window { value, axis, stride, padding, dilation, rest } => {
                self.window(at, *value, *axis, window::Geometry::new(*stride, *padding, *dilation), *rest)
            }
            Operation::OneHot { value } => self.units(at, *value),
            Operation::Mask { value, row, column, before, after } => self.mask(*value, *row, *column, *before, *after),
            Operation::TopK { value, axis, count, rest } => self.largest(*value, *axis, *count, Some(*rest)),
            Operation::Rotary { value, position, axis, base, pairs } => self.rotary(*value, *position, *axis, *base, *pairs, 1.0),
            Operation::Adjoint(adjoint) => self.adjoint(at, adjoint),
        }
    }

    fn is_batched(&self, value: ValueId) -> bool {
        self.program.node(value).batched
    }

    /// Axes in front of the value's own.
    fn lead(&self, value: ValueId) -> usize {
        usize::from(self.is_batched(value))
    }

    /// Sizes of the array of a value, the batch in front.
    fn dims(&self, value: ValueId) -> Vec<usize> {
        let node = self.program.node(value);
        let batch = node.batched.then_some(self.batch);
        batch.into_iter().chain(node.shape.iter().map(|axis| axis.size as usize)).collect()
    }

    /// A buffer that shares memory with others.
    fn buffer(&mut self, length: usize) -> Buffer {
        self.buffers.push(Wanted { length, pinned: None });
        Buffer(self.buffers.len() - 1)
    }

    /// A buffer of its own that starts with these entries.
    fn pinned(&mut self, values: Vec<T>) -> Buffer {
        self.buffers.push(Wanted { length: values.len(), pinned: Some(values) });
        Buffer(self.buffers.len() - 1)
    }

    /// A constant array.
    fn table(&mut self, values: &[f64], dims: &[usize]) -> View {
        let buffer = self.pinned(values.iter().map(|&value| rounded(value)).collect());
        View::whole(buffer, dims)
    }

    /// Appends a step that fills an array of these sizes.
    fn emit(&mut self, kernel: impl Kernel<T> + 'static, reads: Vec<Buffer>, in_place: Vec<Buffer>, dims: &[usize]) -> View {
        let writes = self.buffer(dims.iter().product());
        self.steps.push(Step { kernel: Box::new(kernel), reads, writes, in_place });
        View::whole(writes, dims)
    }

    /// The entries of a chain in memory.
    fn stored(&mut self, chain: Chain) -> View {
        if let [crate::chain::Link::Load(0)] = chain.links[..] {
            return chain.loads[0].clone();
        }
        self.evaluated(chain)
    }

    /// The entries of a chain in an array of their own.
    fn evaluated(&mut self, chain: Chain) -> View {
        let dims = chain.dims.clone();
        let (reads, in_place) = chain.buffers();
        self.emit(Evaluate::new(chain), reads, in_place, &dims)
    }

    /// A value for one of its readers, evaluated as late as may be.
    fn chain(&mut self, value: ValueId) -> Chain {
        let at = value.0 as usize;
        match &self.values[at] {
            Value::Pending(chain) if chain.is_cheap() || self.readers[at] == 1 && chain.links.len() <= LONGEST_CHAIN => {
                chain.clone()
            }
            _ => Chain::load(self.view(value)),
        }
    }

    /// A value in memory.
    fn view(&mut self, value: ValueId) -> View {
        let at = value.0 as usize;
        let view = match std::mem::replace(&mut self.values[at], Value::Absent) {
            Value::Stored(view) => view,
            Value::Pending(chain) => self.stored(chain),
            Value::Windowed(windows) => self.padded(windows),
            Value::Absent => unreachable!("a value precedes its readers"),
        };
        self.values[at] = Value::Stored(view.clone());
        view
    }

    /// A value as a row-major array that fills its buffer.
    pub fn whole(&mut self, value: ValueId) -> View {
        let view = self.view(value);
        let whole = self.whole_view(view);
        if self.readers[value.0 as usize] > 1 {
            self.values[value.0 as usize] = Value::Stored(whole.clone());
        }
        whole
    }

    fn whole_view(&mut self, view: View) -> View {
        let length = view.dims.iter().product::<usize>();
        if view.is_whole() && self.buffers[view.buffer.0].length == length { view } else { self.evaluated(Chain::load(view)) }
    }

    /// Keeps the buffer of an output from being shared.
    pub fn keep(&mut self, buffer: Buffer) {
        let wanted = &mut self.buffers[buffer.0];
        if wanted.pinned.is_none() {
            wanted.pinned = Some(vec![rounded(0.0); wanted.length]);
        }
    }
}
