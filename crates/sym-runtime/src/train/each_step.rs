//! Runs whose steps train on examples of their own.

use super::tests::{After, adam, content, environment, finished, train, waves};
use super::*;
use crate::data::EachStep;
use crate::{Silent, testing};
use std::sync::atomic::AtomicU64;
use sym_ir::experiment::Augmentation;

/// Stops a run between two checkpoints and goes on with it.
fn goes_on_bit_for_bit(train: &Train, data: &Data) {
    let on = |out: &Path, resume: bool, observer: &dyn Observer| {
        let (symmetries, environment) = (sym_infer::infer(&train.program), Environment { resume, ..environment(out) });
        run(train, data, &symmetries, &environment, observer)
    };
    let whole = tempfile::tempdir().expect("a temporary directory");
    let expected = content(&finished(on(whole.path(), false, &Silent)));
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert!(on(directory.path(), false, &After(AtomicU64::new(57))).interrupted);
    assert_eq!(content(&finished(on(directory.path(), true, &Silent))), expected);
}

#[test]
fn fresh_examples_are_those_of_seed_and_step_and_go_on_bit_for_bit() {
    let data = Data { fresh: true, ..waves() };
    let program = testing::mlp(&[3, 4, 2]);
    let set = crate::data::load(&data, &program, Path::new(".")).expect("data");
    let fresh = EachStep::new(&data, &set, &program, Path::new("."), Some(6)).expect("a teacher");
    let inputs = |seed, step| fresh.examples(&set.train, None, seed, step).expect("its own").inputs.swap_remove(0).dense();
    assert_eq!(inputs(0, 3), inputs(0, 3));
    let all: Vec<f64> = [(0, 3), (0, 4), (1, 3)].into_iter().flat_map(|(seed, step)| inputs(seed, step)).collect();
    assert!((0..all.len()).all(|at| !all[..at].contains(&all[at])), "no number is drawn twice");
    // A batch may be larger than the examples that are measured on.
    for batch in [6, 64] {
        goes_on_bit_for_bit(&train(adam(), 0.02, Some(batch)), &data);
    }
}

#[test]
fn augmented_examples_keep_their_targets_and_a_run_of_them_goes_on_bit_for_bit() {
    let mut data = waves();
    data.preparation.augment = vec![Augmentation::Noise { std: 0.1 }];
    let train = train(adam(), 0.02, Some(6));
    let set = crate::data::load(&data, &train.program, Path::new(".")).expect("data");
    let changed = EachStep::new(&data, &set, &train.program, Path::new("."), Some(6)).expect("numbers");
    let rows = [3, 0, 7];
    let (one, other) = (set.train.select(&rows), changed.examples(&set.train, Some(&rows), 0, 5).expect("its own"));
    assert_eq!(one.targets, other.targets);
    let moved = one.inputs[0].dense().into_iter().zip(other.inputs[0].dense()).map(|(one, other)| (one - other).abs());
    assert!(moved.clone().all(|far| far > 0.0 && far < 0.6), "{:?}", moved.collect::<Vec<_>>());
    goes_on_bit_for_bit(&train, &data);
    data.preparation.augment = vec![Augmentation::Flip];
    let error = EachStep::new(&data, &set, &train.program, Path::new("."), Some(6)).expect_err("no images");
    assert_eq!(error[0].code, Code::E0223);
}
