//! What is done to examples before training. Statistics and matrices come from the training examples and from streams of seed 0, so that all seeds
//! and both parts see the same map.

use super::{DataSet, Examples, Inputs, Targets, scaled};
use crate::Stream;
use sym_data::transform::{Grouping, MOST_COLUMNS, flip_classes, invertible, perturb, statistics, transform};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{Data, Normalisation, Preparation};

/// Carries out the preparation of a data set in the order of its fields.
///
/// # Errors
///
/// E0223 for more training examples than there are, E0207 for inputs of more entries than a random matrix may have.
pub(super) fn prepare(data: &Data, set: &mut DataSet) -> Result<(), Vec<Diagnostic>> {
    let Preparation { count, test_count, normalise, transform: condition, scale, label_noise, augment: _ } = data.preparation;
    if let Some(count) = count {
        first(data, ("n", "training"), count, &mut set.train)?;
    }
    if let (Some(count), Some(test)) = (test_count, &mut set.test) {
        first(data, ("test_n", "test"), count, test)?;
    }
    for input in 0..set.train.inputs.len() {
        if let Some(over) = normalise {
            let grouping = match over {
                Normalisation::Feature => Grouping::Feature,
                Normalisation::Channel => Grouping::Channel(set.picture.map_or(1, |picture| picture.channels)),
                Normalisation::Whole => Grouping::Whole,
            };
            let affine = statistics(&set.train.inputs[input], grouping);
            each(set, input, &|inputs| inputs.mapped(&affine));
        }
        if let Some(condition) = condition {
            let matrix = matrix(data, input, set.train.inputs[input].width(), condition)?;
            each(set, input, &|inputs| transform(inputs, &matrix));
        }
        if let Some(factor) = scale {
            each(set, input, &|inputs| scaled(inputs, factor));
        }
    }
    if label_noise > 0.0 {
        let mut stream = Stream::new(0, "label_noise", &data.name);
        match &mut set.train.targets {
            Targets::Classes(classes) => {
                let count = data.source.classes().map_or(0, |count| count as usize);
                flip_classes(classes, count, label_noise, &mut stream);
            }
            Targets::Numbers(table) => perturb(&mut table.values, label_noise, &mut stream),
        }
    }
    Ok(())
}

/// Maps one input of both parts.
fn each(set: &mut DataSet, input: usize, map: &dyn Fn(&Inputs) -> Inputs) {
    for part in std::iter::once(&mut set.train).chain(&mut set.test) {
        let inputs = &mut part.inputs[input];
        *inputs = map(inputs);
    }
}

/// Keeps the first `count` examples.
fn first(data: &Data, (word, part): (&str, &str), count: u64, examples: &mut Examples) -> Result<(), Vec<Diagnostic>> {
    let there = examples.len();
    let Some(count) = usize::try_from(count).ok().filter(|&count| count <= there) else {
        let message = format!("`{word}` asks for {count} {part} examples of `{}`, which has {there}", data.name);
        return Err(vec![
            Diagnostic::new(Code::E0223, data.span, message).found(count.to_string()).expected(format!("at most {there}")),
        ]);
    };
    if count < there {
        let rows: Vec<usize> = (0..count).collect();
        *examples = examples.select(&rows);
    }
    Ok(())
}

/// The matrix of `transform` from the stream (0, `transform`, name of the data set / number of the input).
fn matrix(data: &Data, input: usize, width: usize, condition: f64) -> Result<Vec<f64>, Vec<Diagnostic>> {
    if width > MOST_COLUMNS {
        let message = format!("`transform` of `{}` needs a matrix of {width} × {width} numbers", data.name);
        return Err(vec![
            Diagnostic::new(Code::E0207, data.span, message)
                .found(format!("{width} entries of an input"))
                .expected(format!("at most {MOST_COLUMNS}")),
        ]);
    }
    Ok(invertible(width, condition, &mut Stream::new(0, "transform", &format!("{}/{input}", data.name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use sym_data::transform::Picture;
    use sym_ir::experiment::DataSource;

    /// Six images of two channels of two pixels, and two more.
    fn set() -> DataSet {
        let mut stream = Stream::new(0, "images", "");
        let mut part = |rows: usize| Examples {
            inputs: vec![Inputs::of((0..rows * 4).map(|_| stream.normal()).collect(), 4)],
            targets: Targets::Classes((0..rows).map(|row| row % 3).collect()),
        };
        DataSet { train: part(6), test: Some(part(2)), picture: Picture::of(&[2, 1, 2]) }
    }

    fn prepared(preparation: Preparation) -> DataSet {
        let mut found = set();
        let data = Data { name: "D".into(), source: DataSource::Digits, preparation, fresh: false, split: None, span: span() };
        prepare(&data, &mut found).expect("examples of these sizes");
        found
    }

    fn channel(examples: &Examples, channel: usize) -> Vec<f64> {
        examples.inputs[0].dense().chunks(2).skip(channel).step_by(2).flatten().copied().collect()
    }

    #[test]
    fn both_parts_are_normalised_by_mean_and_deviation_of_the_training_part() {
        let found = prepared(Preparation { normalise: Some(Normalisation::Channel), ..Preparation::default() });
        for at in 0..2 {
            let before = channel(&set().train, at);
            let mean = before.iter().sum::<f64>() / 12.0;
            let deviation = (before.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 12.0).sqrt();
            let parts = [(&set().train, &found.train), (&set().test.expect("a part"), found.test.as_ref().expect("a part"))];
            for (before, after) in parts {
                for (before, after) in channel(before, at).iter().zip(channel(after, at)) {
                    assert!(((before - mean) / deviation - after).abs() < 1e-14, "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn scaling_comes_after_normalising_and_a_transform_has_determinant_one() {
        let found = prepared(Preparation { normalise: Some(Normalisation::Whole), scale: Some(3.0), ..Preparation::default() });
        let squares: f64 = found.train.inputs[0].dense().iter().map(|value| value * value).sum();
        assert!((squares / 24.0 - 9.0).abs() < 1e-12, "{squares}");
        // |det M| = 1 keeps the volume that four inputs span.
        let volume = |set: &DataSet| {
            let x = set.train.inputs[0].dense();
            faer::Mat::from_fn(4, 4, |row, column| x[row * 4 + column]).determinant().abs()
        };
        let turned = prepared(Preparation { transform: Some(50.0), ..Preparation::default() });
        assert_ne!(turned.train.inputs, set().train.inputs);
        assert!((volume(&turned) / volume(&set()) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn wrong_labels_are_those_of_training_examples_only() {
        let found = prepared(Preparation { label_noise: 1.0, ..Preparation::default() });
        let (Targets::Classes(before), Targets::Classes(after)) = (&set().train.targets, &found.train.targets) else {
            panic!("classes stay classes")
        };
        assert!(before.iter().zip(after).all(|(before, after)| before != after && *after < 10));
        assert_eq!(found.test, set().test);
    }

    #[test]
    fn n_keeps_the_first_training_examples_and_says_where_there_are_fewer() {
        let found = prepared(Preparation { count: Some(4), ..Preparation::default() });
        assert_eq!(found.train, set().train.select(&[0, 1, 2, 3]));
        assert_eq!(found.test, set().test);
        let preparation = Preparation { count: Some(7), ..Preparation::default() };
        let data = Data { name: "D".into(), source: DataSource::Digits, preparation, fresh: false, split: None, span: span() };
        let errors = prepare(&data, &mut set()).expect_err("there are six");
        assert_eq!(errors[0].code, Code::E0223);
        assert_eq!(errors[0].message, "`n` asks for 7 training examples of `D`, which has 6");
    }
}
