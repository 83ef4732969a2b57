//! Interventions, a file each: what becomes of the parameters, and the symmetries by kind before and after.

use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Sources};
use sym_ir::{Edit, Loader, Options, Program};
use sym_rewrite::{Amounts, Effect, plain_training};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("there are no other files".to_string())
    }
}

#[test]
fn interventions_do_what_they_say() {
    insta::glob!("interventions/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the file is part of the crate");
        let mut sources = Sources::default();
        let root = sources.add("test.sym", text);
        let options = Options { rewrite: Some(sym_rewrite::interventions::apply), ..Options::default() };
        let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &options);
        let mut report = String::new();
        for diagnostic in &document.diagnostics {
            line(&mut report, &sources, diagnostic);
        }
        for (name, model) in &document.models {
            let (loss, optimizer) = plain_training();
            for (edit, effect) in model.edits.iter().zip(Effect::of_all(&model.edits, loss, &optimizer)) {
                let _ = writeln!(report, "{name}: {}", edit.intervention.written);
                changes(&mut report, edit);
                for (level, amounts) in
                    [("model", &effect.model), ("objective", &effect.objective), ("dynamics", &effect.dynamics)]
                {
                    let _ = writeln!(report, "    {level}: {}", list(amounts));
                }
                match (&edit.intervention.change, effect.refutation(edit)) {
                    (_, Some(diagnostic)) => line(&mut report, &sources, &diagnostic),
                    (Some(_), None) => report.push_str("    holds\n"),
                    (None, None) => {}
                }
            }
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(report);
        });
    });
}

fn line(report: &mut String, sources: &Sources, diagnostic: &Diagnostic) {
    let place = diagnostic.primary.as_ref().map(|label| {
        let position = sources.file(label.span.file).position(label.span.start);
        format!("{}:{} `{}`", position.line, position.column, sources.text(label.span))
    });
    let _ = writeln!(report, "{} {}: {}", place.unwrap_or_default(), diagnostic.code, diagnostic.message);
    for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
        if let Some(part) = part {
            let _ = writeln!(report, "    {word}: {part}");
        }
    }
}

/// Parameters that are gone, new or no longer what they were.
fn changes(report: &mut String, edit: &Edit) {
    let parameters = |program: &Program| -> Vec<String> {
        let text = |parameter: &sym_ir::Parameter| {
            let sizes: Vec<String> = parameter.shape.iter().map(|axis| axis.size.to_string()).collect();
            let frozen = if parameter.trainable { "" } else { " frozen" };
            let decay = parameter.role.decay_spread.as_ref().map_or(String::new(), |(spread, _)| format!(" decay 1 ± {spread}"));
            format!("{} [{}]{frozen}{decay}", parameter.path, sizes.join(", "))
        };
        program.parameters.iter().map(text).collect()
    };
    let (before, after) = (parameters(&edit.before), parameters(&edit.after));
    for gone in before.iter().filter(|parameter| !after.contains(parameter)) {
        let _ = writeln!(report, "    − {gone}");
    }
    for new in after.iter().filter(|parameter| !before.contains(parameter)) {
        let _ = writeln!(report, "    + {new}");
    }
}

fn list(amounts: &Amounts) -> String {
    let parts: Vec<String> =
        amounts.iter().map(|(kind, amount)| format!("{kind} {} → {}", amount.before, amount.after)).collect();
    if parts.is_empty() { "nothing".to_string() } else { parts.join(", ") }
}
