//! What a step trains on, where that is not a batch of the training examples as they are.

use super::{DataSet, Examples, Generator, Inputs, Occasion, scaled};
use crate::Stream;
use std::path::Path;
use sym_data::transform::{Augmentation, Picture, augment};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::Program;
use sym_ir::experiment::{self, Data};

/// Examples that belong to one step of one seed.
#[derive(Debug)]
pub enum EachStep<'a> {
    /// None: batches of the training examples.
    AsTheyAre,
    /// Drawn for the step.
    Fresh {
        /// The source.
        generator: Generator<'a>,
        /// Examples a step.
        batch: usize,
        /// A factor on the inputs.
        scale: f64,
    },
    /// The batch, randomly changed.
    Augmented {
        /// The changes, in order.
        changes: Vec<Augmentation>,
        /// The axes of an input, where it is an image.
        picture: Option<Picture>,
        /// Name of the data set.
        name: &'a str,
    },
}

impl<'a> EachStep<'a> {
    /// What the steps of a run on a data set train on.
    ///
    /// # Errors
    ///
    /// What a source cannot draw a batch for; E0223 for changes of images of examples that are none.
    pub fn new(
        data: &'a Data,
        set: &DataSet,
        program: &'a Program,
        base: &Path,
        batch: Option<usize>,
    ) -> Result<Self, Vec<Diagnostic>> {
        if let (true, Some(batch)) = (data.fresh, batch) {
            let generator = Generator::new(data, program, base)?;
            generator.draw(Occasion::Step { seed: 0, step: 0 }, batch)?;
            return Ok(EachStep::Fresh { generator, batch, scale: data.preparation.scale.unwrap_or(1.0) });
        }
        let changes: Vec<Augmentation> = data.preparation.augment.iter().map(change).collect();
        if changes.is_empty() {
            return Ok(EachStep::AsTheyAre);
        }
        let needs_picture = changes.iter().any(|change| !matches!(change, Augmentation::Noise { .. }));
        let width = set.train.inputs.first().map_or(0, Inputs::width);
        if needs_picture && set.picture.is_none_or(|picture| picture.entries() != width) {
            let message = format!("examples of `{}` are no images of two axes, with channels or without", data.name);
            return Err(vec![
                Diagnostic::new(Code::E0223, data.span, message)
                    .expected("`augment: noise(…)`, which needs no images, or images"),
            ]);
        }
        Ok(EachStep::Augmented { changes, picture: set.picture, name: &data.name })
    }

    /// The examples of a step; `None` where they are those `rows` of the training examples as they are.
    ///
    /// # Panics
    ///
    /// Never: as many could be drawn when this was made.
    pub fn examples(&self, train: &Examples, rows: Option<&[usize]>, seed: u64, step: u64) -> Option<Examples> {
        match self {
            EachStep::AsTheyAre => None,
            EachStep::Fresh { generator, batch, scale } => {
                let drawn = generator.draw(Occasion::Step { seed, step }, *batch);
                let mut examples = drawn.expect("as many could be drawn before");
                if *scale != 1.0 {
                    examples.inputs.iter_mut().for_each(|inputs| *inputs = scaled(inputs, *scale));
                }
                Some(examples)
            }
            EachStep::Augmented { changes, picture, name } => {
                let mut examples = rows.map_or_else(|| train.clone(), |rows| train.select(rows));
                let mut stream = Stream::new(seed, "augment", &format!("{name}/{step}"));
                for inputs in &mut examples.inputs {
                    let (mut values, width) = (inputs.dense(), inputs.width());
                    augment(changes, *picture, &mut values, width, &mut stream);
                    *inputs = Inputs::of(values, width);
                }
                Some(examples)
            }
        }
    }
}

fn change(of: &experiment::Augmentation) -> Augmentation {
    match *of {
        experiment::Augmentation::Noise { std } => Augmentation::Noise { std },
        experiment::Augmentation::Flip => Augmentation::Flip,
        experiment::Augmentation::Crop { pixels } => Augmentation::Crop { pixels: usize::try_from(pixels).unwrap_or(usize::MAX) },
    }
}
