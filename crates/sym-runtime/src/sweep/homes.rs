//! Where the records of runs are that several sweeps of a file have.

use std::collections::HashMap;
use sym_ir::experiment::{Sweep, SweepRun, Train};

/// For each run of each sweep the first sweep that has it, of those that may write records.
pub(super) fn of(sweeps: &[(&Sweep, bool)]) -> Vec<Vec<usize>> {
    let mut known: HashMap<String, Vec<(usize, &SweepRun)>> = HashMap::new();
    let mut home = |at: usize, writes: bool, own| {
        let alike = known.entry(outline(own)).or_default();
        let equal = alike.iter().find(|(_, other)| other.data == own.data && equal(&other.train, &own.train));
        if let Some(&(first, _)) = equal {
            return first;
        }
        if writes {
            alike.push((at, own));
        }
        at
    };
    sweeps.iter().enumerate().map(|(at, (sweep, writes))| sweep.runs.iter().map(|run| home(at, *writes, run)).collect()).collect()
}

/// What equal runs have in common, cheaper to compare than all of them.
fn outline(run: &SweepRun) -> String {
    let (train, data) = (&run.train, &run.data);
    format!("{} {} {:?} {:?} {} {}", train.name, train.model, train.optimizer, train.batch, train.steps, data.name)
}

/// Whether two runs are the same but for where they are written.
fn equal(one: &Train, other: &Train) -> bool {
    let Train {
        name,
        model,
        program,
        edits,
        data,
        loss,
        smoothing,
        init,
        optimizer,
        schedule,
        clip,
        statistics,
        batch,
        steps,
        seeds,
        measures,
        checkpoint,
        stop,
        keep,
        span: _,
    } = one;
    let settings = (name, model, data, loss, smoothing, init, optimizer, schedule, clip) == {
        let Train { name, model, data, loss, smoothing, init, optimizer, schedule, clip, .. } = other;
        (name, model, data, loss, smoothing, init, optimizer, schedule, clip)
    };
    let course = (statistics, batch, steps, seeds, measures, checkpoint, stop, keep) == {
        let Train { statistics, batch, steps, seeds, measures, checkpoint, stop, keep, .. } = other;
        (statistics, batch, steps, seeds, measures, checkpoint, stop, keep)
    };
    settings && course && (program, edits) == (&other.program, &other.edits)
}
