//! Which parameters an intervention acts on.

use super::refused;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::intervention::{Intervention, Target, TargetKind};
use sym_ir::{Parameter, ParameterId, Program, selector};

/// The trainable parameters that an intervention selects, in the program's order. Where it names none, those that `fits`.
///
/// # Errors
/// E0221 for a target that selects nothing, E0405 where nothing is left or where a parameter that was named in full does not fit.
pub(super) fn parameters(
    program: &Program,
    intervention: &Intervention,
    fits: impl Fn(&Parameter) -> bool,
    wanted: &str,
) -> Result<Vec<ParameterId>, Vec<Diagnostic>> {
    // Factors of other interventions are meant only where they are named in full.
    let in_full = |target: &Target, path: &str| matches!(&target.kind, TargetKind::Paths(paths) if paths == path);
    let named = |path: &str| intervention.on.iter().any(|target| in_full(target, path));
    let candidate = |parameter: &Parameter| parameter.trainable && (!parameter.role.factor || named(&parameter.path));
    let mut selected = vec![intervention.on.is_empty(); program.parameters.len()];
    let mut problems = Vec::new();
    for target in &intervention.on {
        let picks: Vec<bool> = match &target.kind {
            TargetKind::All => vec![true; program.parameters.len()],
            TargetKind::Block(block) => program.parameters.iter().map(|parameter| *parameter.role.block == **block).collect(),
            TargetKind::Paths(paths) => {
                program.parameters.iter().map(|parameter| selector::selects(paths, &parameter.path)).collect()
            }
            TargetKind::Space(name) => {
                let symmetries = sym_infer::infer(program);
                let spaces: Vec<_> = symmetries.spaces.iter().filter(|space| selector::selects(name, &space.name)).collect();
                let moves =
                    |at: usize| spaces.iter().any(|space| space.acts_on.iter().any(|action| action.parameter.0 as usize == at));
                (0..program.parameters.len()).map(moves).collect()
            }
        };
        let trainable = |(at, picked): (usize, &bool)| *picked && candidate(&program.parameters[at]);
        if !picks.iter().enumerate().any(trainable) {
            problems.push(unmatched(program, target, intervention));
        }
        for (own, picked) in selected.iter_mut().zip(picks) {
            *own |= picked;
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let chosen: Vec<ParameterId> = program
        .parameter_ids()
        .filter(|(id, parameter)| selected[id.0 as usize] && candidate(parameter) && fits(parameter))
        .map(|(id, _)| id)
        .collect();
    if chosen.is_empty() {
        return Err(vec![refused(intervention, "none of the selected parameters is one that it can act on").expected(wanted)]);
    }
    Ok(chosen)
}

/// Whether a selector names a parameter; `all`, blocks and spaces only choose among what an intervention is made for.
pub(super) fn is_named(intervention: &Intervention, path: &str) -> bool {
    intervention.on.iter().any(|target| matches!(&target.kind, TargetKind::Paths(paths) if selector::selects(paths, path)))
}

fn unmatched(program: &Program, target: &Target, intervention: &Intervention) -> Diagnostic {
    let name = &program.name;
    let (text, of) = match &target.kind {
        TargetKind::All => return refused(intervention, format!("`{name}` has no trainable parameter")),
        TargetKind::Block(block) => (block.clone(), "block"),
        TargetKind::Space(space) => (space.clone(), "space"),
        TargetKind::Paths(paths) => (paths.clone(), "trainable parameter"),
    };
    let diagnostic = Diagnostic::new(Code::E0221, target.span, format!("`{text}` matches no {of} of `{name}`"))
        .label("matches nothing")
        .found(format!("`{text}`"))
        .expected(format!("a {of} of `{name}`"));
    match &target.kind {
        TargetKind::Block(_) => {
            let mut blocks: Vec<&str> = program.parameters.iter().map(|parameter| &*parameter.role.block).collect();
            blocks.sort_unstable();
            blocks.dedup();
            diagnostic.suggest(&text, blocks)
        }
        TargetKind::Space(_) => {
            let symmetries = sym_infer::infer(program);
            diagnostic.suggest(&text, symmetries.spaces.iter().map(|space| space.name.as_str()))
        }
        _ => diagnostic.suggest(&text, selector::candidates(program)),
    }
}

/// A path below `path` that no parameter has.
pub(super) fn free_path(program: &Program, taken: &[Parameter], path: &str) -> String {
    let known = |path: &str| program.parameters.iter().chain(taken).any(|parameter| parameter.path == path);
    let mut free = path.to_string();
    let mut count = 1;
    while known(&free) {
        count += 1;
        free = format!("{path}{count}");
    }
    free
}
