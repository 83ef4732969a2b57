//! Numbers in claims: counts, measured values, and the drop of a loss around breakings.

use super::correlation::{slope, spearman};
use super::evidence::{Curve, Evidence, SweepCurves, breakings};
use sym_ir::experiment::{Carrier, Quantity, SettingValue, Statistic, When};
use sym_syntax::ast::BinaryOperator;

/// What is known of a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    /// Its value, with how it came about where that is not plain.
    Known(f64, Option<String>),
    /// It has no value, with the reason.
    Undefined(String),
    /// It is measured by a run that has not been made.
    NotYet,
}

/// The value of a quantity that is a number.
pub(super) fn of(quantity: &Quantity, evidence: &dyn Evidence) -> Number {
    match quantity {
        Quantity::Number(value) => Number::Known(*value, None),
        Quantity::Dims(model) => match evidence.program(model).and_then(sym_ir::Program::trainable_entries) {
            Some(entries) => Number::Known(entries as f64, None),
            None => Number::Undefined(format!("`{model}` has no countable number of parameters")),
        },
        Quantity::ContinuousDim(model) => match evidence.symmetries(model, Carrier::Model) {
            Some(symmetries) => Number::Known(symmetries.continuous_dim as f64, None),
            None => Number::Undefined(format!("`{model}` has no analysis")),
        },
        Quantity::Measured { train, probe, when } => match evidence.curves(train, probe) {
            Some(curves) => mean(&curves, |curve| at(curve, *when)),
            None => Number::NotYet,
        },
        Quantity::DropRatio { train, loss, breaking, window } => {
            let delta = breaking.delta();
            let (Some(losses), Some(deltas)) = (evidence.curves(train, loss), evidence.curves(train, &delta)) else {
                return Number::NotYet;
            };
            mean(&losses, |curve| {
                let events =
                    deltas.iter().find(|delta| delta.seed == curve.seed).map(|delta| breakings(delta, breaking.threshold()));
                drop_ratio(curve, &events.unwrap_or_default(), *window)
            })
        }
        Quantity::OfSweep { statistic, sweep, probe, when, setting } => match evidence.sweep(sweep, probe) {
            Some(runs) => of_sweep(*statistic, &runs, *when, *setting),
            None => Number::NotYet,
        },
        Quantity::Between(between) => match evidence.between(between) {
            Some(Ok(values)) => mean_of(&values, "pairs of networks"),
            Some(Err(reason)) => Number::Undefined(reason),
            None => Number::NotYet,
        },
        Quantity::OfRun { statistic, train, probes, when } => {
            let mut values = Vec::new();
            for probe in probes {
                let Some(curves) = evidence.curves(train, probe) else { return Number::NotYet };
                values.extend(
                    curves
                        .iter()
                        .filter_map(|curve| Some((curve, index(curve, *when)?)))
                        .flat_map(|(curve, at)| curve.columns.iter().map(move |column| column[at]).collect::<Vec<f64>>()),
                );
            }
            let points: Vec<(f64, f64)> = values.into_iter().map(|value| (0.0, value)).collect();
            of_points(*statistic, &points, 0)
        }
        Quantity::GaugeChange { measurement, probes } => {
            let mut largest: f64 = 0.0;
            for probe in probes {
                match evidence.gauges(measurement, probe).map(|curves| change(&curves)) {
                    Some(Some(change)) => largest = largest.max(change),
                    Some(None) => return Number::Undefined(format!("`{}` has no value", probe.column())),
                    None => return Number::NotYet,
                }
            }
            Number::Known(largest, None)
        }
        Quantity::Binary(operator, left, right) => binary(*operator, of(left, evidence), of(right, evidence)),
        Quantity::Group(_) | Quantity::Symmetry { .. } => Number::Undefined("a group is no number".to_string()),
    }
}

/// The largest difference of any column between the first curve and the others, relative to the largest entry of the first; `None` without
/// values.
pub fn change(gauges: &[Curve]) -> Option<f64> {
    let (first, others) = gauges.split_first()?;
    let values = |curve: &Curve| -> Vec<f64> { curve.columns.iter().flatten().copied().collect() };
    let first = values(first);
    let size = first.iter().fold(0.0f64, |size, value| size.max(value.abs()));
    if first.is_empty() || others.is_empty() {
        return None;
    }
    let mut largest: f64 = 0.0;
    for other in others {
        let other = values(other);
        if other.len() != first.len() {
            return None;
        }
        largest = first.iter().zip(&other).fold(largest, |largest, (one, other)| largest.max((one - other).abs()));
    }
    Some(if size > 0.0 { largest / size } else { largest })
}

