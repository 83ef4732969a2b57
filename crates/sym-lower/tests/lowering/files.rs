//! Weights in files.

use crate::support::weights;
use burn::tensor::DType;
use std::path::Path;
use sym_diagnostics::{Code, Span};
use sym_infer::Weights;
use sym_ir::storage::{Part, StoredAxis, StoredName};
use sym_ir::{Axis, Builder, Initial, Parameter, Program, Storage};
use sym_lower::{Stored, from_state_dict, load, load_pytorch, load_safetensors, save_safetensors, to_safetensors, to_state_dict};

/// Queries and values of attention as `PyTorch` stores them, merged and transposed, beside a scalar.
fn program() -> Program {
    let mut builder = Builder::new("Case");
    let span = Span::new(sym_diagnostics::FileId(0), 0, 0);
    let mut tensor = |path: &str, name: &str, sizes: &[u128], layout: &[&[usize]]| {
        builder.declare_parameter(Parameter {
            path: path.to_string(),
            storage: Storage {
                name: StoredName::plain(name),
                layout: layout.iter().map(|group| StoredAxis::merged(group.to_vec())).collect(),
            },
            shape: sizes.iter().map(|&size| Axis::of(size)).collect(),
            trainable: true,
            initial: Initial::Constant(0.0),
            role: sym_ir::Role::default(),
            span,
        })
    };
    let query = tensor("attention.wq", "q_proj.weight", &[2, 4, 3], &[&[0, 2], &[1]]);
    tensor("attention.wo", "out_proj.weight", &[2, 3, 4], &[&[2], &[0, 1]]);
    tensor("temperature", "temperature", &[], &[]);
    builder.output("output", query);
    builder.finish()
}

#[test]
fn storage_merges_and_transposes_axes() {
    let program = program();
    let mut weights = Weights::zeros(&program);
    weights.values[0] = (0..24).map(f64::from).collect();
    let stored = to_state_dict(&program, &weights).remove(0);
    assert_eq!((stored.name.as_str(), &stored.shape[..]), ("q_proj.weight", &[6, 4][..]));
    // Row (h, k) and column d of the stored matrix is entry (h, d, k), which is 12 h + 3 d + k.
    for (row, entries) in stored.values.chunks(4).enumerate() {
        let (head, unit) = (row / 3, row % 3);
        assert_eq!(entries, [0, 1, 2, 3].map(|d| (12 * head + 3 * d + unit) as f64));
    }
}

/// Keys and values of two heads, three and one rows each, in one tensor of two columns, and a matrix for each of three experts.
fn parts() -> Program {
    let mut builder = Builder::new("Parts");
    let span = Span::new(sym_diagnostics::FileId(0), 0, 0);
    let mut tensor = |path: &str, sizes: &[u128], storage: Storage| {
        builder.declare_parameter(Parameter {
            path: path.to_string(),
            storage,
            shape: sizes.iter().map(|&size| Axis::of(size)).collect(),
            trainable: true,
            initial: Initial::Constant(0.0),
            role: sym_ir::Role::default(),
            span,
        })
    };
    let part = |start| {
        let rows = StoredAxis { axes: vec![0, 1], part: Some(Part { first: 1, count: 1, start }) };
        Storage { name: StoredName::plain("kv_b_proj.weight"), layout: vec![rows, StoredAxis::single(2)] }
    };
    let key = tensor("wk", &[2, 3, 2], part(0));
    tensor("wv", &[2, 1, 2], part(3));
    let mut name = StoredName::plain("experts.");
    name.push_axis(0);
    name.push(".weight");
    tensor("experts", &[3, 2, 2], Storage { name, layout: vec![StoredAxis::single(2), StoredAxis::single(1)] });
    builder.output("output", key);
    builder.finish()
}

#[test]
fn parts_of_a_tensor_and_stacked_tensors_are_read_and_written() {
    let program = parts();
    let mut weights = Weights::zeros(&program);
    weights.values =
        vec![(0..12).map(f64::from).collect(), (100..104).map(f64::from).collect(), (200..212).map(f64::from).collect()];
    let stored = to_state_dict(&program, &weights);
    let names: Vec<(&str, &[usize])> = stored.iter().map(|tensor| (tensor.name.as_str(), &tensor.shape[..])).collect();
    let experts = ["experts.0.weight", "experts.1.weight", "experts.2.weight"].map(|name| (name, &[2, 2][..]));
    assert_eq!(names, [&[("kv_b_proj.weight", &[8, 2][..])][..], &experts].concat());
    // Three rows of keys and one of values for each head.
    let rows = [[0, 1], [2, 3], [4, 5], [100, 101], [6, 7], [8, 9], [10, 11], [102, 103]];
    assert_eq!(stored[0].values, rows.as_flattened().iter().map(|&entry| f64::from(entry)).collect::<Vec<_>>());
    // Transposed.
    assert_eq!(stored[2].values, [204.0, 206.0, 205.0, 207.0]);

    assert_eq!(from_state_dict(&program, &stored, "model"), Ok(weights.clone()));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("weights.safetensors");
    save_safetensors(&path, &program, &weights, DType::F64).expect("can be written");
    assert_eq!(load(&path, &program), Ok(weights));

    let without: Vec<Stored> = stored.into_iter().filter(|tensor| tensor.name != "experts.1.weight").collect();
    let diagnostic = from_state_dict(&program, &without, "model").expect_err("an expert is missing");
    assert_eq!(diagnostic.expected.as_deref(), Some("`experts.1.weight` [2, 2]"));
}

