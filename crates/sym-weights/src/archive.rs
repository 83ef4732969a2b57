//! A file of weights as a list of tensors that are read one at a time.

use crate::fault::{damaged, unsupported};
use crate::onnx::{self, Graph};
use crate::place::{self, Place};
use crate::source::Source;
use crate::{NumberType, npy, pytorch, safetensors, sharded, zipped};
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, nearest};

/// How many of the first bytes tell the format.
const FIRST: u64 = 64;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `safetensors`.
    Safetensors,
    /// `torch.save`, in a zip file or as it was before version 1.6.
    PyTorch,
    /// ONNX.
    Onnx,
    /// NumPy's `.npz` or `.npy`.
    NumPy,
}

impl Format {
    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::PyTorch => "PyTorch",
            Self::Onnx => "ONNX",
            Self::NumPy => "NumPy",
        }
    }
}

/// A tensor that has not been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name: that of the file, or for an ONNX constant without a name of its own that of the module which uses it.
    pub name: String,
    /// The type of its numbers.
    pub number: NumberType,
    /// Its shape.
    pub shape: Vec<u64>,
    /// The name in the file, where `name` was derived from how an ONNX graph uses it.
    pub alias: Option<String>,
    pub(crate) place: Place,
}

impl Tensor {
    /// How many entries it has.
    pub fn entries(&self) -> u64 {
        place::entries(&self.shape).unwrap_or(u64::MAX)
    }
}

/// Something of a file that is no tensor of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub name: String,
    /// What it is.
    pub reason: String,
}

/// A file of weights, or several that belong together.
#[derive(Debug)]
pub struct Archive {
    /// What kind of file it is.
    pub format: Format,
    /// Its tensors, by name.
    pub tensors: Vec<Tensor>,
    /// What else it holds.
    pub unread: Vec<Unread>,
    /// The nodes of an ONNX file.
    pub graph: Option<Graph>,
    pub(crate) source: String,
    sources: Vec<Source>,
}

/// Opens a file, or through their list several, and reads what it says about its tensors. The format is told by the content, not by the name.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for one of another format.
pub fn open(path: &Path) -> Result<Archive, Diagnostic> {
    let mut source = Source::open(path)?;
    let name = path.display().to_string();
    let length = source.length().min(FIRST);
    let first = source.range(0, length).map_err(|problem| damaged(&name, "weights", &problem))?;
    if sharded::begins(&first) {
        return sharded::open(path, source, &name);
    }
    Archive::read_list(source, name, path.parent())
}

impl Archive {
    /// One file, which is no list of files.
    pub(crate) fn single(path: &Path) -> Result<Self, Diagnostic> {
        let mut source = Source::open(path)?;
        let length = source.length().min(FIRST);
        if source.range(0, length).is_ok_and(|first| sharded::begins(&first)) {
            return Err(sharded::nested(path));
        }
        Self::read_list(source, path.display().to_string(), path.parent())
    }

