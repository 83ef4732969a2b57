//! Runs that end before their last step, and weights that stay.

use super::tests::{Snapshots, adam, content, finished, probe, run_in, train};
use super::*;
use crate::Silent;
use crate::record::Kept;
use sym_ir::experiment::{Best, Keep, ProbeKind, Stop as Rule};

/// The values of a column by step.
fn series(record: &Record, name: &str) -> Vec<(u64, f64)> {
    record.series(0, name)
}

fn of_seed_0() -> Train {
    let mut train = train(adam(), 0.02, Some(6));
    train.seeds = vec![0];
    train
}

fn lowest(kind: ProbeKind) -> Best {
    Best { probe: probe(kind, "", 0.0), highest: false }
}

/// A run of its own, whole.
fn run_of(train: &Train) -> (tempfile::TempDir, Record) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let record = finished(run_in(directory.path(), train, |_| (), &Silent));
    (directory, record)
}

fn ending(record: &Record) -> (u64, &Ending) {
    (record.summary.seeds[0].step, &record.summary.seeds[0].ending)
}

#[test]
fn a_run_ends_at_the_first_measurement_that_a_rule_names_and_measures_everything_there() {
    let train = of_seed_0();
    let (_whole, whole) = run_of(&train);
    let losses = series(&whole, "loss");
    let limit = losses[6].1 + 1e-9;
    let first = losses.iter().find(|(_, loss)| *loss < limit).expect("some loss is below").0;
    assert!(first > 0 && first < STEPS_OF_ALL && !first.is_multiple_of(10), "{first}");

    let rule = Rule::Below { probe: probe(ProbeKind::Loss, "", 0.0), value: limit };
    let (_early, early) = run_of(&Train { stop: vec![rule.clone()], ..train.clone() });
    assert_eq!(ending(&early), (first, &Ending::Stopped { why: rule.to_string() }));
    // Nothing before the end differs, the last row has all columns, and the weights are those of a run of as many steps.
    assert_eq!(series(&early, "loss"), losses.iter().copied().filter(|(step, _)| *step <= first).collect::<Vec<_>>());
    assert!(early.seeds[0].rows.last().is_some_and(|row| row.step == first && row.values.iter().all(Option::is_some)));
    let (_short, short) = run_of(&Train { steps: first, ..train });
    assert_eq!(content(&early)[0].weights, content(&short)[0].weights);
}

const STEPS_OF_ALL: u64 = 40;

#[test]
fn a_run_that_stalls_ends_after_so_many_measurements_without_a_new_best_value() {
    let train = jumping();
    let (_whole, whole) = run_of(&train);
    let losses = series(&whole, "test_loss");
    let mut best = (f64::INFINITY, 0);
    let expected = losses.iter().enumerate().find_map(|(at, &(step, loss))| {
        best = if loss < best.0 { (loss, at) } else { best };
        (at - best.1 == 2).then_some(step)
    });
    let expected = expected.expect("the loss rises for two measurements somewhere");
    assert!(expected < STEPS_OF_ALL, "before the end");
    let rule = Rule::Stalled { best: lowest(ProbeKind::TestLoss), measurements: 2 };
    let (_early, early) = run_of(&Train { stop: vec![rule], ..train });
    assert_eq!(ending(&early).0, expected);
}

#[test]
fn a_rule_at_the_last_step_ends_nothing_early() {
    let train = of_seed_0();
    let (_whole, whole) = run_of(&train);
    let last = series(&whole, "loss").last().expect("a row").1;
    let smallest = series(&whole, "loss").iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    assert_eq!(last, smallest);
    let rule = Rule::Below { probe: probe(ProbeKind::Loss, "", 0.0), value: last + 1e-12 };
    let (_same, same) = run_of(&Train { stop: vec![rule], ..train });
    assert_eq!(ending(&same), (STEPS_OF_ALL, &Ending::Finished));
}

/// What stays of a seed, with the bytes of the files.
fn kept(record: &Record) -> Vec<(Kept, Vec<u8>)> {
    let directory = record.directory.join("seed-0");
    let read = |kept: &Kept| (kept.clone(), std::fs::read(directory.join(&kept.file.file)).expect("kept weights"));
    record.summary.seeds[0].kept.iter().map(read).collect()
}

/// A run with a step size at which the loss jumps about.
fn jumping() -> Train {
    let mut train = of_seed_0();
    train.optimizer.learning_rate = 1.0;
    train
}

/// A run whose lowest test loss is not its last.
fn keeping() -> Train {
    let mut train = jumping();
    train.keep = vec![Keep::Last(2), Keep::Best(lowest(ProbeKind::TestLoss))];
    train
}

#[test]
fn weights_that_stay_are_those_of_runs_that_end_there() {
    let train = keeping();
    let (_run, record) = run_of(&train);
    let losses = series(&record, "test_loss");
    let best = losses.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1)).expect("a row");
    assert!(best.0 > 0 && best.0 < 35, "the best step is neither the first nor among the last: {losses:?}");
    let found = kept(&record);
    let [last, lowest] = [&train.keep[0], &train.keep[1]].map(ToString::to_string);
    let rules: Vec<(u64, &String)> = found.iter().map(|(kept, _)| (kept.step, &kept.rule)).collect();
    // Checkpoints come every seven steps and at the end.
    assert_eq!(rules, [(best.0, &lowest), (35, &last), (40, &last)]);
    assert_eq!(found[0].0.value, Some(best.1));
    for (kept, bytes) in &found {
        let (_short, short) = run_of(&Train { steps: kept.step, keep: Vec::new(), ..train.clone() });
        assert!(*bytes == content(&short)[0].weights, "step {}", kept.step);
    }
    let names = std::fs::read_dir(record.directory.join("seed-0")).expect("a directory");
    let files = names.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("weights-")).count();
    assert_eq!(files, 3, "none that no rule keeps");
}

