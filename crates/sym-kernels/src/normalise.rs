//! Normalisation, y = (x - m) r with r = 1/√(v + ε), where m is the mean and v the mean square of x - m; or y = x r without m.
//!
//! The variance is taken of deviations from the mean, in a second pass. Backward, with the saved y and r,
//! g ↦ r (g - mean g - y mean(g y)), without the mean of g where m is left out (S. Ioffe and C. Szegedy 2015; L. Ba et al. 2016;
//! B. Zhang and R. Sennrich 2019).

use crate::isa::{Level, run, task};
use crate::lanes::{PANEL, dot, fold, fold_columns, sum};
use crate::slice::Real;

/// What is normalised together in a row-major array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The `n` entries of each row of an array [rows, `n`], as in layer norm.
    Rows {
        /// Entries of a row.
        n: usize,
    },
    /// The `n` entries of each column of each part of an array [parts, `n`, `columns`], as in batch norm.
    Columns {
        /// Entries of a column.
        n: usize,
        /// Columns of a part.
        columns: usize,
    },
    /// All entries of each channel of an array [examples, `channels`, `places`], as in batch norm of images.
    Channels {
        /// Number of channels.
        channels: usize,
        /// Entries of a channel in one example.
        places: usize,
    },
}

impl Over {
    /// The number of means and variances for an array of this length.
    ///
    /// # Panics
    ///
    /// If the array is not made of whole parts.
    pub fn groups(self, length: usize) -> usize {
        let (block, groups) = match self {
            Over::Rows { n } => (n, 1),
            Over::Columns { n, columns } => (n * columns, columns),
            Over::Channels { channels, places } => (channels * places, channels),
        };
        assert!(length == 0 || (block > 0 && length.is_multiple_of(block)), "{length} entries are not whole parts of {block}");
        match self {
            Over::Channels { channels, .. } => channels,
            _ if length == 0 => 0,
            _ => length / block * groups,
        }
    }
}

/// Replaces x by y and writes r of each group; subtracts the mean where `centre` says so.
///
/// # Panics
///
/// If lengths do not fit: see [`Over::groups`].
pub fn forward<T: Real>(over: Over, centre: bool, epsilon: f64, values: &mut [T], inverses: &mut [T]) {
    assert_eq!(inverses.len(), over.groups(values.len()), "one factor a group");
    if values.is_empty() {
        return;
    }
    let (level, epsilon) = (Level::best(), T::from_f64(epsilon));
    match over {
        Over::Rows { n } => run(level, Rows { values, inverses, n, centre, epsilon }),
        Over::Columns { n, columns } => run(level, ByColumn { values, inverses, n, columns, centre, epsilon }),
        Over::Channels { channels, places: 1 } => {
            let n = values.len() / channels;
            run(level, ByColumn { values, inverses, n, columns: channels, centre, epsilon });
        }
        Over::Channels { places, .. } => run(level, Channels { values, inverses, places, centre, epsilon }),
    }
}

/// Writes m, 0 without `centre`, and r of each row of `n` entries.
///
/// # Panics
///
/// If `values` are not whole rows, or not as many as there are means and inverses.
pub fn statistics<T: Real>(n: usize, centre: bool, epsilon: f64, values: &[T], means: &mut [T], inverses: &mut [T]) {
    let rows = Over::Rows { n }.groups(values.len());
    assert_eq!((means.len(), inverses.len()), (rows, rows), "one mean and one factor a row");
    if !values.is_empty() {
        run(Level::best(), RowStatistics { values, means, inverses, n, centre, epsilon: T::from_f64(epsilon) });
    }
}

