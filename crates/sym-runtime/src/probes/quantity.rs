//! The value of each probe: one arm a kind. A probe without one has no value, which the test `every_probe_has_a_value_…` finds. The quantities
//! themselves are those of `sym-measure`.

use super::groups::{Charges, Factors, Units};
use super::instruments::{Instruments, Landscape};
use super::likeness::likeness;
use super::matrix::matrix;
use super::target::Target;
use super::{Score, norm};
use crate::Stream;
use sym_infer::Weights;
use sym_ir::experiment::{Probe, ProbeKind};
use sym_ir::{Program, ValueId};
use sym_measure::curvature::lanczos::{Krylov, krylov};
use sym_measure::curvature::{sharpness, trace};
use sym_measure::features::collapse::Classes;
use sym_measure::features::correlation::{self, first_of_each};
use sym_measure::gradients::{Gradients, covariance_spectrum};
use sym_measure::learning_coefficient::{Sampler, learning_coefficient};
use sym_measure::spectrum::singular_values;
use sym_measure::{Matrix, MatrixRef, Unmeasurable, barrier, conserved, jacobian, rank};

/// What a measurement sees.
pub struct View<'v, 'a> {
    /// The program.
    pub program: &'v Program,
    /// Its weights.
    pub weights: &'v Weights,
    /// Its weights at step 0.
    pub start: &'v Weights,
    /// The run's seed.
    pub seed: u64,
    /// The score on training examples (`false`) or on the second part (`true`).
    pub score: &'v mut dyn FnMut(bool) -> Score,
    /// The form in which the model is evaluated, and what it has behind the weights, where batch norms keep up running statistics.
    pub evaluated: Option<(&'v Program, &'v [Vec<f64>])>,
    /// Features, gradients and curvature.
    pub instruments: &'v mut Instruments<'a>,
}

impl std::fmt::Debug for View<'_, '_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// The values of a probe, at most one for each of its columns. Kinds that follow generators have theirs from the
/// detectors, see [`super::Panel`].
///
/// # Errors
///
/// Why it cannot be measured.
pub fn values(probe: &Probe, target: &Target, step: u64, view: &mut View<'_, '_>) -> Result<Vec<f64>, Unmeasurable> {
    let path = format!("{}/{step}", probe.column_with_settings());
    let seed = view.seed;
    let stream = |part: &str| Stream::new(seed, "probe", &format!("{path}{part}"));
    measured(probe, target, view, &stream)
}

type Measured = Result<Vec<f64>, Unmeasurable>;

fn measured(probe: &Probe, target: &Target, view: &mut View<'_, '_>, stream: &dyn Fn(&str) -> Stream) -> Measured {
    match target {
        Target::Model => of_model(probe, view, stream),
        Target::Units(units) => Ok(of_units(probe, units, view.weights)),
        Target::Generators(subgroup) => subgroup.deltas(view.weights),
        Target::Factors(factors) => of_factors(probe, factors, view),
        Target::Charges(charges) => of_charges(probe, charges, view),
        Target::Matrix(id) => of_matrix(probe, matrix(view.program, *id, view.weights)),
        Target::Selector(selector) => Ok(vec![norm(view.program, view.weights, selector)]),
        Target::Value { value, with, classifier } => {
            let rows = view.instruments.rows(whole(probe, "examples"));
            let features = view.instruments.features(view.weights, *value, &rows);
            match (with, classifier) {
                (Some(with), _) => of_two(probe, &features, *with, &rows, view, stream),
                (None, Some(id)) => {
                    let classifier = matrix(view.program, *id, view.weights).to_owned();
                    of_features(probe, &features, Some(&classifier), &rows, view)
                }
                (None, None) => of_features(probe, &features, None, &rows, view),
            }
        }
    }
}

fn whole(probe: &Probe, name: &str) -> usize {
    probe.number(name).unwrap_or(1.0) as usize
}

/// A probe of a kind that its target does not fit: the declaration says that there is none.
fn nothing() -> Vec<f64> {
    Vec::new()
}

