//! Examples that are read from files.

use super::{Examples, Table, Targets};
use std::path::Path;
use sym_data::read::{self, CifarKind, TableTargets};
use sym_data::transform::Picture;
use sym_data::{Error, Kind, Parts, Source};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{FileFormat, FileSource};

/// What is read.
#[derive(Debug)]
pub(super) struct Read {
    /// All examples, or the published training part.
    pub(super) train: Examples,
    /// The published test part.
    pub(super) test: Option<Examples>,
    /// The axes of an image.
    pub(super) picture: Option<Picture>,
}

/// The examples of a source, whose paths are taken from `base`.
///
/// # Errors
///
/// E0601 for what is not there or cannot be read, E0602 for what is no such file or uses what is not read, E0207 for more than fits into memory.
pub(super) fn load(source: &FileSource, base: &Path) -> Result<Read, Diagnostic> {
    let parts = parts(source, base).map_err(|error| fault(source, base, &error))?;
    let classes = source.format.classes();
    let mut all = std::iter::once(&parts.train).chain(&parts.test);
    if let Some(count) = classes
        && let Some(found) = all.find_map(|part| largest(part).filter(|&found| found as u64 >= count))
    {
        let message = format!("`{}` has a class {found} and `classes` says {count}", source.path);
        return Err(Diagnostic::new(Code::E0602, source.span, message)
            .label("read here")
            .found(format!("class {found}"))
            .expected(format!("0..{count}")));
    }
    let picture = if source.format.has_channels() { Picture::of(&parts.train.shape) } else { None };
    Ok(Read { train: prepared(parts.train), test: parts.test.map(prepared), picture })
}

fn largest(examples: &sym_data::Examples) -> Option<usize> {
    match &examples.targets {
        sym_data::Targets::Classes(classes) => classes.iter().copied().max(),
        sym_data::Targets::Numbers(_) => None,
    }
}

fn parts(source: &FileSource, base: &Path) -> Result<Parts, Error> {
    let path = base.join(&source.path);
    let single = |examples: sym_data::Examples| Parts { train: examples, test: None };
    let cifar = |kind| {
        if source.is_single_file() { read::cifar_file(&path, kind).map(single) } else { read::cifar(&path, kind) }
    };
    match &source.format {
        FileFormat::Csv { target, classes } => {
            read::csv(&path, TableTargets { column: target.as_deref(), classes: *classes }).map(single)
        }
        FileFormat::Parquet { target, classes } => {
            read::parquet(&path, TableTargets { column: target.as_deref(), classes: *classes }).map(single)
        }
        FileFormat::Mnist => read::mnist(&path),
        FileFormat::Cifar10 => cifar(CifarKind::Cifar10),
        FileFormat::Cifar100 => cifar(CifarKind::Cifar100),
        FileFormat::Svhn => read::svhn(&path),
        FileFormat::Idx { labels, .. } => read::idx(&path, &base.join(labels)).map(single),
        FileFormat::Npy { y, classes } => read::npy_pair(&path, &base.join(y), *classes).map(single),
        FileFormat::Npz { x, y, classes } => read::npz(&path, x, y, *classes).map(single),
        FileFormat::Text { context } => read::text(&path, usize::try_from(*context).unwrap_or(usize::MAX)).map(single),
        FileFormat::Images { size, .. } => {
            read::folders(&path, size.map(|size| u32::try_from(size).unwrap_or(u32::MAX))).map(single)
        }
    }
}

fn prepared(examples: sym_data::Examples) -> Examples {
    let targets = match examples.targets {
        sym_data::Targets::Classes(classes) => Targets::Classes(classes),
        sym_data::Targets::Numbers(numbers) => Targets::Numbers(Table { values: numbers.dense(), width: numbers.width() }),
    };
    Examples { inputs: vec![examples.inputs], targets }
}