fn binary(operator: BinaryOperator, left: Number, right: Number) -> Number {
    let (left, right) = match (left, right) {
        (Number::Known(left, _), Number::Known(right, _)) => (left, right),
        (Number::Undefined(reason), _) | (_, Number::Undefined(reason)) => return Number::Undefined(reason),
        (Number::NotYet, _) | (_, Number::NotYet) => return Number::NotYet,
    };
    match operator {
        BinaryOperator::Add => Number::Known(left + right, None),
        BinaryOperator::Subtract => Number::Known(left - right, None),
        BinaryOperator::Multiply => Number::Known(left * right, None),
        BinaryOperator::Divide => Number::Known(left / right, None),
        BinaryOperator::Power => Number::Known(libm::pow(left, right), None),
        BinaryOperator::And | BinaryOperator::Or => Number::Undefined("logic is no number".to_string()),
    }
}

/// The mean over seeds, with the single values where there are several.
fn mean(curves: &[Curve], value: impl Fn(&Curve) -> Result<f64, String>) -> Number {
    let mut values = Vec::new();
    for curve in curves {
        match value(curve) {
            Ok(value) => values.push(value),
            Err(reason) => return Number::Undefined(format!("seed {}: {reason}", curve.seed)),
        }
    }
    if values.is_empty() {
        return Number::Undefined("no seed was run".to_string());
    }
    mean_of(&values, "seeds")
}

/// The most numbers that are listed one by one.
const MOST_LISTED: usize = 32;

/// The mean of one or more numbers, with the numbers where they are few.
fn mean_of(values: &[f64], things: &str) -> Number {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let all = |values: &[f64]| values.iter().map(|value| text(*value)).collect::<Vec<_>>().join(", ");
    let list = || {
        let [least, greatest] = [f64::min, f64::max].map(|pick| values.iter().copied().reduce(pick).unwrap_or(f64::NAN));
        if values.len() <= MOST_LISTED { all(values) } else { format!("from {} to {}", text(least), text(greatest)) }
    };
    Number::Known(mean, (values.len() > 1).then(|| format!("the mean of {} {things}: {}", values.len(), list())))
}

/// A number of all runs of a sweep, each seed for itself.
fn of_sweep(statistic: Statistic, runs: &[SweepCurves], when: When, setting: Option<usize>) -> Number {
    let mut points = Vec::new();
    let mut missing = 0;
    let of_runs: Vec<&SettingValue> = setting.map_or(Vec::new(), |at| runs.iter().map(|run| &run.values[at]).collect());
    let is_listed = of_runs.iter().any(|value| matches!(value, SettingValue::Text(_)));
    for run in runs {
        let setting = match setting.map(|at| &run.values[at]) {
            Some(SettingValue::Number(value)) if !is_listed => *value,
            // Words count in the order in which they are listed.
            Some(value) => of_runs.iter().position(|other| *other == value).unwrap_or(0) as f64,
            None => 0.0,
        };
        for curve in &run.curves {
            match at(curve, when) {
                Ok(value) if value.is_finite() => points.push((setting, value)),
                _ => missing += 1,
            }
        }
    }
    of_points(statistic, &points, missing)
}

/// A number of finite (setting, value) pairs.
fn of_points(statistic: Statistic, points: &[(f64, f64)], missing: usize) -> Number {
    let values = points.iter().map(|point| point.1);
    let found = match statistic {
        Statistic::Spearman => spearman(points),
        Statistic::Slope => slope(points),
        Statistic::Lowest => values.reduce(f64::min),
        Statistic::Highest => values.reduce(f64::max),
        Statistic::Mean => (!points.is_empty()).then(|| values.sum::<f64>() / points.len() as f64),
    };
    let without = if missing > 0 { format!(", {missing} without a finite value left out") } else { String::new() };
    match found {
        Some(value) => Number::Known(value, Some(format!("of {} values{without}", points.len()))),
        None => Number::Undefined(format!("{} values{without} decide nothing", points.len())),
    }
}

/// The place of a moment among the measurements of a curve.
pub fn index(curve: &Curve, when: When) -> Option<usize> {
    match when {
        When::Start => (!curve.steps.is_empty()).then_some(0),
        When::End if curve.broke_off.is_some() => None,
        When::End => curve.steps.len().checked_sub(1),
        When::Step(step) => curve.steps.iter().position(|measured| *measured == step),
    }
}