/// Units of different copies of a space are never exchanged.
fn of_units(probe: &Probe, units: &Units, weights: &Weights) -> Vec<f64> {
    let copies = units.populations(weights);
    let found = copies.iter().map(|units| units.distinct(probe.threshold()));
    match probe.kind {
        ProbeKind::Distinct => vec![found.map(|found| found.count as f64).sum()],
        ProbeKind::Closest => found.filter_map(|found| found.closest).min_by(f64::total_cmp).into_iter().collect(),
        _ => nothing(),
    }
}

fn of_factors(probe: &Probe, factors: &Factors, view: &View<'_, '_>) -> Measured {
    match probe.kind {
        ProbeKind::JointEnergies => factors.energies(view.weights),
        ProbeKind::ProductSpectrum => Ok(factors.products(view.weights)?.concat()),
        ProbeKind::ProductRank => {
            let products = factors.products(view.weights)?;
            let rank: usize = products.iter().map(|singular| rank::numerical(singular, probe.threshold())).sum();
            Ok(vec![rank as f64])
        }
        _ => Ok(nothing()),
    }
}

fn of_charges(probe: &Probe, charges: &Charges, view: &View<'_, '_>) -> Measured {
    let now = charges.values(view.weights)?;
    match probe.kind {
        ProbeKind::Imbalance => Ok(now),
        ProbeKind::Drift => {
            let start = charges.values(view.start)?;
            conserved::drift(&start, &now, charges.scale(view.start)).map(|drift| vec![drift])
        }
        _ => Ok(nothing()),
    }
}

fn of_matrix(probe: &Probe, matrix: MatrixRef<'_>) -> Measured {
    let singular = singular_values(matrix)?;
    Ok(match probe.kind {
        ProbeKind::Rank => vec![rank::numerical(&singular, probe.threshold()) as f64],
        ProbeKind::StableRank => vec![rank::stable(&singular)],
        ProbeKind::EffectiveRank => vec![rank::effective(&singular)],
        ProbeKind::Spectrum => singular,
        _ => Vec::new(),
    })
}

fn of_features(
    probe: &Probe,
    features: &Matrix,
    classifier: Option<&Matrix>,
    rows: &[usize],
    view: &mut View<'_, '_>,
) -> Measured {
    match probe.kind {
        ProbeKind::FeatureRank => {
            let singular = singular_values(features.view())?;
            Ok(vec![rank::numerical(&singular, probe.threshold()) as f64])
        }
        ProbeKind::FeatureEffectiveRank => Ok(vec![rank::effective(&singular_values(features.view())?)]),
        ProbeKind::FeatureSpectrum => singular_values(features.view()),
        ProbeKind::CorrelationSpectrum => correlation::spectrum(features.view()),
        ProbeKind::Correlations => {
            let of = view.instruments.classes(rows).unwrap_or_default();
            let places = first_of_each(&of, whole(probe, "each"));
            let shown = Matrix::from_fn(places.len(), features.columns(), |row, column| features.row(places[row])[column]);
            correlation::correlation(shown.view()).map(|matrix| matrix.values().to_vec())
        }
        ProbeKind::CorrelationGap => {
            correlation::gap(&correlation::spectrum(features.view())?, whole(probe, "k")).map(|gap| vec![gap])
        }
        _ => {
            let of = view.instruments.classes(rows).unwrap_or_default();
            // Classes that the examples do not show have no mean.
            let mut shown = of.clone();
            shown.sort_unstable();
            shown.dedup();
            let of: Vec<usize> = of.iter().filter_map(|class| shown.binary_search(class).ok()).collect();
            let classes = Classes::new(features.view(), &of, shown.len())?;
            of_classes(probe, &classes, classifier, &shown, rows, view)
        }
    }
}

