//! NumPy's arrays: order of bytes, order of axes, zip files.

use super::bytes;
use sym_diagnostics::Code;
use sym_weights::{Archive, Format, NumberType};

fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn arrays_of_both_orders() {
    let numbers = doubles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let mut rows = Archive::from_bytes(bytes::npy("<f8", false, "(2, 3)", &numbers), "rows.npy").expect("an array");
    assert_eq!(rows.read("array").expect("read"), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let mut columns = Archive::from_bytes(bytes::npy("<f8", true, "(2, 3)", &numbers), "columns.npy").expect("an array");
    assert_eq!(columns.read("array").expect("read"), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    let mut swapped =
        Archive::from_bytes(bytes::npy(">i2", false, "(2,)", &[0xff, 0xfe, 0x01, 0x00]), "big.npy").expect("an array");
    assert_eq!(swapped.read("array").expect("read"), [-2.0, 256.0]);
}

#[test]
fn zip_files_plain_and_packed() {
    for deflated in [false, true] {
        let weight = bytes::npy("<f4", false, "(2,)", &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
        let label = bytes::npy("<U3", false, "(1,)", &[0; 12]);
        let file = bytes::zip(
            &[("fc1.weight.npy", &weight), ("label.npy", &label), ("bias.npy", &bytes::npy("<f8", true, "()", &doubles(&[7.0])))],
            deflated,
        );
        let mut archive = Archive::from_bytes(file, "weights.npz").expect("arrays");
        assert_eq!(archive.format, Format::NumPy);
        assert_eq!(archive.read("fc1.weight").expect("read"), [1.5, -2.0]);
        assert_eq!(archive.read("bias").expect("read"), [7.0]);
        assert_eq!(archive.tensor("fc1.weight").expect("listed").number, NumberType::F32);
        assert_eq!((archive.unread[0].name.as_str(), archive.unread[0].reason.as_str()), ("label", "numbers of type `<U3`"));
    }
}

#[test]
fn a_short_file_that_announces_much_is_refused() {
    for shape in ["(1099511627776,)", "(1099511627776, 1099511627776)", "(-1,)", "(2", "(1.5,)"] {
        let problem = Archive::from_bytes(bytes::npy("<f8", false, shape, &[]), "file").expect_err(shape);
        assert_eq!(problem.code, Code::E0602, "{shape}");
    }
    // What is packed shows only when it is read that it is too short.
    let packed = bytes::zip(&[("w.npy", &bytes::npy("<f8", false, "(1099511627776,)", &doubles(&[1.0])))], true);
    let mut archive = Archive::from_bytes(packed, "file").expect("an array");
    assert_eq!(archive.read("w").expect_err("too short").code, Code::E0602);
}