/// The value of a curve with one column at a step.
///
/// # Errors
///
/// Why there is none.
pub fn at(curve: &Curve, when: When) -> Result<f64, String> {
    let value = index(curve, when).and_then(|index| curve.columns.first()?.get(index));
    value.copied().ok_or_else(|| match (when, &curve.broke_off) {
        (When::End, Some(why)) => why.clone(),
        (When::Step(step), _) => format!("nothing is measured at step {step}"),
        (When::Start | When::End, _) => "nothing is measured".to_string(),
    })
}

/// Mean decrease of the curve per step within `window` steps of an event over that elsewhere. An interval between two measurements belongs to
/// a window when its middle does.
fn drop_ratio(curve: &Curve, events: &[u64], window: u64) -> Result<f64, String> {
    let column = curve.columns.first().ok_or("no loss is measured")?;
    if events.is_empty() {
        return Err("no pair breaks".to_string());
    }
    let (mut near, mut far) = ((0.0, 0.0), (0.0, 0.0));
    for (steps, values) in curve.steps.windows(2).zip(column.windows(2)) {
        let middle = f64::midpoint(steps[0] as f64, steps[1] as f64);
        let inside = events.iter().any(|event| (middle - *event as f64).abs() <= window as f64);
        let (drop, length) = if inside { &mut near } else { &mut far };
        *drop += values[0] - values[1];
        *length += (steps[1] - steps[0]) as f64;
    }
    if far.1 == 0.0 {
        return Err("the windows cover the whole run".to_string());
    }
    if near.1 == 0.0 {
        return Err("no window holds a measurement".to_string());
    }
    let (inside, outside) = (near.0 / near.1, far.0 / far.1);
    // A loss that only falls inside the windows falls infinitely faster there.
    Ok(if outside <= 0.0 && inside > 0.0 { f64::INFINITY } else { inside / outside })
}

/// A number with at most six significant digits, for reports.
pub(super) fn text(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value}");
    }
    let short: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if (1e-4..1e15).contains(&short.abs()) { format!("{short}") } else { format!("{short:e}") }
}

#[cfg(test)]
mod tests {
    use super::{Number, drop_ratio, of_sweep, text};
    use crate::claims::{Curve, SweepCurves};
    use sym_ir::experiment::{SettingValue, Statistic, When};

    fn curve(values: Vec<f64>) -> Curve {
        Curve { seed: 0, steps: (0..values.len() as u64).map(|at| at * 10).collect(), columns: vec![values], broke_off: None }
    }

    #[test]
    fn the_drop_ratio_compares_rates_inside_and_outside_the_windows() {
        // Falls by 4 over the 20 steps around step 20 and by 1 over the 30 others: 0.2 against 1/30 a step.
        let ratio = drop_ratio(&curve(vec![9.0, 8.0, 6.0, 4.0, 4.0, 4.0]), &[20], 10).expect("defined");
        assert!((ratio - 6.0).abs() < 1e-12, "{ratio}");
    }

    #[test]
    fn a_loss_that_falls_only_inside_the_windows_has_an_infinite_ratio() {
        assert_eq!(drop_ratio(&curve(vec![5.0, 5.0, 1.0, 1.0]), &[15], 5), Ok(f64::INFINITY));
    }

    #[test]
    fn a_ratio_without_events_or_without_an_outside_is_undefined() {
        assert_eq!(drop_ratio(&curve(vec![2.0, 1.0]), &[], 5), Err("no pair breaks".to_string()));
        assert_eq!(drop_ratio(&curve(vec![2.0, 1.0]), &[5], 50), Err("the windows cover the whole run".to_string()));
    }

    #[test]
    fn a_setting_of_words_counts_in_the_order_in_which_they_are_listed() {
        let run = |word: &str, loss: f64| SweepCurves {
            values: vec![SettingValue::Text(word.to_string())],
            curves: vec![curve(vec![9.0, loss])],
        };
        let runs = [run("small", 3.0), run("large", 2.0), run("giant", 1.0)];
        let found = of_sweep(Statistic::Spearman, &runs, When::End, Some(0));
        assert!(matches!(found, Number::Known(value, _) if (value + 1.0).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn numbers_are_shown_short() {
        assert_eq!(text(0.951_234_567), "0.951235");
        assert_eq!(text(3.0), "3");
        assert_eq!(text(1.234_567_8e-9), "1.23457e-9");
    }
}
