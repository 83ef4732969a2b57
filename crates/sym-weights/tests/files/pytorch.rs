//! Files of `torch.save` (made by PyTorch 2.9), and pickles that want to do something.

use super::bytes;
use std::path::{Path, PathBuf};
use sym_diagnostics::Code;
use sym_weights::{Archive, Format, NumberType, open};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The k-th of the numbers that the files hold: k / 8 − 1.
fn base(at: usize) -> f64 {
    at as f64 / 8.0 - 1.0
}

#[test]
fn both_formats_hold_the_same_nested_tensors() {
    for file in ["nested.pt", "nested_legacy.pt"] {
        let mut archive = open(&data(file)).expect(file);
        assert_eq!(archive.format, Format::PyTorch);
        let mut read = |name: &str| archive.read(&format!("state_dict.{name}")).expect(name);
        assert_eq!(read("whole"), (0..24).map(base).collect::<Vec<_>>(), "{file}");
        // The transpose of 4 × 6: entry (i, j) is number 6 j + i.
        assert_eq!(read("turned"), (0..24).map(|at| base(at % 4 * 6 + at / 4)).collect::<Vec<_>>(), "{file}");
        // Rows 1 and 2 of numbers 6 … 17 as 3 × 4, every second column.
        assert_eq!(read("part"), [10, 12, 14, 16].map(base), "{file}");
        assert_eq!(read("repeated"), [1.5, 1.5, 1.5, -2.5, -2.5, -2.5]);
        assert_eq!(read("double"), [0.1, -1e300]);
        assert_eq!(read("half"), [1.0, 65504.0]);
        assert_eq!(read("brain")[0], 1.5);
        assert_eq!(read("count"), [12_345_678_901.0]);
        assert_eq!(read("mask"), [1.0, 0.0]);
        assert_eq!(read("parameter"), [0.25]);
        assert_eq!(read("empty"), [0.0; 0]);
        assert_eq!(archive.read("optimizer.state.0.exp_avg").expect("read"), [9.0]);
        let turned = archive.tensor("state_dict.turned").expect("listed");
        assert_eq!((turned.number, turned.shape.as_slice()), (NumberType::F32, &[6, 4][..]));
        assert_eq!(archive.tensors.len(), 12);
    }
}

#[test]
fn a_state_dict_alone_below_a_key_loses_it() {
    let archive = open(&data("wrapped.pth")).expect("a file");
    let names: Vec<&str> = archive.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let expected = ["0.bias", "0.weight", "1.bias", "1.num_batches_tracked", "1.running_mean", "1.running_var", "1.weight"];
    assert_eq!(names, expected);
    assert!(!archive.tensor("1.num_batches_tracked").expect("listed").number.is_floating());
}

#[test]
fn numbers_of_eight_bits_and_types_that_tensors_name_themselves() {
    let mut archive = open(&data("eight_bits.pt")).expect("a file");
    assert_eq!(archive.read("e4m3").expect("read"), [448.0, -0.5]);
    assert_eq!(archive.read("e5m2").expect("read"), [57344.0]);
    assert_eq!(archive.read("u16").expect("read"), [65535.0]);
}

#[test]
fn a_whole_module_is_an_object_of_its_class() {
    let archive = open(&data("module.pt")).expect("a file");
    assert!(archive.tensors.is_empty());
    assert_eq!(archive.unread[0].reason, "an object of the class `torch.nn.modules.container.Sequential`");
}

/// A file whose pickle is this text.
fn file(pickle: &[u8]) -> Vec<u8> {
    bytes::zip(&[("archive/data.pkl", pickle), ("archive/data/0", &1.5f32.to_le_bytes())], false)
}

