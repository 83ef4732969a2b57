//! Initial weights. Each parameter has a stream of its own, (seed, purpose, path): adding one changes no other.

mod files;

pub use files::Files;

use crate::select::any_selects;
use crate::{Stream, data};
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Frame, Symmetries, Weights};
use sym_ir::experiment::{Init, InitKind};
use sym_ir::{Parameter, Program};

/// The weights of a program after its parameters' own defaults and then every step in order. Frozen tensors keep their defaults, and entries that a mask freezes
/// their values whatever the steps say.
///
/// The steps read the streams (seed, `purpose`, path), the noise of `merged` (seed, `purpose` + `-jitter`, path). What steps take from
/// files is in `files`.
///
/// # Errors
///
/// E0207 for a program beyond memory, E0221 for a step that selects nothing, E0607 for a file of weights that does not fit.
pub fn weights(
    program: &Program,
    symmetries: Option<&Symmetries>,
    steps: &[Init],
    files: &Files,
    seed: u64,
    purpose: &str,
) -> Result<Weights, Vec<Diagnostic>> {
    if let Some(large) =
        program.parameters.iter().find(|parameter| data::entries(&parameter.shape).is_none_or(|count| count > MAX_ENTRIES))
    {
        return Err(vec![Diagnostic::new(
            Code::E0207,
            large.span,
            format!("parameter `{}` does not fit into memory", large.path),
        )]);
    }
    let mut weights = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        parameter.initial.fill(&mut own_stream(parameter, seed, purpose), values);
    }
    let mut problems = Vec::new();
    for step in steps {
        if let Err(problem) = apply(program, symmetries, step, files, seed, purpose, &mut weights) {
            problems.push(problem);
        }
    }
    hold(program, &mut weights);
    if problems.is_empty() { Ok(weights) } else { Err(problems) }
}

/// Puts the values at which masks hold entries.
pub fn hold(program: &Program, weights: &mut Weights) {
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        let frozen = parameter.frozen_entries();
        frozen.places.into_iter().zip(frozen.values).for_each(|(place, value)| values[place] = value);
    }
}

/// The most entries of a parameter: 16 GiB of double precision.
const MAX_ENTRIES: usize = 1 << 31;

fn apply(
    program: &Program,
    symmetries: Option<&Symmetries>,
    step: &Init,
    files: &Files,
    seed: u64,
    purpose: &str,
    weights: &mut Weights,
) -> Result<(), Diagnostic> {
    if let InitKind::File { path } = &step.kind {
        return files.fill(path, program, step, weights);
    }
    let selected: Vec<usize> = (0..program.parameters.len())
        .filter(|&at| program.parameters[at].trainable && selects(step, &program.parameters[at]))
        .collect();
    if selected.is_empty() && !program.parameters.is_empty() {
        let wanted = step.targets.join(", ");
        let paths = program.parameters.iter().map(|parameter| parameter.path.as_str());
        return Err(Diagnostic::new(Code::E0221, step.span, format!("`{wanted}` selects no parameter of `{}`", program.name))
            .found(wanted.clone())
            .suggest(&wanted, paths));
    }
    if let InitKind::Merged { .. } = step.kind
        && let Some(symmetries) = symmetries
    {
        merge(program, symmetries, step, weights)?;
    }
    for at in selected {
        let parameter = &program.parameters[at];
        let mut stream = Stream::new(seed, purpose, &parameter.path);
        let values = &mut weights.values[at];
        match &step.kind {
            InitKind::Default => parameter.initial.fill(&mut stream, values),
            InitKind::Kaiming => normal(&mut stream, values, fan(parameter).map_or(0.0, |(into, _)| libm::sqrt(2.0 / into))),
            InitKind::KaimingUniform => {
                uniform(&mut stream, values, fan(parameter).map_or(0.0, |(into, _)| libm::sqrt(6.0 / into)));
            }
            InitKind::Xavier => {
                normal(&mut stream, values, fan(parameter).map_or(0.0, |(into, out)| libm::sqrt(2.0 / (into + out))));
            }
            InitKind::Normal { std } => normal(&mut stream, values, *std),
            InitKind::Uniform { bound } => uniform(&mut stream, values, *bound),
            InitKind::Constant { value } => values.fill(*value),
            InitKind::Scaled { factor } => {
                for entry in values {
                    *entry *= *factor;
                }
            }
            InitKind::Merged { jitter } => {
                let mut noise = Stream::new(seed, &format!("{purpose}-jitter"), &parameter.path);
                for entry in values {
                    *entry += *jitter * noise.normal();
                }
            }
            InitKind::File { .. } => {}
        }
    }
    Ok(())
}

