//! Numeric tables as comma-separated values with one target column.
//!
//! A first line that holds anything but numbers names the columns. Fields may stand in double quotes; empty lines are skipped.

use super::{Examples, Table, Targets};
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, Span};

/// The examples of a file; `shown` is its name in messages, `span` where it is written.
///
/// # Errors
///
/// E0601 where there is no such file, E0602 where it is no such table.
pub fn load(path: &Path, shown: &str, target: Option<&str>, classes: Option<u64>, span: Span) -> Result<Examples, Diagnostic> {
    let bytes = std::fs::read(path).map_err(|error| {
        Diagnostic::new(Code::E0601, span, format!("cannot read the data file `{shown}`: {}", crate::io_reason(&error)))
            .label("read here")
            .found(format!("nothing readable at `{}`", path.display()))
            .expected("a table of comma-separated numbers, one example a line")
            .help("put the file beside the `.sym` file, or correct the path")
    })?;
    parse(&bytes, shown, target, classes, span)
}

fn parse(bytes: &[u8], shown: &str, target: Option<&str>, classes: Option<u64>, span: Span) -> Result<Examples, Diagnostic> {
    let damaged = |why: String| Diagnostic::new(Code::E0602, span, format!("`{shown}` is no numeric table: {why}"));
    let text =
        std::str::from_utf8(bytes).map_err(|error| damaged(format!("byte {} is not UTF-8 text", error.valid_up_to() + 1)))?;
    let mut lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| (at + 1, fields(line))).peekable();
    let header = lines.next_if(|(_, fields)| fields.iter().any(|field| field.parse::<f64>().is_err()));
    let width = header.as_ref().map_or_else(|| lines.peek().map_or(0, |(_, fields)| fields.len()), |(_, fields)| fields.len());
    if let Some((line, names)) = &header
        && let Some((at, name)) = names.iter().enumerate().find(|(at, name)| !name.is_empty() && names[..*at].contains(name))
    {
        let first = names.iter().position(|known| known == name).map_or(0, |first| first + 1);
        return Err(damaged(format!("line {line} names columns {first} and {} `{name}`", at + 1))
            .found(names.join(", "))
            .expected("a different name for each column")
            .help("rename one of the columns, or remove it"));
    }
    if lines.peek().is_none() {
        return Err(damaged("it has no line of numbers".to_string()));
    }
    if width < 2 {
        return Err(damaged(format!("it has {width} column; inputs and a target need at least 2")));
    }
    let column = match (target, &header) {
        (None, _) => width - 1,
        (Some(name), None) => {
            return Err(damaged(format!("it names no columns, so there is no target `{name}`"))
                .help("name the columns in the first line"));
        }
        (Some(name), Some((_, names))) => names.iter().position(|known| *known == name).ok_or_else(|| {
            damaged(format!("it has no column `{name}`"))
                .found(names.join(", "))
                .expected(name)
                .suggest(name, names.iter().copied())
        })?,
    };
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for (line, fields) in lines {
        if fields.len() != width {
            return Err(damaged(format!("line {line} has {} fields", fields.len()))
                .found(fields.len().to_string())
                .expected(width.to_string()));
        }
        for (at, field) in fields.iter().enumerate() {
            let value = field.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
                damaged(format!("line {line}, column {} holds `{field}`", at + 1)).found(*field).expected("a finite number")
            })?;
            if at == column { targets.push(value) } else { inputs.push(value) }
        }
    }
    let targets = match classes {
        None => Targets::Numbers(Table { values: targets, width: 1 }),
        Some(count) => Targets::Classes(
            targets
                .iter()
                .map(|&value| {
                    let fits = value.fract() == 0.0 && value >= 0.0 && value < count as f64;
                    fits.then_some(value as usize).ok_or_else(|| {
                        damaged(format!("the target {value} is no class number"))
                            .found(value.to_string())
                            .expected(format!("0..{count}"))
                    })
                })
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Examples { inputs: vec![Table { values: inputs, width: width - 1 }], targets })
}

fn fields(line: &str) -> Vec<&str> {
    line.split(',')
        .map(|field| {
            let field = field.trim();
            field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_diagnostics::FileId;

    fn read(text: &[u8], target: Option<&str>, classes: Option<u64>) -> Result<Examples, Diagnostic> {
        parse(text, "t.csv", target, classes, Span::new(FileId(0), 0, 1))
    }

    #[test]
    fn the_last_column_is_the_target_unless_another_is_named() {
        let text = b"x,y,\"z\"\n1,2,3\n\n4,5,6\n";
        let last = read(text, None, None).expect("a table");
        assert_eq!(last.inputs, [Table { values: vec![1.0, 2.0, 4.0, 5.0], width: 2 }]);
        assert_eq!(last.targets, Targets::Numbers(Table { values: vec![3.0, 6.0], width: 1 }));
        let named = read(text, Some("x"), Some(5)).expect("a table");
        assert_eq!(named.targets, Targets::Classes(vec![1, 4]));
    }

    #[test]
    fn what_is_no_table_is_said_with_its_line() {
        let message = |text: &[u8], target, classes| {
            let error = read(text, target, classes).expect_err("damaged");
            assert_eq!(error.code, Code::E0602);
            error.message
        };
        assert!(message(b"1,2\n3\n", None, None).ends_with("line 2 has 1 fields"));
        assert!(message(b"1,2\n3,nan\n", None, None).ends_with("line 2, column 2 holds `nan`"));
        assert!(message(b"a,b\n", None, None).ends_with("it has no line of numbers"));
        assert!(message(b"", None, None).ends_with("it has no line of numbers"));
        assert!(message(b"\xff\xfe", None, None).ends_with("byte 1 is not UTF-8 text"));
        assert!(message(b"a,b\n1,2\n", Some("c"), None).ends_with("it has no column `c`"));
        assert!(message(b"a,a,y\n1,2,3\n", None, None).ends_with("line 1 names columns 1 and 2 `a`"));
        assert!(message(b"a,y,\"y\"\n1,2,3\n", Some("y"), None).ends_with("line 1 names columns 2 and 3 `y`"));
        assert!(message(b"1,2.5\n", None, Some(3)).ends_with("the target 2.5 is no class number"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]

        #[test]
        fn any_bytes_are_a_table_or_damaged(text in "[0-9a,.\"\n\u{e9} -]{0,60}", classes in proptest::option::of(0..5u64)) {
            match read(text.as_bytes(), None, classes) {
                Ok(examples) => proptest::prop_assert_eq!(examples.inputs[0].rows(), examples.len()),
                Err(error) => proptest::prop_assert_eq!(error.code, Code::E0602),
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_missing_data() {
        let error = load(Path::new("no/such.csv"), "such.csv", None, None, Span::new(FileId(0), 0, 1)).expect_err("missing");
        assert_eq!(error.code, Code::E0601);
        assert_eq!(error.message, "cannot read the data file `such.csv`: no such file or directory");
    }
}