/// What a reader says, as a diagnostic at the path; for a published set, with where it is to be had.
fn fault(source: &FileSource, base: &Path, error: &Error) -> Diagnostic {
    let shown = error.file.strip_prefix(base).unwrap_or(&error.file).display();
    let (code, message) = match error.kind {
        Kind::Missing | Kind::Unreadable => (Code::E0601, format!("cannot read the data file `{shown}`: {error}")),
        Kind::TooLarge => (Code::E0207, format!("`{shown}` does not fit into memory: {error}")),
        Kind::Damaged => (Code::E0602, format!("`{shown}` is damaged, or no `{}`: {error}", source.format.name())),
        Kind::Unsupported => (Code::E0602, format!("`{shown}` uses what is not read: {error}")),
    };
    let mut diagnostic = Diagnostic::new(code, source.span, message).label("read here");
    if code == Code::E0601 {
        let there = format!("nothing readable at `{}`", error.file.display());
        return absent(diagnostic.found(error.found.clone().unwrap_or(there)), source, base, error);
    }
    if let Some(found) = &error.found {
        diagnostic = diagnostic.found(found.clone());
    }
    diagnostic = diagnostic.expected(error.expected.clone().unwrap_or_else(|| source.format.summary().to_string()));
    match &error.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

fn absent(diagnostic: Diagnostic, source: &FileSource, base: &Path, error: &Error) -> Diagnostic {
    let Some(published) = Source::named(source.format.name()) else {
        return diagnostic.expected(source.format.summary()).help("put the data beside the `.sym` file, or correct the path");
    };
    if !source.has_test() {
        let sums: Vec<String> = published.files.iter().map(|file| format!("{} has SHA-256 {}", file.name, file.sha256)).collect();
        return diagnostic.expected(format!("{}; {}", source.format.summary(), sums.join(", "))).help(format!(
            "`symc data get {}` fetches the whole set, whose files of records, or the beginnings of them, are such files; it is published at {}",
            published.name, published.page
        ));
    }
    let name = error.file.file_name().unwrap_or_default().to_string_lossy();
    let holds =
        |file: &sym_data::Remote| file.name == name || file.members.iter().any(|(member, _)| Path::new(member).ends_with(&*name));
    let checksum =
        published.files.iter().find(|file| holds(file)).map(|file| format!("; {} has SHA-256 {}", file.name, file.sha256));
    diagnostic.expected(format!("{} ({}){}", published.holds, published.format, checksum.unwrap_or_default())).help(format!(
        "`symc data get {} --to {}` fetches it; it is published at {}",
        published.name,
        base.join(&source.path).display(),
        published.page
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;

    fn source(format: FileFormat, path: &str) -> FileSource {
        FileSource { format, path: path.to_string(), span: span() }
    }

    fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("a file");
        }
        folder
    }

    /// Three records of CIFAR-10 with these classes, whose grey values are all 255, 51 and 0.
    fn records(classes: [u8; 3]) -> Vec<u8> {
        classes.iter().zip([255, 51, 0]).flat_map(|(&class, grey)| std::iter::once(class).chain([grey; 3072])).collect()
    }

    #[test]
    fn records_become_examples_with_grey_values_in_0_to_1() {
        let folder = folder(&[("batch.bin", records([3, 0, 9]))]);
        let read = load(&source(FileFormat::Cifar10, "batch.bin"), folder.path()).expect("records");
        assert_eq!(read.picture, Some(Picture { channels: 3, height: 32, width: 32 }));
        assert!(read.test.is_none());
        assert_eq!(read.train.targets, Targets::Classes(vec![3, 0, 9]));
        let greys: Vec<f64> = read.train.inputs[0].dense().chunks(3072).map(|image| image[3071]).collect();
        assert_eq!(greys, [1.0, 0.2, 0.0]);
    }

    #[test]
    fn an_absent_published_set_is_said_with_format_checksum_and_the_command_that_fetches_it() {
        let folder = folder(&[]);
        let error = load(&source(FileFormat::Cifar10, "data/cifar10"), folder.path()).expect_err("nothing there");
        assert_eq!(error.code, Code::E0601);
        let expected = error.expected.clone().unwrap_or_default();
        assert!(expected.contains("CIFAR-10 binary") && expected.contains("c4a38c50a1bc5f3a1c5537f2155ab9d6"), "{expected}");
        let help = error.help.clone().unwrap_or_default();
        assert!(help.contains("symc data get cifar10 --to ") && help.contains("cs.toronto.edu"), "{help}");
    }

    #[test]
    fn damage_is_said_with_its_place() {
        let folder =
            folder(&[("short.bin", vec![0; 3072]), ("wrong.bin", records([3, 10, 9])), ("t.csv", b"1,2\n3,4\n".to_vec())]);
        let fault = |format, path: &str| load(&source(format, path), folder.path()).expect_err("damaged");
        for (name, place) in [("short.bin", "byte 0: "), ("wrong.bin", "byte 3073: ")] {
            let error = fault(FileFormat::Cifar10, name);
            assert_eq!(error.code, Code::E0602);
            assert!(error.message.contains(place), "{}", error.message);
        }
        let classes = fault(FileFormat::Csv { target: None, classes: Some(3) }, "t.csv");
        assert_eq!(classes.code, Code::E0602);
    }
}
