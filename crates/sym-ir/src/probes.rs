//! What can be measured: one entry a probe, from which the language, the records, the figures and the documentation take its name, what it looks at, its
//! settings and its columns. How a value is computed, `sym-runtime` says, which refuses to build without an answer for every entry.

use serde::{Deserialize, Serialize};
use sym_diagnostics::Span;

/// What a probe looks at: the meaning of its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// The whole model: no argument.
    Model,
    /// The units of a layer, or any other space on which a group acts.
    Units,
    /// A parameter with two axes or more, as a matrix: its first axis against all others.
    Matrices,
    /// Parameters; the whole model where none is named.
    Parameters,
    /// A value of the program: a name of the file such as `h`, or a layer, which stands for its last value.
    Values,
}

/// The columns of a probe in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// One number.
    One,
    /// A number, and behind it in a column of its own the standard error.
    Estimate,
    /// A number for each of several things: pairs, units, eigenvalues.
    Many(
        /// One of them.
        &'static str,
    ),
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// A number of at least 0.
    NonNegative,
    /// A number above 0.
    Positive,
    /// A whole number of at least this.
    Whole(u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A value of the program.
    Value,
    /// A parameter.
    Parameter,
}

/// What holds where a setting is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// It must be given; the text tells what to write.
    Required(&'static str),
    /// A number.
    Number(f64),
    /// A word.
    Word(&'static str),
    /// Nothing: the probe finds its own.
    Absent,
}

/// A named argument of a probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Name.
    pub name: &'static str,
    /// What it may be.
    pub range: Range,
    /// What holds where it is not given.
    pub fallback: Fallback,
}

/// A probe as the language knows it.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Which.
    pub kind: ProbeKind,
    /// The name in the language.
    pub name: &'static str,
    /// What it looks at.
    pub looks: Looks,
    /// Its columns.
    pub columns: Columns,
    /// What it is called on the axis of a figure.
    pub label: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

const fn whole(name: &'static str, least: u64, fallback: f64) -> Setting {
    Setting { name, range: Range::Whole(least), fallback: Fallback::Number(fallback) }
}

const fn positive(name: &'static str, fallback: f64) -> Setting {
    Setting { name, range: Range::Positive, fallback: Fallback::Number(fallback) }
}

/// Below it two units count as alike.
const APART: Setting = Setting {
    name: "threshold",
    range: Range::NonNegative,
    fallback: Fallback::Required("add `threshold: 0.1`: the distance below which two units count as alike"),
};
/// The level below which a broken symmetry is restored; half of the threshold where absent.
const RESTORED: Setting = Setting { name: "restored", range: Range::NonNegative, fallback: Fallback::Absent };
/// Whose states distances are measured to.
pub(crate) const GROUP: Setting = Setting {
    name: "group",
    range: Range::Word(&["own", "permutation", "signed", "sign", "scale", "rotation", "double_rotation"]),
    fallback: Fallback::Word("own"),
};
/// Which pairs of units.
const PAIRS: Setting = Setting { name: "pairs", range: Range::Word(&["neighbours"]), fallback: Fallback::Word("neighbours") };
/// The share of the largest singular value above which others count.
const SHARE: Setting = Setting { name: "threshold", range: Range::NonNegative, fallback: Fallback::Number(0.01) };
/// How near is near to a symmetric state.
const TOLERANCE: Setting = positive("tolerance", 0.01);
/// The first training examples that are looked at.
const EXAMPLES: Setting = whole("examples", 1, 256.0);
/// The same where each has a Jacobian.
const FEW: Setting = whole("examples", 1, 32.0);
/// How many of the largest.
const COUNT: Setting = whole("count", 1, 10.0);
/// Products with a Hessian.
const PRODUCTS: Setting = whole("products", 1, 40.0);
/// The other representation.
const WITH: Setting =
    Setting { name: "with", range: Range::Value, fallback: Fallback::Required("add `with: h2`: the value to compare with") };