/// Replaces gradients with respect to y by gradients with respect to x.
///
/// # Panics
///
/// If lengths do not fit: see [`Over::groups`].
pub fn backward<T: Real>(over: Over, centre: bool, y: &[T], inverses: &[T], gradients: &mut [T]) {
    assert_eq!(inverses.len(), over.groups(gradients.len()), "one factor a group");
    assert_eq!(y.len(), gradients.len(), "values and gradients");
    if gradients.is_empty() {
        return;
    }
    let level = Level::best();
    match over {
        Over::Rows { n } => run(level, RowsBackward { y, inverses, gradients, n, centre }),
        Over::Columns { n, columns } => run(level, ByColumnBackward { y, inverses, gradients, n, columns, centre }),
        Over::Channels { channels, places: 1 } => {
            let n = gradients.len() / channels;
            run(level, ByColumnBackward { y, inverses, gradients, n, columns: channels, centre });
        }
        Over::Channels { places, .. } => run(level, ChannelsBackward { y, inverses, gradients, places, centre }),
    }
}

/// 1/√(v + ε) for the sum of squares of n entries.
#[inline(always)]
fn inverse<T: Real>(squares: T, n: usize, epsilon: T) -> T {
    T::ONE / (squares / T::from_f64(n as f64) + epsilon).sqrt()
}

#[inline(always)]
fn subtract<T: Real>(values: &mut [T], mean: T) {
    for x in values {
        *x = *x - mean;
    }
}

#[inline(always)]
fn multiply<T: Real>(values: &mut [T], factor: T) {
    for x in values {
        *x = *x * factor;
    }
}

/// r (g - m - y p) for every entry.
#[inline(always)]
fn chain<T: Real>(gradients: &mut [T], y: &[T], r: T, mean: T, product: T) {
    for (g, &y) in gradients.iter_mut().zip(y) {
        *g = r * (-y).mul_add(product, *g - mean);
    }
}

task! {
    struct Rows {
        values: &'a mut [T],
        inverses: &'a mut [T],
        n: usize,
        centre: bool,
        epsilon: T,
    } {
        for (row, r) in values.chunks_exact_mut(n).zip(inverses) {
            if centre {
                let mean = sum(row) / T::from_f64(n as f64);
                subtract(row, mean);
            }
            *r = inverse(dot(row, row), n, epsilon);
            multiply(row, *r);
        }
    }
}

task! {
    struct RowStatistics {
        values: &'a [T],
        means: &'a mut [T],
        inverses: &'a mut [T],
        n: usize,
        centre: bool,
        epsilon: T,
    } {
        for ((row, m), r) in values.chunks_exact(n).zip(means).zip(inverses) {
            let mean = if centre { sum(row) / T::from_f64(n as f64) } else { T::ZERO };
            let squares = fold(row, row, |sum, x, _| (x - mean).mul_add(x - mean, sum));
            (*m, *r) = (mean, inverse(squares, n, epsilon));
        }
    }
}

task! {
    struct RowsBackward {
        y: &'a [T],
        inverses: &'a [T],
        gradients: &'a mut [T],
        n: usize,
        centre: bool,
    } {
        let count = T::from_f64(n as f64);
        for ((g, y), &r) in gradients.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(inverses) {
            let mean = if centre { sum(g) / count } else { T::ZERO };
            let product = dot(g, y) / count;
            chain(g, y, r, mean, product);
        }
    }
}

task! {
    struct ByColumn {
        values: &'a mut [T],
        inverses: &'a mut [T],
        n: usize,
        columns: usize,
        centre: bool,
        epsilon: T,
    } {
        let count = T::from_f64(n as f64);
        for (values, inverses) in values.chunks_exact_mut(n * columns).zip(inverses.chunks_exact_mut(columns)) {
            for from in (0..columns).step_by(PANEL) {
                let to = columns.min(from + PANEL);
                if centre {
                    let mut means = [T::ZERO; PANEL];
                    fold_columns(values, values, columns, from, &mut means[..to - from], |sum, x, _| sum + x);
                    for mean in &mut means {
                        *mean = *mean / count;
                    }
                    for row in values.chunks_exact_mut(columns) {
                        for (x, &mean) in row[from..to].iter_mut().zip(&means) {
                            *x = *x - mean;
                        }
                    }
                }
                let mut squares = [T::ZERO; PANEL];
                fold_columns(values, values, columns, from, &mut squares[..to - from], |sum, x, _| x.mul_add(x, sum));
                for (r, &squares) in inverses[from..to].iter_mut().zip(&squares) {
                    *r = inverse(squares, n, epsilon);
                }
                for row in values.chunks_exact_mut(columns) {
                    for (x, &r) in row[from..to].iter_mut().zip(&inverses[from..to]) {
                        *x = *x * r;
                    }
                }
            }
        }
    }
}

