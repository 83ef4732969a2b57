//! The order in which the factors of an einsum are joined, two at a time.

use crate::program::Label;

/// Elements that a batch is taken to have where costs are estimated.
pub const TYPICAL_BATCH: f64 = 64.0;

/// Which two of the factors at hand are joined next, greedily: the pair whose product exceeds its factors by least. The result takes the first's place, the
/// second is removed. Labels that occur in one factor alone and not in the output are summed before.
pub fn pairs(factors: &[Vec<Label>], output: &[Label], size: &dyn Fn(Label) -> f64) -> Vec<(usize, usize)> {
    let volume = |labels: &[Label]| labels.iter().map(|&label| size(label)).product::<f64>();
    let mut at_hand = alone(factors, output);
    let mut pairs = Vec::new();
    while at_hand.len() > 1 {
        let mut best: Option<(f64, usize, usize)> = None;
        for first in 0..at_hand.len() {
            for second in first + 1..at_hand.len() {
                let joined = joined(&at_hand, first, second, output);
                let growth = volume(&joined) - volume(&at_hand[first]) - volume(&at_hand[second]);
                if best.is_none_or(|(least, ..)| growth < least) {
                    best = Some((growth, first, second));
                }
            }
        }
        let Some((_, first, second)) = best else { break };
        at_hand[first] = joined(&at_hand, first, second, output);
        at_hand.remove(second);
        pairs.push((first, second));
    }
    pairs
}

/// The labels of each factor after diagonals and the sums over labels that it alone has.
pub fn alone(factors: &[Vec<Label>], output: &[Label]) -> Vec<Vec<Label>> {
    let mut at_hand: Vec<Vec<Label>> = factors.iter().map(|labels| distinct(labels)).collect();
    for own in 0..at_hand.len() {
        let kept = needed(&at_hand, &[own], output);
        at_hand[own].retain(|label| kept.contains(label));
    }
    at_hand
}

/// The labels of the product of two factors, summed over what nothing else needs.
pub fn joined(factors: &[Vec<Label>], first: usize, second: usize, output: &[Label]) -> Vec<Label> {
    let kept = needed(factors, &[first, second], output);
    let both: Vec<Label> = factors[first].iter().chain(&factors[second]).copied().collect();
    distinct(&both).into_iter().filter(|label| kept.contains(label)).collect()
}

/// Each label once, in order.
pub fn distinct(labels: &[Label]) -> Vec<Label> {
    let mut seen = Vec::with_capacity(labels.len());
    for &label in labels {
        if !seen.contains(&label) {
            seen.push(label);
        }
    }
    seen
}

/// The labels that the output or a factor other than those at `joined` needs.
pub fn needed(factors: &[Vec<Label>], joined: &[usize], output: &[Label]) -> Vec<Label> {
    let others = factors.iter().enumerate().filter(|(at, _)| !joined.contains(at)).flat_map(|(_, labels)| labels);
    output.iter().chain(others).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::pairs;
    use crate::program::Label;

    #[test]
    fn a_chain_of_matrices_is_joined_where_products_stay_small() {
        // (100 × 2)(2 × 100)(100 × 1): the right pair first gives 2 entries, the left one 10,000.
        let factors = ["ab", "bc", "cd"].map(|text| text.chars().map(|letter| Label(letter as u32)).collect::<Vec<_>>());
        let output = ["a", "d"].map(|text| Label(u32::from(text.as_bytes()[0])));
        let size = |label: Label| match char::from(label.0 as u8) {
            'a' | 'c' => 100.0,
            'b' => 2.0,
            _ => 1.0,
        };
        assert_eq!(pairs(&factors, &output, &size), [(1, 2), (0, 1)]);
    }
}
