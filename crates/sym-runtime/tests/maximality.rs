//! Each claimed group is maximal among its kind: what lies outside it changes the function.

#[path = "support/programs.rs"]
mod programs;

use programs::programs;
use std::collections::BTreeSet;
use sym_diagnostics::{FileId, Span};
use sym_infer::{Generators, Group, Space, Status, Symmetries};
use sym_ir::Program;
use sym_ir::experiment::GroupName;
use sym_runtime::proof::{Assumption, verify_with};

/// The programs of the catalogue, with their names.
fn catalogue() -> Vec<(String, Program)> {
    programs("tests/catalogue")
}

/// Kinds of group next above one on units, by their names in the language: each has elements that it lacks.
fn larger(group: &Group) -> Vec<&'static str> {
    match group {
        Group::GeneralLinear(_) => Vec::new(),
        Group::Orthogonal(_) => vec!["positive_rescaling"],
        other => match other.units() {
            None => Vec::new(),
            Some((size, factors, signs)) => {
                let scales = (factors == 0).then_some("positive_rescaling");
                let signs = (signs == 0).then_some("signs");
                let mixing = (size > 1).then_some("o");
                scales.into_iter().chain(signs).chain(mixing).collect()
            }
        },
    }
}

/// Whether an action of a group on a space keeps the function.
fn holds(program: &Program, derived: &Symmetries, space: &str, group: &str) -> bool {
    let assumption = Assumption {
        model: program.name.clone(),
        space: space.to_string(),
        group: GroupName { name: group.to_string(), size: 0 },
        text: format!("symmetry({}.{space}) >= {group}", program.name),
        span: Span::new(FileId(0), 0, 0),
    };
    let proof = verify_with(program, derived, &[assumption], 0);
    proof.assumed.first().and_then(|assumed| assumed.row.as_ref()).is_some_and(|row| row.status == Status::Assumed)
}

/// Whether another row moves two of a row's parameters: its group may hold what this one lacks, as GL(k) of a head holds the head's sign.
fn is_shared(row: &Space, derived: &Symmetries) -> bool {
    let moves = |other: &Space, id| other.acts_on.iter().any(|act| act.parameter == id);
    let parameters: BTreeSet<_> = row.acts_on.iter().map(|act| act.parameter).collect();
    let others = derived.spaces.iter().filter(|other| !std::ptr::eq(*other, row));
    others.into_iter().any(|other| parameters.iter().filter(|&&id| moves(other, id)).count() > 1)
}

#[test]
fn no_scale_sign_or_mixing_of_units_outside_a_claimed_group_keeps_the_function() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (name, program) in catalogue() {
        let derived = sym_infer::infer(&program);
        let on_units = |generators: &Generators| matches!(generators, Generators::Units { .. } | Generators::Matrices { .. });
        for row in derived.spaces.iter().filter(|row| on_units(&row.generators) && !is_shared(row, &derived)) {
            for group in larger(&row.group) {
                tried += 1;
                if holds(&program, &derived, &row.name, group) {
                    wrong.push(format!("{name}: {group} acts on `{}`, claimed is {}", row.name, row.group));
                }
            }
        }
    }
    assert!(tried > 30, "only {tried} groups were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_exchange_of_units_that_no_row_moves_keeps_the_function() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (name, program) in catalogue() {
        let derived = sym_infer::infer(&program);
        for (id, parameter) in program.parameter_ids().filter(|(_, parameter)| parameter.trainable) {
            let Some(layer) = parameter.path.strip_suffix(".weight") else { continue };
            let moved = |row: &Space| row.acts_on.iter().any(|act| act.parameter == id && act.axis == Some(0));
            // Gains of a space are moved by the permutations among its matrices.
            let matrices = |row: &Space| match &row.generators {
                Generators::Cut { inner } => (**inner).clone(),
                own => own.clone(),
            };
            let folded = |row: &Space| matches!(matrices(row), Generators::Matrices { gains, .. } if gains.contains(&(id, 0)));
            let named = derived.spaces.iter().any(|row| row.name == layer);
            let known = derived.spaces.iter().any(|row| moved(row) || folded(row));
            if parameter.shape.first().is_none_or(|axis| axis.size < 2) || named || known {
                continue;
            }
            tried += 1;
            if holds(&program, &derived, layer, "permutation") {
                wrong.push(format!("{name}: units of `{layer}` can be exchanged"));
            }
        }
    }
    assert!(tried > 5, "only {tried} layers were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
