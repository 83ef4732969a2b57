//! `symc run FOLDER`: every file of a folder, one after the other, with one table at the end.

use super::run::{self, Executed, Scope};
use crate::arguments::{self, Format};
use crate::console::Console;
use crate::render::{folder, json};
use crate::report::{FileReport, FolderReport};
use crate::{Exit, interrupt, output, session};
use std::path::{Path, PathBuf};
use std::time::Instant;
use sym_diagnostics::Sources;

/// Executes the files in the order of their names. What fails in one hides no other. A profile applies to the files that have it; the others are executed as
/// they are.
pub fn execute(arguments: &arguments::Run, console: Console) -> Exit {
    let files = match files(&arguments.file) {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => {
            output::error(&format!("error: there is no `.sym` file in `{}`", arguments.file.display()));
            return Exit::Usage;
        }
        Err(error) => {
            output::error(&format!("error: `{}` cannot be read: {error}", arguments.file.display()));
            return Exit::Usage;
        }
    };
    let profiles: Vec<Vec<String>> = files.iter().map(|file| profiles(file)).collect();
    if let Some(profile) = &arguments.settings.profile
        && profiles.iter().flatten().all(|known| known != profile)
    {
        output::error(&format!("error: no file of `{}` has a profile `{profile}`", arguments.file.display()));
        return Exit::Usage;
    }
    if let Some(Err(refused)) = arguments.resume.as_deref().map(sym_runtime::record::resumable) {
        console.diagnostics(&Sources::default(), std::slice::from_ref(&refused));
        return Exit::Failure;
    }
    let out = out(arguments);
    let mut report = FolderReport::default();
    let mut exit = Exit::Success;
    for (at, (file, profiles)) in files.iter().zip(profiles).enumerate() {
        if interrupt::interrupted() {
            break;
        }
        console.note(&format!("{} of {}: {}", at + 1, files.len(), file.display()));
        let started = Instant::now();
        let Executed { exit: own, report: found, ran } =
            run::executed(&of_file(arguments, file, &profiles, &out), Scope::All, console);
        exit = exit.and(own);
        let seconds = started.elapsed().as_secs_f64();
        let row = FileReport { file: file.display().to_string(), is_executed: ran, seconds, report: found };
        if console.format == Format::Short {
            output::print(&folder::short(&row));
        }
        report.files.push(row);
    }
    report.left = files.len() - report.files.len();
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Short => {}
        Format::Human => output::print(&folder::table(&report, console.report)),
    }
    if interrupt::interrupted() { Exit::Interrupted } else { exit }
}

/// The `.sym` files of a folder, by name.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sym") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The profiles of a file; none where it has errors, which its own execution reports.
fn profiles(file: &Path) -> Vec<String> {
    let settings = arguments::Settings { profile: None, set: Vec::new() };
    session::compile(file, &settings).document.profiles
}

/// Where the records of all files go.
fn out(arguments: &arguments::Run) -> PathBuf {
    if let Some(directory) = arguments.resume.as_ref().or(arguments.out.as_ref()) {
        return directory.clone();
    }
    let whole = std::fs::canonicalize(&arguments.file).unwrap_or_else(|_| arguments.file.clone());
    let name = whole.file_name().map_or_else(|| "folder".into(), ToOwned::to_owned);
    sym_runtime::record::unused(&Path::new("runs").join(name))
}

fn of_file(arguments: &arguments::Run, file: &Path, profiles: &[String], out: &Path) -> arguments::Run {
    let own = out.join(file.file_stem().unwrap_or_default());
    let profile = arguments.settings.profile.clone().filter(|profile| profiles.contains(profile));
    // A folder that was stopped is gone on with where records are, and begun where there are none.
    let resume = (arguments.resume.is_some() && own.is_dir()).then(|| own.clone());
    arguments::Run {
        file: file.to_path_buf(),
        out: resume.is_none().then_some(own),
        resume,
        execution: arguments.execution.clone(),
        format: arguments.format,
        settings: arguments::Settings { profile, set: arguments.settings.set.clone() },
    }
}
