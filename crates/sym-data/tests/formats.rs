//! Each format against files of other programs: those in `files/` are of NumPy 2, `SciPy`, `Apache Arrow` and `Pillow`, the others are written out
//! here byte by byte.

use std::path::{Path, PathBuf};
use sym_data::read::{self, CifarKind, TableTargets};
use sym_data::{Entries, Error, Examples, Kind, Place, Targets};
use tempfile::TempDir;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    folder
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn numbers(array: &sym_data::Array) -> Vec<f64> {
    (0..array.entries.len()).map(|at| array.entries.at(at)).collect()
}

fn classes(examples: &Examples) -> &[usize] {
    let Targets::Classes(classes) = &examples.targets else { panic!("the targets are classes") };
    classes
}

/// An IDX file by its definition.
fn idx(kind: u8, sizes: &[u32], numbers: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(numbers);
    bytes
}

mod idx_files {
    use super::*;

    fn array(bytes: &[u8]) -> Result<sym_data::Array, Error> {
        let folder = folder(&[("a", bytes)]);
        read::idx_array(&folder.path().join("a"))
    }

    #[test]
    fn every_number_type_is_read_with_the_highest_byte_first() {
        let cases: [(u8, Vec<u8>, Vec<f64>); 6] = [
            (0x08, vec![0, 255], vec![0.0, 255.0]),
            (0x09, vec![0x80, 127], vec![-128.0, 127.0]),
            (0x0b, [(-300i16).to_be_bytes(), 300i16.to_be_bytes()].concat(), vec![-300.0, 300.0]),
            (0x0c, [(-70_000i32).to_be_bytes(), 70_000i32.to_be_bytes()].concat(), vec![-70_000.0, 70_000.0]),
            (0x0d, [0.1f32.to_be_bytes(), (-2f32).to_be_bytes()].concat(), vec![f64::from(0.1f32), -2.0]),
            (0x0e, [0.1f64.to_be_bytes(), (-2f64).to_be_bytes()].concat(), vec![0.1, -2.0]),
        ];
        for (kind, bytes, expected) in cases {
            let plain = idx(kind, &[2, 1], &bytes);
            for bytes in [gzip(&plain), plain] {
                let array = array(&bytes).expect("an IDX file");
                assert_eq!((array.shape.clone(), numbers(&array)), (vec![2, 1], expected.clone()), "type {kind:#04x}");
            }
        }
    }

    #[test]
    fn faults_name_their_byte() {
        let fault = |bytes: &[u8]| {
            let error = array(bytes).expect_err("damaged");
            assert_eq!(error.kind, Kind::Damaged);
            (error.place.clone(), error.what.clone(), error.found.unwrap_or_default(), error.expected.unwrap_or_default())
        };
        let (place, what, found, expected) = fault(&idx(0x08, &[1 << 20, 1 << 20], &[1, 2, 3]));
        assert_eq!(place, Place::Byte(12));
        assert_eq!(what, "the file ends within the 1048576 × 1048576 numbers");
        assert_eq!((found.as_str(), expected.as_str()), ("3 bytes", "1099511627776 bytes"));
        assert_eq!(
            fault(&idx(0x08, &[u32::MAX; 8], &[])).1,
            format!("{} numbers are more than can be counted", ["4294967295"; 8].join(" × "))
        );
        assert_eq!(fault(&idx(0x08, &[2], &[1, 2, 3])).1, "bytes follow behind the last number");
        assert_eq!(fault(&idx(0x0a, &[2], &[1, 2])).0, Place::Byte(2));
        assert_eq!(fault(b"\x01\x02\x08\x01").1, "it does not begin as an IDX file");
        assert_eq!(fault(&[0, 0]).1, "the file ends within the first four bytes");
        let packed = gzip(&idx(0x08, &[1000], &[7; 1000]));
        assert_eq!(fault(&packed[..packed.len() - 9]).1, "the packed data end early");
        let mut wrong = packed.clone();
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        assert_eq!(fault(&wrong).0, Place::Unpacked { member: None, byte: 1008 });
        assert_eq!(fault(&gzip(&idx(0x08, &[2], &[1, 2, 3]))).1, "bytes follow behind the last number");
    }

