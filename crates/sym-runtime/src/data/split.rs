//! Training part and second part of a data set.

use super::{DataSet, Examples};
use crate::Stream;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::Data;

/// Splits given examples: the second part is the end of a random order, drawn from the stream (0, `split`, name of the data set).
///
/// # Errors
///
/// E0223 where no training example is left.
pub fn shuffled(data: &Data, examples: Examples) -> Result<DataSet, Vec<Diagnostic>> {
    let Some((count, part)) = &data.split else {
        return Ok(DataSet { train: examples, test: None, picture: None });
    };
    let all = examples.len();
    let Some(kept) = usize::try_from(*count).ok().and_then(|count| all.checked_sub(count)).filter(|&kept| kept > 0) else {
        return Err(vec![
            Diagnostic::new(
                Code::E0223,
                data.span,
                format!("a split of {count} examples as `{part}` leaves none of the {all} in `{}`", data.name),
            )
            .found(count.to_string())
            .expected(format!("at most {}", all.saturating_sub(1)))
            .help(format!("`split {}`", all / 5)),
        ]);
    };
    let order = Stream::new(0, "split", &data.name).order(all);
    Ok(DataSet { train: examples.select(&order[..kept]), test: Some(examples.select(&order[kept..])), picture: None })
}

/// The number of examples to generate: the split's part comes on top.
///
/// # Errors
///
/// E0207 beyond what can be counted, E0223 for none.
pub fn total(data: &Data, count: u64) -> Result<usize, Vec<Diagnostic>> {
    if count == 0 {
        return Err(vec![
            Diagnostic::new(Code::E0223, data.span, format!("`{}` has no training examples", data.name))
                .found("0")
                .expected("at least 1"),
        ]);
    }
    let more = data.split.as_ref().map_or(0, |(count, _)| *count);
    count.checked_add(more).and_then(|total| usize::try_from(total).ok()).ok_or_else(|| {
        vec![Diagnostic::new(Code::E0207, data.span, format!("`{}` asks for more examples than can be counted", data.name))]
    })
}

/// Splits generated examples after the first `count`.
pub fn ordered(examples: Examples, count: usize) -> DataSet {
    let all = examples.len();
    if all <= count {
        return DataSet { train: examples, test: None, picture: None };
    }
    let rows: Vec<usize> = (0..all).collect();
    DataSet { train: examples.select(&rows[..count]), test: Some(examples.select(&rows[count..])), picture: None }
}