macro_rules! probes {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $looks:expr, $columns:expr, $label:literal, [$($setting:expr),*];)+) => {
        /// Measured quantities.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ProbeKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        /// Every probe, in the order of its kind.
        pub const PROBES: &[Declaration] = &[
            $(Declaration {
                kind: ProbeKind::$kind,
                name: $name,
                looks: $looks,
                columns: $columns,
                label: $label,
                settings: &[$($setting),*],
            },)+
        ];
    };
}

use Columns::{Estimate, Many, One};
use Looks::{Matrices, Model, Parameters, Units, Values};

probes! {
    /// Loss on all training examples.
    Loss "loss" Model, One, "loss", [];
    /// Loss on the second part of the data.
    TestLoss "test_loss" Model, One, "loss", [];
    /// Share of training examples whose largest logit is the class.
    Accuracy "accuracy" Model, One, "accuracy", [];
    /// The same on the second part.
    TestAccuracy "test_accuracy" Model, One, "accuracy", [];
    /// Distances from the symmetric states of a group's generators: for permutations the distance of neighbours in the order of norms (PSU A.1, Eq. 3).
    Delta "delta" Units, Many("pair"), "pair distance Δ", [PAIRS, GROUP];
    /// Number of generators with Δ below the threshold.
    Ndos "ndos" Units, One, "symmetric generators", [APART, GROUP, RESTORED];
    /// Number of generators with Δ at or above it.
    Ndosb "ndosb" Units, One, "broken generators", [APART, GROUP, RESTORED];
    /// Number of breakings so far: a Δ that was below the threshold reached it.
    Breakings "breakings" Units, One, "breakings", [APART, GROUP, RESTORED];
    /// Number of restorations so far: a Δ that was at or above the threshold fell below the level `restored`.
    Restorations "restorations" Units, One, "restorations", [APART, GROUP, RESTORED];
    /// The number of generators with Δ below the threshold, for each copy of a matrix group: each head.
    NdosEach "ndos_each" Units, Many("copy"), "symmetric directions", [APART, GROUP];
    /// The eigenvalues of `∑ FFᵀ` over the factors that a matrix group acts on, for each copy.
    JointEnergies "joint_energies" Units, Many("direction"), "joint energies", [];
    /// The singular values of the product of the two factors of a matrix group, for each copy.
    ProductSpectrum "product_spectrum" Units, Many("singular value"), "singular values of the product", [];
    /// How many of them are above threshold × the largest of their copy.
    ProductRank "product_rank" Units, One, "rank of the product", [SHARE];
    /// ∑ degree · |entries|² of each unit that is rescaled: 0 at balance.
    Imbalance "imbalance" Units, Many("unit"), "imbalance", [];
    /// How far the conserved quantities of a space have moved since step 0, relative to what they are sums of.
    Drift "drift" Units, One, "drift of conserved quantities", [];
    /// Number of distinct units: chains of distances below the threshold connect those that are alike.
    Distinct "distinct" Units, One, "distinct units", [APART];
    /// Smallest distance between distinct units.
    Closest "closest" Units, One, "least distance of distinct units", [APART];
    /// Trained parameters of the smaller model of the nearest symmetric state within the tolerance (PSU Theorem 1).
    ReducedParameters "reduced_parameters" Model, One, "parameters of the reduced model", [TOLERANCE, EXAMPLES];
    /// The loss of that model on the second part of the data.
    ReducedTestLoss "reduced_test_loss" Model, One, "loss", [TOLERANCE, EXAMPLES];
    /// Its accuracy on the second part.
    ReducedTestAccuracy "reduced_test_accuracy" Model, One, "accuracy", [TOLERANCE, EXAMPLES];
    /// Number of singular values above threshold × the largest.
    Rank "rank" Matrices, One, "rank", [SHARE];
    /// ∑ σ² / σ₁².
    StableRank "stable_rank" Matrices, One, "stable rank", [];
    /// exp of the entropy of singular values.
    EffectiveRank "effective_rank" Matrices, One, "effective rank", [];
    /// The largest singular values.
    Spectrum "spectrum" Matrices, Many("singular value"), "singular values", [COUNT];
    /// Euclidean norm of a parameter, or of all.
    Norm "norm" Parameters, One, "norm", [];
    /// Numerical rank of features over examples.
    FeatureRank "feature_rank" Values, One, "rank of features", [SHARE, EXAMPLES];
    /// Effective rank of features over examples.
    FeatureEffectiveRank "feature_effective_rank" Values, One, "effective rank of features", [EXAMPLES];
    /// The largest singular values of features.
    FeatureSpectrum "feature_spectrum" Values, Many("singular value"), "singular values of features", [COUNT, EXAMPLES];
    /// The largest eigenvalues of the correlation matrix of examples.
    CorrelationSpectrum "correlation_spectrum" Values, Many("eigenvalue"), "eigenvalues of correlations", [COUNT, EXAMPLES];
    /// The correlations between the first examples of each class, class by class.
    Correlations "correlations" Values, Many("pair"), "correlations", [whole("each", 1, 10.0), EXAMPLES];
    /// The gap behind the k-th eigenvalue of the correlation matrix, over its trace.
    CorrelationGap "correlation_gap" Values, One, "spectral gap of correlations", [whole("k", 1, 1.0), EXAMPLES];
    /// Neural collapse: variability within classes.
    Nc1 "nc1" Values, One, "NC1", [EXAMPLES];
    /// Neural collapse: spread of the norms of class means.
    Nc2Norms "nc2_norms" Values, One, "NC2 norms", [EXAMPLES];
    /// Neural collapse: spread of the angles between class means.
    Nc2Angles "nc2_angles" Values, One, "NC2 angles", [EXAMPLES];
    /// Neural collapse: distance of those angles from the largest.
    Nc2Maximality "nc2_maximality" Values, One, "NC2 maximality", [EXAMPLES];
    /// Neural collapse: distance between classifier and class means.
    Nc3 "nc3" Values, One, "NC3", [
        Setting { name: "classifier", range: Range::Parameter, fallback: Fallback::Required("add `classifier: head.weight`") },
        EXAMPLES
    ];
    /// Neural collapse: share of examples whose answer is not the class with the nearest mean.
    Nc4 "nc4" Values, One, "NC4", [EXAMPLES];
    /// Alignment of two representations (PSU Eq. 5).
    Alignment "alignment" Values, One, "alignment", [WITH, EXAMPLES];
    /// What the alignment is where examples are exchanged at random: mean over permutations.
    AlignmentBaseline "alignment_baseline" Values, One, "alignment by chance", [WITH, whole("permutations", 2, 20.0), EXAMPLES];
    /// Linear centred kernel alignment.
    Cka "cka" Values, One, "CKA", [WITH, EXAMPLES];
    /// The same from unbiased estimates.
    DebiasedCka "debiased_cka" Values, One, "debiased CKA", [WITH, EXAMPLES];
    /// Rank of the neural tangent kernel.
    NtkRank "ntk_rank" Model, One, "rank of the NTK", [
        Setting { name: "threshold", range: Range::NonNegative, fallback: Fallback::Number(1e-9) },
        FEW
    ];
    /// The largest eigenvalues of the neural tangent kernel.
    NtkSpectrum "ntk_spectrum" Model, Many("eigenvalue"), "eigenvalues of the NTK", [COUNT, FEW];
    /// The largest eigenvalues of the Hessian of the loss.
    HessianTop "hessian_top" Model, Many("eigenvalue"), "largest eigenvalues of the Hessian", [whole("count", 1, 5.0), PRODUCTS, EXAMPLES];
    /// The largest eigenvalue of the Hessian of the loss.
    Sharpness "sharpness" Model, One, "sharpness", [PRODUCTS, EXAMPLES];
    /// The rise of the loss by a step of this length along the gradient.
    Rise "rise" Model, One, "rise of the loss within a radius", [positive("radius", 0.05), EXAMPLES];
    /// Trace of the Hessian of the loss.
    HessianTrace "hessian_trace" Model, Estimate, "trace of the Hessian", [whole("samples", 2, 20.0), EXAMPLES];
    /// Trace of the covariance of gradients of single examples.
    GradientTrace "gradient_trace" Model, One, "trace of the gradient covariance", [whole("examples", 2, 256.0)];
    /// The largest eigenvalues of that covariance.
    GradientSpectrum "gradient_spectrum" Model, Many("eigenvalue"), "eigenvalues of the gradient covariance", [COUNT, FEW];
    /// That trace over the square of the gradient.
    NoiseScale "noise_scale" Model, One, "gradient noise scale", [whole("examples", 2, 256.0)];
    /// The barrier of the loss between the weights at step 0 and the present ones.
    Barrier "barrier" Model, One, "barrier from the start", [whole("points", 3, 11.0), EXAMPLES];
    /// The local learning coefficient.
    LearningCoefficient "learning_coefficient" Model, Estimate, "learning coefficient", [
        whole("chains", 2, 4.0), whole("draws", 2, 2_000.0), whole("burn_in", 0, 1_000.0), positive("step", 1e-4), positive("localisation", 1.0), EXAMPLES
    ];
}