task! {
    struct ByColumnBackward {
        y: &'a [T],
        inverses: &'a [T],
        gradients: &'a mut [T],
        n: usize,
        columns: usize,
        centre: bool,
    } {
        let count = T::from_f64(n as f64);
        let block = n * columns;
        let parts = gradients.chunks_exact_mut(block).zip(y.chunks_exact(block)).zip(inverses.chunks_exact(columns));
        for ((gradients, y), inverses) in parts {
            for from in (0..columns).step_by(PANEL) {
                let to = columns.min(from + PANEL);
                let (mut means, mut products) = ([T::ZERO; PANEL], [T::ZERO; PANEL]);
                if centre {
                    fold_columns(gradients, y, columns, from, &mut means[..to - from], |sum, g, _| sum + g);
                }
                fold_columns(gradients, y, columns, from, &mut products[..to - from], |sum, g, y| g.mul_add(y, sum));
                for (mean, product) in means.iter_mut().zip(&mut products) {
                    (*mean, *product) = (*mean / count, *product / count);
                }
                for (g, y) in gradients.chunks_exact_mut(columns).zip(y.chunks_exact(columns)) {
                    let statistics = inverses[from..to].iter().zip(means.iter().zip(&products));
                    for ((g, &y), (&r, (&mean, &product))) in g[from..to].iter_mut().zip(&y[from..to]).zip(statistics) {
                        *g = r * (-y).mul_add(product, *g - mean);
                    }
                }
            }
        }
    }
}

task! {
    struct Channels {
        values: &'a mut [T],
        inverses: &'a mut [T],
        places: usize,
        centre: bool,
        epsilon: T,
    } {
        let n = values.len() / inverses.len();
        let step = inverses.len() * places;
        for (channel, r) in inverses.iter_mut().enumerate() {
            let starts = (channel * places..values.len()).step_by(step);
            if centre {
                let total = starts.clone().fold(T::ZERO, |total, at| total + sum(&values[at..at + places]));
                let mean = total / T::from_f64(n as f64);
                for at in starts.clone() {
                    subtract(&mut values[at..at + places], mean);
                }
            }
            let squares = starts.clone().fold(T::ZERO, |total, at| total + dot(&values[at..at + places], &values[at..at + places]));
            *r = inverse(squares, n, epsilon);
            for at in starts {
                multiply(&mut values[at..at + places], *r);
            }
        }
    }
}

task! {
    struct ChannelsBackward {
        y: &'a [T],
        inverses: &'a [T],
        gradients: &'a mut [T],
        places: usize,
        centre: bool,
    } {
        let count = T::from_f64((gradients.len() / inverses.len()) as f64);
        let step = inverses.len() * places;
        for (channel, &r) in inverses.iter().enumerate() {
            let (mut mean, mut product) = (T::ZERO, T::ZERO);
            for at in (channel * places..gradients.len()).step_by(step) {
                let (g, y) = (&gradients[at..at + places], &y[at..at + places]);
                if centre {
                    mean = mean + sum(g);
                }
                product = product + dot(g, y);
            }
            let (mean, product) = (mean / count, product / count);
            for at in (channel * places..gradients.len()).step_by(step) {
                chain(&mut gradients[at..at + places], &y[at..at + places], r, mean, product);
            }
        }
    }
}
