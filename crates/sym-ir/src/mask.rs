//! Masks: entries of a parameter that stay at random values and are never trained (W-asymmetric networks, Lim et al. 2024, "The Empirical
//! Impact of Neural Parameter Symmetries, or Lack Thereof").
//!
//! A mask is a rule, not a list: places and values follow from it for any shape, so that a smaller model of the same kind has one too.

use crate::program::{Drawn, Parameter, Program};
use std::collections::BTreeSet;
use sym_streams::Stream;

/// Which entries of a parameter are frozen, and at what. An output row is a position of the first stored axis (and of the tensors, where a
/// parameter is stored as several).
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// How many entries of each row, and which.
    pub rule: MaskRule,
    /// κ: the frozen entries are κ·N(0, 1).
    pub std: f64,
    /// The stream of places and values.
    pub drawn: Drawn,
}

/// How frozen entries are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskRule {
    /// So many of each row, at random without replacement.
    Count {
        /// How many.
        frozen: u128,
        /// The length of the row that this is meant for. In rows of another length, of a smaller model, the same share is frozen.
        of: u128,
    },
    /// As few as different rows allow: the first row none, the next ones one each at position 0, 1, …, then two each in lexicographic order,
    /// and so on.
    Densest,
}

impl MaskRule {
    /// The number of frozen entries in a row of this length; `None` where rows differ.
    fn count(self, length: u128) -> Option<u128> {
        match self {
            MaskRule::Count { frozen, of } if of == length => Some(frozen),
            MaskRule::Count { frozen, of } => {
                let share = (frozen.saturating_mul(length).saturating_add(of / 2)) / of.max(1);
                Some(share.max(u128::from(frozen > 0)).min(length.saturating_sub(1)))
            }
            MaskRule::Densest => None,
        }
    }

    /// The number of different masks that rows of this length can have; at least one entry of each row is trained.
    pub fn most_rows(self, length: u128) -> u128 {
        match self {
            MaskRule::Count { .. } => u128::MAX,
            MaskRule::Densest => {
                1u128.checked_shl(u32::try_from(length).unwrap_or(u32::MAX)).unwrap_or(u128::MAX).saturating_sub(1)
            }
        }
    }

    /// The frozen positions of a row, ascending.
    fn positions(self, row: u128, length: u128, stream: &mut Stream) -> Vec<u128> {
        match self.count(length) {
            // Floyd's sample without replacement: one number an entry, whatever the row's length.
            Some(count) => {
                let mut chosen = BTreeSet::new();
                for last in length - count..length {
                    let drawn = u128::from(stream.below(last as u64 + 1));
                    if !chosen.insert(drawn) {
                        chosen.insert(last);
                    }
                }
                chosen.into_iter().collect()
            }
            None => nth_subset(row % self.most_rows(length).max(1), length),
        }
    }
}

/// The n-th subset of 0..length by size, then in lexicographic order.
fn nth_subset(mut n: u128, length: u128) -> Vec<u128> {
    let mut size = 0;
    while n >= binomial(length, size) {
        n -= binomial(length, size);
        size += 1;
    }
    let mut subset = Vec::new();
    let mut next = 0;
    for left in (0..size).rev() {
        // Of one element each place is one subset.
        if left == 0 {
            subset.push(next + n);
            break;
        }
        while n >= binomial(length - next - 1, left) {
            n -= binomial(length - next - 1, left);
            next += 1;
        }
        subset.push(next);
        next += 1;
    }
    subset
}

/// Binomial coefficients, saturating.
fn binomial(n: u128, k: u128) -> u128 {
    if k > n {
        return 0;
    }
    let mut result: u128 = 1;
    for at in 0..k.min(n - k) {
        let Some(product) = result.checked_mul(n - at) else { return u128::MAX };
        result = product / (at + 1);
    }
    result
}

/// The frozen entries of a masked parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrozenEntries {
    /// Their numbers in the row-major order of [`Parameter::shape`], ascending.
    pub places: Vec<usize>,
    /// Their values.
    pub values: Vec<f64>,
}

impl Parameter {
    /// The axes that output rows run over, and those within a row, each in the stored order.
    pub fn row_axes(&self) -> (Vec<usize>, Vec<usize>) {
        let mut rows = self.storage.name.axes().to_vec();
        let mut layout = self.storage.layout.iter();
        rows.extend(layout.next().into_iter().flat_map(|first| first.axes.iter().copied()));
        (rows, layout.flat_map(|axis| axis.axes.iter().copied()).collect())
    }