impl ProbeKind {
    /// How the language knows it.
    pub fn declaration(self) -> &'static Declaration {
        &PROBES[self as usize]
    }

    /// Whether it is measured on the second part of the data.
    pub fn is_of_test(self) -> bool {
        matches!(self, Self::TestLoss | Self::TestAccuracy | Self::ReducedTestLoss | Self::ReducedTestAccuracy)
    }

    /// Whether it counts answers that are the class.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Self::Accuracy | Self::TestAccuracy | Self::ReducedTestAccuracy)
    }

    /// Whether it looks at the smaller model of the nearest symmetric state.
    pub fn is_reduced(self) -> bool {
        matches!(self, Self::ReducedParameters | Self::ReducedTestLoss | Self::ReducedTestAccuracy)
    }

    /// The name in the language.
    pub fn name(self) -> &'static str {
        self.declaration().name
    }

    /// The probe of a name.
    pub fn named(name: &str) -> Option<Self> {
        PROBES.iter().find(|probe| probe.name == name).map(|probe| probe.kind)
    }
}

/// What a setting is.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingValue {
    /// A number.
    Number(f64),
    /// A word, or the name of a value or parameter.
    Name(String),
}

/// A measured quantity with its name in records, such as `delta(fc1)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// What.
    pub kind: ProbeKind,
    /// The layer, space, parameter or value that it looks at; empty for those of the whole model.
    pub target: String,
    /// All settings in use, in the order of the declaration.
    pub settings: Vec<(&'static str, SettingValue)>,
    /// Where it is written.
    pub span: Span,
}

