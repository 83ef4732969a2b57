//! Tensors whose rank is known at run time only.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// The largest number of axes of an array, the batch included.
pub const MAX_RANK: usize = 8;

/// A burn tensor of any rank from 1 to [`MAX_RANK`].
#[derive(Debug, Clone)]
pub enum Array {
    /// One axis; also holds rank-0 values, with length 1.
    R1(Tensor<1>),
    /// Two axes.
    R2(Tensor<2>),
    /// Three axes.
    R3(Tensor<3>),
    /// Four axes.
    R4(Tensor<4>),
    /// Five axes.
    R5(Tensor<5>),
    /// Six axes.
    R6(Tensor<6>),
    /// Seven axes.
    R7(Tensor<7>),
    /// Eight axes.
    R8(Tensor<8>),
}

/// Evaluates an expression with the tensor of an array bound to a name.
macro_rules! with_tensor {
    ($array:expr, $tensor:ident => $body:expr) => {
        match $array {
            $crate::array::Array::R1($tensor) => $body,
            $crate::array::Array::R2($tensor) => $body,
            $crate::array::Array::R3($tensor) => $body,
            $crate::array::Array::R4($tensor) => $body,
            $crate::array::Array::R5($tensor) => $body,
            $crate::array::Array::R6($tensor) => $body,
            $crate::array::Array::R7($tensor) => $body,
            $crate::array::Array::R8($tensor) => $body,
        }
    };
}
pub(crate) use with_tensor;

/// Evaluates an expression with the tensors of two arrays of one rank bound to names. Panics where the ranks differ.
macro_rules! with_tensors {
    ($left:expr, $right:expr, $a:ident, $b:ident => $body:expr) => {
        match ($left, $right) {
            ($crate::array::Array::R1($a), $crate::array::Array::R1($b)) => $body,
            ($crate::array::Array::R2($a), $crate::array::Array::R2($b)) => $body,
            ($crate::array::Array::R3($a), $crate::array::Array::R3($b)) => $body,
            ($crate::array::Array::R4($a), $crate::array::Array::R4($b)) => $body,
            ($crate::array::Array::R5($a), $crate::array::Array::R5($b)) => $body,
            ($crate::array::Array::R6($a), $crate::array::Array::R6($b)) => $body,
            ($crate::array::Array::R7($a), $crate::array::Array::R7($b)) => $body,
            ($crate::array::Array::R8($a), $crate::array::Array::R8($b)) => $body,
            (left, right) => panic!("arrays of ranks {} and {} where one rank is needed", left.rank(), right.rank()),
        }
    };
}
pub(crate) use with_tensors;

/// Runs `$body` for the rank `$rank` with a constant `$d` of that value.
macro_rules! with_rank {
    ($rank:expr, $d:ident => $body:expr) => {
        match $rank {
            1 => with_rank!(@ $d, 1, $body),
            2 => with_rank!(@ $d, 2, $body),
            3 => with_rank!(@ $d, 3, $body),
            4 => with_rank!(@ $d, 4, $body),
            5 => with_rank!(@ $d, 5, $body),
            6 => with_rank!(@ $d, 6, $body),
            7 => with_rank!(@ $d, 7, $body),
            8 => with_rank!(@ $d, 8, $body),
            rank => panic!("rank {rank} is beyond the limit of {MAX_RANK}"),
        }
    };
    (@ $d:ident, $value:literal, $body:expr) => {{
        const $d: usize = $value;
        $body
    }};
}

macro_rules! conversions {
    ($($rank:literal $variant:ident,)*) => {$(
        impl From<Tensor<$rank>> for Array {
            fn from(tensor: Tensor<$rank>) -> Self {
                Array::$variant(tensor)
            }
        }
    )*};
}
conversions! { 1 R1, 2 R2, 3 R3, 4 R4, 5 R5, 6 R6, 7 R7, 8 R8, }

/// The first `D` sizes as an array.
fn fixed<const D: usize>(sizes: &[usize]) -> [usize; D] {
    sizes.try_into().expect("as many sizes as axes")
}

impl Array {
    /// The array with these entries in row-major order; no sizes stand for a single number.
    ///
    /// # Panics
    ///
    /// If the number of values is not the product of the sizes, or there are more than [`MAX_RANK`] of them.
    pub fn from_values(values: &[f64], sizes: &[usize], device: &Device, dtype: DType) -> Self {
        let sizes = if sizes.is_empty() { &[1][..] } else { sizes };
        let data = TensorData::new(values.to_vec(), sizes.to_vec()).convert_dtype(dtype);
        with_rank!(sizes.len(), D => Array::from(Tensor::<D>::from_data(data, (device, dtype))))
    }

    /// The array with every entry the same.
    pub fn full(value: f64, sizes: &[usize], device: &Device, dtype: DType) -> Self {
        let sizes = if sizes.is_empty() { &[1][..] } else { sizes };
        with_rank!(sizes.len(), D => Array::from(Tensor::<D>::full(fixed::<D>(sizes), value, (device, dtype))))
    }

    /// All entries in row-major order, in double precision.
    pub fn values(&self) -> Vec<f64> {
        with_tensor!(self, tensor => tensor.to_data_as::<f64>()).try_into_vec().expect("the data were converted to this type")
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        with_tensor!(self, tensor => tensor.rank())
    }

