//! Plans.

use crate::memory::{Memory, Step};
use crate::passes::{Examples, Pass, passes};
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
    passes: Vec<Pass>,
    /// Where each stage ends, in passes.
    stages: Vec<usize>,
    batch: usize,
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
        let passes = passes(&steps, &stages, batch, size_of::<T>(), &|buffer| buffers[buffer.0].length);
        let stages = stages.iter().map(|&end| passes.partition_point(|pass| pass.steps.end <= end)).collect();
        let memory = Memory::assign(buffers, &steps, &passes);
        let outputs = outputs.into_iter().map(|output| output.expect("every output is a node's value")).collect();
        Self { memory, steps, parameters, inputs, outputs, passes, stages, batch }
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
        for pass in &self.passes[from..self.stages[stage]] {
            let steps = &mut self.steps[pass.steps.clone()];
            if pass.rounds == 1 {
                for step in steps.iter_mut() {
                    self.memory.run(step);
                }
                continue;
            }
            for round in 0..pass.rounds {
                let (first, behind) = (round * self.batch / pass.rounds, (round + 1) * self.batch / pass.rounds);
                let examples = Examples { first, count: behind - first };
                for step in steps.iter_mut() {
                    self.memory.run_examples(step, examples, self.batch);
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use sym_ir::Builder;

    const LENGTH: u128 = 24;
    const BATCH: usize = 300;

    fn attention() -> Program {
        let mut builder = Builder::new("Attention");
        let [queries, keys, values] = ["q", "k", "v"].map(|name| builder.input(name, &[3, LENGTH, 8]));
        let scores = builder.scaled_einsum("hik,hjk->hij", &[queries, keys], 0.5);
        let weights = builder.softmax(scores, 2);
        let mixed = builder.einsum("hij,hjk->hik", &[weights, values]);
        builder.output("mixed", mixed);
        builder.finish()
    }

    /// Some number for an entry of an example of an input.
    fn number(input: usize, example: usize, entry: usize) -> f64 {
        (((input * 7 + example * 13 + entry * 29) % 101) as f64 / 50.0) - 1.0
    }

    fn run(plan: &mut Plan<f64>, examples: std::ops::Range<usize>) -> Vec<f64> {
        for input in 0..3 {
            let entries = plan.input_mut(InputId(input as u32));
            let each = entries.len() / examples.len();
            for (at, example) in examples.clone().enumerate() {
                (0..each).for_each(|entry| entries[at * each + entry] = number(input, example, entry));
            }
        }
        plan.run();
        plan.output(0).to_vec()
    }

    #[test]
    fn scores_softmax_and_values_of_attention_are_one_pass_over_some_examples_at_a_time() {
        let program = attention();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
        let mut large = pool.install(|| Plan::new(&program, BATCH));
        let [pass] = &large.passes[..] else { panic!("one pass: {:?}", large.passes) };
        assert_eq!(pass.steps, 0..3);
        assert!(pass.rounds > 4);
        // A plan for two examples has no rounds.
        let mut small = Plan::new(&program, 2);
        assert!(small.passes.iter().all(|pass| pass.rounds == 1));
        let expected: Vec<f64> = (0..BATCH / 2).flat_map(|at| run(&mut small, 2 * at..2 * at + 2)).collect();
        assert_eq!(pool.install(|| run(&mut large, 0..BATCH)), expected);
    }
}
