//! Examples from files of every format, what is done to them, and what is said about files that are absent, damaged or fetched.

#[path = "support/report.rs"]
mod report;
#[path = "support/sets.rs"]
mod sets;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use support::{Ended, Process, symc};
use tempfile::TempDir;

/// A linear classifier on every format that a file can have.
const FORMATS: &str = r#"
model Linear(inputs: int, outputs: int = 10) {
    input x[inputs]
    output linear(x, outputs, name: "fc")
}

model Bytes {
    input tokens[8] in 0..256
    output linear(reshape(embedding(tokens, 256, 4, name: "table"), [32]), 256, name: "fc")
}

data Mnist = mnist("mnist", n: 20, test_n: 7, normalise: whole)
data Records = cifar10("batch.bin", normalise: channel, augment: [crop(4), flip]) split 5 as test
data Apart = npy("apart.npy", y: "labels.npy", classes: 3)
data Packed = npz("stored.npz", classes: 3)
data Lines = csv("table.csv", target: "y", classes: 3)
data Hundred = cifar100("hundred.bin", augment: noise(0.1)) split 5 as test
data Houses = svhn("svhn", n: 30, test_n: 4)
data Book = text("book.txt", context: 8) split 10 as test
data Rows = parquet("snappy.parquet", target: "y", classes: 3)
data Pictures = images("pictures", size: 4, classes: 2, label_noise: 0.5)
data Pairs = idx("mnist/train-images-idx3-ubyte", labels: "mnist/train-labels-idx1-ubyte", classes: 10)
data Flat = gaussian(d: 12, n: 40, rank: 3, input_scale: 0.5, transform: 4)
data Sequences = in_context(tokens: 4, d: 2, n: 40, noise: 0.1)
"#;

/// The data sets of [`FORMATS`] with a model for each, its loss, and the number of examples in both parts.
const RUNS: [(&str, &str, &str, (u64, u64)); 13] = [
    ("Mnist", "Linear(inputs: 784)", "cross_entropy", (20, 7)),
    ("Records", "Linear(inputs: 3_072)", "cross_entropy", (15, 5)),
    ("Packed", "Linear(inputs: 20, outputs: 3)", "cross_entropy", (6, 0)),
    ("Apart", "Linear(inputs: 20, outputs: 3)", "cross_entropy", (6, 0)),
    ("Lines", "Linear(inputs: 2, outputs: 3)", "cross_entropy", (4, 0)),
    ("Hundred", "Linear(inputs: 3_072, outputs: 100)", "cross_entropy", (15, 5)),
    ("Houses", "Linear(inputs: 3_072)", "cross_entropy", (30, 4)),
    // 34 letters have 26 windows with a letter behind them.
    ("Book", "Bytes", "cross_entropy", (16, 10)),
    ("Rows", "Linear(inputs: 4, outputs: 3)", "cross_entropy", (3, 0)),
    ("Pictures", "Linear(inputs: 48, outputs: 2)", "cross_entropy", (2, 0)),
    ("Pairs", "Linear(inputs: 784)", "cross_entropy", (30, 0)),
    ("Flat", "Linear(inputs: 12, outputs: 12)", "mse", (40, 0)),
    ("Sequences", "Linear(inputs: 12, outputs: 1)", "mse", (40, 0)),
];

/// A folder with a file of every format, and the spec.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sym-data/tests/files");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    sets::mnist(&folder.path().join("mnist"), 30, 10);
    write("batch.bin", &sets::records(20));
    // Records of CIFAR-100 have a coarse class in front of the fine one.
    write("hundred.bin", &sets::records(20).chunks(3_073).flat_map(|record| [&[0][..], record].concat()).collect::<Vec<_>>());
    sets::svhn(&folder.path().join("svhn"), 40, 6);
    write("book.txt", b"the quick brown fox jumps over it.");
    write("table.csv", b"a,b,y\n0.5,1,0\n0.25,-1,1\n2,0,2\n1,1,1\n");
    write("example.sym", text.as_bytes());
    write("apart.npy", &npy("(6, 20)", &[7; 120]));
    write("labels.npy", &npy("(6,)", &[0, 1, 2, 0, 1, 2]));
    for (name, copy) in [
        ("stored.npz", "stored.npz"),
        ("snappy.parquet", "snappy.parquet"),
        ("colour.png", "pictures/cat/1.png"),
        ("grey.png", "pictures/dog/1.png"),
    ] {
        write(copy, &std::fs::read(shipped.join(name)).expect("a file of the tests"));
    }
    folder
}

