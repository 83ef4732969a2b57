//! How two quantities go together.

/// Spearman's rank correlation (1904): Pearson's correlation of ranks, equal values by their mean rank. `None` for fewer than two points or where
/// one of the two does not vary.
pub fn spearman(points: &[(f64, f64)]) -> Option<f64> {
    let ranks_of = |values: Vec<f64>| ranks(&values);
    let (x, y) = (ranks_of(points.iter().map(|point| point.0).collect()), ranks_of(points.iter().map(|point| point.1).collect()));
    let (x, y) = (centred(&x)?, centred(&y)?);
    let (xx, yy) = (dot(&x, &x), dot(&y, &y));
    (xx > 0.0 && yy > 0.0).then(|| dot(&x, &y) / (xx * yy).sqrt())
}

/// The slope of the least-squares line of log y against log x over the points where both are above 0. `None` where x does not vary over them.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let positive: Vec<(f64, f64)> =
        points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|&(x, y)| (libm::log(x), libm::log(y))).collect();
    let x = centred(&positive.iter().map(|point| point.0).collect::<Vec<_>>())?;
    let y = centred(&positive.iter().map(|point| point.1).collect::<Vec<_>>())?;
    let xx = dot(&x, &x);
    (xx > 0.0).then(|| dot(&x, &y) / xx)
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let behind = first + order[first..].iter().take_while(|&&at| values[at] == values[order[first]]).count();
        let mean = (first + 1 + behind) as f64 / 2.0;
        order[first..behind].iter().for_each(|&at| ranks[at] = mean);
        first = behind;
    }
    ranks
}

fn centred(values: &[f64]) -> Option<Vec<f64>> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.len() > 1).then(|| values.iter().map(|value| value - mean).collect())
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::{ranks, slope, spearman};

    #[test]
    fn what_always_rises_correlates_fully() {
        let rising: Vec<(f64, f64)> = (1..9).map(|at| (f64::from(at), f64::from(at).exp())).collect();
        assert!((spearman(&rising).expect("varies") - 1.0).abs() < 1e-15);
        let falling: Vec<(f64, f64)> = rising.iter().map(|&(x, y)| (x, -y)).collect();
        assert!((spearman(&falling).expect("varies") + 1.0).abs() < 1e-15);
    }

    #[test]
    fn without_ties_it_is_the_sum_of_squared_rank_differences() {
        // 1 − 6 ∑ d² / (n (n² − 1)) with d = 1, −1, 1, −1, 0.
        let points = [(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0), (5.0, 5.0)];
        assert!((spearman(&points).expect("varies") - (1.0 - 6.0 * 4.0 / (5.0 * 24.0))).abs() < 1e-15);
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn a_power_law_has_its_exponent_as_slope() {
        let points: Vec<(f64, f64)> = (1..6).map(|at| (f64::from(at), 7.0 * f64::from(at).powf(-1.5))).collect();
        assert!((slope(&points).expect("varies") + 1.5).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_has_neither() {
        assert_eq!(spearman(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(slope(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(spearman(&[(1.0, 2.0)]), None);
    }
}