impl Probe {
    /// A probe with the settings that hold where none is given.
    pub fn new(kind: ProbeKind, target: &str, span: Span) -> Self {
        let settings = kind.declaration().settings.iter();
        let fallback = |setting: &Setting| match setting.fallback {
            Fallback::Number(value) => Some((setting.name, SettingValue::Number(value))),
            Fallback::Word(word) => Some((setting.name, SettingValue::Name(word.to_string()))),
            Fallback::Required(_) | Fallback::Absent => None,
        };
        Self { kind, target: target.to_string(), settings: settings.filter_map(fallback).collect(), span }
    }

    /// With a setting; one that the probe does not have is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: SettingValue) -> Self {
        let declared = self.kind.declaration().settings;
        let Some(at) = declared.iter().position(|setting| setting.name == name) else { return self };
        self.settings.retain(|(known, _)| *known != name);
        let order = |known: &str| declared.iter().position(|setting| setting.name == known);
        let before = self.settings.iter().take_while(|(known, _)| order(known) < Some(at)).count();
        self.settings.insert(before, (declared[at].name, value));
        self
    }

    /// A setting that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.settings.iter().find(|(known, _)| *known == name).and_then(|(_, value)| match value {
            SettingValue::Number(number) => Some(*number),
            SettingValue::Name(_) => None,
        })
    }

    /// A setting that is a word, a value or a parameter.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == name).and_then(|(_, value)| match value {
            SettingValue::Name(word) => Some(word.as_str()),
            SettingValue::Number(_) => None,
        })
    }

    /// The `delta` that the events of this probe are read from: that of its space and group.
    #[must_use]
    pub fn delta(&self) -> Self {
        let delta = Self::new(ProbeKind::Delta, &self.target, self.span);
        let group = self.word("group").unwrap_or("own").to_string();
        delta.with("group", SettingValue::Name(group))
    }

    /// The threshold; 0 for a probe without.
    pub fn threshold(&self) -> f64 {
        self.number("threshold").unwrap_or(0.0)
    }

    /// The column's name in records: `loss`, `delta(fc1)`, `cka(h, with: h2)`.
    pub fn column(&self) -> String {
        let with = self.word("with").map(|with| format!("with: {with}"));
        let parts: Vec<&str> =
            Some(self.target.as_str()).filter(|target| !target.is_empty()).into_iter().chain(with.as_deref()).collect();
        if parts.is_empty() { self.kind.name().to_string() } else { format!("{}({})", self.kind.name(), parts.join(", ")) }
    }

    /// The column's name with every setting, where one run measures a quantity with several.
    pub fn column_with_settings(&self) -> String {
        let settings = self.settings.iter().map(|(name, value)| match value {
            SettingValue::Number(number) => format!("{name}: {number}"),
            SettingValue::Name(word) => format!("{name}: {word}"),
        });
        let target = Some(self.target.clone()).filter(|target| !target.is_empty());
        let parts: Vec<String> = target.into_iter().chain(settings).collect();
        if parts.is_empty() { self.kind.name().to_string() } else { format!("{}({})", self.kind.name(), parts.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own_and_settings_with_names_of_their_own() {
        for (at, probe) in PROBES.iter().enumerate() {
            assert_eq!(probe.kind.declaration().name, probe.name);
            assert!(PROBES[..at].iter().all(|other| other.name != probe.name), "{}", probe.name);
            for (at, setting) in probe.settings.iter().enumerate() {
                assert!(probe.settings[..at].iter().all(|other| other.name != setting.name), "{} {}", probe.name, setting.name);
            }
        }
    }

    #[test]
    fn the_documentation_has_every_probe_with_its_settings() {
        let page = include_str!("../../../docs/measurements.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        for probe in PROBES {
            let named = format!("`{}`", probe.name);
            let row = rows.iter().find(|row| row.split('|').nth(1).is_some_and(|first| first.contains(&named)));
            let row = row.unwrap_or_else(|| panic!("{named} has no row"));
            for setting in probe.settings {
                let default = match setting.fallback {
                    Fallback::Number(value) if value < 1e-3 => format!("`{}` ({value:e})", setting.name),
                    Fallback::Number(value) => format!("`{}` ({value})", setting.name),
                    Fallback::Word(word) => format!("`{}` ({word})", setting.name),
                    Fallback::Required(_) | Fallback::Absent => format!("`{}`", setting.name),
                };
                assert!(row.contains(&default), "{named}: {default}");
            }
        }
    }

    #[test]
    fn what_holds_without_a_setting_is_within_its_range() {
        for setting in PROBES.iter().flat_map(|probe| probe.settings) {
            let sound = match (setting.range, setting.fallback) {
                (Range::Whole(least), Fallback::Number(value)) => value.fract() == 0.0 && value >= least as f64,
                (Range::Positive, Fallback::Number(value)) => value > 0.0,
                (Range::NonNegative, Fallback::Number(value)) => value >= 0.0,
                (Range::Word(words), Fallback::Word(word)) => words.contains(&word),
                (_, Fallback::Required(_) | Fallback::Absent) => true,
                _ => false,
            };
            assert!(sound, "{setting:?}");
        }
    }
}
