//! A program that is written as a file and read back computes the same outputs with the same stored tensors.

#[path = "support/programs.rs"]
mod programs;

use programs::{compiled, programs};
use sym_infer::Weights;
use sym_ir::{Entries, Program, source};
use sym_runtime::Stream;
use sym_runtime::data::Inputs;
use sym_runtime::evaluate;

const EXAMPLES: usize = 3;

fn inputs(program: &Program, stream: &mut Stream) -> Vec<Inputs> {
    let of = |input: &sym_ir::Input| {
        let columns: usize = input.shape.iter().map(|axis| axis.size as usize).product();
        let mut entry = || match input.entries {
            Entries::Real => stream.normal(),
            Entries::Integer { below } => stream.below(below as u64) as f64,
        };
        Inputs::of((0..EXAMPLES * columns).map(|_| entry()).collect(), columns)
    };
    program.inputs.iter().map(of).collect()
}

#[test]
fn a_program_read_back_computes_the_same_outputs() {
    for (name, program) in ["examples/gallery", "tests/catalogue"].into_iter().flat_map(programs) {
        let small = sym_rewrite::miniatures(&program, 20_000).next();
        let mut program = small.map_or(program, |small| small.program);
        // Parts of stored tensors lie elsewhere in a miniature.
        if !program.stored_tensors().1.is_empty() {
            let whole = |parameter: &mut sym_ir::Parameter| {
                parameter.storage = sym_ir::Storage::plain(parameter.path.clone(), parameter.shape.len());
            };
            program.parameters.iter_mut().for_each(whole);
        }
        if program.trainable_entries().is_none_or(|entries| entries > 20_000) {
            continue;
        }
        let text = source(&program);
        let again = compiled(&name, &text).pop().unwrap_or_else(|| panic!("{name}\n{text}")).1;
        let mut stream = Stream::new(0, "written", &name);
        let mut weights = Weights::zeros(&program);
        for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
            // Frozen tensors, such as variances, may stand under a root.
            for value in values {
                *value = if parameter.trainable { stream.normal() } else { stream.uniform(1.0, 2.0) };
            }
        }
        let inputs = inputs(&program, &mut stream);
        let stored = sym_lower::to_safetensors(&program, &weights, sym_lower::dtype("f64").expect("f64 is a type"));
        let read = sym_lower::from_safetensors(&stored, &again, &name).expect("the stored tensors are the same");
        let one = evaluate::outputs(&program, &weights, &inputs).expect("it can be executed");
        let other = evaluate::outputs(&again, &read, &inputs).expect("it can be executed");
        let size = one.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
        assert_eq!(one.len(), other.len(), "{name}");
        assert!(one.iter().all(|value| value.is_finite()), "{name}");
        let apart = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart <= 1e-12 * size, "{name}: {apart} of {size}\n{text}");
    }
}
