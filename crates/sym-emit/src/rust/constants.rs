//! Values that the file gives: they travel in a safetensors file beside the module.

use safetensors::{Dtype, tensor::TensorView};
use std::collections::BTreeMap;
use std::ops::Range;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::{Parameter, ParameterId, Program};

/// The constants of a program.
pub struct Constants {
    /// The content of the file.
    pub bytes: Option<Vec<u8>>,
    /// Where in it the initial values of a parameter are.
    pub places: BTreeMap<ParameterId, Range<usize>>,
    /// Where in it the entries are at which a mask holds a parameter. Those that are trained are not numbers.
    pub held: BTreeMap<ParameterId, Range<usize>>,
}

/// A tensor of the file.
struct Constant {
    id: ParameterId,
    name: String,
    bytes: Vec<u8>,
    held: bool,
}

/// The most entries of constants: the module embeds their file. 2²⁵ numbers in double precision are 256 MiB.
const MAX_ENTRIES: u128 = 1 << 25;

/// Collects them: in double precision, under the paths of parameters, those of masks with `.held` behind.
///
/// # Errors
///
/// E0503 for more than can be embedded.
pub fn collect(program: &Program) -> Result<Constants, Diagnostic> {
    let mut constants: Vec<Constant> = Vec::new();
    let mut total = 0u128;
    for (id, parameter) in program.parameter_ids() {
        let own = [parameter.is_given(), parameter.role.mask.is_some()].into_iter().filter(|own| *own).count() as u128;
        if own == 0 {
            continue;
        }
        total = total.saturating_add(parameter.entries().unwrap_or(u128::MAX).saturating_mul(own));
        if total > MAX_ENTRIES {
            let message = format!("the constants of `{}` are too many to embed, up to `{}`", program.name, parameter.path);
            return Err(Diagnostic::new(Code::E0503, parameter.span, message)
                .label("its values belong to the file, not to a run")
                .found(format!("{total} entries"))
                .expected(format!("at most {MAX_ENTRIES} entries"))
                .help("choose smaller sizes, or train the model with `symc run`"));
        }
        let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        if let Some(given) = parameter.given() {
            constants.push(Constant { id, name: parameter.path.clone(), bytes: bytes(&given), held: false });
        }
        if parameter.role.mask.is_some() {
            constants.push(Constant { id, name: format!("{}.held", parameter.path), bytes: bytes(&held(parameter)), held: true });
        }
    }
    if constants.is_empty() {
        return Ok(Constants { bytes: None, places: BTreeMap::new(), held: BTreeMap::new() });
    }
    let views = constants.iter().map(|constant| {
        let shape = program.parameter(constant.id).shape.iter().map(|axis| axis.size as usize).collect();
        (&constant.name, TensorView::new(Dtype::F64, shape, &constant.bytes).expect("as many bytes as the shape says"))
    });
    let bytes = safetensors::serialize(views, None).expect("a header of names and shapes can be written");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("what was just written can be read");
    let start = bytes.as_ptr() as usize;
    let places = |of_masks: bool| {
        let own = constants.iter().filter(|constant| constant.held == of_masks);
        own.map(|constant| {
            let data = file.tensor(&constant.name).expect("every constant is in the file").data();
            let from = data.as_ptr() as usize - start;
            (constant.id, from..from + data.len())
        })
        .collect()
    };
    let (places, held) = (places(false), places(true));
    Ok(Constants { places, held, bytes: Some(bytes) })
}

/// The values of entries that a mask freezes; what is trained is not a number.
fn held(parameter: &Parameter) -> Vec<f64> {
    let mut values = vec![f64::NAN; parameter.shape.iter().map(|axis| axis.size as usize).product()];
    let frozen = parameter.frozen_entries();
    for (place, value) in frozen.places.into_iter().zip(frozen.values) {
        values[place] = value;
    }
    values
}
