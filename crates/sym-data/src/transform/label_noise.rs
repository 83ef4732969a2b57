//! Wrong targets, as a test of what a network makes of them.

use sym_streams::Stream;

/// Replaces each class with this probability by one of the other classes, each equally likely; gives how many were replaced.
///
/// The stream is read twice an example whatever comes out, so that a larger probability replaces the same examples and more.
pub fn flip_classes(classes: &mut [usize], count: usize, probability: f64, stream: &mut Stream) -> usize {
    let mut flipped = 0;
    for class in classes {
        let is_flipped = stream.unit() < probability;
        let other = stream.below((count as u64).saturating_sub(1).max(1)) as usize;
        if is_flipped && count > 1 {
            *class = if other < *class { other } else { other + 1 };
            flipped += 1;
        }
    }
    flipped
}

/// Adds independent normal numbers of this standard deviation.
pub fn perturb(values: &mut [f64], std: f64, stream: &mut Stream) {
    for value in values {
        *value += std * stream.normal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_the_probability_and_other_classes_are_equally_likely() {
        let mut classes = vec![2; 30_000];
        let flipped = flip_classes(&mut classes, 4, 0.3, &mut Stream::new(5, "label noise", ""));
        let counts: Vec<f64> = (0..4).map(|class| classes.iter().filter(|&&found| found == class).count() as f64).collect();
        assert_eq!(counts[2], 30_000.0 - flipped as f64);
        // Five standard deviations of a binomial count with probability 0.1.
        assert!([0, 1, 3].iter().all(|&class| (counts[class] - 3000.0).abs() < 260.0), "{counts:?}");
    }

    #[test]
    fn more_noise_changes_the_same_examples_and_more() {
        let flip = |probability| {
            let mut classes: Vec<usize> = (0..1000).map(|at| at % 3).collect();
            flip_classes(&mut classes, 3, probability, &mut Stream::new(6, "label noise", ""));
            classes
        };
        let (none, some, more) = (flip(0.0), flip(0.2), flip(0.6));
        assert!(none.iter().enumerate().all(|(at, &class)| class == at % 3));
        assert!((0..1000).all(|at| some[at] == none[at] || some[at] == more[at]));
        let mut single = vec![0; 5];
        assert_eq!(flip_classes(&mut single, 1, 0.9, &mut Stream::new(6, "label noise", "")), 0);
    }

    #[test]
    fn numbers_move_by_the_standard_deviation() {
        let mut values = vec![1.0; 20_000];
        perturb(&mut values, 0.5, &mut Stream::new(7, "label noise", ""));
        let variance = values.iter().map(|value| (value - 1.0) * (value - 1.0)).sum::<f64>() / 20_000.0;
        // Five standard errors: σ²√(2/n).
        assert!((variance - 0.25).abs() < 0.0125, "{variance}");
    }
}