    #[test]
    fn what_unpacks_to_absurdly_much_is_refused_before_it_takes_memory() {
        let claimed = idx(0x08, &[1 << 31, 1 << 6], &[]);
        let error = array(&gzip(&claimed)).expect_err("137 GB in 40 bytes");
        assert_eq!(error.what, "the 2147483648 × 64 numbers would take 137438953472 bytes");
        assert!(error.help.is_some());
    }

    #[test]
    fn mnist_comes_from_its_four_files_packed_or_not() {
        let images = |values: &[u8]| idx(0x08, &[values.len() as u32 / 4, 2, 2], values);
        let labels = |values: &[u8]| idx(0x08, &[values.len() as u32], values);
        let folder = folder(&[
            ("train-images-idx3-ubyte.gz", &gzip(&images(&[0, 51, 255, 0, 1, 2, 3, 4]))),
            ("train-labels-idx1-ubyte", &labels(&[7, 9])),
            ("t10k-images.idx3-ubyte", &images(&[9, 9, 9, 9])),
            ("t10k-labels-idx1-ubyte.gz", &gzip(&labels(&[3]))),
        ]);
        let parts = read::mnist(folder.path()).expect("a set");
        assert_eq!(parts.train.shape, [1, 2, 2]);
        assert_eq!(parts.train.inputs.dense()[..4], [0.0, 0.2, 1.0, 0.0]);
        assert_eq!(parts.train.inputs.bytes(), 8);
        assert_eq!(classes(&parts.train), [7, 9]);
        assert_eq!(classes(&parts.test.expect("a test part")), [3]);
        std::fs::write(folder.path().join("train-labels-idx1-ubyte"), labels(&[7])).expect("a file");
        assert_eq!(read::mnist(folder.path()).expect_err("a label is missing").what, "2 examples have 1 targets");
    }

    #[test]
    fn a_file_that_is_not_there_is_missing() {
        let error = read::idx_array(Path::new("no/such")).expect_err("missing");
        assert_eq!((error.kind, error.what.as_str()), (Kind::Missing, "no such file or directory"));
        let folder = folder(&[]);
        assert_eq!(read::idx_array(folder.path()).expect_err("a folder").what, "is a directory");
    }
}

mod cifar_files {
    use super::*;

    fn record(labels: &[u8], first: u8) -> Vec<u8> {
        let pixels = (0..3072u32).map(|at| first.wrapping_add((at % 251) as u8));
        labels.iter().copied().chain(pixels).collect()
    }

    #[test]
    fn records_are_channel_after_channel_with_the_class_before() {
        let records = [record(&[6], 0), record(&[9], 100)].concat();
        let test = record(&[0], 1);
        let names: Vec<String> = (1..=5).map(|at| format!("cifar-10-batches-bin/data_batch_{at}.bin")).collect();
        let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &records[..])).collect();
        files.push(("cifar-10-batches-bin/test_batch.bin", &test));
        let folder = folder(&files);
        for place in [folder.path().to_path_buf(), folder.path().join("cifar-10-batches-bin")] {
            let parts = read::cifar(&place, CifarKind::Cifar10).expect("a set");
            assert_eq!(classes(&parts.train), [6, 9].repeat(5));
            assert_eq!((parts.train.shape.as_slice(), parts.train.inputs.bytes()), (&[3, 32, 32][..], 30_720));
            // Entry 1,024 is the first green one.
            assert_eq!(parts.train.inputs.at(1, 1024), f64::from(100 + 1024 % 251) / 255.0);
            assert_eq!(classes(&parts.test.expect("a test part")), [0]);
        }
    }

    #[test]
    fn the_second_label_of_cifar_100_is_the_class() {
        let folder = folder(&[("train.bin", &record(&[19, 99], 0)), ("test.bin", &record(&[0, 1], 0))]);
        let parts = read::cifar(folder.path(), CifarKind::Cifar100).expect("a set");
        assert_eq!(classes(&parts.train), [99]);
    }

    #[test]
    fn broken_records_are_named() {
        let mut bytes = [record(&[6], 0), record(&[10], 0)].concat();
        let folder = folder(&[("a.bin", &bytes)]);
        let path = folder.path().join("a.bin");
        let error = read::cifar_file(&path, CifarKind::Cifar10).expect_err("class 10");
        assert_eq!((error.place, error.what.as_str()), (Place::Byte(3073), "record 1 has the class 10"));
        bytes.truncate(4000);
        std::fs::write(&path, &bytes).expect("a file");
        let error = read::cifar_file(&path, CifarKind::Cifar10).expect_err("truncated");
        assert_eq!(error.place, Place::Byte(3073));
        assert_eq!(error.found.as_deref(), Some("4000 bytes"));
    }
}

