//! Plans.

use crate::memory::{Memory, Step};
use crate::planner::Planner;
use crate::view::Buffer;
use sym_ir::{InputId, ParameterId, Program};
use sym_kernels::slice::Real;

/// A program that is ready to run on batches of one size.
#[derive(Debug)]
pub struct Plan<T> {
    memory: Memory<T>,
    steps: Vec<Step<T>>,
    parameters: Vec<Buffer>,
    inputs: Vec<Buffer>,
    outputs: Vec<Buffer>,
    /// Where each stage ends.
    stages: Vec<usize>,
}

impl<T: Real> Plan<T> {
    /// Plans a program for batches of `batch` examples in one stage.
    ///
    /// The program is one that `sym_lower::check` lets pass: sizes fit the machine.
    pub fn new(program: &Program, batch: usize) -> Self {
        Self::staged(program, batch, &[])
    }

    /// Plans a program in stages: stage k computes the outputs among the nodes before `ends[k]` and needs no input that only later nodes read; the
    /// last stage computes the rest. Where a program is a model followed by its derivative, the first stage ends with the model's nodes.
    pub fn staged(program: &Program, batch: usize, ends: &[usize]) -> Self {
        let mut planner = Planner::new(program, batch);
        let mut outputs = vec![None; program.outputs.len()];
        let mut stages = Vec::new();
        let mut from = 0;
        for &end in ends.iter().chain([&program.nodes.len()]) {
            planner.plan(from, end);
            for (at, output) in program.outputs.iter().enumerate() {
                if outputs[at].is_none() && (output.value.0 as usize) < end {
                    let view = planner.whole(output.value);
                    planner.keep(view.buffer);
                    outputs[at] = Some(view.buffer);
                }
            }
            stages.push(planner.steps.len());
            from = end;
        }
        let Planner { buffers, steps, parameters, inputs, .. } = planner;
        let memory = Memory::assign(buffers, &steps);
        let outputs = outputs.into_iter().map(|output| output.expect("every output is a node's value")).collect();
        Self { memory, steps, parameters, inputs, outputs, stages }
    }

    /// The entries of a parameter, row-major in the program's axes.
    pub fn parameter(&self, id: ParameterId) -> &[T] {
        self.memory.read(self.parameters[id.0 as usize])
    }

    /// The entries of a parameter, to be set.
    pub fn parameter_mut(&mut self, id: ParameterId) -> &mut [T] {
        self.memory.write(self.parameters[id.0 as usize])
    }

    /// The entries of an input, [batch, axes…], to be set.
    pub fn input_mut(&mut self, id: InputId) -> &mut [T] {
        self.memory.write(self.inputs[id.0 as usize])
    }

    /// Runs all stages.
    pub fn run(&mut self) {
        (0..self.stages.len()).for_each(|stage| self.run_stage(stage));
    }

    /// Runs one stage; the stages before it have run for the same inputs and parameters.
    pub fn run_stage(&mut self, stage: usize) {
        let from = if stage == 0 { 0 } else { self.stages[stage - 1] };
        for step in &mut self.steps[from..self.stages[stage]] {
            self.memory.run(step);
        }
    }

    /// The entries of an output, [batch, axes…] where it depends on an input.
    pub fn output(&self, at: usize) -> &[T] {
        self.memory.read(self.outputs[at])
    }

    /// The entries of a parameter, to be changed, beside those of an output.
    pub fn parameter_and_output(&mut self, id: ParameterId, at: usize) -> (&mut [T], &[T]) {
        self.memory.pair(self.parameters[id.0 as usize], self.outputs[at])
    }

    /// The entries of an output beside those of an input, to be set.
    pub fn output_and_input(&mut self, at: usize, id: InputId) -> (&[T], &mut [T]) {
        let (input, output) = self.memory.pair(self.inputs[id.0 as usize], self.outputs[at]);
        (output, input)
    }

    /// The number of entries that the plan holds in memory.
    pub fn entries(&self) -> usize {
        self.memory.entries()
    }

    /// The number of steps of one run.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}
