//! Whether examples have the sizes of a model's inputs.

use super::{Inputs, entries};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::Data;
use sym_ir::{Entries, Input, Program};

/// Checks that the inputs of examples have the sizes of the model's.
pub(super) fn fit(data: &Data, program: &Program, inputs: &[Inputs]) -> Result<(), Vec<Diagnostic>> {
    if inputs.len() != program.inputs.len() {
        let message = format!(
            "`{}` gives {} input an example and model `{}` has {}",
            data.name,
            inputs.len(),
            program.name,
            program.inputs.len()
        );
        return Err(vec![
            Diagnostic::new(Code::E0203, data.span, message)
                .found(inputs.len().to_string())
                .expected(program.inputs.len().to_string()),
        ]);
    }
    let wrong: Vec<Diagnostic> = program
        .inputs
        .iter()
        .zip(inputs)
        .filter(|(input, table)| entries(&input.shape) != Some(table.width()))
        .map(|(input, table)| {
            let wanted: Vec<String> = input.shape.iter().map(|axis| axis.size.to_string()).collect();
            let wanted = wanted.join(" × ");
            Diagnostic::new(
                Code::E0203,
                data.span,
                format!(
                    "`{}` has {} numbers an example and input `{}` of `{}` takes {wanted}",
                    data.name,
                    table.width(),
                    input.name,
                    program.name
                ),
            )
            .label(format!("{} numbers an example", table.width()))
            .cause(input.span, format!("takes {wanted}"))
            .found(table.width().to_string())
            .expected(wanted)
        })
        .collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let foreign: Vec<Diagnostic> =
        program.inputs.iter().zip(inputs).filter_map(|(input, table)| foreign_number(data, input, table)).collect();
    if foreign.is_empty() { Ok(()) } else { Err(foreign) }
}

/// The first number of an input of whole numbers that is none of them.
fn foreign_number(data: &Data, input: &Input, table: &Inputs) -> Option<Diagnostic> {
    let Entries::Integer { below } = input.entries else { return None };
    let inside = |value: f64| value.fract() == 0.0 && value >= 0.0 && value < below as f64;
    let mut row = vec![0.0; table.width()];
    let (at, value) = (0..table.rows()).find_map(|at| {
        table.row(at, &mut row);
        Some((at, *row.iter().find(|&&value| !inside(value))?))
    })?;
    let name = &input.name;
    let message = format!("example {at} of `{}` has {value} for input `{name}`", data.name);
    Some(
        Diagnostic::new(Code::E0223, data.span, message)
            .cause(input.span, format!("takes whole numbers in 0..{below}"))
            .found(value.to_string())
            .expected(format!("whole numbers in 0..{below}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Examples, Table, Targets};
    use crate::testing::span;
    use sym_ir::experiment::{DataSource, Preparation};
    use sym_ir::{Axis, Builder};

    #[test]
    fn an_input_of_whole_numbers_refuses_others_with_their_place() {
        let mut builder = Builder::new("Tokens");
        let entries = Entries::Integer { below: 5 };
        let tokens =
            Input { name: "tokens".into(), shape: vec![Axis::of(2)], rank: None, basis: Vec::new(), entries, span: span() };
        let value = builder.declare_input(tokens);
        builder.output("output", value);
        let program = builder.finish();
        let data = Data {
            name: "Words".into(),
            source: DataSource::Digits,
            preparation: Preparation::default(),
            fresh: false,
            split: None,
            span: span(),
        };
        let examples = |values: &[f64]| Examples {
            inputs: vec![Inputs::of(values.to_vec(), 2)],
            targets: Targets::Numbers(Table { values: vec![0.0; values.len() / 2], width: 1 }),
        };
        assert!(fit(&data, &program, &examples(&[0.0, 4.0, 3.0, 1.0]).inputs).is_ok());
        for wrong in [5.0, -1.0, 0.5, f64::NAN] {
            let found = fit(&data, &program, &examples(&[0.0, 4.0, 3.0, wrong]).inputs).expect_err("no whole number below 5");
            assert_eq!(found[0].code, Code::E0223);
            assert_eq!(found[0].message, format!("example 1 of `Words` has {wrong} for input `tokens`"));
        }
    }
}
