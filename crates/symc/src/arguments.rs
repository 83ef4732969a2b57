//! The arguments of the command line.

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Checks, proves and trains what `.sym` files describe: neural-network architectures and their parameter symmetries.
#[derive(Debug, Parser)]
#[command(
    name = "symc",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 all holds, 1 an error in a file, a failed `expect` or a refuted symmetry, 2 wrong usage, 101 internal error, 130 interrupted."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Print diagnostics and failures only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more: parameters, derivations, all proof numbers.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

impl Arguments {
    /// The form in which the command reports.
    pub fn format(&self) -> Format {
        match &self.command {
            Command::Check(check) => check.format,
            Command::Run(run) => run.format,
            Command::Measure(measure) => measure.format,
            Command::Import(import) => import.format,
            Command::Verify(verify) => verify.format,
            Command::Diff(diff) => diff.format,
            Command::Weights(weights) => weights.format,
            Command::Reduce(reduce) => reduce.format,
            Command::Lower(lower) => lower.format,
            Command::Test(test) => test.format,
            Command::Doctor(doctor) => doctor.format,
            Command::Data(data) => data.format,
            Command::Fmt(_) | Command::Explain(_) => Format::Human,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report the symmetries of a file's models and decide its static `expect` items.
    Check(Check),
    /// Train, execute theorems and decide every `expect`.
    Run(Run),
    /// Execute a file's `measure` items: probes of pretrained weights.
    Measure(Measure),
    /// Write a `.sym` for a file of weights.
    Import(Import),
    /// Execute a file's `theorem` items.
    Verify(Verify),
    /// Lay files out in the one canonical way.
    Fmt(Fmt),
    /// Explain a diagnostic code.
    Explain(Explain),
    /// Print a lower form of a file's models.
    Lower(Lower),
    /// Decide the `expect` items of all files of a folder and compare the snapshots of their models.
    Test(Test),
    /// Say what differs between the symmetries of two files or models.
    Diff(Diff),
    /// Move given weights along a model's symmetries, which changes no output, or compare two.
    Weights(Weights),
    /// Make a smaller model of given weights: the nearest symmetric state, written with fewer units.
    Reduce(Reduce),
    /// Say what this build can do on this machine: versions, processor, backends and their devices.
    Doctor(Doctor),
    /// List published data sets, or fetch one with its checksums.
    Data(Data),
}

/// `symc check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Prove each symmetry with numbers: finite and infinitesimal soundness, completeness.
    #[arg(long)]
    pub verify: bool,
    /// Prove them (`--verify`), or measure what is left of them (`--effective`), at these weights: a safetensors file, or one of PyTorch that ends in `.pt`, `.pth` or `.bin`.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Measure how nearly the symmetries still hold that the interventions of a model broke.
    #[arg(long)]
    pub effective: bool,
    /// Count warnings as errors: unexplained directions among them.
    #[arg(long)]
    pub strict: bool,
    /// Report this model only.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Print how the symmetry of this space was derived.
    #[arg(long, value_name = "SPACE")]
    pub explain: Option<String>,
    /// Print this in place of the report.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["explain", "format"])]
    pub emit: Option<Extract>,
    /// The directory of the files that `--emit generators` writes.
    #[arg(long, value_name = "DIR", default_value = "generators", requires = "emit")]
    pub out: PathBuf,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The directory of the record; `runs/<file>`, or a numbered one beside it, where absent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the record in this directory, bit for bit.
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub resume: Option<PathBuf>,
    /// What executes the model.
    #[command(flatten)]
    pub execution: Execution,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The weights: safetensors, PyTorch (`.pt`, `.pth`, `.bin`), ONNX or `.npz`.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The name of the model; that of its family where absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where to write the `.sym`; it is printed where absent. A file that is there already is not replaced.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `symc measure`.
#[derive(Debug, Args)]
pub struct Measure {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The directory of the records; `runs/<file>`, or a numbered one beside it, where absent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Folders, whose `.sym` files are tested, and files.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write the snapshots that are missing or say something else.
    #[arg(long)]
    pub update: bool,
    /// Execute the files that train something as well, and decide the claims about their runs. Records are thrown away.
    #[arg(long)]
    pub run: bool,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

impl Run {
    /// A run with all defaults whose record goes to `out`.
    pub fn quiet(file: &std::path::Path, out: &std::path::Path) -> Self {
        Self {
            file: file.to_path_buf(),
            out: Some(out.to_path_buf()),
            resume: None,
            execution: Execution { backend: "cpu".to_string(), dtype: "f32".to_string(), threads: None },
            format: Format::Human,
            settings: Settings { profile: None, set: Vec::new() },
        }
    }
}

/// `symc verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Execute this theorem only.
    #[arg(long, value_name = "NAME")]
    pub theorem: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The first: a file, or one of its models as `FILE:MODEL`.
    #[arg(value_name = "A")]
    pub a: String,
    /// The second.
    #[arg(value_name = "B")]
    pub b: String,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of both files.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc weights`.
#[derive(Debug, Args)]
pub struct Weights {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What to do.
    #[arg(long = "do", value_enum, value_name = "WHAT")]
    pub operation: Operation,
    /// The weights: a safetensors file, or one of PyTorch that ends in `.pt`, `.pth` or `.bin`.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The weights to align with.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// The safetensors file that is written, in double precision.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The model; not needed where there is only one.
    #[arg(long, value_name = "NAME", conflicts_with = "train")]
    pub model: Option<String>,
    /// The `train` item whose model, training examples and loss are meant.
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,
    /// What units are aligned by; activations are those on the examples of `--train`.
    #[arg(long, value_enum, default_value_t = By::Weights, value_name = "WHAT")]
    pub by: By,
    /// The symmetric state of a projection, as in a `theorem` item, such as `merge fc1 into 8, zero fc2[0..4]`.
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Points of a barrier, both ends among them.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = points)]
    pub points: usize,
    /// The largest factor of a unit in a teleportation.
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0, value_parser = limit)]
    pub limit: f64,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// `symc reduce`.
#[derive(Debug, Args)]
pub struct Reduce {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The weights: a safetensors file, or one of PyTorch that ends in `.pt`, `.pth` or `.bin`.
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// How far equal units may differ, how small unused singular values are, and by how much outputs may change without units that vanish; relative to the largest.
    #[arg(long, value_name = "TOLERANCE", default_value_t = 0.01, value_parser = tolerance)]
    pub tolerance: f64,
    /// The directory in which the smaller model and its weights are written; nothing is written where absent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The model; not needed where there is only one.
    #[arg(long, value_name = "NAME", conflicts_with = "train")]
    pub model: Option<String>,
    /// The `train` item whose model and examples are meant.
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// What units are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Their weights.
    Weights,
    /// Correlations of their values.
    Activations,
}

/// What `weights` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Bring factors and matrices to the least norm: equal norms on both sides of each unit.
    Balance,
    /// Bring the weights to the one point that stands for all that symmetries relate to them.
    Canonicalise,
    /// Bring the weights close to those of `--to`.
    Align,
    /// Measure the loss on the line to `--to`, as the weights are and aligned.
    Barrier,
    /// Enlarge the gradient by the factors of units, at equal loss.
    Teleport,
    /// Bring the weights to the nearest point of the symmetric state `--state`: P_G θ.
    Project,
}

impl Operation {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Balance => "balance",
            Operation::Canonicalise => "canonicalise",
            Operation::Align => "align",
            Operation::Barrier => "barrier",
            Operation::Teleport => "teleport",
            Operation::Project => "project",
        }
    }

    /// Whether it compares with other weights.
    pub fn needs_target(self) -> bool {
        matches!(self, Operation::Align | Operation::Barrier)
    }

    /// Whether it computes a loss.
    pub fn needs_examples(self) -> bool {
        matches!(self, Operation::Barrier | Operation::Teleport)
    }
}

/// `symc fmt`.
#[derive(Debug, Args)]
pub struct Fmt {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing; exit with 1 where a file is not laid out.
    #[arg(long)]
    pub check: bool,
}

/// `symc explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The code or its name: `E0203` or `shape-mismatch`. All codes are listed where it is absent.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// `symc doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `symc data`.
#[derive(Debug, Args)]
pub struct Data {
    /// What to do.
    #[command(subcommand)]
    pub action: DataAction,
    /// The form of the report.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// What `symc data` does.
#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// Say which data sets can be fetched, how large they are and who publishes them.
    List,
    /// Fetch a data set and check it. What is there is kept; what was begun goes on. `https_proxy` and `http_proxy` name a proxy.
    Get {
        /// Its name.
        #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(sym_data::SOURCES.iter().map(|source| source.name)))]
        name: String,
        /// The folder to put it in: `data/NAME` where it is not given.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

/// `symc lower`.
#[derive(Debug, Args)]
pub struct Lower {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The form.
    #[arg(long, value_enum, default_value_t = Emit::Ir)]
    pub emit: Emit,
    /// Print this model only.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Write each form to a file in this directory, named as the model. A Rust module with constants needs it: they are in a file beside.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The form of the report: in JSON, forms are texts of one document.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Values that replace those of the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// Values that replace those of the file.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Apply the `profile NAME { … }` fields.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Set a field of a train item, an argument of it, or one of a model: `Saddle.steps=100`, `Saddle.optim.lr=0.1`, `Mlp.width=128`. May be repeated.
    #[arg(long, value_name = "ITEM.KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// What executes a model.
#[derive(Debug, Clone, Args)]
pub struct Execution {
    /// What executes the model: cpu or flex, or what this build has besides (`symc doctor` lists all).
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub backend: String,
    /// The number type: f32 or f64.
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    pub dtype: String,
    /// Threads: as many seeds train at once, and fewer seeds share them; the number of cores where absent. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and drawn diagnostics.
    Human,
    /// One line a fact, for editors and grep.
    Short,
    /// One JSON document (`docs/json.md`).
    Json,
}

/// What `check` prints for other tools in place of its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Extract {
    /// Which permutation moves which axis of which stored tensor, as JSON.
    PermSpec,
    /// Generators, random group elements and projectors of small models, as safetensors files in `--out`.
    Generators,
}

/// Lower forms of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// The tensor program as text.
    Ir,
    /// The operations that execute it with burn, as text.
    Burn,
    /// A self-contained Rust module with a burn `Module`, `init` and `forward`.
    Rust,
    /// A graph for Graphviz.
    Dot,
    /// Blocks, sizes and counts in a table.
    Summary,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal without `NO_COLOR`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `a.b=c` as (`a.b`, `c`).
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains('.') && !key.starts_with('.') && !key.ends_with('.') => {
            Ok((key.trim().to_string(), value.trim().to_string()))
        }
        _ => Err("expected ITEM.KEY=VALUE, such as Saddle.steps=100".to_string()),
    }
}

/// A relative tolerance.
fn tolerance(text: &str) -> Result<f64, String> {
    let tolerance = text.parse().ok().filter(|tolerance: &f64| (0.0..1.0).contains(tolerance));
    tolerance.ok_or_else(|| "expected a number from 0 and below 1".to_string())
}

/// A number of points.
fn points(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|points| (2..=10_000).contains(points)).ok_or_else(|| "expected 2 to 10000 points".to_string())
}

/// A factor.
fn limit(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| *factor > 1.0 && *factor <= 1e6);
    factor.ok_or_else(|| "expected a factor above 1, at most 1e6".to_string())
}
