//! Phases: parameters that shift the arguments of periodic functions and do nothing else, such as the bias of a layer with sines.
//!
//! A whole period changes nothing, so such a parameter has a lattice of shifts. Half a period of sine or cosine changes the sign of the value:
//! what stands behind has to take that sign, which the equations of signs say ([`crate::relations`]).

use crate::class::FunctionClass;
use crate::graph::Graph;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// A parameter that only shifts arguments of periodic functions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Phase {
    /// The parameter.
    pub parameter: ParameterId,
    /// Its value.
    pub value: ValueId,
    /// A shift of an entry by which every function is shifted by whole periods.
    pub whole: f64,
    /// A shift by which every function changes its sign.
    pub half: Option<f64>,
    /// The functions, each with the axis of its value along which each axis of the parameter runs.
    pub readers: Vec<(ValueId, Vec<usize>)>,
}

/// All phases of a program, in the order of its parameters.
pub(crate) fn phases(program: &Program, graph: &Graph, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<Phase> {
    if classes.values().all(|class| class.period.is_none()) {
        return Vec::new();
    }
    let mut phases: Vec<Phase> = Vec::new();
    let mut taken: BTreeSet<ValueId> = BTreeSet::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(parameter) = node.operation else { continue };
        let value = ValueId(index as u32);
        let alone = program.nodes.iter().filter(|other| other.operation == Operation::Parameter(parameter)).count() == 1;
        if !program.parameter(parameter).trainable || graph.is_output(value) || !graph.is_read(value) || !alone {
            continue;
        }
        let Some(readers) = readers(program, graph, classes, value) else { continue };
        let Some(mut phase) = phase(parameter, value, &readers, classes) else { continue };
        // One parameter is enough to turn a function; others differ by what the two trade.
        if phase.readers.iter().any(|(map, _)| taken.contains(map)) {
            phase.half = None;
        } else if phase.half.is_some() {
            taken.extend(phase.readers.iter().map(|(map, _)| *map));
        }
        phases.push(phase);
    }
    phases
}

/// A periodic function with the axes along which a parameter runs, and the factor with which it is added to the argument.
struct Reader {
    map: ValueId,
    axes: Vec<usize>,
    factor: f64,
}

/// The functions whose arguments a parameter shifts; `None` if it does anything else.
fn readers(
    program: &Program,
    graph: &Graph,
    classes: &BTreeMap<ValueId, FunctionClass>,
    parameter: ValueId,
) -> Option<Vec<Reader>> {
    let mut readers = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(parameter, (0..program.node(parameter).shape.len()).collect::<Vec<_>>(), 1.0)];
    while let Some((value, axes, factor)) = waiting.pop() {
        if graph.is_output(value) {
            return None;
        }
        for reader in graph.uses(value) {
            // Two ways to one value would add up.
            if !seen.insert(reader.by) {
                return None;
            }
            let (axes, factor) = match &program.node(reader.by).operation {
                Operation::Add { terms, .. } => {
                    let term = &terms[reader.slot];
                    (axes.iter().map(|&axis| term.axes[axis]).collect(), factor * term.coefficient)
                }
                Operation::Einsum { operands, output, coefficient } if operands.len() == 1 => {
                    let place = |&axis: &usize| output.iter().position(|label| *label == operands[0].labels[axis]);
                    let kept = operands[0].labels.iter().all(|label| output.contains(label));
                    let axes: Option<Vec<usize>> = axes.iter().map(place).collect();
                    (axes.filter(|_| kept && !crate::spaces::repeats(&operands[0].labels))?, factor * coefficient)
                }
                Operation::Map { .. } => {
                    let class = classes.get(&reader.by)?;
                    if let Some(slope) = class.linear {
                        (axes.clone(), factor * slope)
                    } else {
                        class.period?;
                        readers.push(Reader { map: reader.by, axes: axes.clone(), factor });
                        continue;
                    }
                }
                _ => return None,
            };
            waiting.push((reader.by, axes, factor));
        }
    }
    (!readers.is_empty()).then_some(readers)
}

fn phase(
    parameter: ParameterId,
    value: ValueId,
    readers: &[Reader],
    classes: &BTreeMap<ValueId, FunctionClass>,
) -> Option<Phase> {
    if readers.iter().any(|reader| reader.factor == 0.0) {
        return None;
    }
    // The largest shift that one function needs, if it is a multiple of what each needs.
    let common = |amount: &dyn Fn(&FunctionClass) -> Option<f64>, odd: bool| -> Option<f64> {
        let amounts: Vec<f64> =
            readers.iter().map(|reader| Some(amount(&classes[&reader.map])? / reader.factor.abs())).collect::<Option<_>>()?;
        let largest = amounts.iter().copied().fold(0.0, f64::max);
        let fits = amounts.iter().all(|amount| {
            let turns = largest / amount;
            // Quotients of multiples of π by factors are whole up to rounding.
            (turns - turns.round()).abs() < 1e-12 && (!odd || turns.round() % 2.0 != 0.0)
        });
        fits.then_some(largest)
    };
    Some(Phase {
        parameter,
        value,
        whole: common(&|class| class.period, false)?,
        half: common(&|class| class.half_turn, true),
        readers: readers.iter().map(|reader| (reader.map, reader.axes.clone())).collect(),
    })
}
