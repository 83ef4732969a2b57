//! Fewer points for long lines, without losing a peak.

/// The most points of a line that are painted.
const LIMIT: usize = 1_600;

/// The points of a line that can be shown: finite, positive on logarithmic axes, and of long lines the lowest and the highest of each of
/// equally many successive points, with both ends.
pub(super) fn visible(points: &[(f64, f64)], log_x: bool, log_y: bool) -> Vec<(f64, f64)> {
    let shown = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (!log_x || x > 0.0) && (!log_y || y > 0.0);
    let points: Vec<(f64, f64)> = points.iter().copied().filter(shown).collect();
    if points.len() <= LIMIT {
        return points;
    }
    let bucket = points.len().div_ceil(LIMIT / 2);
    let mut kept = vec![points[0]];
    for chunk in points[1..points.len() - 1].chunks(bucket) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (Some(low), Some(high)) = (chunk.iter().min_by(by_height), chunk.iter().max_by(by_height)) else { continue };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        kept.push(*first);
        if first != second {
            kept.push(*second);
        }
    }
    kept.push(points[points.len() - 1]);
    kept
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, visible};

    #[test]
    fn a_long_line_keeps_its_ends_and_its_peak() {
        let points: Vec<(f64, f64)> = (0..100_000).map(|at| (f64::from(at), if at == 54_321 { 9.0 } else { 1.0 })).collect();
        let kept = visible(&points, false, false);
        assert!(kept.len() <= LIMIT + 2, "{}", kept.len());
        assert_eq!((kept[0], kept[kept.len() - 1]), ((0.0, 1.0), (99_999.0, 1.0)));
        assert!(kept.contains(&(54_321.0, 9.0)));
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn what_an_axis_cannot_show_is_left_out() {
        let points = [(0.0, 1.0), (1.0, 0.0), (2.0, f64::NAN), (3.0, 4.0)];
        assert_eq!(visible(&points, true, true), [(3.0, 4.0)]);
        assert_eq!(visible(&points, false, false), [(0.0, 1.0), (1.0, 0.0), (3.0, 4.0)]);
    }
}
