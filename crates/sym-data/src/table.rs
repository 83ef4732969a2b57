//! Tables of examples, kept in the type of their file.

use crate::element::Entries;
use std::sync::{Arc, OnceLock};

/// Rows of numbers, one an example, as they are stored, and what they stand for. Cloning shares the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    entries: Arc<Entries>,
    width: usize,
    /// In the order in which they are applied, each in double precision.
    maps: Vec<Arc<Affine>>,
    dense: Arc<Dense>,
}

/// All numbers of a table in the types in which they were asked for.
#[derive(Debug, Default)]
pub struct Dense {
    single: OnceLock<Arc<Vec<f32>>>,
    double: OnceLock<Arc<Vec<f64>>>,
}

impl PartialEq for Dense {
    /// They follow from the table.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A map of numbers: (x − centre) / spread.
///
/// There are one or more pairs; they divide the columns of a row into as many successive parts of one size, such as the channels of an
/// image.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    /// What is subtracted.
    pub centre: Vec<f64>,
    /// What the difference is divided by.
    pub spread: Vec<f64>,
}

/// A number type that rows are asked for in.
pub trait Number: Copy {
    /// The nearest number.
    fn nearest(value: f64) -> Self;

    /// Where a table keeps its numbers in this type.
    fn kept(dense: &Dense) -> &OnceLock<Arc<Vec<Self>>>;
}

impl Number for f32 {
    fn nearest(value: f64) -> Self {
        value as f32
    }

    fn kept(dense: &Dense) -> &OnceLock<Arc<Vec<Self>>> {
        &dense.single
    }
}

impl Number for f64 {
    fn nearest(value: f64) -> Self {
        value
    }

    fn kept(dense: &Dense) -> &OnceLock<Arc<Vec<Self>>> {
        &dense.double
    }
}

impl Affine {
    /// The same map of all columns.
    pub fn whole(centre: f64, spread: f64) -> Self {
        Self { centre: vec![centre], spread: vec![spread] }
    }

    /// The map of one part.
    fn at(&self, part: usize) -> impl Fn(f64) -> f64 + use<> {
        let (centre, spread) = (self.centre[part], self.spread[part]);
        move |value| (value - centre) / spread
    }
}

impl Table {
    /// Rows of `width` numbers.
    ///
    /// # Panics
    ///
    /// Where the numbers are no whole number of rows.
    pub fn new(entries: Entries, width: usize) -> Self {
        assert!(entries.len().checked_rem(width).unwrap_or(entries.len()) == 0, "a table has whole rows");
        Self { entries: Arc::new(entries), width, maps: Vec::new(), dense: Arc::default() }
    }

    /// Rows of numbers in double precision.
    ///
    /// # Panics
    ///
    /// As [`Table::new`].
    pub fn of(values: Vec<f64>, width: usize) -> Self {
        Self::new(Entries::Double(values), width)
    }

    /// The table of what its present numbers become.
    ///
    /// # Panics
    ///
    /// Where the map has a number of parts that does not divide the width, or neither divides nor is divided by that of an earlier map.
    #[must_use]
    pub fn mapped(&self, map: &Affine) -> Self {
        assert!(self.width.is_multiple_of(map.centre.len()), "parts of a row have one size");
        let divides = |other: &Arc<Affine>| {
            let (one, other) = (map.centre.len(), other.centre.len());
            one.max(other).is_multiple_of(one.min(other))
        };
        assert!(self.maps.iter().all(divides), "parts of one map are made of whole parts of the other");
        let mut mapped = self.clone();
        mapped.maps.push(Arc::new(map.clone()));
        mapped.dense = Arc::default();
        mapped
    }