fn of_classes(
    probe: &Probe,
    classes: &Classes<'_>,
    classifier: Option<&Matrix>,
    shown: &[usize],
    rows: &[usize],
    view: &mut View<'_, '_>,
) -> Measured {
    let value = match (probe.kind, classifier) {
        (ProbeKind::Nc1, _) => classes.variability()?,
        (ProbeKind::Nc2Norms, _) => classes.frame()?.norms,
        (ProbeKind::Nc2Angles, _) => classes.frame()?.angles,
        (ProbeKind::Nc2Maximality, _) => classes.frame()?.maximality,
        (ProbeKind::Nc3, Some(classifier)) => {
            let kept = Matrix::from_fn(shown.len(), classifier.columns(), |class, unit| {
                if shown[class] < classifier.rows() { classifier.row(shown[class])[unit] } else { 0.0 }
            });
            classes.duality(kept.view())?
        }
        (ProbeKind::Nc4, _) => {
            let outputs = view.instruments.outputs(view.weights, rows);
            let largest =
                |row: &[f64]| row.iter().enumerate().fold(0, |best, (at, value)| if *value > row[best] { at } else { best });
            // An answer that no example shows agrees with no class mean.
            let answer = |at: usize| shown.binary_search(&largest(outputs.row(at))).unwrap_or(usize::MAX);
            classes.disagreement(&(0..outputs.rows()).map(answer).collect::<Vec<_>>())?
        }
        _ => return Ok(nothing()),
    };
    Ok(vec![value])
}

fn of_two(
    probe: &Probe,
    features: &Matrix,
    with: ValueId,
    rows: &[usize],
    view: &mut View<'_, '_>,
    stream: &dyn Fn(&str) -> Stream,
) -> Measured {
    let other = view.instruments.features(view.weights, with, rows);
    let found = likeness(probe.kind, features.view(), other.view(), whole(probe, "permutations"), &mut stream(""))?;
    Ok(found.into_iter().collect())
}

fn of_model(probe: &Probe, view: &mut View<'_, '_>, stream: &dyn Fn(&str) -> Stream) -> Measured {
    let rows = view.instruments.rows(whole(probe, "examples"));
    let weights = view.weights;
    match probe.kind {
        ProbeKind::Loss => Ok(vec![(view.score)(false).loss]),
        ProbeKind::TestLoss => Ok(vec![(view.score)(true).loss]),
        ProbeKind::Accuracy => Ok((view.score)(false).accuracy.into_iter().collect()),
        ProbeKind::TestAccuracy => Ok((view.score)(true).accuracy.into_iter().collect()),
        ProbeKind::ReducedParameters | ProbeKind::ReducedTestLoss | ProbeKind::ReducedTestAccuracy => {
            let tolerance = probe.number("tolerance").unwrap_or(0.0);
            let small = match view.evaluated {
                None => view.instruments.reduced(view.program, weights, tolerance, &rows)?,
                Some((program, statistics)) => {
                    let values = weights.values.iter().chain(statistics).cloned().collect();
                    view.instruments.reduced(program, &Weights { values }, tolerance, &rows)?
                }
            };
            Ok(match probe.kind {
                ProbeKind::ReducedParameters => vec![small.parameters],
                ProbeKind::ReducedTestLoss => small.score.map(|score| score.loss).into_iter().collect(),
                _ => small.score.and_then(|score| score.accuracy).into_iter().collect(),
            })
        }
        ProbeKind::NtkRank => {
            let found = view.instruments.jacobian(weights, &rows);
            jacobian::rank(found.view(), probe.threshold()).map(|rank| vec![rank as f64])
        }
        ProbeKind::NtkSpectrum => jacobian::kernel_spectrum(view.instruments.jacobian(weights, &rows).view()),
        ProbeKind::HessianTop => {
            let found = curvature(probe, &rows, view, stream, whole(probe, "count"))?;
            Ok(found.values().iter().map(|ritz| ritz.value).collect())
        }
        ProbeKind::Sharpness => {
            Ok(curvature(probe, &rows, view, stream, 1)?.highest().map(|ritz| ritz.value).into_iter().collect())
        }
        ProbeKind::Rise => rise(probe, &rows, view),
        ProbeKind::HessianTrace => {
            let mut hessian = view.instruments.hessian(weights, &rows);
            let Ok(found) = trace::hutchinson(&mut hessian, whole(probe, "samples"), &mut stream(""));
            Ok(vec![found.mean, found.error])
        }
        ProbeKind::GradientTrace => Ok(vec![Gradients::of(view.instruments.gradients(weights, &rows).view())?.trace]),
        ProbeKind::GradientSpectrum => covariance_spectrum(view.instruments.gradients(weights, &rows).view()),
        ProbeKind::NoiseScale => {
            let found = Gradients::of(view.instruments.gradients(weights, &rows).view())?;
            found.noise_scale().map(|scale| vec![scale])
        }
        ProbeKind::Barrier => Ok(vec![barrier_from_start(probe, &rows, view)]),
        ProbeKind::LearningCoefficient => coefficient(probe, view, stream),
        _ => Ok(nothing()),
    }
}

