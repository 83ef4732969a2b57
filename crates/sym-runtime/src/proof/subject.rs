//! The programs at which completeness is decided: the model, or miniatures of it.

use super::{MINIATURE_SIZES, TRUE_SIZES};
use sym_infer::{Space, Symmetries};
use sym_ir::Program;
use sym_rewrite::{Departure, Miniature, miniatures, miniatures_with_lines, shorten, shorten_sequences};

/// Assignments of sizes that a miniature is counted at: a number that follows from the structure follows one formula at all of them.
pub const ASSIGNMENTS: usize = 3;

/// The number of trainable entries up to which a further assignment that differs in few sizes is passed over for one that differs in more.
const LARGEST_OTHER: u128 = 1_900;

/// How many repetitions of a block are kept, the fewest that keep the table.
const BLOCKS: [usize; 4] = [2, 3, 4, 6];

/// How many steps of a recurrence are kept: more than twice the least width of a state, beyond which more of them say nothing new of a linear one.
const STEPS: u128 = 8;

/// A program with its claims.
pub struct Subject {
    /// With exact norms.
    pub program: Program,
    /// The same with the ε of its norms.
    pub declared: Program,
    pub claims: Symmetries,
    pub miniature: bool,
    /// The rules of miniatures that it does not keep.
    pub departures: Vec<Departure>,
}

impl Subject {
    fn new(declared: Program, claims: Symmetries) -> Self {
        let program = declared.with_exact_norms().unwrap_or_else(|| declared.clone());
        Self { program, declared, claims, miniature: false, departures: Vec::new() }
    }

    fn small(Miniature { program, departures }: Miniature, claims: Symmetries) -> Self {
        Self { miniature: true, departures, ..Self::new(program, claims) }
    }
}

/// The programs to count at.
pub struct Subjects {
    pub found: Vec<Subject>,
    /// Why there are fewer than needed.
    pub missing: Option<String>,
    /// A miniature for soundness, where none is small enough to count.
    pub large: Option<Subject>,
}

impl Subjects {
    /// The first miniature.
    pub fn smallest(&self) -> Option<&Subject> {
        self.found.first().or(self.large.as_ref())
    }
}

/// The model with its own claims where it is small, else miniatures whose analysis gives the same table.
pub fn subjects(program: &Program, symmetries: &Symmetries) -> Subjects {
    if program.trainable_entries().is_some_and(|entries| entries <= TRUE_SIZES) {
        return Subjects { found: vec![Subject::new(program.clone(), symmetries.clone())], missing: None, large: None };
    }
    let shallow = shallow(program, symmetries);
    let base = shallow.as_ref().unwrap_or(program);
    let limit = MINIATURE_SIZES[MINIATURE_SIZES.len() - 1];
    let choose = |smaller: Vec<Miniature>| choose(smaller, symmetries, shallow.is_some());
    let lines = miniatures_with_lines(base, limit).map(|smaller| choose(smaller.collect()));
    let enough = |choice: &Choice| choice.found.len() == ASSIGNMENTS;
    let Choice { found, other, any } = lines.filter(enough).unwrap_or_else(|| choose(miniatures(base, limit).collect()));
    let mut large = None;
    if found.is_empty() {
        let smaller = miniatures(base, u128::MAX);
        let mut kept = smaller.map(|small| (sym_infer::infer(&small.program), small));
        large = kept.find(|(claims, _)| difference(symmetries, claims, shallow.is_some()).is_none());
    }
    let large = large.map(|(claims, small)| Subject::small(small, claims));
    let missing = (found.len() < ASSIGNMENTS).then(|| match other {
        Some(name) => format!("smaller sizes change its table at `{name}`"),
        None if any => format!("only {} assignments of smaller sizes keep its structure", found.len()),
        None => too_large(base),
    });
    Subjects { found, missing, large }
}

/// Miniatures to count at.
struct Choice {
    found: Vec<Subject>,
    /// A row by which the table of another differs from the model's.
    other: Option<String>,
    /// Whether there were some to choose from.
    any: bool,
}

