//! What is not asked for is not read.

use super::bytes;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use sym_diagnostics::Code;
use sym_weights::{Archive, Format, NumberType, open};

#[test]
fn a_file_costs_what_is_read_of_it() {
    // 10 GB of which the file system stores a few blocks: three tensors, the second with all but a few of the bytes.
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("large.safetensors");
    let (first, second) = (16u64, 10_000_000_000u64);
    let header = format!(
        r#"{{"a":{{"dtype":"F32","shape":[4],"data_offsets":[0,{first}]}},"b":{{"dtype":"F64","shape":[50000,25000],"data_offsets":[{first},{}]}},"c":{{"dtype":"F64","shape":[3],"data_offsets":[{},{}]}}}}"#,
        first + second,
        first + second,
        first + second + 24
    );
    let mut file = File::create(&path).expect("a file");
    file.write_all(&(header.len() as u64).to_le_bytes()).expect("written");
    file.write_all(header.as_bytes()).expect("written");
    let start = 8 + header.len() as u64;
    file.set_len(start + first + second + 24).expect("a sparse file");
    file.seek(SeekFrom::Start(start + first + second)).expect("sought");
    for value in [1.5f64, -2.0, 0.1] {
        file.write_all(&value.to_le_bytes()).expect("written");
    }
    drop(file);

    let mut archive = open(&path).expect("a file of weights");
    assert_eq!(archive.tensor("b").expect("listed").shape, [50_000, 25_000]);
    let listed = archive.bytes_read();
    assert!(listed <= 2 * 64 + start, "{listed} bytes for the list alone");
    assert_eq!(archive.read("c").expect("read"), [1.5, -2.0, 0.1]);
    assert_eq!(archive.bytes_read() - listed, 24);
    assert_eq!(archive.read("a").expect("read"), [0.0; 4]);
    assert_eq!(archive.bytes_read() - listed, 24 + 16);
}

#[test]
fn safetensors_by_their_content() {
    let file = bytes::safetensors(&[("b", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), ("a", &[], &[5.0])]);
    let mut archive = Archive::from_bytes(file, "weights").expect("a file");
    assert_eq!(archive.format, Format::Safetensors);
    let listed: Vec<_> =
        archive.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.number, tensor.shape.clone())).collect();
    assert_eq!(listed, [("a", NumberType::F32, vec![]), ("b", NumberType::F32, vec![2, 2])]);
    assert_eq!(archive.read("b").expect("read"), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(archive.read_f32("a").expect("read"), [5.0]);
    let problem = archive.read("c").expect_err("no such tensor");
    assert_eq!(problem.code, Code::E0607);
}

#[test]
fn a_list_of_files_is_one_archive() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("one.safetensors"), bytes::safetensors(&[("x", &[1], &[1.0]), ("unlisted", &[1], &[9.0])]))
        .expect("written");
    std::fs::write(at("two.safetensors"), bytes::safetensors(&[("w", &[1], &[2.0])])).expect("written");
    let index = |map: &str| format!(r#" {{"metadata": {{"total_size": 8}}, "weight_map": {{{map}}}}}"#);
    std::fs::write(at("model.safetensors.index.json"), index(r#""x": "one.safetensors", "w": "two.safetensors""#))
        .expect("written");
    let mut archive = open(&at("model.safetensors.index.json")).expect("both files");
    let names: Vec<&str> = archive.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["w", "x"]);
    assert_eq!((archive.read("w").expect("read"), archive.read("x").expect("read")), (vec![2.0], vec![1.0]));

    for (map, code) in [
        (r#""x": "three.safetensors""#, Code::E0601),
        (r#""y": "one.safetensors""#, Code::E0602),
        (r#""x": "../one.safetensors""#, Code::E0602),
        (r#""x": "/etc/passwd""#, Code::E0602),
        (r#""x": "bad.json""#, Code::E0601),
        ("", Code::E0602),
    ] {
        std::fs::write(at("bad.json"), index(map)).expect("written");
        let problem = open(&at("bad.json")).expect_err(map);
        assert_eq!(problem.code, code, "{map}: {problem:?}");
    }
}

#[test]
fn what_is_no_file_of_weights_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(open(&directory.path().join("absent")).expect_err("absent").code, Code::E0601);
    assert_eq!(open(directory.path()).expect_err("a directory").code, Code::E0601);
    for (bytes, code, word) in [
        (&b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 90868376\n"[..], Code::E0607, "Git LFS"),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", Code::E0607, "HDF5"),
        (b"GGUF\x03\0\0\0", Code::E0607, "GGUF"),
        (b"", Code::E0602, "no format"),
        (b"hello, world", Code::E0602, "no format"),
    ] {
        let problem = Archive::from_bytes(bytes.to_vec(), "file").expect_err(word);
        assert_eq!(problem.code, code);
        assert!(problem.message.contains(word), "{}", problem.message);
    }
}
