//! Every symmetric state of every model of the gallery: either a smaller program computes the same, or an operation is named that prevents it.

#[path = "support/programs.rs"]
mod programs;
#[path = "support/small.rs"]
mod small;

use programs::programs;
use small::small;
use sym_diagnostics::{FileId, Span};
use sym_ir::experiment::{StateClause, StateVerb};
use sym_rewrite::{Coordinates, reduce};
use sym_runtime::proof::difference_of_reduction;

/// Relative to the largest output. Three layers of sin(30 x) amplify rounding by 30³.
const ROUNDING: f64 = 1e-11;
/// Entries of a program that is reduced as it is, and of the smallest one that stands for a larger one.
const SMALL: u128 = 1_500;
const LARGEST: u128 = 6_000;

/// The states of a space of some size: classes of one and of several sizes, signs, vanishing units, a lower rank.
fn clauses(space: &str, size: u128) -> Vec<StateClause> {
    let clause = |verb, units| StateClause { verb, target: space.to_string(), units, span: Span::new(FileId(0), 0, 0) };
    let mut clauses = vec![clause(StateVerb::Merge { classes: 1 }, None), clause(StateVerb::MergeSigned { classes: 1 }, None)];
    if size > 2 {
        clauses.push(clause(StateVerb::Merge { classes: size - 1 }, None));
        clauses.push(clause(StateVerb::MergeSigned { classes: size - 1 }, None));
    }
    if size > 1 {
        clauses.push(clause(StateVerb::Zero, Some((size - 1, size))));
        clauses.push(clause(StateVerb::LowRank { rank: size - 1 }, None));
    }
    clauses
}

#[test]
fn reduced_programs_compute_what_the_full_ones_do() {
    let (mut reduced, mut refused) = (0, Vec::new());
    for (name, program) in programs("examples/gallery") {
        let program = small(&program, SMALL, LARGEST).unwrap_or_else(|| panic!("{name} has a small one"));
        let symmetries = sym_infer::infer(&program);
        for space in &symmetries.spaces {
            for clause in clauses(&space.name, space.size) {
                let what = format!("{name}.{} {:?}", space.name, clause.verb);
                match reduce(&program, &symmetries, std::slice::from_ref(&clause), Coordinates::Orthonormal) {
                    Ok(reduction) => {
                        assert_eq!(Some(reduction.rank), reduction.program.trainable_entries(), "{what}");
                        // A norm of units that are all alike is not finite in the full model either.
                        if let Some(difference) = difference_of_reduction(&reduction, 0).expect("it runs") {
                            assert!(difference < ROUNDING, "{what}: {difference}");
                            reduced += 1;
                        }
                    }
                    Err(problems) => refused.extend(
                        problems
                            .into_iter()
                            .filter(|problem| !is_no_state(&problem.message))
                            .map(|problem| (what.clone(), problem.message)),
                    ),
                }
            }
        }
    }
    assert!(reduced > 600, "{reduced}");
    // Experts of which a few are chosen: which of two equal ones is chosen first is no matter of classes.
    for (what, why) in refused {
        assert!(why.ends_with("the largest among them are kept"), "{what}: {why}");
    }
}

/// Whether a message says that the model has no such state.
fn is_no_state(message: &str) -> bool {
    message.contains("has no such symmetry") || message.contains("has no symmetry on")
}
