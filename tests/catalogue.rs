//! Small networks whose numbers of flat directions are known independently, by automatic differentiation in another tool: the derived
//! symmetries must be sound on each and explain every flat direction that a symmetry or a bottleneck causes.

use std::path::Path;
use sym_diagnostics::{Code, Sources};
use sym_ir::compile::{Loader, Options, compile};

/// The files use no others.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// `name parameters rank flat unexplained` of one network, or what kept it from being measured.
fn measured(directory: &Path, name: &str) -> String {
    let file = directory.join(format!("{name}.sym"));
    let text = std::fs::read_to_string(&file).expect("every row of the table has a file");
    let mut sources = Sources::default();
    let root = sources.add(format!("{name}.sym"), text);
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    let errors: Vec<_> = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    let Some(model) = document.models.get(name) else {
        return format!("{name}\tno model: {errors:?}");
    };
    let symmetries = sym_infer::infer(&model.program);
    let proof = sym_runtime::proof::verify(&model.program, &symmetries, 0);
    let refuted = proof
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == Code::E0302)
        .map(|diagnostic| diagnostic.message.as_str());
    let refuted: Vec<&str> = refuted.collect();
    match proof.numbers {
        Some(numbers) if refuted.is_empty() && numbers.decided() => {
            format!("{name}\t{}\t{}\t{}\t{}", numbers.parameters, numbers.rank, numbers.flat, numbers.unexplained)
        }
        numbers => format!("{name}\trefuted: {refuted:?}\t{numbers:?}"),
    }
}

#[test]
fn the_proof_counts_the_flat_directions_of_every_network() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/catalogue");
    let expected = std::fs::read_to_string(directory.join("expected.tsv")).expect("the table is there");
    let rows: Vec<&str> = expected.lines().skip(1).collect();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let name = row.split('\t').next().unwrap_or_default();
            let found = measured(&directory, name);
            (found != *row).then(|| format!("expected {row}\n   found {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} networks differ\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn every_network_has_a_row() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/catalogue");
    let expected = std::fs::read_to_string(directory.join("expected.tsv")).expect("the table is there");
    for entry in std::fs::read_dir(&directory).expect("the directory is there") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_some_and(|extension| extension == "sym") {
            let name = path.file_stem().and_then(|name| name.to_str()).expect("names are text");
            assert!(expected.lines().any(|row| row.starts_with(&format!("{name}\t"))), "`{name}` has no row");
        }
    }
}
