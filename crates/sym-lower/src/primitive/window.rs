//! Sliding windows.

use crate::Array;

/// Where windows stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// Number of windows.
    pub count: usize,
    /// Positions of each.
    pub taps: usize,
    /// Steps between windows.
    pub stride: usize,
    /// Steps between taps.
    pub dilation: usize,
    /// Positions added on both sides.
    pub padding: usize,
    /// What they hold.
    pub rest: f64,
}

/// The windows over an array axis, with positions and taps in its place.
pub(crate) fn window(array: Array, axis: usize, windows: &Windows) -> Array {
    let mut sizes = array.dims();
    // One tap at each position is the array itself.
    if windows.taps == 1 && windows.padding == 0 && windows.count == sizes[axis] {
        sizes.insert(axis + 1, 1);
        return array.reshape(&sizes);
    }
    let padded = if windows.padding == 0 {
        array
    } else {
        sizes[axis] = windows.padding;
        let rest = Array::full(windows.rest, &sizes, &array.device(), array.dtype());
        Array::concat(vec![rest.clone(), array, rest], axis)
    };
    let positions: Vec<i64> = (0..windows.count)
        .flat_map(|at| (0..windows.taps).map(move |tap| (at * windows.stride + tap * windows.dilation) as i64))
        .collect();
    sizes.splice(axis..=axis, [windows.count, windows.taps]);
    padded.select(axis, &positions).reshape(&sizes)
}
