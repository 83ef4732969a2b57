//! What of a program's structure an assignment of small sizes gives up.

use super::search::Assignment;
use super::sizes::{Kind, Size, Sizes};
use std::cmp::Ordering;
use std::fmt;

/// A rule that miniatures keep where one that is small enough does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Images have all their directions.
    Images,
    /// Of two numbers of units the same one is larger.
    Order,
    /// Each axis of a kernel keeps its side of the product of the others.
    Blocks,
    /// Each number of units keeps its side of the sum of two others.
    Sums,
    /// A table with fewer words than quadratic forms on normalised units have coefficients still has fewer.
    Words,
}

/// A rule that a miniature does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The rule.
    pub rule: Rule,
    /// Sizes that break it, before and after: `12 < 16 became 4 = 4`.
    pub example: String,
}

impl Rule {
    /// Its name in documents.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Images => "images",
            Rule::Order => "order",
            Rule::Blocks => "blocks",
            Rule::Sums => "sums",
            Rule::Words => "words",
        }
    }
}

/// What does not hold without the rule.
impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Rule::Images => "images are lines of pixels",
            Rule::Order => "numbers of units are not all in order",
            Rule::Blocks => "an axis of a kernel is on another side of the product of the others",
            Rule::Sums => "a number of units is on another side of a sum of two",
            Rule::Words => "a table has no fewer words than a quadratic form on normalised units has coefficients",
        })
    }
}

/// The rules that an assignment breaks, each with the first sizes that do.
pub fn departures(sizes: &Sizes, assignment: &Assignment) -> Vec<Departure> {
    let value = |size: &Size| assignment.get(size).copied().unwrap_or(size.value);
    let units: Vec<Size> = sizes.unknowns.iter().copied().filter(|size| size.kind == Kind::Weights).collect();
    let images = || {
        let flat = sizes.flattened.iter().filter(|size| size.value > 1 && value(size) == 1).max_by_key(|size| size.value)?;
        Some(format!("{} became 1", flat.value))
    };
    let order = || pairs(&units).find_map(|(one, other)| changed(&[one], &[], other, &value));
    let blocks = || sizes.blocks.iter().find_map(|(axis, others)| changed(&others.iter().collect::<Vec<_>>(), &[], axis, &value));
    let sums = || {
        pairs(&units)
            .chain(units.iter().map(|size| (size, size)))
            .find_map(|(one, other)| units.iter().find_map(|third| changed(&[one], &[other], third, &value)))
    };
    let words = || {
        sizes.tables.iter().find_map(|(row, words)| {
            let (before, after) = (sizes.forms(*row, |size| Some(size.value)), sizes.forms(*row, |size| Some(value(&size))));
            let mut both = before.zip(after);
            let ((_, before), (_, after)) =
                both.find(|((_, before), (_, after))| words.value < *before && value(words) >= *after)?;
            Some(format!("{} words for {before} became {} for {after}", words.value, value(words)))
        })
    };
    let found = [
        (Rule::Images, images()),
        (Rule::Order, order()),
        (Rule::Blocks, blocks()),
        (Rule::Sums, sums()),
        (Rule::Words, words()),
    ];
    found.into_iter().filter_map(|(rule, example)| Some(Departure { rule, example: example? })).collect()
}

fn pairs(units: &[Size]) -> impl Iterator<Item = (&Size, &Size)> {
    units.iter().enumerate().flat_map(|(at, one)| units[at + 1..].iter().map(move |other| (one, other)))
}

/// The comparison of ∏ factors + ∏ more with another size, before and after, where the two differ.
fn changed(factors: &[&Size], more: &[&Size], other: &Size, value: &dyn Fn(&Size) -> u128) -> Option<String> {
    let product = |sizes: &[&Size], of: &dyn Fn(&Size) -> u128| sizes.iter().map(|size| of(size)).fold(1, u128::saturating_mul);
    let side = |of: &dyn Fn(&Size) -> u128| {
        let summand = if more.is_empty() { 0 } else { product(more, of) };
        let ordering = product(factors, of).saturating_add(summand).cmp(&of(other));
        let numbers = |sizes: &[&Size]| sizes.iter().map(|size| of(size).to_string()).collect::<Vec<_>>().join(" · ");
        let sum = if more.is_empty() { String::new() } else { format!(" + {}", numbers(more)) };
        let sign = match ordering {
            Ordering::Less => "<",
            Ordering::Equal => "=",
            Ordering::Greater => ">",
        };
        (ordering, format!("{}{sum} {sign} {}", numbers(factors), of(other)))
    };
    let (before, after) = (side(&|size| size.value), side(value));
    (before.0 != after.0).then(|| format!("{} became {}", before.1, after.1))
}
