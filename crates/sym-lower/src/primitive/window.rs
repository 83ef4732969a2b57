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

impl Windows {
    /// The position that each tap of each window shows, that of the first padded one being 0.
    pub fn positions(&self) -> Vec<i64> {
        let windows = 0..self.count;
        windows.flat_map(|at| (0..self.taps).map(move |tap| (at * self.stride + tap * self.dilation) as i64)).collect()
    }
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
    sizes.splice(axis..=axis, [windows.count, windows.taps]);
    padded.select(axis, &windows.positions()).reshape(&sizes)
}