#[test]
fn weights_survive_a_safetensors_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("weights.safetensors");
    let program = program();
    let weights = weights(&program, 3);
    save_safetensors(&path, &program, &weights, DType::F64).expect("can be written");
    assert_eq!(load(&path, &program), Ok(weights.clone()));

    save_safetensors(&path, &program, &weights, DType::F32).expect("can be written over");
    let rounded = weights.values.iter().map(|values| values.iter().map(|&value| f64::from(value as f32)).collect()).collect();
    assert_eq!(load(&path, &program), Ok(Weights { values: rounded }));
    assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 1, "nothing but the file is left");
}

#[test]
fn numbers_of_16_bits_are_widened() {
    use safetensors::{Dtype, tensor::TensorView};
    let mut builder = Builder::new("Case");
    let w = builder.parameter("w", &[3]);
    builder.output("output", w);
    let program = builder.finish();
    // 1, -2 and 0.5 in the two formats.
    for (dtype, bits) in [(Dtype::F16, [0x3c00u16, 0xc000, 0x3800]), (Dtype::BF16, [0x3f80, 0xc000, 0x3f00])] {
        let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let view = TensorView::new(dtype, vec![3], &bytes).expect("consistent");
        let file = safetensors::serialize([("w", view)], None).expect("serializable");
        let weights = sym_lower::from_safetensors(&file, &program, "w.safetensors").expect("fits");
        assert_eq!(weights.values, [[1.0, -2.0, 0.5]]);
    }
}

/// Batch norm counts its batches.
#[test]
fn tensors_of_whole_numbers_are_no_weights() {
    use safetensors::{Dtype, tensor::TensorView};
    let mut builder = Builder::new("Case");
    let w = builder.parameter("bn.weight", &[1]);
    builder.output("output", w);
    let (weight, count) = (2.0f64.to_le_bytes(), 7i64.to_le_bytes());
    let weight = TensorView::new(Dtype::F64, vec![1], &weight).expect("consistent");
    let count = TensorView::new(Dtype::I64, vec![], &count).expect("consistent");
    let file = safetensors::serialize([("bn.weight", weight), ("bn.num_batches_tracked", count)], None).expect("serializable");
    let weights = sym_lower::from_safetensors(&file, &builder.finish(), "w.safetensors").expect("fits");
    assert_eq!(weights.values, [[2.0]]);
}

#[test]
fn all_misfits_are_listed_at_once() {
    let program = program();
    let mut tensors = to_state_dict(&program, &Weights::zeros(&program));
    tensors[0].name = "q_proj.weights".to_string();
    tensors[1].shape = vec![6, 4];
    tensors.push(Stored { name: "bias".to_string(), shape: vec![2], values: vec![0.0; 2] });
    let diagnostic = from_state_dict(&program, &tensors, "model.safetensors").expect_err("does not fit");
    assert_eq!(diagnostic.code, Code::E0607);
    assert_eq!(
        diagnostic.message,
        "`model.safetensors` does not fit `Case`: 1 tensor is missing, 2 tensors are not of the model, 1 tensor has another shape"
    );
    assert_eq!(diagnostic.found.as_deref(), Some("`q_proj.weights` [6, 4], `bias` [2], `out_proj.weight` [6, 4]"));
    assert_eq!(diagnostic.expected.as_deref(), Some("`q_proj.weight` [6, 4], `out_proj.weight` [4, 6]"));
    assert_eq!(diagnostic.help.as_deref(), Some("`q_proj.weights` in the file may be `q_proj.weight` of the model"));
}

#[test]
fn missing_and_damaged_files_are_told_apart() {
    let directory = tempfile::tempdir().expect("a directory");
    let program = program();
    let code = |path: &Path| load(path, &program).expect_err("no weights").code;
    for ending in ["safetensors", "pt"] {
        let path = directory.path().join(format!("weights.{ending}"));
        assert_eq!(code(&path), Code::E0601, "{ending}");
        for damage in [&b""[..], &b"no tensors"[..], &[0xff; 64][..]] {
            std::fs::write(&path, damage).expect("writable");
            assert_eq!(code(&path), Code::E0602, "{ending}");
        }
    }
    let path = directory.path().join("cut.safetensors");
    let whole = to_safetensors(&program, &Weights::zeros(&program), DType::F64);
    for length in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..length]).expect("writable");
        assert_eq!(code(&path), Code::E0602, "cut after {length} bytes");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let blocked = directory.path().join("blocked");
    std::fs::write(&blocked, "a file, not a directory").expect("writable");
    let program = program();
    let result = save_safetensors(&blocked.join("w.safetensors"), &program, &Weights::zeros(&program), DType::F64);
    assert_eq!(result.expect_err("cannot be written").code, Code::E0603);
}

/// The two files hold `fc.weight` = [[1, 2, 3], [4, 5, 6]] and `fc.bias` = [0.5, -0.5] in single precision, made by
/// `tests/data/linear.py`: one is the state dict alone, the other has it under `state_dict`.
#[test]
fn state_dicts_of_pytorch_are_read() {
    let mut builder = Builder::new("Linear");
    let x = builder.input("x", &[3]);
    let y = builder.linear("fc", x, 2, true);
    builder.output("output", y);
    let program = builder.finish();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for file in ["linear.pt", "linear_nested.pt"] {
        let weights = load_pytorch(&data.join(file), &program).expect("fits");
        assert_eq!(weights.values, [vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0.5, -0.5]], "{file}");
        assert_eq!(load(&data.join(file), &program), Ok(weights));
    }
    assert_eq!(load_safetensors(&data.join("linear.pt"), &program).expect_err("no safetensors").code, Code::E0602);
}
