//! What the runtime found, as rows of a report.

use crate::report::{
    BoundRow, EffectiveRow, FeaturesRow, Integer, LazyRow, MeasuredRow, MeasurementReport, MeasurementRow, MomentRow, NearRow,
    RunReport, SeedOutcome, SeedRow, TheoremRow,
};
use sym_ir::experiment::Measurement;
use sym_runtime::claims::{self, Curve};
use sym_runtime::proof::Effective;
use sym_runtime::record::{Ending, Record};
use sym_runtime::theorem;

/// The rows of a record.
pub fn run(train: &str, record: &Record) -> RunReport {
    let seeds = record.summary.seeds.iter().map(|seed| SeedRow {
        seed: seed.seed,
        steps: seed.step,
        of: record.summary.steps,
        outcome: match seed.ending {
            Ending::Finished => SeedOutcome::Finished,
            Ending::Stopped { .. } => SeedOutcome::Stopped,
            Ending::Interrupted => SeedOutcome::Interrupted,
            Ending::NotANumber { .. } => SeedOutcome::Failed,
        },
        breakings: seed.events,
        seconds: seed.wall_seconds,
    });
    RunReport {
        train: train.to_string(),
        record: record.directory.display().to_string(),
        seeds: seeds.collect(),
        measured: measured(record),
    }
}

/// The measured quantities: the columns `delta(fc1)[0]`, `delta(fc1)[1]`, … are one.
fn names(record: &Record) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for column in &record.columns {
        let name = column.rsplit_once('[').map_or(column.as_str(), |(name, _)| name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// One row a quantity.
fn measured(record: &Record) -> Vec<MeasuredRow> {
    let rows = names(record).into_iter().filter_map(|name| {
        let columns = record.columns_of(name);
        let ends = |last: bool| -> Vec<f64> {
            let seeds = record.summary.seeds.iter().filter(|seed| !last || seed.broke_off().is_none());
            let values = seeds.map(|seed| if last { &seed.last } else { &seed.first });
            values.flat_map(|values| columns.iter().filter_map(|column| values.get(*column).copied())).collect()
        };
        let (start, end) = (ends(false), ends(true));
        let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        Some(MeasuredRow {
            name: name.to_string(),
            start: mean(&start)?,
            end: mean(&end),
            lowest: end.iter().copied().reduce(f64::min),
            highest: end.iter().copied().reduce(f64::max),
        })
    });
    rows.collect()
}

/// The rows of a record of given weights.
pub fn measurement(measurement: &Measurement, record: &Record) -> MeasurementReport {
    let rows = names(record).into_iter().filter_map(|name| {
        let columns = record.columns_of(name);
        let gauge = |seed: &sym_runtime::record::SeedSummary| -> Vec<f64> {
            columns.iter().filter_map(|column| seed.last.get(*column).copied()).collect()
        };
        let gauges: Vec<Curve> = record
            .summary
            .seeds
            .iter()
            .map(|seed| Curve {
                seed: seed.seed,
                steps: vec![0],
                columns: gauge(seed).into_iter().map(|value| vec![value]).collect(),
                broke_off: None,
            })
            .collect();
        let own: Vec<f64> = gauges.first()?.columns.concat();
        (!own.is_empty()).then(|| MeasurementRow {
            name: name.to_string(),
            values: own.len(),
            mean: own.iter().sum::<f64>() / own.len() as f64,
            lowest: own.iter().copied().fold(f64::INFINITY, f64::min),
            highest: own.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            gauge_change: claims::change(&gauges),
        })
    });
    MeasurementReport {
        measurement: measurement.name.clone(),
        from: measurement.path.clone(),
        record: record.directory.display().to_string(),
        gauges: measurement.gauges,
        measured: rows.collect(),
    }
}

/// The row of one run of a theorem.
pub fn theorem(report: &theorem::Report, run: &theorem::Run) -> TheoremRow {
    let moments = run.moments.iter().map(|moment| MomentRow {
        step: moment.step,
        divergence: moment.divergence,
        off_state: moment.off_state,
        two_orders: moment.orders,
    });
    let features = report.features.as_ref().map(|features| FeaturesRow {
        outside: features.outside,
        kernel: features.kernel,
        near: features.near.iter().map(|near| NearRow { distance: near.distance, outside: near.outside }).collect(),
    });
    let lazy = report.lazy.as_ref().map(|found| LazyRow {
        rows: found.rows,
        gram_rank: found.gram_rank,
        least_squares: found.least_squares,
        reduced_least_squares: found.reduced_least_squares,
        scaled: found.scaled.iter().map(|scaled| (scaled.scale, scaled.distance)).collect(),
        order: found.order,
        remainder_order: found.remainder_order,
    });
    let least_squares = report.least_squares.map(|claim| BoundRow { found: claim.found, bound: claim.bound, holds: claim.holds });
    TheoremRow {
        least_squares,
        name: report.name.clone(),
        model: report.model.clone(),
        optimizer: run.optimizer.clone(),
        steps: run.steps,
        full: Integer(report.parameters),
        reduced: Integer(report.rank),
        divergence: run.divergence,
        tolerance: report.tolerance,
        off_state: run.off_state,
        two_orders: run.orders,
        reproject: run.reproject,
        edge: run.edge,
        growth: run.growth,
        growth_within: run.growth_within,
        estimated: run.estimated,
        moments: moments.collect(),
        features,
        lazy,
        speed_up: run.speed_up,
        holds: run.holds,
    }
}

/// The row of a measurement of how nearly a symmetry still holds.
pub fn effective(found: &Effective) -> EffectiveRow {
    let (elements, directions) = (found.elements.as_ref(), found.directions.as_ref());
    EffectiveRow {
        space: found.space.clone(),
        group: found.group.clone(),
        nearest: elements.map(|elements| elements.nearest.clone()),
        smallest_change: elements.map(|elements| elements.smallest),
        median_change: elements.map(|elements| elements.median),
        directions: directions.map(|directions| directions.count),
        smallest_slope: directions.map(|directions| directions.smallest),
        median_slope: directions.map(|directions| directions.median),
    }
}