/// Whether a step changes a parameter. Factors of interventions are meant only where they are named in full.
fn selects(step: &Init, parameter: &Parameter) -> bool {
    let names = |path: &str| path.split('.').count();
    if parameter.role.factor {
        let in_full = |target: &&String| names(target) == names(&parameter.path);
        return step.targets.iter().filter(in_full).any(|target| crate::select::selects(target, &parameter.path));
    }
    any_selects(&step.targets, &parameter.path)
}

/// PyTorch's fans, in and out; at least 1.
fn fan(parameter: &Parameter) -> Option<(f64, f64)> {
    parameter.fans().map(|(into, out)| (into.max(1) as f64, out.max(1) as f64))
}

/// The stream of a parameter's own initial values: the file's where it belongs to the file, otherwise that of the run.
fn own_stream(parameter: &Parameter, seed: u64, purpose: &str) -> Stream {
    match &parameter.role.drawn {
        Some(drawn) => Stream::new(drawn.seed, &drawn.purpose, &parameter.path),
        None => Stream::new(seed, purpose, &parameter.path),
    }
}

fn normal(stream: &mut Stream, values: &mut [f64], std: f64) {
    stream.fill_normal(values);
    for entry in values {
        *entry *= std;
    }
}

fn uniform(stream: &mut Stream, values: &mut [f64], bound: f64) {
    stream.fill_uniform(-bound, bound, values);
}

/// Makes all units of every selected space alike: each parameter that the space moves becomes its mean along the space's axis.
fn merge(program: &Program, symmetries: &Symmetries, step: &Init, weights: &mut Weights) -> Result<(), Diagnostic> {
    let mut merged = false;
    for space in symmetries.spaces.iter().filter(|space| any_selects(&step.targets, &space.name)) {
        for action in space.acts_on.iter().filter(|action| action.frame != Frame::Shift) {
            let Some(axis) = action.axis else { continue };
            let at = action.parameter.0 as usize;
            average(&program.parameters[at], axis, &mut weights.values[at]);
            merged = true;
        }
    }
    if merged {
        return Ok(());
    }
    let wanted = if step.targets.is_empty() { "*".to_string() } else { step.targets.join(", ") };
    let names = symmetries.spaces.iter().map(|space| space.name.as_str());
    Err(Diagnostic::new(Code::E0221, step.span, format!("`{wanted}` selects no unit space of `{}`", program.name))
        .found(wanted.clone())
        .suggest(&wanted, names))
}

