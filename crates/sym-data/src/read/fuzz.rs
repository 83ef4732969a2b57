//! Whatever bytes a file holds, a reader gives examples or says what is wrong.

use super::{TableTargets, cifar, folders, idx, mat, npy, npz, parquet, table};
use crate::cursor::Cursor;
use proptest::prelude::*;
use std::io::Cursor as Bytes;
use std::path::Path;

const FILE: &str = "file";
const LAST: TableTargets<'static> = TableTargets { column: None, classes: None };

/// A sound file to begin with.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut names: Vec<_> = std::fs::read_dir(folder).expect("the files").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    let mut seeds: Vec<Vec<u8>> = names.iter().map(|name| std::fs::read(name).expect("a file")).collect();
    let idx = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[1; 6]].concat();
    seeds.push(idx);
    seeds.push([&[3][..], &[9; 3072]].concat());
    seeds.push(b"a,b\n1,2\n3,4\n".to_vec());
    seeds
}

/// All readers; a file of one format is a damaged one of the others.
fn read_all(bytes: &[u8]) {
    let file = Path::new(FILE);
    let cursor = || Cursor::of_bytes(file, bytes);
    let _ = cursor().gunzipped().and_then(idx::parse);
    let _ = npy::parse(cursor());
    let _ = cifar::parse(cursor(), super::CifarKind::Cifar10);
    let _ = cifar::parse(cursor(), super::CifarKind::Cifar100);
    for name in ["X", "y", "single", "text"] {
        let array = mat::parse(cursor(), name);
        if let (Ok(images), Ok(labels)) = (array, mat::parse(cursor(), "y")) {
            let _ = mat::digits(file, images, &labels);
        }
    }
    let arrays = ["x", "y"].map(|name| npz::member(file, Bytes::new(bytes), name));
    if let [Ok(x), Ok(y)] = arrays {
        let _ = npz::pair((file, "x"), x, (file, "y"), y, Some(3));
    }
    let _ = table::parse(file, bytes, LAST);
    let _ = parquet::parse(file, bytes::Bytes::copy_from_slice(bytes), LAST);
    let _ = folders::decode_bytes(file, bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_are_read_or_refused(
        which in 0..1000usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[which % seeds.len()].clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
        read_all(&[b"\x93NUMPY\x01\x00".as_slice(), &bytes].concat());
        read_all(&[b"PAR1".as_slice(), &bytes, b"PAR1"].concat());
        read_all(&[&[0, 0, 8, 3][..], &bytes].concat());
    }

    #[test]
    fn any_text_is_a_table_or_refused(text in "[0-9a,.\"\r\n\u{e9} -]{0,60}", classes in prop::option::of(0..5u64)) {
        if let Ok(examples) = table::parse(Path::new(FILE), text.as_bytes(), TableTargets { column: None, classes }) {
            prop_assert_eq!(examples.inputs.rows(), examples.targets.len());
        }
    }
}

#[test]
fn every_truncation_of_every_file_is_read_or_refused() {
    for seed in seeds() {
        (0..seed.len()).step_by(1 + seed.len() / 300).for_each(|end| read_all(&seed[..end]));
    }
}