    /// Entries a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.entries.len().checked_div(self.width).unwrap_or(0)
    }

    /// The numbers as they are stored.
    pub fn stored(&self) -> &Entries {
        &self.entries
    }

    /// One row into a buffer of its width.
    ///
    /// # Panics
    ///
    /// For a row that is not there, and for a buffer of another size.
    pub fn row<T: Number>(&self, row: usize, into: &mut [T]) {
        let range = row * self.width..(row + 1) * self.width;
        match &*self.entries {
            Entries::Bytes(values) => self.put(&values[range], into),
            Entries::Single(values) => self.put(&values[range], into),
            Entries::Double(values) => self.put(&values[range], into),
        }
    }

    fn put<S: Copy + Into<f64>, T: Number>(&self, stored: &[S], into: &mut [T]) {
        assert_eq!(stored.len(), into.len(), "a buffer holds a row");
        let parts = self.maps.iter().map(|map| map.centre.len()).max().unwrap_or(1);
        let length = (self.width / parts).max(1);
        for (part, (into, stored)) in into.chunks_mut(length).zip(stored.chunks(length)).enumerate() {
            let pair = |map: &Arc<Affine>| map.at(part * map.centre.len() / parts);
            match &self.maps[..] {
                [] => into.iter_mut().zip(stored).for_each(|(into, &stored)| *into = T::nearest(stored.into())),
                [map] => {
                    let map = pair(map);
                    into.iter_mut().zip(stored).for_each(|(into, &stored)| *into = T::nearest(map(stored.into())));
                }
                maps => {
                    for (into, &stored) in into.iter_mut().zip(stored) {
                        *into = T::nearest(maps.iter().fold(stored.into(), |value, map| pair(map)(value)));
                    }
                }
            }
        }
    }

    /// These rows, in this order, into a buffer that holds them.
    ///
    /// # Panics
    ///
    /// As [`Table::row`].
    pub fn gather<T: Number>(&self, rows: impl IntoIterator<Item = usize>, into: &mut [T]) {
        let mut into = into.chunks_mut(self.width.max(1));
        for row in rows {
            self.row(row, into.next().unwrap_or_default());
        }
    }

    /// All numbers, row after row. They are made once and then kept with the table and all its clones.
    pub fn all<T: Number>(&self) -> Arc<Vec<T>> {
        let make = || {
            let mut values = vec![T::nearest(0.0); self.entries.len()];
            self.gather(0..self.rows(), &mut values);
            Arc::new(values)
        };
        T::kept(&self.dense).get_or_init(make).clone()
    }

    /// All numbers in double precision.
    pub fn dense(&self) -> Vec<f64> {
        self.range(0, self.rows())
    }

    /// Rows from `start` to before `end` in double precision.
    ///
    /// # Panics
    ///
    /// For rows that are not there.
    pub fn range(&self, start: usize, end: usize) -> Vec<f64> {
        let mut values = vec![0.0; (end - start) * self.width];
        self.gather(start..end, &mut values);
        values
    }

    /// One number.
    ///
    /// # Panics
    ///
    /// For a place that is not there.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        let stored = self.entries.at(row * self.width + column);
        let map = |value, map: &Arc<Affine>| map.at(column / (self.width / map.centre.len()).max(1))(value);
        self.maps.iter().fold(stored, map)
    }

    /// The rows at these positions, in this order, in the same storage.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let positions = rows.iter().flat_map(|&row| row * self.width..(row + 1) * self.width);
        Self { entries: Arc::new(self.entries.pick(positions)), dense: Arc::default(), ..self.clone() }
    }

    /// Bytes of the numbers in memory.
    pub fn bytes(&self) -> usize {
        match &*self.entries {
            Entries::Bytes(values) => values.len(),
            Entries::Single(values) => values.len() * 4,
            Entries::Double(values) => values.len() * 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_bytes_take_a_byte_a_number() {
        let table = Table::new(Entries::Bytes(vec![7; 3072 * 10]), 3072).mapped(&Affine::whole(0.0, 255.0));
        assert_eq!((table.rows(), table.bytes()), (10, 30_720));
        let mut row = vec![0f32; 3072];
        table.row(9, &mut row);
        assert_eq!(row[3071], (7.0f64 / 255.0) as f32);
    }

    #[test]
    fn numbers_that_are_kept_are_those_of_the_table_and_its_clones_share_them() {
        let table = Table::new(Entries::Bytes((0..12).collect()), 6);
        let mapped = table.mapped(&Affine::whole(1.0, 3.0));
        let same: Vec<f32> = mapped.dense().into_iter().map(|value| value as f32).collect();
        assert_eq!((&*table.all::<f64>(), &*mapped.all::<f32>()), (&table.dense(), &same));
        assert!(Arc::ptr_eq(&mapped.all::<f32>(), &mapped.clone().all::<f32>()));
        assert_eq!(&*mapped.select(&[1]).all::<f32>(), &same[6..]);
        assert_eq!(mapped, table.mapped(&Affine::whole(1.0, 3.0)), "tables are equal whatever they keep");
    }

    #[test]
    fn maps_of_whole_rows_and_of_channels_follow_each_other() {
        let stored: Vec<u8> = (0..12).collect();
        let table = Table::new(Entries::Bytes(stored.clone()), 6).mapped(&Affine::whole(0.0, 4.0));
        let channels = Affine { centre: vec![0.5, 1.0, -2.0], spread: vec![2.0, 0.5, 8.0] };
        let mapped = table.mapped(&channels);
        for (at, &byte) in stored.iter().enumerate() {
            let part = at % 6 / 2;
            let expected = (f64::from(byte) / 4.0 - channels.centre[part]) / channels.spread[part];
            assert_eq!(mapped.at(at / 6, at % 6), expected);
            assert_eq!(mapped.dense()[at], expected);
        }
    }

    #[test]
    fn rows_come_in_the_order_asked_for_in_both_precisions() {
        let table = Table::of(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 2);
        let mut double = [0.0f64; 6];
        table.gather([2, 0, 2], &mut double);
        assert_eq!(double, [0.5, 0.6, 0.1, 0.2, 0.5, 0.6]);
        let mut single = [0.0f32; 2];
        table.gather([1], &mut single);
        assert_eq!(single, [0.3f32, 0.4]);
        assert_eq!(table.select(&[1, 1]).dense(), [0.3, 0.4, 0.3, 0.4]);
        assert_eq!(Table::of(Vec::new(), 0).rows(), 0);
    }
}