#[test]
fn a_quantity_that_is_measured_only_because_a_seed_ends_there_counts_for_what_stays() {
    let mut train = of_seed_0();
    let norm = probe(ProbeKind::Norm, "", 0.0);
    let (_whole, whole) = run_of(&train);
    // The loss is measured every four steps, the norm every ten: the seed ends between two of those.
    let (end, loss) = series(&whole, "loss")[3];
    assert!(end == 12 && series(&whole, "norm").iter().all(|(step, _)| *step != end));
    train.stop = vec![Rule::Below { probe: probe(ProbeKind::Loss, "", 0.0), value: loss + 1e-12 }];
    train.keep = vec![Keep::Best(Best { probe: norm.clone(), highest: true }), Keep::Best(Best { probe: norm, highest: false })];
    let (_early, early) = run_of(&train);
    assert_eq!(ending(&early).0, end);
    let norms = series(&early, "norm");
    let steps: Vec<u64> = kept(&early).iter().map(|(kept, _)| kept.step).collect();
    let by = |order: &dyn Fn(&f64, &f64) -> std::cmp::Ordering| {
        norms.iter().max_by(|one, other| order(&one.1, &other.1)).map(|row| row.0)
    };
    let mut expected: Vec<u64> = [by(&f64::total_cmp), by(&|one, other| other.total_cmp(one))].into_iter().flatten().collect();
    expected.sort_unstable();
    assert_eq!(steps, expected);
    assert!(steps.contains(&end), "{norms:?}");
}

#[test]
fn kept_weights_that_were_changed_are_refused_and_removed_ones_are_forgotten() {
    let train = keeping();
    let (directory, record) = run_of(&train);
    let first = kept(&record)[0].0.clone();
    let path = record.directory.join("seed-0").join(&first.file.file);
    let again = || run_in(directory.path(), &train, |environment| environment.resume = true, &Silent);
    std::fs::write(&path, b"junk").expect("written");
    let refused = again();
    assert_eq!(refused.diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::E0604]);
    std::fs::remove_file(&path).expect("removed");
    let resumed = finished(again());
    assert!(kept(&resumed).iter().all(|(kept, _)| kept.file != first.file) && kept(&resumed).len() == 2);
}

#[test]
fn what_stays_and_when_it_ends_is_the_same_after_a_kill() {
    let mut train = keeping();
    train.stop = vec![Rule::Stalled { best: lowest(ProbeKind::TestLoss), measurements: 2 }];
    let whole = tempfile::tempdir().expect("a temporary directory");
    let copies = tempfile::tempdir().expect("a temporary directory");
    let snapshots = Snapshots { from: whole.path().to_path_buf(), to: copies.path().to_path_buf() };
    let expected = finished(run_in(whole.path(), &train, |_| (), &snapshots));
    let last = ending(&expected).0;
    assert!(last > 10 && last < STEPS_OF_ALL, "{last}");
    for step in 1..=last {
        let left = copies.path().join(step.to_string());
        // A file of weights that no checkpoint names.
        std::fs::write(left.join("Small/seed-0/weights-000000000099.safetensors"), b"half").expect("written");
        let resumed = finished(run_in(&left, &train, |environment| environment.resume = true, &Silent));
        assert_eq!(content(&resumed), content(&expected), "killed after step {step}");
        assert_eq!(ending(&resumed), ending(&expected), "killed after step {step}");
        assert!(kept(&resumed) == kept(&expected), "killed after step {step}");
        let bits = |record: &Record| kept(record).iter().map(|(kept, _)| kept.value.map(f64::to_bits)).collect::<Vec<_>>();
        assert_eq!(bits(&resumed), bits(&expected), "killed after step {step}");
        assert!(step < 7 || !left.join("Small/seed-0/weights-000000000099.safetensors").exists());
    }
    let again = finished(run_in(whole.path(), &train, |environment| environment.resume = true, &Silent));
    assert_eq!((ending(&again), kept(&again)), (ending(&expected), kept(&expected)));
}

#[test]
fn a_quantity_without_a_value_changes_nothing() {
    let row = |step: u64, value: Option<f64>| Row { step, wall_seconds: 0.0, values: vec![value] };
    let mut train = of_seed_0();
    train.measures.truncate(1);
    train.measures[0].probes.truncate(1);
    train.stop = vec![Rule::Stalled { best: lowest(ProbeKind::Loss), measurements: 1 }];
    let symmetries = sym_infer::infer(&train.program);
    let ground = crate::probes::Ground {
        program: &train.program,
        measures: &train.measures,
        symmetries: &symmetries,
        data: "Waves",
        targets: &crate::data::Targets::Classes(Vec::new()),
        has_test: false,
    };
    let panel = crate::probes::Panel::new(&ground).expect("probes that fit");
    let mut watch = Watch::new(&train, &panel);
    for (step, value) in [(0, Some(2.0)), (1, None), (2, Some(f64::NAN))] {
        assert_eq!(watch.ends(&row(step, value)), None);
    }
    assert!(watch.ends(&row(3, Some(2.0))).is_some());
}