    /// The number of output rows and the entries of each; saturating.
    pub fn rows(&self) -> (u128, u128) {
        let (rows, within) = self.row_axes();
        let product = |axes: &[usize]| axes.iter().map(|&axis| self.shape[axis].size).fold(1, u128::saturating_mul);
        (product(&rows), product(&within))
    }

    /// The number of entries that its mask freezes, 0 without one; saturating.
    pub fn masked_entries(&self) -> u128 {
        let Some(mask) = &self.role.mask else { return 0 };
        let (rows, length) = self.rows();
        if let Some(count) = mask.rule.count(length) {
            return rows.saturating_mul(count);
        }
        let (mut left, mut total) = (rows.min(mask.rule.most_rows(length)), 0u128);
        for size in 0..=length {
            let here = left.min(binomial(length, size));
            total = total.saturating_add(here.saturating_mul(size));
            left -= here;
            if left == 0 {
                break;
            }
        }
        total
    }

    /// The number of entries that are trained; `None` beyond `u128`.
    pub fn trained_entries(&self) -> Option<u128> {
        if self.trainable { Some(self.entries()?.saturating_sub(self.masked_entries())) } else { Some(0) }
    }

    /// The numbers of the entries that are trained, in row-major order. The shape must fit into memory.
    pub fn trained_places(&self) -> Vec<usize> {
        if !self.trainable {
            return Vec::new();
        }
        let frozen = self.frozen_entries().places;
        let all = 0..self.entries().unwrap_or(0) as usize;
        if frozen.is_empty() { all.collect() } else { all.filter(|place| frozen.binary_search(place).is_err()).collect() }
    }

    /// What its mask freezes; nothing without one. The shape must fit into memory.
    pub fn frozen_entries(&self) -> FrozenEntries {
        let Some(mask) = &self.role.mask else { return FrozenEntries::default() };
        let mut stride = 1;
        let mut strides = vec![0u128; self.shape.len()];
        for (axis, own) in strides.iter_mut().enumerate().rev() {
            *own = stride;
            stride = stride.saturating_mul(self.shape[axis].size);
        }
        let offset = |axes: &[usize], mut at: u128| -> u128 {
            axes.iter()
                .rev()
                .map(|&axis| {
                    let position = at % self.shape[axis].size;
                    at /= self.shape[axis].size;
                    position * strides[axis]
                })
                .sum()
        };
        let (row_axes, within) = self.row_axes();
        let (rows, length) = self.rows();
        let stream = |what: &str| Stream::new(mask.drawn.seed, &format!("{} {what}", mask.drawn.purpose), &self.path);
        let (mut places, mut values) = (stream("places"), stream("values"));
        let mut frozen: Vec<(usize, f64)> = Vec::new();
        for row in 0..rows {
            let start = offset(&row_axes, row);
            for position in mask.rule.positions(row, length, &mut places) {
                frozen.push(((start + offset(&within, position)) as usize, mask.std * values.normal()));
            }
        }
        frozen.sort_unstable_by_key(|(place, _)| *place);
        let (places, values) = frozen.into_iter().unzip();
        FrozenEntries { places, values }
    }
}

impl Program {
    /// Whether a parameter has a mask.
    pub fn has_masks(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.role.mask.is_some())
    }

    /// The number of entries that masks freeze; saturating.
    pub fn masked_entries(&self) -> u128 {
        self.parameters
            .iter()
            .filter(|parameter| parameter.trainable)
            .map(Parameter::masked_entries)
            .fold(0, u128::saturating_add)
    }

    /// The program with all entries of masked parameters trained.
    #[must_use]
    pub fn without_masks(&self) -> Self {
        let mut program = self.clone();
        program.parameters.iter_mut().for_each(|parameter| parameter.role.mask = None);
        program
    }

    /// The program with masked parameters frozen as wholes.
    #[must_use]
    pub fn with_masked_frozen(&self) -> Self {
        let mut program = self.clone();
        for parameter in &mut program.parameters {
            parameter.trainable &= parameter.role.mask.is_none();
            parameter.role.mask = None;
        }
        program
    }
}

