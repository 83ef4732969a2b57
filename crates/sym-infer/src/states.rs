//! Symmetric states: fixed sets of subgroups, with `rank(P_G)` counted by orbits of parameter entries.
//!
//! Per parameter an entry is a tuple of positions; the axes in the space move together, all others multiply. So orbits are counted by
//! formulas in the number of such axes, exactly and at any size.

use crate::symmetries::{Group, State, StateKind};
use sym_ir::ParameterId;

/// How a space's group acts on one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orbit {
    /// Parameter.
    pub parameter: ParameterId,
    /// How many of its axes are in the space.
    pub axes: u32,
    /// How many of those change sign with the unit.
    pub signed: u32,
    /// How many of those have a nonzero degree under the unit's scales.
    pub scaled: u32,
    /// The number of entries for one tuple of positions.
    pub multiplicity: u128,
    /// That number as a formula.
    pub symbol: String,
}

/// The states of a group on `size` units in a model of `entries` trainable parameters.
pub fn states(entries: Option<u128>, group: &Group, size: u128, symbol: &str, orbits: &[Orbit]) -> Vec<State> {
    let Some(total) = entries else { return Vec::new() };
    let mut states = Vec::new();
    let mut push = |kind: StateKind, description: &str, counts: Vec<(u128, String)>| {
        let removed = counts.iter().map(|(count, _)| *count).fold(0, u128::saturating_add);
        if removed == 0 {
            return;
        }
        let terms: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        states.push(State {
            kind,
            description: description.to_string(),
            rank: total.saturating_sub(removed),
            removed,
            formula: format!("D − ({})", terms.join(" + ")),
        });
    };
    let per = |count: &dyn Fn(&Orbit) -> Option<(u128, String)>| -> Vec<(u128, String)> {
        orbits
            .iter()
            .filter_map(|orbit| {
                let (factor, text) = count(orbit)?;
                let all = factor.saturating_mul(orbit.multiplicity);
                let text = match (text.as_str(), orbit.symbol.as_str()) {
                    ("1", symbol) => symbol.to_string(),
                    (text, "1") => text.to_string(),
                    (text, symbol) => format!("{text}·{symbol}"),
                };
                Some((all, text))
            })
            .collect()
    };
    let inner = match group {
        Group::Wreath { inner, .. } => inner,
        other => other,
    };
    match inner {
        Group::GeneralLinear(n) | Group::Orthogonal(n) | Group::OrthogonalFixingOnes(n) if *n > 0 => {
            push(
                StateKind::LowRank,
                "one dimension of the space unused",
                per(&|orbit| odd_under_reflection(orbit.axes, size, symbol)),
            );
        }
        unit => {
            let Some((n, factors, signs)) = unit.units() else { return states };
            if n >= 2 {
                push(
                    StateKind::Identical,
                    "all units identical",
                    per(&|orbit| {
                        let all = size.checked_pow(orbit.axes)?;
                        let orbits = partitions(orbit.axes, size);
                        let text = if orbit.axes == 1 {
                            format!("({symbol} − 1)")
                        } else {
                            format!("({symbol}^{} − {orbits})", orbit.axes)
                        };
                        (orbit.axes > 0).then_some((all - orbits, text))
                    }),
                );
                push(StateKind::PairIdentical, "two units identical", per(&|orbit| pair(orbit.axes, size, symbol)));
            }
            if n >= 2 && signs > 0 {
                push(StateKind::PairOpposite, "one unit the negative of another", per(&|orbit| pair(orbit.axes, size, symbol)));
            }
            if signs > 0 || factors > 0 {
                push(
                    StateKind::DeadUnit,
                    "one unit without weights in and out",
                    per(&|orbit| {
                        let moved = if factors > 0 { orbit.scaled.max(orbit.signed) } else { orbit.signed };
                        let (odd, text) = odd_under_reflection(moved, size, symbol)?;
                        // Along axes of the space that have no sign, as a gate's, every position counts.
                        let text = match (text.as_str(), orbit.axes - moved) {
                            (_, 0) => text,
                            ("1", 1) => symbol.to_string(),
                            ("1", rest) => format!("{symbol}^{rest}"),
                            (text, 1) => format!("{text}·{symbol}"),
                            (text, rest) => format!("{text}·{symbol}^{rest}"),
                        };
                        Some((odd.saturating_mul(size.checked_pow(orbit.axes - moved)?), text))
                    }),
                );
            }
        }
    }
    states
}

/// Tuples that a swap of two units identifies with others: (n^k − (n−2)^k)/2.
fn pair(axes: u32, size: u128, symbol: &str) -> Option<(u128, String)> {
    let moved = size.checked_pow(axes)?.checked_sub((size - 2).checked_pow(axes)?)?;
    let text = match axes {
        0 => return None,
        1 => "1".to_string(),
        2 => format!("(2·{symbol} − 2)"),
        _ => format!("({symbol}^{axes} − ({symbol} − 2)^{axes})/2"),
    };
    Some((moved / 2, text))
}

/// Tuples in which one position occurs an odd number of times: (n^k − (n−2)^k)/2.
fn odd_under_reflection(axes: u32, size: u128, symbol: &str) -> Option<(u128, String)> {
    if axes == 0 || size == 0 {
        return None;
    }
    if axes == 1 {
        return Some((1, "1".to_string()));
    }
    // Signs cancel where the position occurs twice; for n = 1 that is always.
    let even_minus_odd = i128::try_from(size).ok()?.checked_sub(2)?.checked_pow(axes)?;
    let all = i128::try_from(size.checked_pow(axes)?).ok()?;
    let text =
        if axes == 2 { format!("2·({symbol} − 1)") } else { format!("({symbol}^{axes} − ({symbol} − 2)^{axes})/2") };
    Some((((all - even_minus_odd) / 2) as u128, text))
}

/// The number of ways in which k indices of n values can be equal to each other: set partitions of k into at most n blocks.
fn partitions(k: u32, n: u128) -> u128 {
    let mut row = vec![1u128];
    for _ in 0..k {
        let mut next = vec![0u128; row.len() + 1];
        for (blocks, count) in row.iter().enumerate() {
            next[blocks] = next[blocks].saturating_add(count.saturating_mul(blocks as u128));
            next[blocks + 1] = next[blocks + 1].saturating_add(*count);
        }
        row = next;
    }
    row.iter().enumerate().filter(|(blocks, _)| *blocks as u128 <= n).map(|(_, count)| *count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_meet_enumeration_of_tuples() {
        for axes in 1..4u32 {
            for size in 2..5u128 {
                let tuples: Vec<Vec<u128>> =
                    (0..size.pow(axes)).map(|code| (0..axes).map(|axis| code / size.pow(axis) % size).collect()).collect();
                let moved = tuples.iter().filter(|tuple| tuple.iter().any(|&at| at < 2)).count() as u128;
                let (merged, _) = pair(axes, size, "n").expect("small");
                assert_eq!(merged, moved / 2);
                let odd = tuples.iter().filter(|tuple| tuple.iter().filter(|at| **at == 0).count() % 2 == 1).count() as u128;
                assert_eq!(odd_under_reflection(axes, size, "n").expect("small").0, odd);
                let mut patterns: Vec<Vec<usize>> = tuples
                    .iter()
                    .map(|tuple| tuple.iter().map(|at| tuple.iter().position(|other| other == at).expect("itself")).collect())
                    .collect();
                patterns.sort();
                patterns.dedup();
                assert_eq!(partitions(axes, size), patterns.len() as u128);
            }
        }
    }
}
