//! Files of weights that steps of initialisation name: read once, before the first step.

use crate::engine::Running;
use crate::select::any_selects;
use indexmap::IndexMap;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{Init, InitKind};
use sym_lower::Stored;

/// The tensors of all files that some steps name, by path as written.
#[derive(Debug, Clone, Default)]
pub struct Files {
    tensors: IndexMap<String, Vec<Stored>>,
}

impl Files {
    /// Reads the files; paths are relative to `base`. Whether they fit the program is checked here too, so that no seed meets a misfit.
    ///
    /// # Errors
    ///
    /// E0601 for a missing file, E0602 for a damaged one, E0607 for one that does not fit, each at the step that names it.
    pub fn read(program: &Program, steps: &[Init], base: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut files = Self::default();
        let mut problems = Vec::new();
        for step in steps {
            let InitKind::File { path } = &step.kind else { continue };
            let found = match files.tensors.get(path) {
                Some(_) => Ok(()),
                None => sym_lower::load_state_dict(&base.join(path)).map(|tensors| {
                    files.tensors.insert(path.clone(), tensors);
                }),
            };
            let fits = found.and_then(|()| files.values(path, program, step).map(|_| ()));
            problems.extend(fits.err().map(|problem| problem.at(step.span, "read here")));
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }

    /// A hash of everything that the files hold; `None` without files.
    pub fn hash(&self) -> Option<String> {
        if self.tensors.is_empty() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        for tensor in self.tensors.values().flatten() {
            hasher.update(format!("{} {:?}\n", tensor.name, tensor.shape).as_bytes());
            for value in &tensor.values {
                hasher.update(&value.to_le_bytes());
            }
        }
        Some(hasher.finalize().to_hex().to_string())
    }

    /// Replaces the weights that a step takes from its file.
    pub(super) fn fill(&self, path: &str, program: &Program, step: &Init, weights: &mut Weights) -> Result<(), Diagnostic> {
        for (at, values) in self.values(path, program, step).map_err(|problem| problem.at(step.span, "read here"))? {
            weights.values[at] = values;
        }
        Ok(())
    }

    /// Running statistics as the files have them that steps take weights from; those that no file has stay.
    pub(crate) fn running(&self, steps: &[Init], mut running: Running) -> Running {
        let own = running.values().len();
        let parameters = &running.evaluation().parameters;
        let tensors = &parameters[parameters.len() - own..];
        let mut values = running.values().to_vec();
        for step in steps {
            let InitKind::File { path } = &step.kind else { continue };
            for (tensor, values) in tensors.iter().zip(&mut values) {
                if !step.targets.is_empty() && !any_selects(&step.targets, &tensor.path) {
                    continue;
                }
                let name = tensor.storage.name.at(&[]);
                let found = self.tensors.get(path).into_iter().flatten().find(|stored| stored.name == name);
                if let Some(found) = found.filter(|found| found.values.len() == values.len()) {
                    values.clone_from(&found.values);
                }
            }
        }
        running.set_values(values);
        running
    }

    fn values(&self, path: &str, program: &Program, step: &Init) -> Result<Vec<(usize, Vec<f64>)>, Diagnostic> {
        let tensors = self.tensors.get(path).map_or(&[][..], Vec::as_slice);
        if step.targets.is_empty() {
            let weights = sym_lower::from_state_dict(program, tensors, path)?;
            return Ok(weights.values.into_iter().enumerate().collect());
        }
        let selected = |parameter: &sym_ir::Parameter| any_selects(&step.targets, &parameter.path);
        sym_lower::from_state_dict_partly(program, tensors, path, &selected)
    }
}
