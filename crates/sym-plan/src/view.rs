//! Strided views of buffers.

/// Names a buffer of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Buffer(pub usize);

/// Entries of a buffer by indices: entry (i₀, i₁, …) is at `offset + ∑ iₖ·strides[k]`. A stride of 0 repeats, a negative one runs backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub buffer: Buffer,
    pub offset: usize,
    pub dims: Vec<usize>,
    pub strides: Vec<isize>,
}

/// The strides of a row-major array.
pub(crate) fn row_major(dims: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis] as isize;
    }
    strides
}

impl View {
    /// A whole buffer as a row-major array.
    pub fn whole(buffer: Buffer, dims: &[usize]) -> Self {
        Self { buffer, offset: 0, dims: dims.to_vec(), strides: row_major(dims) }
    }

    /// Whether the entries lie one behind the other, from the start of the buffer.
    pub fn is_whole(&self) -> bool {
        self.offset == 0 && self.is_contiguous()
    }

    /// Whether the entries lie one behind the other.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&size, &stride) in self.dims.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return false;
            }
            expected *= size as isize;
        }
        true
    }

    /// The view whose axis k runs along axis `axes[k]` of this one, or repeats it (with the size in `dims`) where that is `None`.
    pub fn arranged(&self, axes: &[Option<usize>], dims: &[usize]) -> Self {
        let strides = axes.iter().map(|axis| axis.map_or(0, |axis| self.strides[axis])).collect();
        Self { buffer: self.buffer, offset: self.offset, dims: dims.to_vec(), strides }
    }

    /// The same entries in the same order with other axes; `None` where that is no strided view.
    pub fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        if self.dims.contains(&0) || dims.contains(&0) {
            return Some(Self { strides: row_major(dims), dims: dims.to_vec(), ..self.clone() });
        }
        let mut strides = vec![0; dims.len()];
        let (mut old, mut new) = (0, 0);
        while old < self.dims.len() || new < dims.len() {
            // The least group of axes on both sides with as many entries.
            let (first_old, first_new) = (old, new);
            let (mut here, mut there) = (1, 1);
            loop {
                if here == there && (old > first_old || new > first_new) {
                    break;
                }
                if here <= there && old < self.dims.len() {
                    here *= self.dims[old];
                    old += 1;
                } else if new < dims.len() {
                    there *= dims[new];
                    new += 1;
                } else {
                    break;
                }
            }
            let group: Vec<(usize, isize)> =
                (first_old..old).map(|axis| (self.dims[axis], self.strides[axis])).filter(|(size, _)| *size != 1).collect();
            if group.windows(2).any(|pair| pair[0].1 != pair[1].1 * pair[1].0 as isize) {
                return None;
            }
            let mut stride = group.last().map_or(0, |(_, stride)| *stride);
            for axis in (first_new..new).rev() {
                strides[axis] = stride;
                stride *= dims[axis] as isize;
            }
        }
        Some(Self { buffer: self.buffer, offset: self.offset, dims: dims.to_vec(), strides })
    }

    /// `count` entries along an axis from `start` on.
    pub fn sliced(&self, axis: usize, start: usize, count: usize) -> Self {
        let mut view = self.clone();
        view.offset = (self.offset as isize + start as isize * self.strides[axis]) as usize;
        view.dims[axis] = count;
        view
    }
}

/// Drops axes of size 1 and merges neighbouring axes along which all lists of strides run on; gives (sizes, strides by list).
pub(crate) fn collapsed(dims: &[usize], strides: &[&[isize]]) -> (Vec<usize>, Vec<Vec<isize>>) {
    let mut sizes: Vec<usize> = Vec::new();
    let mut merged: Vec<Vec<isize>> = vec![Vec::new(); strides.len()];
    for (axis, &size) in dims.iter().enumerate() {
        if size == 1 {
            continue;
        }
        let joins = !sizes.is_empty()
            && strides.iter().zip(&merged).all(|(own, before)| before[before.len() - 1] == own[axis] * size as isize);
        if joins {
            let last = sizes.len() - 1;
            sizes[last] *= size;
            for (own, before) in strides.iter().zip(&mut merged) {
                before[last] = own[axis];
            }
        } else {
            sizes.push(size);
            for (own, before) in strides.iter().zip(&mut merged) {
                before.push(own[axis]);
            }
        }
    }
    (sizes, merged)
}

/// Walks over all indices in row-major order and keeps one offset for each list of strides.
#[derive(Debug, Clone)]
pub(crate) struct Odometer {
    sizes: Vec<usize>,
    strides: Vec<Vec<isize>>,
    at: Vec<usize>,
    /// The offset by list of strides.
    pub offsets: Vec<isize>,
    start: Vec<isize>,
}

impl Odometer {
    /// At the first index.
    pub fn new(sizes: Vec<usize>, strides: Vec<Vec<isize>>, offsets: Vec<isize>) -> Self {
        Self { at: vec![0; sizes.len()], sizes, strides, start: offsets.clone(), offsets }
    }

    /// Begins at these offsets.
    pub fn start(&mut self, offsets: [isize; 3]) {
        self.start.copy_from_slice(&offsets);
    }

    /// Gives an axis another size.
    pub fn shorten(&mut self, axis: usize, size: usize) {
        self.sizes[axis] = size;
    }

    /// Back to the first index.
    pub fn reset(&mut self) {
        self.at.fill(0);
        self.offsets.copy_from_slice(&self.start);
    }

    /// To the next index; false behind the last, where it starts again.
    pub fn advance(&mut self) -> bool {
        for axis in (0..self.sizes.len()).rev() {
            self.at[axis] += 1;
            if self.at[axis] < self.sizes[axis] {
                for (offset, strides) in self.offsets.iter_mut().zip(&self.strides) {
                    *offset += strides[axis];
                }
                return true;
            }
            let back = self.sizes[axis] as isize - 1;
            for (offset, strides) in self.offsets.iter_mut().zip(&self.strides) {
                *offset -= strides[axis] * back;
            }
            self.at[axis] = 0;
        }
        false
    }

    /// Whether the present index along an axis is its last one.
    pub fn is_last(&self, axis: usize) -> bool {
        self.at[axis] + 1 == self.sizes[axis]
    }

    /// The present index along an axis.
    pub fn index(&self, axis: usize) -> usize {
        self.at[axis]
    }
}
