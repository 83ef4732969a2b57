//! Where named data sets are published.
//!
//! Both checksums of every file were found alike in at least two independent public sources, of the sizes only some; torchvision's tables are among them, and
//! for CIFAR the publisher's page.

/// A data set with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name in files and on the command line.
    pub name: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// The format of its files.
    pub format: &'static str,
    /// The page of those who publish it.
    pub page: &'static str,
    /// Its files.
    pub files: &'static [Remote],
}

/// A file of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 checksum, in lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// Its MD5 checksum, as publishers give it.
    pub md5: &'static str,
    /// Addresses, the publisher's or the best kept copy first.
    pub addresses: &'static [&'static str],
    /// What of an archive is used, as paths in it with sizes in bytes; nothing where the file itself is used.
    pub members: &'static [(&'static str, u64)],
}

/// The data sets that can be fetched.
pub const SOURCES: &[Source] = &[
    Source {
        name: "mnist",
        holds: "60,000 and 10,000 images of handwritten digits, 28 × 28 grey values, 10 classes",
        format: "IDX, packed by gzip",
        page: "http://yann.lecun.com/exdb/mnist/",
        files: &[
            Remote {
                name: "train-images-idx3-ubyte.gz",
                size: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                addresses: &[
                    "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
                ],
                members: &[],
            },
            Remote {
                name: "train-labels-idx1-ubyte.gz",
                size: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                md5: "d53e105ee54ea40749a09fcbcd1e9432",
                addresses: &[
                    "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
                ],
                members: &[],
            },
            Remote {
                name: "t10k-images-idx3-ubyte.gz",
                size: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                md5: "9fb629c4189551a2d022fa330f9573f3",
                addresses: &[
                    "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
                ],
                members: &[],
            },
            Remote {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                md5: "ec29112dd5afa0611ce80d1b7f02629c",
                addresses: &[
                    "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
                ],
                members: &[],
            },
        ],
    },
    Source {
        name: "cifar10",
        holds: "50,000 and 10,000 photographs, 3 × 32 × 32, 10 classes",
        format: "CIFAR-10 binary",
        page: "https://www.cs.toronto.edu/~kriz/cifar.html",
        files: &[Remote {
            name: "cifar-10-binary.tar.gz",
            size: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            md5: "c32a1d4ab5d03f1284b67883e8d87530",
            addresses: &["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
            members: &[
                ("cifar-10-batches-bin/data_batch_1.bin", 30_730_000),
                ("cifar-10-batches-bin/data_batch_2.bin", 30_730_000),
                ("cifar-10-batches-bin/data_batch_3.bin", 30_730_000),
                ("cifar-10-batches-bin/data_batch_4.bin", 30_730_000),
                ("cifar-10-batches-bin/data_batch_5.bin", 30_730_000),
                ("cifar-10-batches-bin/test_batch.bin", 30_730_000),
            ],
        }],
    },
    Source {
        name: "cifar100",
        holds: "50,000 and 10,000 photographs, 3 × 32 × 32, 100 classes",
        format: "CIFAR-100 binary",
        page: "https://www.cs.toronto.edu/~kriz/cifar.html",
        files: &[Remote {
            name: "cifar-100-binary.tar.gz",
            size: 168_513_733,
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            md5: "03b5dce01913d631647c71ecec9e9cb8",
            addresses: &["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"],
            members: &[("cifar-100-binary/train.bin", 153_700_000), ("cifar-100-binary/test.bin", 30_740_000)],
        }],
    },
    Source {
        name: "svhn",
        holds: "73,257 and 26,032 photographs of house numbers, 3 × 32 × 32, 10 classes",
        format: "MATLAB level 5",
        page: "http://ufldl.stanford.edu/housenumbers/",
        files: &[
            Remote {
                name: "train_32x32.mat",
                size: 182_040_794,
                sha256: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                md5: "e26dedcc434d2e4c54c9b2d4a06d8373",
                addresses: &["http://ufldl.stanford.edu/housenumbers/train_32x32.mat"],
                members: &[],
            },
            Remote {
                name: "test_32x32.mat",
                size: 64_275_384,
                sha256: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                md5: "eb5a983be6a315427106f1b164d9cef3",
                addresses: &["http://ufldl.stanford.edu/housenumbers/test_32x32.mat"],
                members: &[],
            },
        ],
    },
];

impl Source {
    /// The data set of this name.
    pub fn named(name: &str) -> Option<&'static Source> {
        SOURCES.iter().find(|source| source.name == name)
    }

    /// Bytes of all its files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_an_address_and_checksums_of_their_lengths() {
        for file in SOURCES.iter().flat_map(|source| source.files) {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            assert!(digits(file.sha256) && file.sha256.len() == 64, "{}", file.name);
            assert!(digits(file.md5) && file.md5.len() == 32, "{}", file.name);
            assert!(!file.addresses.is_empty() && file.addresses.iter().all(|address| address.ends_with(file.name)));
        }
    }
}