    /// A file that is in memory; `name` stands for it in messages. It cannot be a list of files.
    ///
    /// # Errors
    ///
    /// E0602 for a damaged one, E0607 for one of another format.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, Diagnostic> {
        Self::read_list(Source::of(bytes), name.to_string(), None)
    }

    fn read_list(mut source: Source, name: String, beside: Option<&Path>) -> Result<Self, Diagnostic> {
        let length = source.length().min(FIRST);
        let first = source.range(0, length).map_err(|problem| damaged(&name, "weights", &problem))?;
        let mut unread = Vec::new();
        let (mut graph, mut others) = (None, Vec::new());
        let (format, tensors) = if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
            let members = zipped::members(&mut source).map_err(|problem| damaged(&name, "zip", &problem))?;
            if let Some(root) = pytorch::root(&members) {
                (Format::PyTorch, pytorch::zip_tensors(&mut source, &members, root, &mut unread))
            } else if members.iter().any(|member| member.name.strip_suffix(".npy").is_some()) {
                (Format::NumPy, npy::tensors(&mut source, 0, &members, &mut unread))
            } else {
                return Err(unsupported(
                    &name,
                    "is a zip file without weights",
                    "a zip file of PyTorch has `data.pkl`, one of NumPy `.npy` files",
                ));
            }
        } else if first.starts_with(npy::MAGIC) {
            (Format::NumPy, npy::tensor(&mut source, 0, &mut unread))
        } else if safetensors::begins(&first) {
            (Format::Safetensors, safetensors::tensors(&mut source, 0, &mut unread))
        } else if pytorch::begins(&first) {
            (Format::PyTorch, pytorch::legacy_tensors(&mut source, &mut unread))
        } else if let Some((problem, help)) = other_format(&first) {
            return Err(unsupported(&name, problem, help));
        } else {
            let found = onnx::read(&mut source, beside, &mut unread).map(|read| {
                graph = Some(read.graph);
                others = read.sources;
                read.tensors
            });
            if found.is_err() && !onnx::begins(&first) {
                let help = "the formats are safetensors, PyTorch (`.pt`, `.pth`, `.bin`), ONNX and NumPy (`.npz`, `.npy`); the content tells which";
                return Err(Diagnostic::without_span(
                    Code::E0602,
                    format!("`{name}` is no readable file of weights: no format has such bytes"),
                )
                .help(help));
            }
            (Format::Onnx, found)
        };
        let tensors = tensors.map_err(|problem| damaged(&name, format.name(), &problem))?;
        let mut sources = vec![source];
        sources.extend(others);
        let mut archive = Self { format, tensors, unread, graph, source: name, sources };
        archive.sort();
        Ok(archive)
    }

    pub(crate) fn sort(&mut self) {
        self.tensors.sort_by(|one, other| one.name.cmp(&other.name));
        self.unread.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes over the tensors of another file.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        let before = self.sources.len();
        for tensor in &mut other.tensors {
            tensor.place.source += before;
        }
        self.tensors.append(&mut other.tensors);
        self.unread.append(&mut other.unread);
        self.sources.append(&mut other.sources);
    }

    /// The file's name, for messages.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The tensor of a name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        let found = self.tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(name));
        found.ok().map(|at| &self.tensors[at])
    }

    /// How many bytes have been read from all files so far.
    pub fn bytes_read(&self) -> u64 {
        self.sources.iter().map(Source::bytes_read).sum()
    }

    /// The entries of a tensor, row after row, in double precision; what is not asked for is not read.
    ///
    /// # Errors
    ///
    /// E0607 for a name that the file does not have, E0602 where it ends too early or does not fit into memory.
    pub fn read(&mut self, name: &str) -> Result<Vec<f64>, Diagnostic> {
        let Some(tensor) = self.tensor(name).cloned() else {
            let names = self.tensors.iter().map(|tensor| tensor.name.as_str());
            let mut problem =
                Diagnostic::without_span(Code::E0607, format!("`{}` has no tensor `{name}`", self.source)).found(name);
            if let Some(near) = nearest(name, names) {
                problem = problem.help(format!("the nearest name is `{near}`"));
            }
            return Err(problem);
        };
        let values = tensor.place.read(&mut self.sources, tensor.number, &tensor.shape);
        values.map_err(|problem| damaged(&self.source, self.format.name(), &format!("`{name}`: {problem}")))
    }

    /// As [`Archive::read`], in single precision.
    ///
    /// # Errors
    ///
    /// As [`Archive::read`].
    pub fn read_f32(&mut self, name: &str) -> Result<Vec<f32>, Diagnostic> {
        self.read(name).map(|values| values.into_iter().map(|value| value as f32).collect())
    }
}

/// Files that are often met in the place of weights, and what to do about each.
fn other_format(first: &[u8]) -> Option<(&'static str, &'static str)> {
    let starts = |magic: &[u8]| first.starts_with(magic);
    if starts(b"\x89HDF\r\n\x1a\n") {
        Some(("is an HDF5 file", "save the weights of a Keras model as safetensors or `.npz`"))
    } else if starts(b"GGUF") {
        Some(("is a GGUF file", "use the safetensors file that it was made from"))
    } else if starts(b"version https://git-lfs") {
        Some(("is a pointer of Git LFS, not the file itself", "fetch the file with `git lfs pull`"))
    } else if starts(b"\x1f\x8b") {
        Some(("is packed by gzip", "unpack it first"))
    } else if starts(b"<!DOCTYPE") || starts(b"<html") {
        Some(("is a web page", "download the file itself"))
    } else {
        None
    }
}
