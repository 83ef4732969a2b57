//! Files in the form of published data sets. Images are made of their number or class.
#![allow(dead_code, reason = "no test uses all of it")]

use std::path::Path;

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

/// A colour picture of 32 × 32.
fn picture(image: usize) -> impl Iterator<Item = u8> {
    (0..3072).map(move |at| (at * 7 + image * 11) as u8)
}

/// Records of CIFAR-10.
pub fn records(count: usize) -> Vec<u8> {
    (0..count).flat_map(|image| std::iter::once((image % 10) as u8).chain(picture(image))).collect()
}

/// The binary version of CIFAR-10: five files of training records and one of test records.
pub fn cifar10(folder: &Path, each: usize, test: usize) {
    for part in 1..=5 {
        write(&folder.join(format!("data_batch_{part}.bin")), &records(each));
    }
    write(&folder.join("test_batch.bin"), &records(test));
}

/// The four files of MNIST: images of 28 × 28 whose grey values tell their class.
pub fn mnist(folder: &Path, train: usize, test: usize) {
    for (part, count) in [("train", train), ("t10k", test)] {
        let sizes = |sizes: &[usize]| sizes.iter().flat_map(|&size| (size as u32).to_be_bytes()).collect::<Vec<_>>();
        let images: Vec<u8> = (0..count).flat_map(|image| [(image % 10) as u8 * 25; 784]).collect();
        let labels: Vec<u8> = (0..count).map(|image| (image % 10) as u8).collect();
        let file = |kind: &str| folder.join(format!("{part}-{kind}-ubyte"));
        write(&file("images-idx3"), &[vec![0, 0, 8, 3], sizes(&[count, 28, 28]), images].concat());
        write(&file("labels-idx1"), &[vec![0, 0, 8, 1], sizes(&[count]), labels].concat());
    }
}

/// The two MATLAB files of SVHN, level 5, not packed.
pub fn svhn(folder: &Path, train: usize, test: usize) {
    let element = |kind: u32, content: &[u8]| {
        let padding = vec![0; content.len().next_multiple_of(8) - content.len()];
        [&kind.to_le_bytes()[..], &(content.len() as u32).to_le_bytes(), content, &padding].concat()
    };
    let array = |name: &str, sizes: &[usize], bytes: &[u8]| {
        let flags = [9u32.to_le_bytes(), 0u32.to_le_bytes()].concat();
        let sizes: Vec<u8> = sizes.iter().flat_map(|&size| (size as i32).to_le_bytes()).collect();
        let parts = [element(6, &flags), element(5, &sizes), element(1, name.as_bytes()), element(2, bytes)];
        element(14, &parts.concat())
    };
    for (part, count) in [("train", train), ("test", test)] {
        let mut file = b"MATLAB 5.0 MAT-file".to_vec();
        file.resize(124, b' ');
        file.extend([0, 1, b'I', b'M']);
        let images: Vec<u8> = (0..count).flat_map(picture).collect();
        let labels: Vec<u8> = (0..count).map(|image| (image % 10) as u8 + 1).collect();
        file.extend(array("X", &[32, 32, 3, count], &images));
        file.extend(array("y", &[count, 1], &labels));
        write(&folder.join(format!("{part}_32x32.mat")), &file);
    }
}
