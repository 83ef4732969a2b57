//! ONNX: tensors in every form, nodes, and names of modules.

use super::bytes::{field, number, onnx, varint};
use sym_diagnostics::Code;
use sym_weights::onnx::Attribute;
use sym_weights::{Archive, Format, NumberType, open};

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensor(name: &str, sizes: &[u64], kind: u64, content: Vec<u8>) -> Vec<u8> {
    let mut bytes: Vec<u8> = sizes.iter().flat_map(|&size| number(1, size)).collect();
    bytes.extend(number(2, kind));
    bytes.extend(content);
    bytes.extend(field(8, name.as_bytes()));
    field(5, &bytes)
}

#[test]
fn tensors_in_every_form() {
    let graph = [
        tensor("raw", &[2], 1, field(9, &floats(&[1.5, -2.0]))),
        tensor("typed", &[2], 1, field(4, &floats(&[0.25, 8.0]))),
        tensor("double", &[], 11, field(10, &0.1f64.to_le_bytes())),
        tensor("signed", &[2], 6, field(5, &[varint(u64::MAX - 2), varint(300)].concat())),
        tensor("half", &[1], 10, field(5, &varint(0x3c00))),
        tensor("long", &[1], 7, field(7, &varint(1 << 40))),
        tensor("empty", &[0], 1, Vec::new()),
        tensor("words", &[1], 8, field(6, b"x")),
    ];
    let mut archive = Archive::from_bytes(onnx(&graph), "file").expect("a graph");
    assert_eq!(archive.format, Format::Onnx);
    let mut read = |name: &str| archive.read(name).expect(name);
    assert_eq!(read("raw"), [1.5, -2.0]);
    assert_eq!(read("typed"), [0.25, 8.0]);
    assert_eq!(read("double"), [0.1]);
    assert_eq!(read("signed"), [-3.0, 300.0]);
    assert_eq!(read("half"), [1.0]);
    assert_eq!(read("long"), [1_099_511_627_776.0]);
    assert_eq!(read("empty"), [0.0; 0]);
    assert_eq!(archive.tensor("long").expect("listed").number, NumberType::I64);
    assert_eq!(archive.unread[0].reason, "values of type text");
}

#[test]
fn nodes_with_attributes_constants_and_shapes() {
    let attribute = |name: &str, content: Vec<u8>| field(5, &[field(1, name.as_bytes()), content].concat());
    let node = |fields: &[Vec<u8>]| field(1, &fields.concat());
    let constant = [number(1, 1), number(2, 1), field(9, &floats(&[3.0]))].concat();
    let shape = field(1, &[number(1, 3)].concat());
    let batch = field(1, &field(2, b"batch"));
    let input = [field(1, b"x"), field(2, &field(1, &[number(1, 1), field(2, &[batch, shape].concat())].concat()))].concat();
    let graph = [
        node(&[
            field(1, b"x"),
            field(1, b"w"),
            field(2, b"y"),
            field(3, b"/conv1/Conv"),
            field(4, b"Conv"),
            attribute("group", number(3, 2)),
            attribute("strides", [number(8, 2), number(8, 1)].concat()),
            attribute("pads", field(8, &[1, 1, 1, 1])),
        ]),
        node(&[field(2, b"c"), field(4, b"Constant"), attribute("value", field(5, &constant))]),
        field(11, &input),
    ];
    let mut archive = Archive::from_bytes(onnx(&graph), "file").expect("a graph");
    assert_eq!(archive.read("c").expect("a constant"), [3.0]);
    let graph = archive.graph.expect("a graph");
    let conv = &graph.nodes[0];
    assert_eq!((conv.operation.as_str(), conv.name.as_str(), conv.inputs.len()), ("Conv", "/conv1/Conv", 2));
    assert_eq!(
        (conv.int("group"), conv.ints("strides"), conv.ints("pads")),
        (Some(2), Some(&[2, 1][..]), Some(&[1, 1, 1, 1][..]))
    );
    assert_eq!(graph.nodes[1].attributes["value"], Attribute::Other);
    assert_eq!(graph.inputs[0].shape, [Err("batch".to_string()), Ok(3)]);
}

#[test]
fn a_nameless_weight_is_called_after_its_module_and_seen_as_the_module_has_it() {
    let node = [
        field(1, b"x"),
        field(1, b"onnx::MatMul_7"),
        field(2, b"y"),
        field(3, b"/layers/layers.0/fc/MatMul"),
        field(4, b"MatMul"),
    ];
    let graph =
        [field(1, &node.concat()), tensor("onnx::MatMul_7", &[2, 3], 1, field(9, &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])))];
    let mut archive = Archive::from_bytes(onnx(&graph), "file").expect("a graph");
    let weight = archive.tensor("layers.0.fc.weight").expect("named").clone();
    assert_eq!((weight.shape.as_slice(), weight.alias.as_deref()), (&[3, 2][..], Some("onnx::MatMul_7")));
    assert_eq!(archive.read("layers.0.fc.weight").expect("read"), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
}

#[test]
fn numbers_in_a_file_beside_are_read_by_range() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("weights.bin"), floats(&[9.0, 1.0, 2.0])).expect("written");
    let external = |location: &str, offset: &str, length: &str| {
        let entry = |key: &str, value: &str| field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat());
        let fields = [entry("location", location), entry("offset", offset), entry("length", length), number(14, 1)].concat();
        onnx(&[tensor("w", &[2], 1, fields)])
    };
    let path = directory.path().join("model.onnx");
    std::fs::write(&path, external("weights.bin", "4", "8")).expect("written");
    assert_eq!(open(&path).and_then(|mut archive| archive.read("w")).expect("read"), [1.0, 2.0]);
    for (location, offset, length) in [
        ("weights.bin", "8", "8"),
        ("weights.bin", "4", "4"),
        ("../weights.bin", "0", "8"),
        ("/etc/passwd", "0", "8"),
        ("absent", "0", "8"),
    ] {
        std::fs::write(&path, external(location, offset, length)).expect("written");
        assert_eq!(open(&path).expect_err(location).code, Code::E0602);
    }
}

#[test]
fn announced_lengths_are_held_against_the_file() {
    for graph in [
        tensor("w", &[1 << 40], 1, field(9, &[0; 4])),
        tensor("w", &[1 << 40, 1 << 40], 1, field(9, &[0; 4])),
        tensor("w", &[1 << 40], 7, field(7, &[1])),
        [vec![5 << 3 | 2], varint(1 << 40)].concat(),
        tensor("w", &[1], 1, Vec::new()),
    ] {
        assert_eq!(Archive::from_bytes(onnx(&[graph]), "file").expect_err("too much").code, Code::E0602);
    }
}
