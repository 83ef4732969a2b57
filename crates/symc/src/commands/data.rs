//! `symc data list` and `symc data get`.

use crate::arguments::{self, DataAction, Format};
use crate::console::Console;
use crate::progress::DownloadBar;
use crate::render::json;
use crate::render::table::table;
use crate::report::{Diagnosed, Schema};
use crate::{Exit, output};
use serde::Serialize;
use std::path::{Path, PathBuf};
use sym_data::{SOURCES, Source};
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_fetch::{Event, Kind, Network};

/// The JSON document of `list`.
#[derive(Serialize)]
struct ListReport {
    schema: Schema,
    data: Vec<SourceRow>,
}

/// A data set.
#[derive(Serialize)]
struct SourceRow {
    name: &'static str,
    holds: &'static str,
    format: &'static str,
    page: &'static str,
    bytes: u64,
    files: Vec<FileRow>,
}

/// A file of it.
#[derive(Serialize)]
struct FileRow {
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
}

/// The JSON document of `get`.
#[derive(Serialize)]
struct GetReport {
    schema: Schema,
    name: String,
    folder: String,
    /// What can be read now.
    files: Vec<String>,
    diagnostics: Vec<Diagnosed>,
}

/// Lists or fetches.
pub fn execute(arguments: &arguments::Data, console: Console) -> Exit {
    match &arguments.action {
        DataAction::List => list(console),
        DataAction::Get { name, to } => {
            let folder = to.clone().unwrap_or_else(|| PathBuf::from("data").join(name));
            let Some(source) = Source::named(name) else { return Exit::Usage };
            get(source, &folder, console)
        }
    }
}

fn list(console: Console) -> Exit {
    match console.format {
        Format::Json => output::print(&json::document(&ListReport { schema: Schema, data: SOURCES.iter().map(row).collect() })),
        Format::Human => {
            let cells =
                |source: &Source| vec![source.name.into(), megabytes(source.size()), source.holds.into(), source.page.into()];
            let rows = SOURCES.iter().map(cells).collect();
            output::print(table(&["name", "size", "what it holds", "published at"], rows, console.report).trim_end());
        }
        Format::Short => {
            let line =
                |source: &Source| format!("{}: {}; {}; {}", source.name, megabytes(source.size()), source.holds, source.page);
            output::print(&SOURCES.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
    }
    Exit::Success
}

fn row(source: &Source) -> SourceRow {
    let files = source.files.iter().map(|file| FileRow { name: file.name, bytes: file.size, sha256: file.sha256 });
    SourceRow {
        name: source.name,
        holds: source.holds,
        format: source.format,
        page: source.page,
        bytes: source.size(),
        files: files.collect(),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn get(source: &Source, folder: &Path, console: Console) -> Exit {
    let mut bar = DownloadBar::new(source.size(), console.reports());
    let outcome = sym_fetch::get(source, folder, &Network::from_environment(), &mut |event| match event {
        Event::Fetched { file, done, .. } => bar.at(&file, done),
        Event::Again { file, why } => console.note(&format!("{file}: {why}; trying again")),
        Event::There { file } => console.note(&format!("{file}: there already")),
        Event::Complete { file } => console.note(&format!("{file}: complete, and the published one")),
    });
    bar.clear();
    let (files, found) = match outcome {
        Ok(files) => (files, None),
        Err(error) => (Vec::new(), Some(diagnostic(source, &error))),
    };
    let (sources, found) = (Sources::default(), Vec::from_iter(found));
    console.diagnostics(&sources, &found);
    let exit = Exit::failed_if(!found.is_empty());
    match console.format {
        Format::Json => output::print(&json::document(&GetReport {
            schema: Schema,
            name: source.name.to_string(),
            folder: folder.display().to_string(),
            files: files.iter().map(|file| file.display().to_string()).collect(),
            diagnostics: found.iter().map(|diagnostic| Diagnosed::new(&sources, diagnostic)).collect(),
        })),
        Format::Human | Format::Short if console.quiet || exit != Exit::Success => {}
        Format::Human | Format::Short => {
            output::print(&format!("data Name = {}(\"{}\")", source.name, folder.display()));
        }
    }
    exit
}

/// What is wrong; the help says how to do without the network.
fn diagnostic(source: &Source, error: &sym_fetch::Error) -> Diagnostic {
    let code = match error.kind {
        Kind::Network => Code::E0601,
        Kind::Different => Code::E0602,
        Kind::System => Code::E0603,
    };
    let mut found = Diagnostic::without_span(code, error.what.clone());
    if let Some(text) = &error.found {
        found = found.found(text.clone());
    }
    if let Some(text) = &error.expected {
        found = found.expected(text.clone());
    }
    let otherwise = || match error.kind {
        Kind::System => "choose a folder that can be written with `--to`".to_string(),
        Kind::Network | Kind::Different => format!("fetch the files by hand from {} into the folder", source.page),
    };
    found.help(error.help.clone().unwrap_or_else(otherwise))
}
