//! Damaged files give a value or a diagnostic: no panic, no more memory than the file accounts for.

use super::bytes;
use proptest::prelude::*;
use std::path::Path;
use sym_weights::Archive;

fn valid() -> Vec<Vec<u8>> {
    let data = |name: &str| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).expect(name);
    let numbers: Vec<u8> = (0..48).collect();
    let npy = bytes::npy("<f8", true, "(2, 3)", &numbers);
    let weight =
        [bytes::number(1, 2), bytes::number(1, 2), bytes::number(2, 1), bytes::field(8, b"w"), bytes::field(9, &numbers[..16])];
    let typed = [bytes::number(1, 3), bytes::number(2, 6), bytes::field(8, b"i"), bytes::field(5, &[1, 0x80, 1, 7])];
    let node = [bytes::field(1, b"x"), bytes::field(1, b"w"), bytes::field(3, b"/fc/MatMul"), bytes::field(4, b"MatMul")];
    vec![
        bytes::safetensors(&[("a", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), ("b", &[1], &[0.5])]),
        data("nested.pt"),
        data("nested_legacy.pt"),
        data("eight_bits.pt"),
        npy.clone(),
        bytes::zip(&[("a.npy", &npy), ("b.npy", &npy)], true),
        bytes::onnx(&[bytes::field(5, &weight.concat()), bytes::field(5, &typed.concat()), bytes::field(1, &node.concat())]),
    ]
}

/// Opens it and reads everything that is not too large to read.
fn use_of(bytes: Vec<u8>) {
    let room = bytes.len() as u64;
    let Ok(mut archive) = Archive::from_bytes(bytes, "damaged") else { return };
    let names: Vec<String> = archive.tensors.iter().map(|tensor| tensor.name.clone()).collect();
    for name in names {
        let entries = archive.tensor(&name).expect("listed").entries();
        if let Ok(values) = archive.read(&name) {
            assert_eq!(values.len() as u64, entries);
            // A packed file unpacks to at most 1,032 times its size; a view may repeat a short array.
            assert!(entries <= (1032 * room).max(1 << 22));
        }
    }
}

#[test]
fn valid_files_are_valid() {
    for file in valid() {
        Archive::from_bytes(file, "valid").expect("valid");
    }
}

#[test]
fn every_beginning_of_a_file() {
    for file in valid() {
        let step = (file.len() / 400).max(1);
        for length in (0..file.len()).step_by(step) {
            use_of(file[..length].to_vec());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes(which in 0usize..7, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in prop::option::weighted(0.2, any::<prop::sample::Index>())) {
        let mut file = valid().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        use_of(file);
    }

    #[test]
    fn random_bytes_behind_a_beginning(which in 0usize..7, kept in 0usize..80, rest in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = valid().swap_remove(which);
        let mut bytes = file[..kept.min(file.len())].to_vec();
        bytes.extend(rest);
        use_of(bytes);
    }
}
