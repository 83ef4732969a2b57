//! `symc lower FILE --emit ir|burn|rust|dot|summary`.

use crate::arguments::{self, Emit, Format};
use crate::console::Console;
use crate::render::json;
use crate::report::{Diagnosed, Schema};
use crate::{Exit, output, session};
use serde::Serialize;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::Program;

/// A lower form of a model.
struct Form {
    text: String,
    extension: &'static str,
    /// The content of the file beside it.
    constants: Option<Vec<u8>>,
}

/// The JSON document.
#[derive(Default, Serialize)]
struct LowerReport {
    schema: Schema,
    models: Vec<LoweredRow>,
    diagnostics: Vec<Diagnosed>,
}

/// A model in a lower form.
#[derive(Serialize)]
struct LoweredRow {
    name: String,
    /// The form, where it was not written to a file.
    text: Option<String>,
    /// The files that were written.
    files: Vec<String>,
}

/// Prints a lower form of a file's models, or writes it to files.
pub fn execute(arguments: &arguments::Lower, console: Console) -> Exit {
    let mut compiled = session::compile(&arguments.file, &arguments.settings);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    let models: Vec<_> = compiled
        .document
        .models
        .iter()
        .filter(|(name, _)| arguments.model.as_ref().is_none_or(|wanted| wanted == *name))
        .collect();
    if let (Some(wanted), true) = (&arguments.model, models.is_empty()) {
        console.diagnostics(&compiled.sources, &found);
        output::error(&format!("error: there is no model {wanted} in {}", compiled.file));
        return Exit::Usage;
    }
    let mut rows = Vec::new();
    for (_, model) in models {
        let delivered = form(&model.program, arguments.emit)
            .and_then(|form| deliver(&model.program, form, arguments.out.as_deref()).map_err(|diagnostic| vec![diagnostic]));
        match delivered {
            Ok(row) => rows.push(row),
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    console.diagnostics(&compiled.sources, &found);
    let exit = session::exit(&compiled, &found);
    if console.format == Format::Json {
        let diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)).collect();
        output::print(&json::document(&LowerReport { models: rows, diagnostics, ..LowerReport::default() }));
        return exit;
    }
    for row in rows {
        row.text.iter().for_each(|text| output::print(text));
        if !console.quiet {
            row.files.iter().for_each(|file| output::print(&format!("{}: {file}", row.name)));
        }
    }
    exit
}

fn form(program: &Program, emit: Emit) -> Result<Form, Vec<Diagnostic>> {
    let text = |text, extension| Form { text, extension, constants: None };
    Ok(match emit {
        Emit::Ir => text(sym_ir::text(program), "ir"),
        Emit::Burn => text(sym_lower::text(program)?, "burn"),
        Emit::Dot => text(sym_emit::dot(program), "dot"),
        Emit::Summary => text(sym_emit::summary(program), "txt"),
        Emit::Rust => {
            let emitted = sym_emit::rust(program, &format!("{}.safetensors", sym_emit::file_stem(&program.name)))?;
            Form { text: emitted.source, extension: "rs", constants: emitted.constants }
        }
    })
}

fn deliver(program: &Program, form: Form, directory: Option<&Path>) -> Result<LoweredRow, Diagnostic> {
    let name = program.name.clone();
    let Some(directory) = directory else {
        if form.constants.is_some() {
            let message = format!("the module of `{name}` has constants, which do not fit on standard output");
            return Err(Diagnostic::without_span(Code::E0603, message)
                .usage()
                .expected("a directory for the module and its safetensors file")
                .help("add `--out DIR`"));
        }
        return Ok(LoweredRow { name, text: Some(form.text), files: Vec::new() });
    };
    let stem = sym_emit::file_stem(&name);
    let file = |extension: &str| directory.join(format!("{stem}.{extension}"));
    let mut files = vec![(file(form.extension), form.text.as_bytes())];
    files.extend(form.constants.as_deref().map(|bytes| (file("safetensors"), bytes)));
    for (path, bytes) in &files {
        std::fs::create_dir_all(directory).and_then(|()| std::fs::write(path, bytes)).map_err(|error| {
            Diagnostic::without_span(Code::E0603, format!("`{}` cannot be written: {error}", path.display()))
                .help("choose a directory that can be written to with `--out`")
        })?;
    }
    Ok(LoweredRow { name, text: None, files: files.iter().map(|(path, _)| path.display().to_string()).collect() })
}