/// An array of bytes as a `.npy` file.
fn npy(shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

/// The spec with one training run on one data set.
fn run_on(source: &str, inputs: u32, outputs: u32) -> Ended {
    let text = format!(
        "model Linear {{ input x[{inputs}]  output linear(x, {outputs}, name: \"fc\") }}\ndata Given = {source}\n\
         train Fit = Linear {{ data Given  loss cross_entropy  optim gd(lr: 0.1)  steps 2 }}\n"
    );
    let folder = folder(&text);
    symc(folder.path(), &["run", "example.sym", "--out", "runs"])
}

#[test]
fn every_format_is_read_and_trained_on() {
    let run = |(data, model, loss, (_, test)): &(&str, &str, &str, (u64, u64))| {
        let probes = if *test > 0 { "loss, test_loss, test_accuracy" } else { "loss" };
        format!(
            "train On{data} = {model} {{ data {data}  loss {loss}  optim gd(lr: 0.1)  steps 2  every 1 measure {{ {probes} }} }}\n"
        )
    };
    let folder = folder(&format!("{FORMATS}{}", RUNS.iter().map(run).collect::<String>()));
    let ended = symc(folder.path(), &["run", "example.sym", "--out", "runs", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let report = ended.json();
    assert_eq!(report["runs"].as_array().map(Vec::len), Some(RUNS.len()));
    for (data, _, _, (train, test)) in RUNS {
        let path = folder.path().join("runs").join(format!("On{data}")).join("settings.json");
        let settings: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("settings")).expect("settings");
        let sizes = (&settings["resolved"]["examples"], &settings["resolved"]["test_examples"]);
        assert_eq!(sizes, (&train.into(), &test.into()), "{data}");
    }
}

#[test]
fn a_published_set_that_is_absent_is_said_with_how_to_get_it() {
    let ended = run_on("mnist(\"data/mnist\")", 784, 10);
    assert_eq!(ended.code, 1);
    for part in [
        "E0601",
        "train-images-idx3-ubyte.gz",
        "IDX, packed by gzip",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "symc data get mnist --to data/mnist",
        "yann.lecun.com",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

#[test]
fn a_piece_of_a_published_set_that_is_absent_is_said_with_the_set_that_it_is_of() {
    let ended = run_on("cifar10(\"data/piece.bin\")", 3072, 10);
    assert_eq!(ended.code, 1);
    for part in [
        "E0601",
        "data/piece.bin",
        "CIFAR-10 binary",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        "symc data get cifar10",
        "cs.toronto.edu",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

#[test]
fn what_does_not_fit_is_refused_before_the_first_step() {
    for (source, inputs, outputs, code) in [
        ("cifar10(\"batch.bin\", n: 21)", 3072, 10, "E0223"),
        ("cifar10(\"stored.npz\")", 3072, 10, "E0601"),
        ("idx(\"batch.bin\", labels: \"mnist/train-labels-idx1-ubyte\", classes: 10)", 784, 10, "E0602"),
        ("idx(\"mnist/train-images-idx3-ubyte\", labels: \"mnist/t10k-labels-idx1-ubyte\", classes: 10)", 784, 10, "E0602"),
        ("idx(\"mnist/train-images-idx3-ubyte\", labels: \"mnist/train-labels-idx1-ubyte\", classes: 9)", 784, 9, "E0602"),
        ("idx(\"mnist/train-images-idx3-ubyte\", labels: \"mnist/train-labels-idx1-ubyte\", classes: 10)", 783, 10, "E0203"),
        ("npz(\"stored.npz\", x: \"images\", classes: 10)", 20, 10, "E0602"),
        ("parquet(\"batch.bin\", classes: 10)", 20, 10, "E0602"),
        ("images(\"mnist\", classes: 10)", 20, 10, "E0602"),
    ] {
        let ended = run_on(source, inputs, outputs);
        assert_eq!(ended.code, 1, "{source}: {}", ended.stderr);
        assert!(ended.stderr.contains(code), "{source}: {}", ended.stderr);
    }
}

#[test]
fn the_list_says_sizes_and_checksums() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = symc(folder.path(), &["data", "list", "--format", "json"]).json();
    let sets = report["data"].as_array().expect("data sets");
    let names: Vec<&str> = sets.iter().filter_map(|set| set["name"].as_str()).collect();
    assert_eq!(names, ["mnist", "cifar10", "cifar100", "svhn"]);
    assert_eq!(sets[0]["files"][0]["bytes"], 9_912_422);
    for format in ["human", "short"] {
        let ended = symc(folder.path(), &["data", "list", "--format", format]);
        assert!(ended.code == 0 && ended.stdout.contains("cs.toronto.edu"), "{}", ended.stdout);
    }
    assert_eq!(symc(folder.path(), &["data", "get", "imagenet"]).code, 2);
}

#[test]
fn fetching_goes_through_the_proxy_and_says_what_it_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut head = String::new();
        BufReader::new(stream.try_clone().expect("the stream")).read_line(&mut head).expect("a request");
        write!(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("an answer");
        head
    });
    let folder = tempfile::tempdir().expect("a folder");
    let variables =
        [("http_proxy", proxy.as_str()), ("HTTP_PROXY", &proxy), ("ALL_PROXY", &proxy), ("no_proxy", ""), ("NO_PROXY", "")];
    let ended = Process::start(folder.path(), &["data", "get", "svhn", "--format", "json"], &variables).end();
    let head = server.join().expect("the server");
    assert!(head.contains("ufldl.stanford.edu"), "{head}");
    assert_eq!((ended.code, ended.codes()), (1, vec!["E0601".to_string()]), "{}", ended.stdout);
    assert!(!folder.path().join("data/svhn/train_32x32.mat").exists());
}
