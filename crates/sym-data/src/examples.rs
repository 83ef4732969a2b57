//! Examples with their targets.

use crate::array::{Array, shown};
use crate::element::Entries;
use crate::error::{Error, Place};
use crate::table::{Affine, Table};
use std::path::Path;

/// What a network is to answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Numbers.
    Numbers(Table),
    /// Class numbers from 0.
    Classes(Vec<usize>),
}

/// Examples of one file or generator.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// One row an example.
    pub inputs: Table,
    /// The axes of one input: channels × height × width of an image.
    pub shape: Vec<usize>,
    /// What belongs to them.
    pub targets: Targets,
}

/// A training part, and the test part that is published with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The training part.
    pub train: Examples,
    /// The test part.
    pub test: Option<Examples>,
}

impl Targets {
    /// The number of examples.
    pub fn len(&self) -> usize {
        match self {
            Targets::Numbers(table) => table.rows(),
            Targets::Classes(classes) => classes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of the examples at these positions.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Targets::Numbers(table) => Targets::Numbers(table.select(rows)),
            Targets::Classes(classes) => Targets::Classes(rows.iter().map(|&row| classes[row]).collect()),
        }
    }
}

impl Examples {
    /// The first `count`, or all where there are fewer.
    #[must_use]
    pub fn first(self, count: usize) -> Self {
        if self.targets.len() <= count {
            return self;
        }
        let rows: Vec<usize> = (0..count).collect();
        Self { inputs: self.inputs.select(&rows), targets: self.targets.select(&rows), shape: self.shape }
    }
}

/// The rows of an array; bytes stand for 0..=1 where `grey`, as the grey values of images do.
///
/// # Errors
///
/// An array without examples, and numbers that are not finite.
pub(crate) fn inputs(file: &Path, named: &str, array: Array, grey: bool) -> Result<(Table, Vec<usize>), Error> {
    let place = || Place::Member(named.to_string());
    let Array { shape, entries } = array;
    let Some((&rows, axes)) = shape.split_first() else {
        return Err(Error::damaged(file, place(), "it is a single number").expected("one row an example"));
    };
    if rows == 0 || axes.contains(&0) {
        return Err(Error::damaged(file, place(), "it holds no numbers").found(shown(&shape)).expected("at least one example"));
    }
    let width: usize = axes.iter().product();
    if let Some(at) = entries.not_finite() {
        let what = format!("example {} has {} as its entry {}", at / width, entries.at(at), at % width);
        return Err(Error::damaged(file, place(), what).found(entries.at(at)).expected("finite numbers"));
    }
    let bytes = matches!(entries, Entries::Bytes(_));
    let table = Table::new(entries, width);
    let table = if grey && bytes { table.mapped(&Affine::whole(0.0, 255.0)) } else { table };
    Ok((table, axes.to_vec()))
}

/// Checks that there are as many targets as examples.
pub(crate) fn paired(file: &Path, inputs: (Table, Vec<usize>), targets: Targets) -> Result<Examples, Error> {
    let (inputs, shape) = inputs;
    if inputs.rows() != targets.len() {
        let what = format!("{} examples have {} targets", inputs.rows(), targets.len());
        return Err(Error::damaged(file, Place::Whole, what).found(targets.len()).expected(inputs.rows()));
    }
    Ok(Examples { inputs, shape, targets })
}