#[cfg(test)]
mod tests {
    use super::{Mask, MaskRule};
    use crate::program::{Axis, Drawn, Initial, Parameter, Role};
    use crate::storage::{Storage, StoredAxis, StoredName};
    use sym_diagnostics::{FileId, Span};

    fn masked(sizes: &[u128], layout: Vec<StoredAxis>, rule: MaskRule) -> Parameter {
        let drawn = Drawn { seed: 7, purpose: "w_asymmetric of M".into() };
        Parameter {
            path: "fc.weight".into(),
            storage: Storage { name: StoredName::plain("fc.weight"), layout },
            shape: sizes.iter().map(|&size| Axis::of(size)).collect(),
            trainable: true,
            initial: Initial::Constant(0.0),
            role: Role { mask: Some(Mask { rule, std: 1.0, drawn }), ..Role::default() },
            span: Span::new(FileId(0), 0, 0),
        }
    }

    fn plain(sizes: &[u128], rule: MaskRule) -> Parameter {
        masked(sizes, (0..sizes.len()).map(StoredAxis::single).collect(), rule)
    }

    /// A row a word, 1 where it is trained.
    fn rows(parameter: &Parameter) -> Vec<String> {
        let length = parameter.shape[1].size as usize;
        let frozen = parameter.frozen_entries().places;
        let letter = |at: usize| if frozen.contains(&at) { '0' } else { '1' };
        (0..parameter.shape[0].size as usize)
            .map(|row| (0..length).map(|column| letter(row * length + column)).collect())
            .collect()
    }

    #[test]
    fn the_densest_rows_freeze_as_few_entries_as_different_rows_allow() {
        let parameter = plain(&[8, 4], MaskRule::Densest);
        assert_eq!(rows(&parameter), ["1111", "0111", "1011", "1101", "1110", "0011", "0101", "0110"]);
        assert_eq!(parameter.masked_entries(), 10);
        let all = plain(&[15, 4], MaskRule::Densest);
        assert_eq!((rows(&all)[14].as_str(), all.masked_entries()), ("1000", 28));
    }

    #[test]
    fn exactly_so_many_entries_of_each_row_are_frozen() {
        for (sizes, count) in [([5u128, 9u128], 4u128), ([3, 2], 1), ([1, 1000], 999)] {
            let parameter = plain(&sizes, MaskRule::Count { frozen: count, of: sizes[1] });
            for row in rows(&parameter) {
                assert_eq!(row.matches('0').count() as u128, count);
            }
            assert_eq!(parameter.masked_entries(), sizes[0] * count);
            assert_eq!(parameter.trained_entries(), Some(sizes[0] * (sizes[1] - count)));
        }
    }

    #[test]
    fn rows_are_those_of_the_stored_tensor() {
        // Two heads of three dimensions over five inputs, stored as a matrix of 6 rows and 5 columns, axes (head, input, dimension).
        let layout = vec![StoredAxis::merged(vec![0, 2]), StoredAxis::single(1)];
        let parameter = masked(&[2, 5, 3], layout, MaskRule::Count { frozen: 2, of: 5 });
        let mut counts = [0; 6];
        for place in parameter.frozen_entries().places {
            counts[place / 15 * 3 + place % 3] += 1;
        }
        assert_eq!(counts, [2; 6]);
    }

    #[test]
    fn a_smaller_model_freezes_the_same_share_and_never_a_whole_row() {
        let rule = MaskRule::Count { frozen: 64, of: 512 };
        let count = |length: u128| plain(&[3, length], rule).masked_entries() / 3;
        assert_eq!([512, 64, 8, 3, 2, 1].map(count), [64, 8, 1, 1, 1, 0]);
    }

    #[test]
    fn masks_have_the_same_bits_everywhere() {
        let parameter = plain(&[4, 6], MaskRule::Count { frozen: 2, of: 6 });
        let frozen = parameter.frozen_entries();
        let bits: Vec<u64> = frozen.values.iter().take(3).map(|value| value.to_bits()).collect();
        assert_eq!(frozen.places, [2, 4, 6, 10, 12, 15, 22, 23]);
        assert_eq!(bits, [13_822_725_543_337_125_407, 13_828_883_355_774_659_252, 13_831_603_746_873_352_811]);
    }
}