/// Replaces all positions of one axis by their mean.
fn average(parameter: &Parameter, axis: usize, values: &mut [f64]) {
    let sizes: Vec<usize> = parameter.shape.iter().map(|axis| axis.size as usize).collect();
    let inner: usize = sizes[axis + 1..].iter().product();
    let count = sizes[axis];
    for block in values.chunks_mut((count * inner).max(1)) {
        for offset in 0..inner {
            let mean = (0..count).map(|position| block[position * inner + offset]).sum::<f64>() / count as f64;
            for position in 0..count {
                block[position * inner + offset] = mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn step(kind: InitKind, targets: &[&str]) -> Init {
        Init { kind, targets: targets.iter().map(ToString::to_string).collect(), span: testing::span() }
    }

    fn deviation(values: &[f64]) -> f64 {
        (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn kaiming_and_xavier_have_the_deviations_that_pytorch_documents_and_vanishing_biases() {
        let program = testing::mlp(&[200, 100, 50]);
        for (kind, expected) in [
            (InitKind::Kaiming, (2.0f64 / 200.0).sqrt()),
            (InitKind::KaimingUniform, (2.0f64 / 200.0).sqrt()),
            (InitKind::Xavier, (2.0f64 / 300.0).sqrt()),
            (InitKind::Normal { std: 0.3 }, 0.3),
            (InitKind::Uniform { bound: 0.3 }, 0.3 / 3.0f64.sqrt()),
        ] {
            let fanned = matches!(kind, InitKind::Kaiming | InitKind::KaimingUniform | InitKind::Xavier);
            let weights = weights(&program, None, &[step(kind, &[])], &Files::default(), 0, "init").expect("initial values");
            // 20,000 entries: five standard errors of a deviation are 2.5 %.
            assert!((deviation(&weights.values[0]) / expected - 1.0).abs() < 0.025, "{expected}");
            if fanned {
                assert!(weights.values[1].iter().all(|&bias| bias == 0.0));
            }
        }
    }

    #[test]
    fn another_parameter_or_another_width_elsewhere_changes_no_values() {
        let small = weights(&testing::mlp(&[3, 4, 2]), None, &[], &Files::default(), 5, "init").expect("initial values");
        let deep = weights(&testing::mlp(&[3, 4, 2, 2]), None, &[], &Files::default(), 5, "init").expect("initial values");
        assert_eq!(small.values[..2], deep.values[..2]);
        let other = weights(&testing::mlp(&[3, 4, 2]), None, &[], &Files::default(), 6, "init").expect("initial values");
        assert_ne!(small.values[0], other.values[0]);
    }

    #[test]
    fn merging_makes_units_alike_up_to_the_jitter() {
        let program = testing::mlp(&[3, 4, 2]);
        let symmetries = sym_infer::infer(&program);
        let merged = weights(
            &program,
            Some(&symmetries),
            &[step(InitKind::Merged { jitter: 0.0 }, &["fc1"])],
            &Files::default(),
            0,
            "init",
        )
        .expect("merged");
        let (weight, bias, out) = (&merged.values[0], &merged.values[1], &merged.values[2]);
        assert!(weight.chunks(3).all(|unit| *unit == weight[..3]));
        assert!(bias.iter().all(|entry| *entry == bias[0]));
        assert!(out.chunks(4).all(|row| row.iter().all(|entry| *entry == row[0])));
        let noisy = weights(
            &program,
            Some(&symmetries),
            &[step(InitKind::Merged { jitter: 1e-6 }, &["fc1"])],
            &Files::default(),
            0,
            "init",
        )
        .expect("merged");
        let difference: Vec<f64> = noisy.values[0].iter().zip(weight).map(|(noisy, alike)| noisy - alike).collect();
        assert!(difference.iter().all(|entry| *entry != 0.0 && entry.abs() < 5e-6));
        assert_eq!(noisy.values[2], merged.values[2]);
    }

    #[test]
    fn steps_apply_in_order_and_only_to_what_they_select() {
        let program = testing::mlp(&[3, 4, 2]);
        let steps = [step(InitKind::Constant { value: 2.0 }, &["fc1"]), step(InitKind::Scaled { factor: 0.5 }, &["*.bias"])];
        let weights = weights(&program, None, &steps, &Files::default(), 0, "init").expect("initial values");
        assert!(weights.values[0].iter().all(|&entry| entry == 2.0));
        assert!(weights.values[1].iter().all(|&entry| entry == 1.0));
    }

    #[test]
    fn a_step_that_selects_nothing_is_an_error() {
        let program = testing::mlp(&[3, 4, 2]);
        let errors = weights(&program, None, &[step(InitKind::Kaiming, &["fc9"])], &Files::default(), 0, "init")
            .expect_err("nothing selected");
        assert_eq!(errors[0].code, Code::E0221);
    }
}
