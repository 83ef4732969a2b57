//! What the indices of a contraction are to it.

/// An index with its stride in each of left, right and result; 0 where it does not occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index {
    pub size: usize,
    pub left: isize,
    pub right: isize,
    pub result: isize,
    pub kind: Kind,
}

/// What an index is to the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Batch,
    Row,
    Column,
    Summed,
}

/// The stride of an index in one of the arrays.
pub(super) type StrideOf = fn(&Index) -> isize;

pub(super) fn in_left(index: &Index) -> isize {
    index.left
}

pub(super) fn in_right(index: &Index) -> isize {
    index.right
}

pub(super) fn in_result(index: &Index) -> isize {
    index.result
}

/// Whether indices, from outermost to innermost, lie as one axis in the arrays that count.
pub(super) fn merged(indices: &[Index], strides: &[StrideOf]) -> bool {
    indices.windows(2).all(|pair| strides.iter().all(|stride| stride(&pair[0]) == stride(&pair[1]) * pair[1].size as isize))
}

/// From the largest stride to the smallest.
pub(super) fn by_stride(mut indices: Vec<Index>, stride: StrideOf) -> Vec<Index> {
    indices.sort_by_key(|index| std::cmp::Reverse(stride(index).unsigned_abs()));
    indices
}

/// The number of entries over indices.
pub(super) fn volume(indices: &[Index]) -> usize {
    indices.iter().map(|index| index.size).product()
}

/// The stride of the innermost index.
pub(super) fn inner(indices: &[Index], stride: StrideOf) -> isize {
    indices.last().map_or(0, stride)
}