/// Up to [`ASSIGNMENTS`] miniatures with the table of their model, where blocks may be `missing` from them.
fn choose(mut smaller: Vec<Miniature>, symmetries: &Symmetries, missing: bool) -> Choice {
    let mut found = Vec::new();
    let mut other = None;
    // Stricter rules come first among miniatures of about one size.
    smaller.sort_by_key(|small| MINIATURE_SIZES.iter().position(|&limit| small.program.trainable_entries() <= Some(limit)));
    let any = !smaller.is_empty();
    let mut alike = Vec::new();
    for small in smaller {
        let new = found.iter().all(|subject: &Subject| differ(&subject.declared, &small.program));
        if !new || !found.is_empty() && small.program.trainable_entries() > Some(LARGEST_OTHER) {
            alike.push(small);
            continue;
        }
        let claims = sym_infer::infer(&small.program);
        match difference(symmetries, &claims, missing) {
            None => found.push(Subject::small(small, claims)),
            Some(name) => other = other.or(Some(name)),
        }
        if found.len() == ASSIGNMENTS {
            break;
        }
    }
    // Structures that leave little choice have assignments that differ in fewer sizes, or larger ones.
    alike.sort_by_key(|small: &Miniature| small.program.trainable_entries() > Some(LARGEST_OTHER));
    for small in alike {
        if found.len() == ASSIGNMENTS {
            break;
        }
        let claims = sym_infer::infer(&small.program);
        if difference(symmetries, &claims, missing).is_none() {
            found.push(Subject::small(small, claims));
        }
    }
    Choice { found, other, any }
}

/// Why a program has no miniature.
fn too_large(program: &Program) -> String {
    let limit = MINIATURE_SIZES[MINIATURE_SIZES.len() - 1];
    match miniatures(program, u128::MAX).filter_map(|small| small.program.trainable_entries()).min() {
        Some(least) => format!(
            "the least sizes of parameters that keep their order make {least} entries, where a miniature has at most {limit}"
        ),
        None => "no smaller sizes keep the sums, products and windows that its axes have".to_string(),
    }
}

/// Whether two miniatures differ in a quarter of the sizes of their parameters at least.
fn differ(one: &Program, other: &Program) -> bool {
    let sizes = one.parameters.iter().zip(&other.parameters);
    let axes = sizes.flat_map(|(own, small)| own.shape.iter().zip(&small.shape));
    // Of one position there is one size.
    let free: Vec<bool> =
        axes.filter(|(own, small)| own.size.max(small.size) > 1).map(|(own, small)| own.size != small.size).collect();
    4 * free.iter().filter(|differs| **differs).count() >= free.len()
}

/// The program with shorter sequences and fewer repetitions of its blocks, at least two, whose table has the same rows but for those of blocks that are gone.
fn shallow(program: &Program, symmetries: &Symmetries) -> Option<Program> {
    let brief = shorten_sequences(program, STEPS);
    let base = brief.as_ref().unwrap_or(program);
    let shorter = BLOCKS.into_iter().filter_map(|keep| shorten(base, keep));
    shorter.chain(brief.clone()).find(|short| difference(symmetries, &sym_infer::infer(short), true).is_none())
}

/// The first row by which the table of a miniature differs in kind from that of its model. Where blocks are `missing` from it, each row of
/// the model must still have one of its kind.
fn difference(table: &Symmetries, small: &Symmetries, missing: bool) -> Option<String> {
    let alike = |one: &Space, other: &Space| {
        one.class == other.class
            && std::mem::discriminant(&one.group) == std::mem::discriminant(&other.group)
            && std::mem::discriminant(&one.generators) == std::mem::discriminant(&other.generators)
    };
    // Blocks that are left have other numbers, and a row that joins parameters of all blocks names fewer.
    let named = |one: &Space, other: &Space| {
        let [own, parts] = [&one.name, &other.name].map(|name| without_numbers(name));
        let known = |part: &String| own.contains(part) || own.iter().any(|own| own == "…");
        one.name == other.name || (missing && own.first() == parts.first() && parts.iter().all(known))
    };
    let same = |one: &Space, other: &Space| named(one, other) && alike(one, other);
    let new = small.spaces.iter().find(|row| !table.spaces.iter().any(|own| same(own, row)));
    let kept = |row: &Space| small.spaces.iter().any(|other| if missing { alike(row, other) } else { same(row, other) });
    new.or_else(|| table.spaces.iter().find(|row| !kept(row))).map(|row| row.name.clone())
}

/// The parts of a row's name, without the numbers of blocks.
pub fn without_numbers(name: &str) -> Vec<String> {
    let number = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let part =
        |part: &str| part.split('.').map(|segment| if number(segment) { "0" } else { segment }).collect::<Vec<_>>().join(".");
    name.split('*').map(part).collect()
}
