//! The largest entries of an axis.

use crate::Array;

/// Which entries are among the `count` largest along an array axis. Those equal to the last of them are too.
pub(crate) fn kept(array: &Array, axis: usize, count: usize) -> Vec<bool> {
    let sizes = array.dims();
    let (length, inner) = (sizes[axis], sizes[axis + 1..].iter().product::<usize>());
    let values = array.values();
    let mut kept = vec![false; values.len()];
    for outer in 0..values.len() / (length * inner).max(1) {
        for lane in 0..inner {
            let place = |at: usize| (outer * length + at) * inner + lane;
            let mut order: Vec<f64> = (0..length).map(|at| values[place(at)]).collect();
            order.sort_by(|a, b| b.total_cmp(a));
            let Some(least) = order.get(count.min(length).saturating_sub(1)) else { continue };
            // What equals the last kept entry is kept too, so that no position is preferred.
            (0..length).filter(|&at| values[place(at)] >= *least).for_each(|at| kept[place(at)] = true);
        }
    }
    kept
}

/// The `count` largest entries along an array axis, all others `rest`: 0 or −∞. Entries equal to the last of them are kept too.
pub(crate) fn top_k(array: Array, axis: usize, count: usize, rest: f64) -> Array {
    let (inside, outside) = if rest == 0.0 { (1.0, 0.0) } else { (0.0, rest) };
    let choice: Vec<f64> = kept(&array, axis, count).into_iter().map(|kept| if kept { inside } else { outside }).collect();
    let choice = Array::from_values(&choice, &array.dims(), &array.device(), array.dtype());
    if rest == 0.0 { array * choice } else { array + choice }
}
