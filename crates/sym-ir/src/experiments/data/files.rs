//! Sources that are files.

use crate::experiment::{FileFormat, FileSource};
use crate::experiments::arguments::Arguments;
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{self, optional, string, whole};
use sym_syntax::ast::Expr;

/// Their names.
pub(super) const NAMES: [&str; 11] =
    ["csv", "parquet", "npy", "npz", "idx", "images", "text", "mnist", "cifar10", "cifar100", "svhn"];

/// The names of a source's arguments.
pub(super) fn arguments_of(word: &str) -> Option<&'static [&'static str]> {
    match word {
        "csv" | "parquet" => Some(&["path", "target", "classes", "n"]),
        "npy" => Some(&["path", "y", "classes", "n"]),
        "npz" => Some(&["path", "x", "y", "classes", "n"]),
        "idx" => Some(&["path", "labels", "classes", "n"]),
        "images" => Some(&["path", "size", "classes", "n"]),
        "text" => Some(&["path", "context", "n"]),
        "mnist" | "cifar10" | "cifar100" | "svhn" => Some(&["path", "n", "test_n"]),
        _ => None,
    }
}

/// The source of this name, which [`arguments_of`] knows.
pub(super) fn elaborate(word: &str, arguments: &mut Arguments<'_>, expr: &Expr, reporter: &mut Reporter) -> Option<FileSource> {
    let written = arguments.required("path", example(word), reporter);
    let path = written.and_then(|value| string(value, "`path`", reporter));
    let format = match word {
        "csv" | "parquet" => {
            let target = match arguments.named("target") {
                None => Some(None),
                Some(value) if values::name(value) == Some("last") => Some(None),
                Some(value) => string(value, "`target`", reporter).map(Some),
            };
            let classes = optional(arguments.named("classes"), "`classes`", 2, reporter);
            let (target, classes) = (target?, classes?);
            if word == "csv" { FileFormat::Csv { target, classes } } else { FileFormat::Parquet { target, classes } }
        }
        "npy" => {
            let targets = arguments.required("y", "\"targets.npy\"", reporter);
            let targets = targets.and_then(|value| string(value, "`y`", reporter));
            let classes = optional(arguments.named("classes"), "`classes`", 2, reporter);
            FileFormat::Npy { y: targets?, classes: classes? }
        }
        "npz" => {
            let mut name = |of: &str| arguments.named(of).map_or(Some(of.to_string()), |value| string(value, of, reporter));
            let (x, y) = (name("x"), name("y"));
            let classes = optional(arguments.named("classes"), "`classes`", 2, reporter);
            FileFormat::Npz { x: x?, y: y?, classes: classes? }
        }
        "idx" => {
            let labels = arguments.required("labels", "\"labels.gz\"", reporter);
            let labels = labels.and_then(|value| string(value, "`labels`", reporter));
            let classes = required_classes(arguments, reporter);
            FileFormat::Idx { labels: labels?, classes: classes? }
        }
        "images" => {
            let size = optional(arguments.named("size"), "`size`", 1, reporter);
            let classes = required_classes(arguments, reporter);
            FileFormat::Images { size: size?, classes: classes? }
        }
        "text" => {
            let context = arguments.required("context", "32", reporter);
            FileFormat::Text { context: context.and_then(|value| whole(value, "`context`", 1, reporter))? }
        }
        "mnist" => FileFormat::Mnist,
        "cifar10" => FileFormat::Cifar10,
        "cifar100" => FileFormat::Cifar100,
        _ => FileFormat::Svhn,
    };
    Some(FileSource { format, path: path?, span: written.map_or(expr.span, |path| path.span) })
}

fn example(word: &str) -> &'static str {
    match word {
        "csv" => "\"table.csv\"",
        "parquet" => "\"table.parquet\"",
        "npy" => "\"inputs.npy\"",
        "npz" => "\"arrays.npz\"",
        "idx" => "\"images.gz\"",
        "images" => "\"photographs\"",
        "text" => "\"book.txt\"",
        "mnist" => "\"data/mnist\"",
        "cifar10" => "\"data/cifar10\"",
        "cifar100" => "\"data/cifar100\"",
        _ => "\"data/svhn\"",
    }
}

fn required_classes(arguments: &mut Arguments<'_>, reporter: &mut Reporter) -> Option<u64> {
    arguments.required("classes", "10", reporter).and_then(|value| whole(value, "`classes`", 2, reporter))
}
