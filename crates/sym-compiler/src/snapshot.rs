//! What a file's models are, as one text that a snapshot keeps: symmetries, parameters, operations.

use crate::Compiled;
use crate::render::{Style, human, table};
use crate::report::{ModelReport, TrainingReport};

/// The text of a compiled file: for each model the table of its symmetries with what training keeps, its blocks and parameters, and its tensor program.
/// It names no path, so that it is the same in every checkout.
///
/// # Errors
///
/// The errors of the file, drawn with their places.
pub fn text(compiled: &Compiled) -> Result<String, String> {
    let errors: Vec<String> = compiled
        .document
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic| human::diagnostic(&compiled.sources, diagnostic, Style::PLAIN))
        .collect();
    if !errors.is_empty() {
        return Err(errors.join("\n"));
    }
    let models = compiled.document.models.iter().map(|(name, model)| {
        let symmetries = sym_infer::infer(&model.program);
        let mut report = ModelReport::new(&compiled.sources, name, &model.program, &symmetries, &compiled.file);
        let trains = compiled.document.trains.values().filter(|train| train.program == model.program);
        report.training = trains
            .map(|train| {
                let kept = sym_infer::infer_training(&train.program, &train.loss, &train.optimizer);
                TrainingReport::new(train, &kept)
            })
            .collect();
        let table = table::model(&report, Style::PLAIN);
        format!("{table}\n{}\n{}", sym_emit::summary(&model.program), sym_ir::text(&model.program))
    });
    Ok(models.collect::<Vec<_>>().join("\n"))
}

/// The head of a snapshot file, as the crate `insta` has it.
const FENCE: &str = "---";

/// A snapshot file with this text.
pub fn file(source: &str, text: &str) -> String {
    format!("{FENCE}\nsource: {source}\n{FENCE}\n{}\n", text.trim_end())
}

/// The text that a snapshot file keeps, whoever wrote it.
pub fn kept(file: &str) -> String {
    let file = file.replace("\r\n", "\n");
    let body = file.strip_prefix(FENCE).and_then(|rest| rest.split_once(&format!("\n{FENCE}\n"))).map(|(_, body)| body);
    body.unwrap_or(&file).trim_end().to_string()
}

/// Whether two texts are the same up to the end of the last line, as `insta` compares them.
pub fn same(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}

#[cfg(test)]
mod tests {
    use super::{file, kept, same};

    #[test]
    fn a_snapshot_file_gives_back_its_text() {
        let text = "Mlp · 3 parameters\n---\n  fc1\n";
        assert!(same(&kept(&file("mlp.sym", text)), text));
        assert_eq!(kept("no head at all\n"), "no head at all");
        assert_eq!(kept("---\nsource: tests/models.rs\nexpression: text\n---\nbody\n"), "body");
    }
}
