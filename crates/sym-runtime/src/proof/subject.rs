//! The programs at which completeness is decided: the model, or miniatures of it.

use super::TRUE_SIZES;
use sym_infer::{Space, Symmetries};
use sym_ir::Program;
use sym_rewrite::miniatures;

/// Assignments of sizes that a miniature is counted at: a number that follows from the structure follows one formula at all of them.
pub const ASSIGNMENTS: usize = 3;

/// A program with its claims.
pub struct Subject {
    pub program: Program,
    pub claims: Symmetries,
    pub miniature: bool,
}

/// The programs to count at.
pub struct Subjects {
    pub found: Vec<Subject>,
    /// Why there are fewer than needed.
    pub missing: Option<String>,
}

/// The model with its own claims where it is small, else miniatures whose analysis gives the same table.
pub fn subjects(program: &Program, symmetries: &Symmetries) -> Subjects {
    if program.trainable_entries().is_some_and(|entries| entries <= TRUE_SIZES) {
        let own = Subject { program: program.clone(), claims: symmetries.clone(), miniature: false };
        return Subjects { found: vec![own], missing: None };
    }
    let mut found = Vec::new();
    let (mut any, mut other) = (false, None);
    for small in miniatures(program, TRUE_SIZES) {
        any = true;
        let claims = sym_infer::infer(&small);
        match difference(symmetries, &claims) {
            None => found.push(Subject { program: small, claims, miniature: true }),
            Some(name) => other = other.or(Some(name)),
        }
        if found.len() == ASSIGNMENTS {
            break;
        }
    }
    let missing = (found.len() < ASSIGNMENTS).then(|| match other {
        Some(name) => format!("smaller sizes change its table at `{name}`"),
        None if any => format!("only {} assignments of smaller sizes keep its structure", found.len()),
        None => format!("no miniature of at most {TRUE_SIZES} parameters keeps its structure"),
    });
    Subjects { found, missing }
}

/// The first row by which two tables differ in kind.
fn difference(table: &Symmetries, other: &Symmetries) -> Option<String> {
    let alike = |one: &Space, other: &Space| {
        one.name == other.name
            && one.class == other.class
            && std::mem::discriminant(&one.group) == std::mem::discriminant(&other.group)
            && std::mem::discriminant(&one.generators) == std::mem::discriminant(&other.generators)
            && one.acts_on.len() == other.acts_on.len()
    };
    let mut rows = table.spaces.iter().zip(&other.spaces);
    if let Some((row, _)) = rows.find(|(row, other)| !alike(row, other)) {
        return Some(row.name.clone());
    }
    let (longer, shorter) = if table.spaces.len() > other.spaces.len() { (table, other) } else { (other, table) };
    longer.spaces.get(shorter.spaces.len()).map(|space| space.name.clone())
}
