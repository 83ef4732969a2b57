//! The weights of a measurement: only those tensors of the file are read that its probes look at.

use crate::select::selects;
use std::collections::HashSet;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, nearest};
use sym_infer::{Space, Symmetries, Weights};
use sym_ir::experiment::{Measurement, Probe};
use sym_ir::probes::Looks;
use sym_ir::{Document, ParameterId, Program};
use sym_lower::Stored;
use sym_weights::maps::{self, Fit, NameMap, Wanted};

/// Weights of which some were read.
#[derive(Debug)]
pub(super) struct Given {
    /// One vector a parameter; empty for what was not read.
    pub weights: Weights,
    /// A hash of what was read.
    pub hash: String,
    read: Vec<bool>,
}

impl Given {
    /// Whether a parameter was read.
    pub fn is_read(&self, parameter: ParameterId) -> bool {
        self.read[parameter.0 as usize]
    }
}

/// Checks the maps of names that the measurements of a document use, without any file.
pub fn known_names(document: &Document) -> Vec<Diagnostic> {
    let unknown = document.measurements.values().filter_map(|measurement| map(measurement).err());
    unknown.collect()
}

/// The map of a measurement.
fn map(measurement: &Measurement) -> Result<Option<&'static NameMap>, Diagnostic> {
    let Some((name, span)) = &measurement.names else { return Ok(None) };
    maps::find(name).map(Some).map_err(|near| {
        let known: Vec<String> = maps::all().iter().map(|map| format!("`{}`", map.name)).collect();
        let problem = Diagnostic::new(Code::E0201, *span, format!("there is no map of names `{name}`"))
            .label("not a map of names")
            .found(format!("`{name}`"))
            .expected(format!("one of {}", known.join(", ")));
        match near {
            Some(near) => problem.help(format!("a similar name exists: `{near}`")),
            None => problem,
        }
    })
}

/// Reads what the probes of a measurement need.
///
/// # Errors
///
/// E0201 for an unknown map of names, E0601 for a missing file, E0602 for a damaged one, E0607 for tensors that are missing or of another shape.
pub(super) fn read(measurement: &Measurement, symmetries: &Symmetries, base: &Path) -> Result<Given, Diagnostic> {
    let program = &measurement.program;
    let map = map(measurement)?;
    let here = |problem: Diagnostic| problem.at(measurement.path_span, "read here");
    let read = needed(program, symmetries, &measurement.probes);
    let wanted: Vec<Wanted> = program
        .stored_shapes(&|id: ParameterId| read[id.0 as usize])
        .into_iter()
        .map(|(name, shape)| Wanted { name, shape: shape.into_iter().map(|size| size as u64).collect() })
        .collect();
    let mut archive = sym_weights::open(&base.join(&measurement.path)).map_err(here)?;
    let fit = maps::fit(&archive, map, &wanted);
    if !fit.missing.is_empty() || !fit.reshaped.is_empty() {
        return Err(here(misfit(measurement, &fit, &archive, map, &wanted)));
    }
    let mut hasher = blake3::Hasher::new();
    let mut tensors = Vec::with_capacity(wanted.len());
    for (at, tensor) in wanted.iter().enumerate() {
        let values = fit.read(&mut archive, at).map_err(here)?.unwrap_or_default();
        hasher.update(format!("{} {:?}\n", tensor.name, tensor.shape).as_bytes());
        for value in &values {
            hasher.update(&value.to_le_bytes());
        }
        if values.iter().any(|value| !value.is_finite()) {
            let problem = format!("`{}` of `{}` has entries that are not finite", tensor.name, measurement.path);
            return Err(here(Diagnostic::without_span(Code::E0606, problem)));
        }
        let shape = tensor.shape.iter().map(|&size| size as usize).collect();
        tensors.push(Stored { name: tensor.name.clone(), shape, values });
    }
    let paths: HashSet<&str> =
        program.parameter_ids().filter(|(id, _)| read[id.0 as usize]).map(|(_, parameter)| parameter.path.as_str()).collect();
    let selected = |parameter: &sym_ir::Parameter| paths.contains(parameter.path.as_str());
    let found = sym_lower::from_state_dict_partly(program, &tensors, &measurement.path, &selected).map_err(here)?;
    let mut weights = Weights { values: vec![Vec::new(); program.parameters.len()] };
    for (at, values) in found {
        weights.values[at] = values;
    }
    Ok(Given { weights, hash: hasher.finalize().to_hex().to_string(), read })
}

/// Which parameters some probes look at; all, where one looks at the whole model or its values.
fn needed(program: &Program, symmetries: &Symmetries, probes: &[Probe]) -> Vec<bool> {
    let mut read = vec![false; program.parameters.len()];
    for probe in probes {
        match probe.kind.declaration().looks {
            Looks::Model | Looks::Values => return vec![true; program.parameters.len()],
            Looks::Matrices | Looks::Parameters => {
                for (id, parameter) in program.parameter_ids() {
                    read[id.0 as usize] |= probe.target.is_empty() || selects(&probe.target, &parameter.path);
                }
            }
            Looks::Units => {
                let space: Option<&Space> = symmetries.spaces.iter().find(|space| space.name == probe.target);
                for action in space.iter().flat_map(|space| &space.acts_on) {
                    read[action.parameter.0 as usize] = true;
                }
            }
        }
    }
    read
}

/// Names listed in one message.
const LISTED: usize = 6;

/// E0607: a file that does not have what a model needs.
fn misfit(
    measurement: &Measurement,
    fit: &Fit,
    archive: &sym_weights::Archive,
    map: Option<&NameMap>,
    wanted: &[Wanted],
) -> Diagnostic {
    let listed = |names: Vec<String>| {
        let more = names.len().saturating_sub(LISTED);
        let shown = names.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
        if more == 0 { shown } else { format!("{shown} and {more} more") }
    };
    let (missing, reshaped) = (fit.missing.len(), fit.reshaped.len());
    let message =
        format!("`{}` does not fit `{}`: {missing} missing, {reshaped} of another shape", measurement.path, measurement.model);
    let mut problem = Diagnostic::without_span(Code::E0607, message);
    if !fit.missing.is_empty() {
        problem = problem.expected(listed(fit.missing.iter().map(|name| format!("`{name}`")).collect()));
    }
    let shape = |(name, wanted, other, found): &(String, Vec<u64>, String, Vec<u64>)| {
        format!("`{other}` {found:?} for `{name}` {wanted:?}")
    };
    if fit.reshaped.is_empty() {
        let names = archive.tensors.iter().map(|tensor| format!("`{}` {:?}", tensor.name, tensor.shape));
        problem = problem.found(listed(names.collect()));
    } else {
        problem = problem.found(listed(fit.reshaped.iter().map(shape).collect()));
    }
    let faults = |map: Option<&NameMap>| {
        let fit = maps::fit(archive, map, wanted);
        fit.missing.len() + fit.reshaped.len()
    };
    let best = maps::all().iter().map(|map| (faults(Some(map)), map)).min_by_key(|(faults, _)| *faults);
    if let Some((fewer, best)) = best
        && fewer < faults(map)
    {
        return problem.help(format!("write `names {}`: with this map {fewer} are missing", best.name));
    }
    let near = fit
        .missing
        .iter()
        .find_map(|name| Some((name, nearest(name, archive.tensors.iter().map(|tensor| tensor.name.as_str()))?)));
    match near {
        Some((name, near)) => problem.help(format!("`{near}` in the file may be `{name}` of the model: `stored \"{near}\"`")),
        None => {
            problem.help("name and shape parameters as the file has them, with `stored \"NAME\" as [AXES]` where they differ")
        }
    }
}
