//! Derivatives of every model of the gallery, at small sizes.

use crate::blocks::compiled;
use crate::derivatives::assert_derivatives;
use sym_ir::Program;
use sym_rewrite::{miniatures, miniatures_with_lines, shorten, shorten_sequences};

/// A small model with the structure of a large one: two blocks of those that repeat, five steps of a recurrence.
fn miniature(program: &Program) -> Program {
    let brief = shorten_sequences(program, 5).unwrap_or_else(|| program.clone());
    let short = shorten(&brief, 2).unwrap_or(brief);
    if short.trainable_entries().is_some_and(|entries| entries <= 2_000) {
        return short;
    }
    let first = |limit: u128| {
        let lines = miniatures_with_lines(&short, limit).and_then(|mut found| found.next());
        lines.or_else(|| miniatures(&short, limit).next())
    };
    [2_000, 5_000, u128::MAX].into_iter().find_map(first).map_or(short.clone(), |found| found.program)
}

#[test]
fn every_model_of_the_gallery_has_its_derivatives() {
    let directory = format!("{}/../../examples/gallery", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(directory).expect("the gallery is there").filter_map(Result::ok).map(|file| file.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "sym")).collect();
    files.sort();
    let mut models = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a model can be read");
        for (name, program) in compiled(&path.display().to_string(), text) {
            println!("{name}");
            assert_derivatives(&miniature(&program));
            models += 1;
        }
    }
    assert!(models >= 30, "{models}");
}