/// The Krylov space of the Hessian from as many random directions as eigenvalues are wanted.
fn curvature(
    probe: &Probe,
    rows: &[usize],
    view: &mut View<'_, '_>,
    stream: &dyn Fn(&str) -> Stream,
    count: usize,
) -> Result<Krylov, Unmeasurable> {
    let size = view.instruments.coordinates().size();
    let starts: Vec<Vec<f64>> = (0..count.min(size))
        .map(|at| {
            let mut stream = stream(&format!("/{at}"));
            (0..size).map(|_| stream.normal()).collect()
        })
        .collect();
    // Each direction goes as far as one alone would.
    let products = whole(probe, "products").saturating_mul(count);
    let Ok(found) = krylov(&mut view.instruments.hessian(view.weights, rows), &starts, products);
    found
}

fn rise(probe: &Probe, rows: &[usize], view: &mut View<'_, '_>) -> Measured {
    let (weights, instruments) = (view.weights, &mut *view.instruments);
    let here = instruments.coordinates().vector(weights);
    let mut gradient = vec![0.0; here.len()];
    instruments.gradient(weights, rows, &mut gradient);
    let loss = |step: &[f64]| -> Result<f64, Unmeasurable> {
        let there: Vec<f64> = here.iter().zip(step).map(|(here, step)| here + step).collect();
        let there = instruments.coordinates().replaced(weights, &there);
        Ok(instruments.mean_loss(&there, rows, rows.len()))
    };
    sharpness::rise(&gradient, probe.number("radius").unwrap_or(0.0), loss).map(|rise| vec![rise])
}

fn barrier_from_start(probe: &Probe, rows: &[usize], view: &mut View<'_, '_>) -> f64 {
    let points = whole(probe, "points").max(2);
    let losses: Vec<f64> = (0..points)
        .map(|at| {
            let share = at as f64 / (points - 1) as f64;
            view.instruments.mean_loss(&view.start.towards(view.weights, share), rows, rows.len())
        })
        .collect();
    barrier::height(&losses)
}

fn coefficient(probe: &Probe, view: &mut View<'_, '_>, stream: &dyn Fn(&str) -> Stream) -> Measured {
    let sampler = Sampler {
        inverse_temperature: Sampler::inverse_temperature(view.instruments.count()),
        localisation: probe.number("localisation").unwrap_or(0.0),
        step: probe.number("step").unwrap_or(0.0),
        chains: whole(probe, "chains"),
        burn_in: whole(probe, "burn_in"),
        draws: whole(probe, "draws"),
    };
    let at = view.instruments.coordinates().vector(view.weights);
    let mut landscape = Landscape { instruments: &mut *view.instruments, weights: view.weights, batch: whole(probe, "examples") };
    let Ok(found) = learning_coefficient(&mut landscape, &at, &sampler, |chain| stream(&format!("/{chain}")));
    found.map(|found| vec![found.estimate.mean, found.estimate.error])
}
