//! Structured maps between the weights of a full and a reduced program.

use sym_infer::Weights;

/// In which coordinates the reduced program stores a merged entry x with M copies in the full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinates {
    /// √M x: coordinates in an orthonormal basis of im P_G. Gradient descent, with or without momentum and decay, follows exactly.
    Orthonormal,
    /// x, the value of one copy. Its data gradient is M times that of one copy: Adam follows after division by M
    /// ([`crate::Reduction::divisors`]).
    Copies,
}

/// One axis of a parameter: for each position of the full axis the reduced position and whether the sign changes.
#[derive(Debug, Clone)]
pub(crate) struct AxisMap {
    pub positions: Vec<Option<(usize, bool)>>,
    pub multiplicities: Vec<usize>,
}

impl AxisMap {
    /// An axis that stays as it is.
    pub fn whole(size: usize) -> Self {
        Self { positions: (0..size).map(|at| Some((at, false))).collect(), multiplicities: vec![1; size] }
    }
}

/// All entries of one parameter: the product of its axes' maps.
#[derive(Debug, Clone)]
pub(crate) struct EntryMap {
    pub axes: Vec<AxisMap>,
    pub coordinates: Coordinates,
}

impl EntryMap {
    /// The number of entries of the reduced parameter.
    pub fn reduced_entries(&self) -> usize {
        self.axes.iter().map(|axis| axis.multiplicities.len()).product()
    }

    /// How many copies each reduced entry has in the full parameter.
    pub fn copies(&self) -> Vec<f64> {
        let mut copies = vec![1.0];
        for axis in &self.axes {
            copies =
                copies.iter().flat_map(|&outer| axis.multiplicities.iter().map(move |&inner| outer * inner as f64)).collect();
        }
        copies
    }

    /// Calls `visit(full entry, reduced entry with its sign)` for every entry in row-major order.
    fn each(&self, mut visit: impl FnMut(usize, Option<(usize, f64)>)) {
        let full: usize = self.axes.iter().map(|axis| axis.positions.len()).product();
        let mut index = vec![0usize; self.axes.len()];
        for entry in 0..full {
            let mut target = Some((0usize, 1.0));
            for (axis, &at) in self.axes.iter().zip(&index) {
                target = match (target, axis.positions[at]) {
                    (Some((reduced, sign)), Some((position, negative))) => {
                        Some((reduced * axis.multiplicities.len() + position, if negative { -sign } else { sign }))
                    }
                    _ => None,
                };
            }
            visit(entry, target);
            for (axis, at) in self.axes.iter().zip(&mut index).rev() {
                *at += 1;
                if *at < axis.positions.len() {
                    break;
                }
                *at = 0;
            }
        }
    }

    /// From reduced to full entries.
    pub fn expand(&self, reduced: &[f64]) -> Vec<f64> {
        let copies = self.copies();
        let mut full = Vec::new();
        self.each(|_, target| {
            full.push(target.map_or(0.0, |(at, sign)| match self.coordinates {
                Coordinates::Orthonormal => sign * reduced[at] / copies[at].sqrt(),
                Coordinates::Copies => sign * reduced[at],
            }));
        });
        full
    }

    /// From full to reduced entries: the coordinates of the projection. An orbit whose entries agree keeps its value to the last bit.
    pub fn restrict(&self, full: &[f64]) -> Vec<f64> {
        let copies = self.copies();
        let count = self.reduced_entries();
        let (mut first, mut excess) = (vec![f64::NAN; count], vec![0.0; count]);
        self.each(|entry, target| {
            if let Some((at, sign)) = target {
                let value = sign * full[entry];
                if first[at].is_nan() {
                    first[at] = value;
                }
                excess[at] += value - first[at];
            }
        });
        (0..count)
            .map(|at| {
                let mean = first[at] + excess[at] / copies[at];
                match self.coordinates {
                    Coordinates::Orthonormal => mean * copies[at].sqrt(),
                    Coordinates::Copies => mean,
                }
            })
            .collect()
    }

    /// P_G: every entry becomes the mean of its orbit, or zero.
    pub fn project(&self, full: &[f64]) -> Vec<f64> {
        let copies = Self { axes: self.axes.clone(), coordinates: Coordinates::Copies };
        copies.expand(&copies.restrict(full))
    }

    /// The same for squares of entries, which no sign changes.
    pub fn project_squares(&self, full: &[f64]) -> Vec<f64> {
        let unsigned = |axis: &AxisMap| AxisMap {
            positions: axis.positions.iter().map(|position| position.map(|(at, _)| (at, false))).collect(),
            ..axis.clone()
        };
        Self { axes: self.axes.iter().map(unsigned).collect(), coordinates: Coordinates::Copies }.project(full)
    }
}

/// Applies a map to every parameter.
pub(crate) fn each_parameter(maps: &[EntryMap], weights: &Weights, apply: impl Fn(&EntryMap, &[f64]) -> Vec<f64>) -> Weights {
    Weights { values: maps.iter().zip(&weights.values).map(|(map, values)| apply(map, values)).collect() }
}