mod matlab_files {
    use super::*;

    #[test]
    fn arrays_have_matlabs_axes_whatever_type_they_are_stored_in() {
        let array = |name| read::mat_array(&file("numbers.mat"), name).expect("an array");
        assert_eq!((array("single").shape, numbers(&array("single"))), (vec![2, 2], vec![1.5, -2.0, 0.25, 8.0]));
        assert_eq!((array("long").shape, numbers(&array("long"))), (vec![1, 3], vec![1.0, 2.0, 3.0]));
        assert_eq!(numbers(&array("one")), [7.0]);
        let error = read::mat_array(&file("numbers.mat"), "text").expect_err("words");
        assert_eq!((error.kind, error.what.as_str()), (Kind::Unsupported, "it is no array of plain numbers"));
        let error = read::mat_array(&file("numbers.mat"), "none").expect_err("no such array");
        assert_eq!(error.what, "it has no array `none`");
    }

    #[test]
    fn svhn_has_its_examples_last_and_ten_for_zero() {
        let [packed, plain] = ["svhn_packed.mat", "svhn_plain.mat"].map(|name| std::fs::read(file(name)).expect("a file"));
        let folder = folder(&[("train_32x32.mat", &packed), ("test_32x32.mat", &plain)]);
        let parts = read::svhn(folder.path()).expect("a set");
        assert_eq!(classes(&parts.train), [1, 0, 3, 9, 0]);
        assert_eq!(parts.train.shape, [3, 4, 4]);
        // NumPy: X.transpose(3, 2, 0, 1).reshape(5, -1)[4].
        let expected = [
            73, 5, 38, 202, 187, 157, 73, 173, 128, 224, 113, 13, 146, 91, 102, 89, 127, 56, 108, 209, 54, 51, 206, 57, 105, 21,
            134, 95, 121, 107, 184, 186, 249, 235, 61, 2, 222, 245, 45, 166, 144, 117, 245, 184, 6, 222, 66, 100,
        ];
        let Entries::Bytes(stored) = parts.train.inputs.stored() else { panic!("grey values stay bytes") };
        assert_eq!(stored[4 * 48..], expected);
        assert_eq!(Some(parts.train), parts.test);
    }

    #[test]
    fn broken_files_name_the_byte() {
        let plain = std::fs::read(file("svhn_plain.mat")).expect("a file");
        let folder = folder(&[("a.mat", &plain[..300])]);
        let error = read::mat_array(&folder.path().join("a.mat"), "X").expect_err("truncated");
        assert_eq!(error.kind, Kind::Damaged);
        assert!(matches!(error.place, Place::Byte(128..=300)), "{:?}", error.place);
        std::fs::write(folder.path().join("a.mat"), b"MATLAB 7.3 MAT-file").expect("a file");
        assert_eq!(
            read::mat_array(&folder.path().join("a.mat"), "X").expect_err("short").what,
            "the file ends within the header of a MATLAB file"
        );
        let newer = [b"MATLAB 7.3 MAT-file".as_slice(), &[b' '; 109]].concat();
        std::fs::write(folder.path().join("a.mat"), newer).expect("a file");
        assert_eq!(
            read::mat_array(&folder.path().join("a.mat"), "X").expect_err("HDF5").help.as_deref(),
            Some("save it with `-v7`")
        );
    }
}

mod numpy_files {
    use super::*;

    #[test]
    fn both_orders_and_both_ends_give_the_same_array() {
        let expected: Vec<f64> = (0..24).map(|at| f64::from(at) / 7.0).collect();
        for name in ["c_order_f8.npy", "fortran_f8.npy"] {
            let array = read::npy_array(&file(name)).expect("an array");
            assert_eq!((array.shape.as_slice(), numbers(&array)), (&[2, 3, 4][..], expected.clone()), "{name}");
        }
        let array = read::npy_array(&file("big_endian_f4.npy")).expect("an array");
        let single: Vec<f64> = expected.iter().map(|value| f64::from((value * 3.0) as f32)).collect();
        assert_eq!(numbers(&array), single);
    }

