//! Normalisation: mean 0 and standard deviation 1.

use crate::table::{Affine, Table};

/// Numbers with one mean and one standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Each column of its own.
    Feature,
    /// Each of so many successive parts of a row of one size, such as the channels of an image.
    Channel(usize),
    /// All numbers together.
    Whole,
}

/// The map that brings the numbers of each group to mean 0 and standard deviation 1 over all rows (the deviation about the mean, divided by the
/// count). A group of equal numbers keeps its spread: it becomes 0.
///
/// Means are exact to rounding in any order of rows; deviations come from a second pass.
///
/// # Panics
///
/// Where a number of channels does not divide the width.
pub fn statistics(table: &Table, grouping: Grouping) -> Affine {
    let width = table.width();
    let parts = match grouping {
        Grouping::Feature => width,
        Grouping::Channel(channels) => channels,
        Grouping::Whole => 1,
    }
    .max(1);
    assert!(width.is_multiple_of(parts), "channels have one size");
    let part = (width / parts).max(1);
    let count = (table.rows() * part) as f64;
    let over_rows = |each: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; parts];
        let mut row = vec![0.0; width];
        for at in 0..table.rows() {
            table.row(at, &mut row);
            for (group, values) in row.chunks(part).enumerate() {
                sums[group] += values.iter().map(|&value| each(group, value)).sum::<f64>();
            }
        }
        sums.into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
    };
    let centre = over_rows(&|_, value| value);
    let variance = over_rows(&|group, value| (value - centre[group]) * (value - centre[group]));
    let spread = variance.into_iter().map(|variance| if variance > 0.0 { libm::sqrt(variance) } else { 1.0 }).collect();
    Affine { centre, spread }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Entries;

    /// Two rows of two channels of two numbers.
    fn table() -> Table {
        Table::of(vec![1.0, 3.0, 10.0, 10.0, 5.0, 7.0, 10.0, 10.0], 4)
    }

    #[test]
    fn each_group_has_its_own_mean_and_deviation() {
        // Numpy: x.mean(0), x.std(0), and the same over channels and all of it.
        let features = statistics(&table(), Grouping::Feature);
        assert_eq!(features, Affine { centre: vec![3.0, 5.0, 10.0, 10.0], spread: vec![2.0, 2.0, 1.0, 1.0] });
        let channels = statistics(&table(), Grouping::Channel(2));
        assert_eq!(channels, Affine { centre: vec![4.0, 10.0], spread: vec![5f64.sqrt(), 1.0] });
        let whole = statistics(&table(), Grouping::Whole);
        assert_eq!(whole, Affine { centre: vec![7.0], spread: vec![11.5f64.sqrt()] });
    }

    #[test]
    fn normalised_bytes_stay_bytes_with_mean_zero_and_deviation_one() {
        let stored: Vec<u8> = (0..60).map(|at| (at * 37 % 251) as u8).collect();
        let table = Table::new(Entries::Bytes(stored), 6).mapped(&Affine::whole(0.0, 255.0));
        let normal = table.mapped(&statistics(&table, Grouping::Channel(3)));
        assert_eq!(normal.bytes(), 60);
        let again = statistics(&normal, Grouping::Channel(3));
        for (centre, spread) in again.centre.iter().zip(&again.spread) {
            assert!(centre.abs() < 1e-14 && (spread - 1.0).abs() < 1e-14, "{again:?}");
        }
    }
}