    /// The sizes of the axes.
    pub fn dims(&self) -> Vec<usize> {
        with_tensor!(self, tensor => tensor.dims().to_vec())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        with_tensor!(self, tensor => tensor.dims().iter().product())
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where it lives; says whether gradients are recorded.
    pub fn device(&self) -> Device {
        with_tensor!(self, tensor => tensor.device())
    }

    /// The type of its entries.
    pub fn dtype(&self) -> DType {
        with_tensor!(self, tensor => tensor.dtype())
    }

    /// The same entries in row-major order under other sizes.
    #[must_use]
    pub fn reshape(self, sizes: &[usize]) -> Self {
        if self.dims() == sizes {
            return self;
        }
        with_rank!(sizes.len(), D => Array::from(with_tensor!(self, tensor => tensor.reshape::<D, _>(fixed::<D>(sizes)))))
    }

    /// All entries along one axis: the form in which optimisers see parameters.
    pub fn flat(self) -> Tensor<1> {
        let length = self.len();
        match self.reshape(&[length]) {
            Array::R1(tensor) => tensor,
            other => unreachable!("a reshape to one axis has one axis, not {}", other.rank()),
        }
    }

    /// Axis `i` of the result is axis `axes[i]` of this.
    #[must_use]
    pub fn permute(self, axes: &[usize]) -> Self {
        if axes.iter().copied().eq(0..axes.len()) {
            return self;
        }
        with_tensor!(self, tensor => Array::from(permuted(tensor, axes)))
    }

    /// Repeats axes of size 1 up to these sizes, as many as there are axes.
    #[must_use]
    pub fn expand(self, sizes: &[usize]) -> Self {
        if self.dims() == sizes {
            return self;
        }
        with_tensor!(self, tensor => Array::from(expanded(tensor, sizes)))
    }

    /// The sum over one axis, which is removed.
    #[must_use]
    pub fn sum_axis(self, axis: usize) -> Self {
        let mut sizes = self.dims();
        sizes.remove(axis);
        if sizes.is_empty() {
            sizes.push(1);
        }
        with_tensor!(self, tensor => Array::from(tensor.sum_dim(axis))).reshape(&sizes)
    }

    /// The matrix product over the last two axes, where leading axes of size 1 are repeated. Ranks must agree.
    #[must_use]
    pub fn matmul(self, other: Self) -> Self {
        with_tensors!(self, other, a, b => Array::from(a.matmul(b)))
    }

    /// The product with a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        with_tensor!(self, tensor => Array::from(tensor.mul_scalar(factor)))
    }

    /// The sum with a number.
    #[must_use]
    pub fn shift(self, constant: f64) -> Self {
        if constant == 0.0 {
            return self;
        }
        with_tensor!(self, tensor => Array::from(tensor.add_scalar(constant)))
    }

    /// Entries at the given positions of an axis.
    #[must_use]
    pub fn select(self, axis: usize, positions: &[i64]) -> Self {
        let device = self.device().inner();
        let data = TensorData::new(positions.to_vec(), [positions.len()]);
        let positions = Tensor::<1, Int>::from_data(data, (&device, DType::I64));
        with_tensor!(self, tensor => Array::from(tensor.select(axis, positions)))
    }

    /// `length` successive entries of an axis.
    #[must_use]
    pub fn narrow(self, axis: usize, start: usize, length: usize) -> Self {
        with_tensor!(self, tensor => Array::from(tensor.narrow(axis, start, length)))
    }

    /// Joins arrays of one rank along an axis.
    ///
    /// # Panics
    ///
    /// If there are none, or their ranks differ.
    pub fn concat(parts: Vec<Self>, axis: usize) -> Self {
        macro_rules! joined {
            ($($variant:ident)*) => {
                match parts.first().expect("at least one part") {
                    $(Array::$variant(_) => {
                        let tensors = parts
                            .into_iter()
                            .map(|part| match part {
                                Array::$variant(tensor) => tensor,
                                other => panic!("a part of rank {} among parts of another rank", other.rank()),
                            })
                            .collect();
                        Array::$variant(Tensor::cat(tensors, axis))
                    })*
                }
            };
        }
        joined!(R1 R2 R3 R4 R5 R6 R7 R8)
    }

    /// The largest (or smallest) entry along an axis, which is removed.
    #[must_use]
    pub fn extreme(self, axis: usize, largest: bool) -> Self {
        let mut sizes = self.dims();
        sizes.remove(axis);
        if sizes.is_empty() {
            sizes.push(1);
        }
        let kept = with_tensor!(self, tensor => Array::from(if largest { tensor.max_dim(axis) } else { tensor.min_dim(axis) }));
        kept.reshape(&sizes)
    }

    /// Without its record of operations, on the device without gradients.
    #[must_use]
    pub fn inner(self) -> Self {
        with_tensor!(self, tensor => Array::from(tensor.inner()))
    }
}

/// The sum, where axes of size 1 are repeated. Panics where ranks differ.
impl std::ops::Add for Array {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        with_tensors!(self, other, a, b => Array::from(a + b))
    }
}

/// The entrywise product, where axes of size 1 are repeated. Panics where ranks differ.
impl std::ops::Mul for Array {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        with_tensors!(self, other, a, b => Array::from(a * b))
    }
}

fn permuted<const D: usize>(tensor: Tensor<D>, axes: &[usize]) -> Tensor<D> {
    tensor.permute(fixed::<D>(axes).map(|axis| axis as isize))
}

fn expanded<const D: usize>(tensor: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
    tensor.expand::<D, _>(fixed::<D>(sizes).map(|size| size as isize))
}
