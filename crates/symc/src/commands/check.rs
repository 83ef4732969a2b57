//! `symc check FILE…`.

use crate::analysis::{self, Analysed};
use crate::arguments::{self, Extract, Format};
use crate::console::Console;
use crate::findings::Findings;
use crate::render::{json, short, table};
use crate::report::{Diagnosed, ExpectationRow, ModelPermutations, ModelReport, PermutationSpec, Report, in_order};
use crate::session::{self, Compiled};
use crate::{Exit, claims, generators, interventions, output, proof};
use sym_diagnostics::{Diagnostic, Severity, nearest};
use sym_ir::experiment::Measure;

/// Reports the symmetries of each file's models and decides the static claims.
pub fn execute(arguments: &arguments::Check, console: Console) -> Exit {
    if arguments.weights.is_some() && !(arguments.verify || arguments.effective) {
        output::error("error: --weights needs --verify or --effective");
        return Exit::Usage;
    }
    let (mut report, mut permutations) = (Report::default(), Vec::new());
    let mut exit = Exit::Success;
    let (mut models_seen, mut spaces_seen) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        let mut compiled = session::compile(path, &arguments.settings);
        let mut found = std::mem::take(&mut compiled.document.diagnostics);
        if session::exit(&compiled, &found) == Exit::Usage {
            // What to analyse is not known.
            console.diagnostics(&compiled.sources, &found);
            report.diagnostics.extend(found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)));
            exit = exit.and(Exit::Usage);
            models_seen.extend(compiled.document.models.keys().cloned());
            continue;
        }
        let mut models = analysis::analyse(&compiled.document);
        models_seen.extend(models.iter().map(|model| model.name.clone()));
        models.retain(|model| arguments.model.as_ref().is_none_or(|name| *name == model.name));
        spaces_seen.extend(models.iter().flat_map(|model| model.symmetries.spaces.iter().map(|space| space.name.clone())));
        found.extend(interventions::judge(&mut models));
        let mut findings = Findings::new(models, &compiled.document.assumptions);
        if arguments.verify {
            found.extend(proof::prove(&mut findings.models));
            if let Some(weights) = &arguments.weights {
                found.extend(proof::prove_at(&mut findings.models, weights));
            }
        }
        if arguments.effective {
            found.extend(interventions::measure(&mut findings.models, arguments.weights.as_deref()));
        }
        if arguments.emit == Some(Extract::Generators) {
            found.extend(generators::write(&findings.models, &arguments.out, console.quiet));
        }
        for train in compiled.document.trains.values() {
            if let Some(symmetries) = findings.of_train(&train.name) {
                found.extend(sym_runtime::probes::check(&train.program, &train.measures, symmetries));
            }
        }
        for measurement in compiled.document.measurements.values() {
            if let Some(symmetries) = findings.of_measurement(&measurement.name) {
                let measures = [Measure { every: 1, probes: measurement.probes.clone() }];
                found.extend(sym_runtime::probes::check(&measurement.program, &measures, symmetries));
            }
        }
        let (expectations, failures) = claims::decide(&compiled, &findings, false);
        found.extend(failures);
        let found = in_order(found);
        exit = exit.and(Exit::failed_if(found.iter().any(|diagnostic| fails(diagnostic, arguments.strict))));

        let mut rows: Vec<ModelReport> = findings.models.iter().map(|model| model.report(&compiled)).collect();
        if let Some(space) = &arguments.explain {
            for (model, row) in findings.models.iter().zip(&mut rows) {
                row.explain(&compiled.sources, model.program, space);
            }
        }
        if arguments.emit == Some(Extract::PermSpec) {
            permutations.extend(findings.models.iter().map(|model| model.permutations(&compiled)));
        } else if arguments.emit.is_none() && console.reports() {
            print(&compiled, &rows, &expectations, arguments, console);
        }
        console.diagnostics(&compiled.sources, &found);
        report.diagnostics.extend(found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)));
        report.models.extend(rows);
        report.expectations.extend(expectations);
    }
    match arguments.emit {
        Some(Extract::PermSpec) => output::print(&json::document(&PermutationSpec::new(permutations))),
        None if console.format == Format::Json => output::print(&json::document(&report)),
        Some(Extract::Generators) | None => {}
    }
    exit.and(unknown("model", arguments.model.as_deref(), &models_seen)).and(unknown(
        "space",
        arguments.explain.as_deref(),
        &spaces_seen,
    ))
}

/// Wrong usage where a name of the command line exists in no file.
fn unknown(what: &str, name: Option<&str>, known: &[String]) -> Exit {
    let Some(name) = name.filter(|name| !known.iter().any(|known| known == name)) else { return Exit::Success };
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("a similar one is {near}"),
        None if known.is_empty() => format!("no file has a {what}"),
        None => format!("available: {}", known.join(", ")),
    };
    output::error(&format!("error: there is no {what} {name}; {help}"));
    Exit::Usage
}

fn fails(diagnostic: &Diagnostic, strict: bool) -> bool {
    diagnostic.is_error() || (strict && diagnostic.severity == Severity::Warning)
}

fn print(
    compiled: &Compiled,
    models: &[ModelReport],
    expectations: &[ExpectationRow],
    arguments: &arguments::Check,
    console: Console,
) {
    if console.format == Format::Short {
        let text: String = match &arguments.explain {
            Some(space) => models.iter().map(|model| short::derivation(model, space)).collect(),
            None => models.iter().map(short::model).collect(),
        };
        let claims: String = expectations.iter().map(|row| short::expectation(row) + "\n").collect();
        if !(text.is_empty() && claims.is_empty()) {
            output::print(&(text + &claims));
        }
        return;
    }
    let style = console.report;
    if arguments.files.len() > 1 {
        output::print(&table::heading(&compiled.file, style));
    }
    for model in models {
        if let Some(space) = &arguments.explain {
            for space in model.spaces.iter().filter(|candidate| candidate.name == *space) {
                output::print(&table::derivation(&model.name, space, style));
            }
        } else {
            output::print(&table::model(model, style));
        }
    }
    if arguments.explain.is_none() {
        output::print(&table::expectations(expectations, style));
        if !models.is_empty() {
            if !expectations.is_empty() {
                output::print("\n");
            }
            output::print(&table::conventions(style));
        }
    }
}

impl Analysed<'_> {
    /// Which permutation moves which axis of its stored tensors.
    fn permutations(&self, compiled: &Compiled) -> ModelPermutations {
        let file = &compiled.sources.file(self.span.file).name;
        ModelPermutations::new(&self.name, file, self.program, &self.symmetries)
    }

    /// Its rows.
    pub fn report(&self, compiled: &Compiled) -> ModelReport {
        let file = &compiled.sources.file(self.span.file).name;
        let mut report = ModelReport::new(&compiled.sources, &self.name, self.program, &self.symmetries, file);
        report.training = self.trains.iter().map(|(train, kept)| crate::report::TrainingReport::new(train, kept)).collect();
        report.verify.clone_from(&self.verify);
        report.uncounted.clone_from(&self.uncounted);
        if let Some(approximation) = &self.approximation {
            report.measure(&approximation.sizes);
        }
        report.at_weights.clone_from(&self.at_weights);
        report.interventions.clone_from(&self.effects);
        report.effective.clone_from(&self.effective);
        report.assume(&compiled.sources, self.program, &self.assumed);
        report
    }
}
