//! `symc doctor`.

use crate::arguments::{self, Format};
use crate::console::Console;
use crate::render::json;
use crate::render::table::table;
use crate::report::Schema;
use crate::{Exit, output};
use serde::Serialize;
use sym_kernels::Level;
use sym_lower::{OFFERS, Offer};

/// The JSON document.
#[derive(Serialize)]
struct DoctorReport {
    schema: Schema,
    /// The version of the tool.
    symc: &'static str,
    /// The compiler that built it.
    rustc: &'static str,
    /// What it was built for.
    target: &'static str,
    /// `release` or `debug`.
    profile: &'static str,
    /// The widest instruction set that the kernels use here.
    instructions: &'static str,
    /// Threads that compute where `--threads` is not given.
    threads: usize,
    backends: Vec<BackendRow>,
}

/// A backend that a build can have.
#[derive(Serialize)]
struct BackendRow {
    name: &'static str,
    summary: &'static str,
    built_in: bool,
    /// The cargo feature; `None` where every build has it.
    feature: Option<&'static str>,
    /// What executes it, where it is built in.
    libraries: Option<&'static str>,
    /// The devices it finds, where it is built in.
    devices: Vec<String>,
    /// How to build it in, where it is not.
    how_to_get: Option<String>,
}

/// Says what this build can do on this machine.
pub fn execute(_: &arguments::Doctor, console: Console) -> Exit {
    let report = DoctorReport {
        schema: Schema,
        symc: env!("CARGO_PKG_VERSION"),
        rustc: env!("SYMC_RUSTC"),
        target: env!("SYMC_TARGET"),
        profile: env!("SYMC_PROFILE"),
        instructions: instructions(Level::best()),
        threads: rayon::current_num_threads(),
        backends: OFFERS.iter().map(row).collect(),
    };
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Human => {
            output::print(&facts(&report).map(|(name, value)| format!("{name:<12} {value}")).join("\n"));
            let rows = report.backends.iter().map(|row| vec![row.name.into(), row.summary.into(), state(row)]).collect();
            output::print(table(&["backend", "what executes", "state"], rows, console.report).trim_end());
            let missing: Vec<String> = report.backends.iter().filter_map(missing).collect();
            if !missing.is_empty() {
                output::print(&format!("\nWhat is not built in, from the folder of the source code:\n{}", missing.join("\n")));
            }
        }
        Format::Short => {
            output::print(&facts(&report).map(|(name, value)| format!("{name}: {value}")).join("\n"));
            let rows: Vec<String> = report.backends.iter().map(|row| format!("backend {}: {}", row.name, state(row))).collect();
            output::print(&rows.join("\n"));
        }
    }
    Exit::Success
}

fn facts(report: &DoctorReport) -> [(&'static str, String); 5] {
    [
        ("symc", format!("{} ({})", report.symc, report.profile)),
        ("compiler", report.rustc.to_string()),
        ("target", report.target.to_string()),
        ("instructions", report.instructions.to_string()),
        ("threads", report.threads.to_string()),
    ]
}

fn row(offer: &Offer) -> BackendRow {
    BackendRow {
        name: offer.name,
        summary: offer.summary,
        built_in: offer.backend.is_some(),
        feature: offer.feature,
        libraries: offer.backend.map(sym_lower::Backend::libraries),
        devices: offer.backend.map_or_else(Vec::new, sym_lower::Backend::devices),
        how_to_get: if offer.backend.is_some() { None } else { offer.how_to_get() },
    }
}

fn state(row: &BackendRow) -> String {
    match row.libraries {
        Some(libraries) if row.devices.is_empty() => format!("{libraries}; no device"),
        Some(libraries) => format!("{libraries}; {}", row.devices.join(", ")),
        None => "not built in".to_string(),
    }
}

fn missing(row: &BackendRow) -> Option<String> {
    row.how_to_get.as_ref().map(|how| format!("  {:<8} {how}", row.name))
}

fn instructions(level: Level) -> &'static str {
    match level {
        Level::Portable => "portable",
        Level::Neon => "NEON",
        Level::Avx2 => "AVX2",
        Level::Avx512 => "AVX-512",
    }
}