#[test]
fn nothing_that_a_pickle_names_is_executed() {
    let witness = std::env::temp_dir().join(format!("sym-weights-{}", std::process::id()));
    let command = format!("touch {}", witness.display());
    for pickle in [
        format!("cos\nsystem\n(S'{command}'\ntR."),
        format!("cposix\nsystem\n(V{command}\ntR."),
        format!("(S'{command}'\nios\nsystem\n."),
        format!("(cos\nsystem\nS'{command}'\no."),
        format!("}}(S'weight'\ncbuiltins\nexec\n(S'import os; os.system(\"{command}\")'\ntRu."),
    ] {
        let archive = Archive::from_bytes(file(pickle.as_bytes()), "hostile").expect("a pickle");
        assert!(archive.tensors.is_empty());
        assert_eq!(archive.unread.len(), 1, "{pickle}");
        let reason = &archive.unread[0].reason;
        assert!(reason.contains("system") || reason.contains("exec"), "{reason}");
    }
    assert!(!witness.exists());
}

/// A pickle of a dictionary with one tensor of single precision, a view of the array `0`, which has one entry.
fn view(key: &str, first: u64, shape: &str, strides: &str) -> Vec<u8> {
    let reference = format!("(S'storage'\nctorch\nFloatStorage\nS'{key}'\nS'cpu'\nI1\ntQ");
    format!("}}S'w'\nctorch._utils\n_rebuild_tensor_v2\n({reference}I{first}\n{shape}{strides}I00\n}}tRs.").into_bytes()
}

#[test]
fn views_are_held_against_their_arrays() {
    let read = |pickle: &[u8]| Archive::from_bytes(file(pickle), "file").and_then(|mut archive| archive.read("w"));
    assert_eq!(read(&view("0", 0, "(I1\nt", "(I1\nt")).expect("one entry"), [1.5]);
    assert_eq!(read(&view("0", 0, "(t", "(t")).expect("a number"), [1.5]);
    for (what, pickle) in [
        ("another array", view("1", 0, "(I1\nt", "(I1\nt")),
        ("behind the end", view("0", 1, "(I1\nt", "(I1\nt")),
        ("too long", view("0", 0, "(I2\nt", "(I1\nt")),
        ("beyond counting", view("0", 0, "(I4294967296\nI4294967296\nI4294967296\nt", "(I0\nI0\nI0\nt")),
        ("repeated without end", view("0", 0, "(I1099511627776\nt", "(I0\nt")),
        ("a stride beyond numbers", view("0", 0, "(I2\nt", "(I18446744073709551615\nt")),
        ("a negative size", view("0", 0, "(I-1\nt", "(I1\nt")),
        ("fewer strides than sizes", view("0", 0, "(I1\nI1\nt", "(I1\nt")),
    ] {
        assert_eq!(read(&pickle).expect_err(what).code, Code::E0602, "{what}");
    }
}

#[test]
fn containers_without_end_are_refused_and_deep_ones_do_not_overflow() {
    // A list that holds itself.
    let own = b"(lp0\n0g0\n(g0\ne.".to_vec();
    assert_eq!(Archive::from_bytes(file(&own), "file").expect_err("endless").code, Code::E0602);
    // Forty levels of pairs of the level below: 2⁴⁰ values in 600 bytes.
    let mut shared = b"(lp0\n".to_vec();
    for level in 0..40 {
        shared.extend(format!("0(g{level}\ng{level}\nlp{}\n", level + 1).into_bytes());
    }
    shared.push(b'.');
    assert_eq!(Archive::from_bytes(file(&shared), "file").expect_err("too many").code, Code::E0602);
    // A list in a list in a list …, a million deep.
    let mut deep = vec![b']'; 1_000_000];
    deep.extend(vec![b'a'; 999_999]);
    deep.push(b'.');
    assert_eq!(Archive::from_bytes(file(&deep), "file").expect_err("too deep").code, Code::E0602);
}

#[test]
fn a_pickle_of_something_else_is_named() {
    let problem = Archive::from_bytes(b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94K\x01a.".to_vec(), "list.pkl")
        .expect_err("a list");
    assert_eq!(problem.code, Code::E0602);
    assert!(problem.message.contains("not one of `torch.save`"), "{}", problem.message);
}