    #[test]
    fn every_version_and_number_type_is_read() {
        let array = |name| numbers(&read::npy_array(&file(name)).expect("an array"));
        assert_eq!(array("f2.npy"), [-0.5, -0.25, 0.0, 0.25, 0.5, 0.75]);
        assert_eq!(array("i8.npy"), [-3.0, 5.0, 9_007_199_254_740_992.0, 0.0]);
        assert_eq!(array("u4.npy"), [1.0, 4_294_967_295.0]);
        assert_eq!(array("bool.npy"), [1.0, 0.0, 1.0]);
        assert_eq!(array("version_2.npy"), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(array("version_3.npy"), [0.0, 1.0, 2.0, 3.0, 4.0]);
        let error = read::npy_array(&file("structured.npy")).expect_err("records");
        assert_eq!(error.expected.as_deref(), Some("the name of one number type"));
    }

    #[test]
    fn archives_are_stored_deflated_or_with_sizes_of_eight_bytes() {
        let expected = [59.0, 4.0, 59.0, 81.0, 222.0];
        for name in ["stored.npz", "deflated.npz"] {
            let examples = read::npz(&file(name), "x", "y", Some(3)).expect("examples");
            assert_eq!(classes(&examples), [0, 1, 2, 0, 1, 2]);
            assert_eq!(examples.shape, [1, 4, 5]);
            let row: Vec<f64> = (10..15).map(|at| examples.inputs.at(1, at) * 255.0).collect();
            assert!(row.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{row:?}");
        }
        // The members of an archive as files of their own.
        let folder = tempfile::tempdir().expect("a folder");
        let mut archive = zip::ZipArchive::new(std::fs::File::open(file("stored.npz")).expect("readable")).expect("an archive");
        for name in ["x.npy", "y.npy"] {
            let mut member = archive.by_name(name).expect("a member");
            let mut copy = std::fs::File::create(folder.path().join(name)).expect("writable");
            std::io::copy(&mut member, &mut copy).expect("copied");
        }
        let (x, y) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
        let both = |classes| read::npy_pair(&x, &y, classes);
        assert_eq!(both(Some(3)).expect("examples"), read::npz(&file("stored.npz"), "x", "y", Some(3)).expect("examples"));
        let error = both(Some(2)).expect_err("class 2 of 2");
        assert_eq!((error.file.as_path(), error.what.as_str()), (y.as_path(), "example 2 has the class 2"));
        assert_eq!(read::npy_pair(&x, &x, None).map(|examples| examples.targets.len()), Ok(6), "targets may be of any shape");
        assert_eq!(numbers(&read::npz_array(&file("zip64.npz"), "x").expect("an array")), [0.0, 1.0, 2.0]);
        let error = read::npz_array(&file("stored.npz"), "z").expect_err("no such array");
        assert_eq!((error.what.as_str(), error.found.as_deref()), ("it has no array `z`", Some("x, y")));
        let numbers = read::npz(&file("stored.npz"), "x", "y", None).expect("examples").targets;
        let Targets::Numbers(numbers) = numbers else { panic!("numbers without a count of classes") };
        assert_eq!(numbers.dense(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
        let error = read::npz(&file("stored.npz"), "x", "y", Some(2)).expect_err("class 2 of 2");
        assert_eq!(
            (error.what.as_str(), error.help.as_deref()),
            ("example 2 has the class 2", Some("classes are counted from 0"))
        );
    }

    /// A `.npy` file with this header and these numbers.
    fn npy(header: &str, numbers: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(numbers);
        bytes
    }

    #[test]
    fn headers_that_say_something_else_are_named_with_their_byte() {
        let fault = |bytes: &[u8]| {
            let folder = folder(&[("a.npy", bytes)]);
            read::npy_array(&folder.path().join("a.npy")).expect_err("damaged")
        };
        let error = fault(&npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }", &[0; 20]));
        assert_eq!(error.what, "the file ends within the 1099511627776 numbers");
        assert_eq!(error.expected.as_deref(), Some("8796093022208 bytes"));
        let error = fault(&npy("{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,), }", &[0; 8]));
        assert_eq!((error.place, error.expected.as_deref()), (Place::Byte(10 + 34), Some("`True` or `False`")));
        let error = fault(&npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", &[0; 16]));
        assert_eq!((error.kind, error.what.as_str()), (Kind::Unsupported, "its numbers have the type `<c16`"));
        assert_eq!(fault(&npy("{'descr': '<f8', 'shape': (1,), }", &[0; 8])).place, Place::Byte(10 + 32));
        assert_eq!(fault(b"\x93NUMPY\x09\x00").what, "it has an unknown version");
        let largest = [u64::MAX.to_le_bytes(), 1u64.to_le_bytes()].concat();
        let error = fault(&npy("{'descr': '<u8', 'fortran_order': False, 'shape': (2,)}", &largest));
        assert_eq!(error.what, "number 0 has more digits than double precision");
    }
}

mod tables {
    use super::*;

    const LAST: TableTargets<'static> = TableTargets { column: None, classes: None };

    fn csv(text: &[u8], column: Option<&str>, classes: Option<u64>) -> Result<Examples, Error> {
        let folder = folder(&[("t.csv", text)]);
        read::csv(&folder.path().join("t.csv"), TableTargets { column, classes })
    }

    #[test]
    fn the_last_column_is_the_target_unless_another_is_named() {
        let text = b"x,y,\"z\"\n1,2,3\n\n4, 5 ,6\n";
        let last = csv(text, None, None).expect("a table");
        assert_eq!(last.inputs.dense(), [1.0, 2.0, 4.0, 5.0]);
        let Targets::Numbers(targets) = &last.targets else { panic!("numbers") };
        assert_eq!(targets.dense(), [3.0, 6.0]);
        assert_eq!(classes(&csv(text, Some("x"), Some(5)).expect("a table")), [1, 4]);
        assert_eq!(csv(b"1,2\r\n3,4\r\n", None, None).expect("no names").inputs.dense(), [1.0, 3.0]);
        assert_eq!(csv(b"\"a, b\",c\n1,2", Some("a, b"), None).expect("a comma in a name").inputs.dense(), [2.0]);
    }

    #[test]
    fn what_is_no_table_is_said_with_its_line() {
        let message = |text: &[u8], target, classes| csv(text, target, classes).expect_err("damaged").to_string();
        assert_eq!(message(b"1,2\n3\n", None, None), "line 2: it has 1 fields");
        assert_eq!(message(b"1,2\n\n\n3,nan\n", None, None), "line 4: column 2 holds `nan`");
        assert_eq!(message(b"a,b\n", None, None), "it has no line of numbers");
        assert_eq!(message(b"", None, None), "it has no line of numbers");
        assert_eq!(message(b"\xff\xfe", None, None), "byte 0: it is not UTF-8 text");
        assert_eq!(message(b"a,b\n1,2\n", Some("c"), None), "it has no column `c`");
        assert_eq!(message(b"a,a,y\n1,2,3\n", None, None), "line 1: it names columns 1 and 2 `a`");
        assert_eq!(message(b"a,y,\"y\"\n1,2,3\n", Some("y"), None), "line 1: it names columns 2 and 3 `y`");
        assert_eq!(message(b"1,2.5\n", None, Some(3)), "the target 2.5 is no class number");
        assert_eq!(message(b"5\n6\n", None, None), "it has 1 column; inputs and a target need at least 2");
    }

    #[test]
    fn parquet_columns_of_every_number_type_and_packing_are_read() {
        let expected = [1.0, 0.5, 1.0, 1_099_511_627_776.0, 2.0, -1.5, 0.0, -5.0, 3.0, 2.25, 1.0, 0.0];
        for name in ["snappy", "gzip", "none", "lz4", "zstd", "two_groups"] {
            let path = file(&format!("{name}.parquet"));
            let examples = read::parquet(&path, TableTargets { column: Some("y"), classes: Some(3) }).expect("a table");
            assert_eq!(examples.inputs.dense(), expected, "{name}");
            assert_eq!(classes(&examples), [0, 1, 2], "{name}");
        }
        let examples =
            read::parquet(&file("snappy.parquet"), TableTargets { column: Some("b"), classes: None }).expect("a table");
        assert_eq!(examples.inputs.at(1, 3), 1.0);
    }

    #[test]
    fn parquet_columns_that_hold_no_numbers_are_named() {
        let fault = |name: &str| {
            let error = read::parquet(&file(name), LAST).expect_err("no table of numbers");
            (error.kind, error.to_string())
        };
        assert_eq!(fault("empty_cell.parquet"), (Kind::Damaged, "`a`: row 1 is empty".to_string()));
        assert_eq!(fault("text.parquet"), (Kind::Unsupported, "`a`: it holds values of type BYTE_ARRAY".to_string()));
        assert_eq!(fault("lists.parquet").0, Kind::Unsupported);
        assert_eq!(fault("grey.png"), (Kind::Damaged, "byte 0: it does not begin as a Parquet file".to_string()));
    }
}

mod images {
    use super::*;

    fn bytes(name: &str) -> Vec<u8> {
        std::fs::read(file(name)).expect("a file")
    }

    #[test]
    fn classes_are_the_folders_in_the_order_of_their_names() {
        let folder = folder(&[
            ("dog/1.png", &bytes("colour.png")),
            ("cat/2.png", &bytes("grey.png")),
            ("cat/1.PNG", &bytes("opaque.png")),
            ("cat/notes.txt", b"no image"),
            (".hidden/x.png", b"no image"),
        ]);
        let examples = read::folders(folder.path(), None).expect("images");
        assert_eq!(classes(&examples), [0, 0, 1]);
        assert_eq!((examples.shape.as_slice(), examples.inputs.bytes()), (&[3, 4, 6][..], 3 * 72));
        // Pillow: the pixel in row r and column c has the value 3(18r + 3c + channel).
        let expected = |channel: usize, row: usize, column: usize| (3 * (18 * row + 3 * column + channel)) as f64 / 255.0;
        for (channel, row, column) in [(0, 0, 0), (1, 2, 3), (2, 3, 5)] {
            let at = channel * 24 + row * 6 + column;
            assert_eq!(examples.inputs.at(2, at), expected(channel, row, column));
            // A grey image beside coloured ones has its value in all channels.
            assert_eq!(examples.inputs.at(1, at), expected(0, row, column));
        }
    }

    #[test]
    fn one_size_is_kept_and_others_are_scaled_on_request() {
        let folder = folder(&[("a/1.png", &bytes("grey.png")), ("b/1.jpg", &bytes("flat.jpg"))]);
        let error = read::folders(folder.path(), None).expect_err("two sizes");
        assert_eq!((error.what.as_str(), error.found.as_deref()), ("it has 8 × 8 pixels", Some("8 × 8")));
        assert_eq!(error.help.as_deref(), Some("bring all to one size with `size: 4`"));
        let examples = read::folders(folder.path(), Some(4)).expect("scaled");
        assert_eq!(examples.shape, [3, 4, 4]);
        // The middle of a row of six; a flat colour stays what it is.
        assert_eq!(examples.inputs.at(0, 0), 9.0 / 255.0);
        let colour: Vec<f64> = (0..3).map(|channel| examples.inputs.at(1, channel * 16 + 5) * 255.0).collect();
        assert_eq!(colour.iter().map(|value| value.round()).collect::<Vec<_>>(), [200.0, 100.0, 50.0]);
        let grey = super::folder(&[("a/1.png", &bytes("grey.png")), ("b/1.png", &bytes("grey.png"))]);
        assert_eq!(read::folders(grey.path(), None).expect("grey").shape, [1, 4, 6]);
    }

    #[test]
    fn what_is_no_image_is_named() {
        let fault = |image: &[u8]| {
            let folder = folder(&[("a/1.png", image), ("b/1.png", &bytes("grey.png"))]);
            read::folders(folder.path(), None).expect_err("no image").what
        };
        assert!(fault(b"text").starts_with("it is no image that can be read"));
        assert!(fault(&bytes("colour.png")[..50]).starts_with("it is no image that can be read"));
        assert_eq!(fault(&bytes("transparent.png")), "it is transparent in places");
        assert_eq!(fault(&bytes("deep.png")), "it has more than 8 bits a channel");
        let one = folder(&[("a/1.png", &bytes("grey.png"))]);
        assert_eq!(read::folders(one.path(), None).expect_err("one class").what, "it has 1 folders");
        let empty = folder(&[("a/1.png", &bytes("grey.png")), ("b/x.txt", b"")]);
        assert_eq!(read::folders(empty.path(), None).expect_err("no images").what, "it has no images");
    }
}
