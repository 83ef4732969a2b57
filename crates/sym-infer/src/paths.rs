//! Linear paths: changes of a wire that free parameters behind it take back.
//!
//! A change of a parameter adds to some wire a linear function of another wire u, its *source*, or a constant (the source 1). It runs
//! through sums, linear maps and partitions of unity. Where every way it takes ends at a sum with a free parameter that reads the same
//! source, or at an operation that forgets it, the change is a symmetry: the parameters take it back exactly, with coefficients that
//! depend on the weights between.
//!
//! | module | idea |
//! |---|---|
//! | [`flow`] | what a change depends on |
//! | [`fate`] | what becomes of it at a reader |
//! | [`partition`] | values whose entries sum to a constant |
//! | [`recovery`] | values that tell what a change depends on |
//! | [`takers`] | parameters in a sum that can take a change back |
//! | [`shifts`] | the parameters whose changes are taken back |

pub mod fate;
pub mod flow;
pub mod partition;
pub mod recovery;
pub mod shifts;
pub mod takers;

use crate::class::FunctionClass;
use crate::graph::Graph;
use crate::kernels::{constants, spans};
use crate::relations::Subset;
use crate::spaces::Spaces;
use fate::Fate;
use flow::{Flow, Source};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use sym_ir::{Operation, Program, ValueId};
use takers::Step;

/// Answers which changes are taken back.
#[derive(Debug)]
pub struct Paths<'a> {
    pub(crate) program: &'a Program,
    pub(crate) graph: &'a Graph,
    classes: &'a BTreeMap<ValueId, FunctionClass>,
    linear: BTreeMap<ValueId, f64>,
    reads: bool,
    constants: OnceCell<(Spaces, Vec<bool>)>,
    memo: RefCell<HashMap<(ValueId, bool, Subset), bool>>,
}

/// What a product of a constant with an input-dependent value counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Some function of the inputs, which can only be forgotten.
    Constants,
    /// A linear function of that value.
    Wires,
    /// The same, which weights that read a value it can be recovered from take back as well.
    Recovered,
}

/// The values that a longest path may visit; longer ones are not claimed, so that the cost stays linear.
const REACH: usize = 1000;

impl<'a> Paths<'a> {
    /// For one program.
    pub fn of(program: &'a Program, graph: &'a Graph, classes: &'a BTreeMap<ValueId, FunctionClass>) -> Self {
        let linear = classes.iter().filter_map(|(&value, class)| Some((value, class.linear?))).collect();
        Self { program, graph, classes, linear, reads: true, constants: OnceCell::new(), memo: RefCell::default() }
    }

    /// The same without what weights take back along a constant that they read: what is taken back is then linear in what changes, so that
    /// several changes may be taken back one after the other.
    pub fn additive(program: &'a Program, graph: &'a Graph, classes: &'a BTreeMap<ValueId, FunctionClass>) -> Self {
        Self { reads: false, ..Self::of(program, graph, classes) }
    }

    /// Whether a vector that no input changes is added along an axis, outside of the span of the differences.
    pub fn has_constant(&self, value: ValueId, axis: usize) -> bool {
        let (spaces, constants) = self.constants.get_or_init(|| {
            let spaces = Spaces::of(self.program);
            let spans = spans(self.program, &spaces, self.classes);
            let own = constants(self.program, &spaces, self.graph, self.classes);
            let outside = spans.iter().zip(own).map(|(span, own)| own && span.varying < span.all).collect();
            (spaces, outside)
        });
        constants[spaces.place_number(value, axis) as usize]
    }

    /// The slope of a linear elementwise function.
    pub fn slope(&self, map: ValueId) -> Option<f64> {
        self.linear.get(&map).copied()
    }

    /// Whether any constant that varies along these axes of a value is taken back or forgotten behind it.
    pub fn absorbs(&self, value: ValueId, axes: Subset) -> bool {
        let start = Flow { source: Source::One, varies: axes };
        let key = |value: ValueId, flow: &Flow| (value, flow.source == Source::Anything, flow.varies);
        // An explicit stack: chains of linear maps may be long.
        let mut stack = vec![(value, start.clone(), false)];
        while let Some((value, flow, expanded)) = stack.pop() {
            if self.memo.borrow().contains_key(&key(value, &flow)) {
                continue;
            }
            let mut holds = !self.graph.is_output(value);
            let mut waiting = Vec::new();
            for &reader in self.graph.uses(value) {
                match self.fate(value, reader, &flow, Follow::Constants) {
                    Fate::Absorbed(_) | Fate::Read(_) | Fate::Recovered(_) | Fate::Forgotten => {}
                    Fate::Seen => holds = false,
                    Fate::Passes(next) => {
                        let known = self.memo.borrow().get(&key(reader.by, &next)).copied();
                        match known {
                            Some(answer) => holds &= answer,
                            None => waiting.push((reader.by, next, false)),
                        }
                    }
                }
            }
            if holds && !waiting.is_empty() && !expanded {
                stack.push((value, flow, true));
                stack.extend(waiting);
                continue;
            }
            self.memo.borrow_mut().insert(key(value, &flow), holds && waiting.is_empty());
        }
        self.memo.borrow().get(&key(value, &start)).copied().unwrap_or(false)
    }

    /// The changes of all values that a change of one causes, if all of it is taken back or forgotten. Nothing that the way relies on may
    /// change itself: so the answer is exact for finite changes.
    pub fn route(&self, value: ValueId, flow: Flow, follow: Follow) -> Option<BTreeMap<ValueId, Flow>> {
        let mut waiting = BTreeMap::from([(value, flow)]);
        let mut done: BTreeMap<ValueId, Flow> = BTreeMap::new();
        let mut relied: BTreeSet<ValueId> = BTreeSet::new();
        while let Some((value, flow)) = waiting.pop_first() {
            if self.graph.is_output(value) || done.len() >= REACH {
                return None;
            }
            for &reader in self.graph.uses(value) {
                match self.fate(value, reader, &flow, follow) {
                    Fate::Seen => return None,
                    Fate::Read(_) | Fate::Forgotten => {}
                    Fate::Recovered(_) => {
                        let beside = self.program.node(reader.by).operation.operands();
                        relied.extend(beside.into_iter().filter(|other| *other != value));
                        relied.extend(flow.wire());
                    }
                    Fate::Absorbed(absorbers) => {
                        for absorber in &absorbers {
                            relied.extend(absorber.taker.source.as_ref().map(|source| source.0));
                            for step in &absorber.steps {
                                let (Step::Back(value) | Step::Window(value) | Step::Term(value, _)) = step;
                                relied.extend(self.program.node(*value).operation.operands());
                            }
                        }
                    }
                    Fate::Passes(next) => {
                        if next.source != Source::Anything
                            && let Operation::Einsum { operands, output, .. } = &self.program.node(reader.by).operation
                        {
                            let product = self.product(operands, output, reader.slot, &flow);
                            relied.extend(product.others.iter().map(|&slot| operands[slot].value));
                        }
                        let merged = match waiting.remove(&reader.by) {
                            Some(other) => other.joined(next),
                            None => next,
                        };
                        waiting.insert(reader.by, merged);
                    }
                }
            }
            done.insert(value, flow);
        }
        relied.iter().all(|value| !done.contains_key(value)).then_some(done)
    }
}
