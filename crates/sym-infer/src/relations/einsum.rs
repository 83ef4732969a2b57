//! The relations of sums of products.
//!
//! They depend on which operand bears which label, and on which components the values have: on the *form*. A model of many layers has few
//! forms, so the relations are worked out once for each and then written with the unknowns of each sum.

use super::{Coefficients, Part, Relations, Subset, members};
use crate::relations::unknowns::Layout;
use sym_ir::{Label, Operand, ValueId};

/// What the relations of a sum depend on: the labels and components of its operands, and then of its result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    labels: Vec<Label>,
    layouts: Vec<Layout>,
}

/// Sums of components that vanish: each component by its bearer, an operand or behind them the result, and its place among the bearer's.
pub(super) type Pattern = Vec<Vec<(usize, u32)>>;

/// A set of labels of one einsum.
type LabelSet = u128;

impl<F: Coefficients> Relations<F> {
    pub(super) fn einsum(&mut self, result: ValueId, operands: &[Operand], output: &[Label], coefficient: f64) {
        self.products(result, operands, output);
        // Shifts pass relabelling and constant factors.
        if let [operand] = operands
            && operand.labels.iter().all(|label| output.contains(label))
            && let Some(factor) = F::from_number(coefficient)
        {
            let axis_of = |label: Label| operand.labels.iter().position(|own| *own == label);
            for component in self.components_of(result, Part::Shift) {
                let axes = members(component.axes).try_fold(0, |axes, axis| Some(axes | 1 << axis_of(output[axis])?));
                match axes {
                    Some(axes) => self.relate(&[
                        (result, component.axes, Part::Shift, F::minus()),
                        (operand.value, axes, Part::Shift, factor.clone()),
                    ]),
                    None => self.zero(component),
                }
            }
            if self.number(result, 0, Part::Shift).is_none() {
                self.vanish_part(operand.value, Part::Shift);
            }
        } else {
            operands.iter().for_each(|operand| self.vanish_part(operand.value, Part::Shift));
            self.vanish_part(result, Part::Shift);
        }
    }

    /// Scales multiply, and the sum must scale as a whole: a component that depends on a summed index vanishes.
    fn products(&mut self, result: ValueId, operands: &[Operand], output: &[Label]) {
        let bearers = || operands.iter().map(|operand| (operand.value, operand.labels.as_slice())).chain([(result, output)]);
        let form = Form {
            labels: bearers().flat_map(|(_, labels)| labels).copied().collect(),
            layouts: bearers().map(|(value, _)| self.unknowns.layout(value)).collect(),
        };
        let pattern = if let Some(known) = self.forms.get(&form) {
            known.clone()
        } else {
            let pattern = self.pattern(&bearers().collect::<Vec<_>>()).into();
            self.forms.entry(form).or_insert(pattern).clone()
        };
        let first: Vec<u32> = bearers().map(|(value, _)| self.unknowns.numbers(value).start).collect();
        let mut row = Vec::new();
        for components in pattern.iter() {
            row.clear();
            row.extend(
                components.iter().map(|&(bearer, place)| {
                    (first[bearer] + place, if bearer == operands.len() { F::minus() } else { F::unit() })
                }),
            );
            self.system.equation(&row);
        }
    }

    fn pattern(&self, bearers: &[(ValueId, &[Label])]) -> Pattern {
        let mut labels: Vec<Label> = bearers.iter().flat_map(|(_, labels)| *labels).copied().collect();
        labels.sort_unstable();
        labels.dedup();
        let components = |bearer: usize| (0u32..).zip(self.unknowns.of_value(bearers[bearer].0));
        let scales = |bearer: usize| components(bearer).filter(|(_, component)| component.part == Part::Scale);
        if labels.len() > LabelSet::BITS as usize {
            // More labels than a set holds: each component vanishes, which is a stronger condition.
            let all = (0..bearers.len()).flat_map(|bearer| scales(bearer).map(move |(place, _)| vec![(bearer, place)]));
            return all.collect();
        }
        let set = |bearer: usize, axes: Subset| -> LabelSet {
            let bit = |axis: usize| labels.binary_search(&bearers[bearer].1[axis]).expect("all labels are collected");
            members(axes).fold(0, |set, axis| set | 1 << bit(axis))
        };
        let mut by_set: Vec<(LabelSet, usize, u32)> = (0..bearers.len())
            .flat_map(|bearer| scales(bearer).map(move |(place, component)| (bearer, place, component.axes)))
            .map(|(bearer, place, axes)| (set(bearer, axes), bearer, place))
            .collect();
        by_set.sort_unstable();
        by_set.chunk_by(|a, b| a.0 == b.0).map(|row| row.iter().map(|&(_, bearer, place)| (bearer, place)).collect()).collect()
    }
}
