//! What a probe looks at in a given model, checked before the first step.

use super::groups::{Charges, Factors, Subgroup, Units};
use super::instruments::Coordinates;
use crate::compress;
use crate::data::Targets;
use crate::select::selects;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Space, Symmetries};
use sym_ir::experiment::{Measure, Probe, ProbeKind};
use sym_ir::probes::{Columns, Looks};
use sym_ir::{ParameterId, Program, ValueId, values};
use sym_measure::features::correlation::first_of_each;

/// The most entries of a Jacobian, or of gradients of examples: a gibibyte.
const MOST_ENTRIES: usize = 1 << 27;

/// What a probe looks at.
#[derive(Debug, Clone)]
pub enum Target {
    /// The whole model.
    Model,
    /// The units of a space.
    Units(Units),
    /// Generators of a subgroup of a space's group.
    Generators(Subgroup),
    /// What a matrix group acts on.
    Factors(Factors),
    /// Conserved quantities of a space.
    Charges(Charges),
    /// A parameter as a matrix.
    Matrix(ParameterId),
    /// Parameters by a selector.
    Selector(String),
    /// A value, and what else is needed.
    Value {
        /// The value.
        value: ValueId,
        /// The one to compare with.
        with: Option<ValueId>,
        /// The classifier behind it.
        classifier: Option<ParameterId>,
    },
}

/// What there is to measure on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The program.
    pub program: &'a Program,
    /// What is measured how often.
    pub measures: &'a [Measure],
    /// The symmetries of the program.
    pub symmetries: &'a Symmetries,
    /// The name of the data.
    pub data: &'a str,
    /// The targets of the training examples.
    pub targets: &'a Targets,
    /// Whether there is a second part of the data.
    pub has_test: bool,
}

impl Ground<'_> {
    fn examples(&self, probe: &Probe) -> usize {
        (probe.number("examples").unwrap_or(0.0) as usize).min(self.targets.len())
    }
}

/// Resolves a probe; with the number of things that it is of: columns of a probe with many, generators of one that counts them.
///
/// # Errors
///
/// E0221 for a space, parameter or value that the model does not have, E0220 for a second part that the data lack, E0211 for classes or a subgroup that are not
/// there, E0207 for a Jacobian beyond [`MOST_ENTRIES`], E0401 for a smaller model of one with masks.
pub fn resolve(probe: &Probe, ground: &Ground<'_>) -> Result<(Target, usize), Diagnostic> {
    needs_data(probe, ground)?;
    let program = ground.program;
    let target = match probe.kind.declaration().looks {
        Looks::Model => {
            if probe.kind.is_reduced() {
                compress::check(program).map_err(|refused| refused.at(probe.span, "there is no smaller model"))?;
            }
            Target::Model
        }
        Looks::Parameters => {
            let known =
                probe.target.is_empty() || program.parameters.iter().any(|parameter| selects(&probe.target, &parameter.path));
            if !known {
                return Err(no_parameter(probe, &probe.target, program));
            }
            Target::Selector(probe.target.clone())
        }
        Looks::Matrices => Target::Matrix(parameter(probe, &probe.target, program)?),
        Looks::Values => Target::Value {
            value: value(probe, &probe.target, program)?,
            with: probe.word("with").map(|with| value(probe, with, program)).transpose()?,
            classifier: probe.word("classifier").map(|path| parameter(probe, path, program)).transpose()?,
        },
        Looks::Units => of_space(probe, space(probe, ground)?, ground)?,
    };
    let width = width(probe, &target, ground);
    Ok((target, width))
}

/// What probes of spaces get wrong about the symmetries of a program, which needs no data: E0221 and E0211 as of [`resolve`].
pub fn check(program: &Program, measures: &[Measure], symmetries: &Symmetries) -> Vec<Diagnostic> {
    let targets = Targets::Classes(Vec::new());
    let ground = Ground { program, measures, symmetries, data: "", targets: &targets, has_test: true };
    let probes = measures.iter().flat_map(|measure| &measure.probes);
    let of_units = probes.filter(|probe| probe.kind.declaration().looks == Looks::Units);
    of_units.filter_map(|probe| space(probe, &ground).and_then(|space| of_space(probe, space, &ground)).err()).collect()
}

/// How many things a probe is of.
fn width(probe: &Probe, target: &Target, ground: &Ground<'_>) -> usize {
    let program = ground.program;
    let shortest = match target {
        Target::Units(units) => units.count(),
        Target::Generators(subgroup) if probe.kind == ProbeKind::NdosEach => subgroup.copies(),
        Target::Generators(subgroup) => subgroup.count(),
        Target::Factors(factors) => factors.directions(),
        Target::Charges(charges) => charges.count(),
        Target::Matrix(id) => {
            let sizes: Vec<usize> = program.parameter(*id).shape.iter().map(|axis| axis.size as usize).collect();
            sizes[0].min(sizes[1..].iter().product())
        }
        Target::Value { value, .. } => match probe.kind {
            ProbeKind::FeatureSpectrum => ground.examples(probe).min(entries(program, *value)),
            ProbeKind::Correlations => match ground.targets {
                Targets::Classes(classes) => {
                    let shown = &classes[..classes.len().min(ground.examples(probe))];
                    first_of_each(shown, probe.number("each").unwrap_or(1.0) as usize).len().pow(2)
                }
                Targets::Numbers(_) => 0,
            },
            _ => ground.examples(probe),
        },
        Target::Model => match probe.kind {
            ProbeKind::NtkSpectrum => ground.examples(probe) * entries(program, program.outputs[0].value),
            ProbeKind::GradientSpectrum => ground.examples(probe),
            _ => Coordinates::of(program).size(),
        },
        Target::Selector(_) => 1,
    };
    match (probe.kind.declaration().columns, probe.number("count")) {
        (Columns::Many(_), Some(count)) => shortest.min(count as usize),
        (Columns::Many(_), None) | (Columns::One | Columns::Estimate, _) => shortest,
    }
}

fn entries(program: &Program, value: ValueId) -> usize {
    program.node(value).shape.iter().map(|axis| axis.size as usize).product()
}

/// Checks that the data have what a probe asks for, and that it fits into memory.
fn needs_data(probe: &Probe, ground: &Ground<'_>) -> Result<(), Diagnostic> {
    let (name, data) = (probe.kind.name(), ground.data);
    if probe.kind.is_of_test() && !ground.has_test {
        return Err(Diagnostic::new(Code::E0220, probe.span, format!("`{name}` needs a second part of `{data}`"))
            .help(format!("`split 100 as test` in `data {data}`")));
    }
    let of_classes = probe.kind.is_accuracy()
        || matches!(
            probe.kind,
            ProbeKind::Correlations
                | ProbeKind::Nc1
                | ProbeKind::Nc2Norms
                | ProbeKind::Nc2Angles
                | ProbeKind::Nc2Maximality
                | ProbeKind::Nc3
                | ProbeKind::Nc4
        );
    if of_classes && !matches!(ground.targets, Targets::Classes(_)) {
        return Err(Diagnostic::new(
            Code::E0211,
            probe.span,
            format!("`{name}` needs classes and the targets of `{data}` are numbers"),
        )
        .found("numbers")
        .expected("classes"));
    }
    let rows = match probe.kind {
        ProbeKind::NtkRank | ProbeKind::NtkSpectrum => {
            ground.examples(probe).saturating_mul(entries(ground.program, ground.program.outputs[0].value))
        }
        ProbeKind::GradientTrace | ProbeKind::GradientSpectrum | ProbeKind::NoiseScale => ground.examples(probe),
        _ => return Ok(()),
    };
    let columns = Coordinates::of(ground.program).size();
    if rows.saturating_mul(columns) <= MOST_ENTRIES {
        return Ok(());
    }
    let most = MOST_ENTRIES / columns.max(1) * ground.examples(probe) / rows.max(1);
    Err(Diagnostic::new(
        Code::E0207,
        probe.span,
        format!("`{name}` holds {rows} gradients of {columns} parameters, more than {MOST_ENTRIES} numbers"),
    )
    .found(format!("{} examples", ground.examples(probe)))
    .expected(format!("at most {most} examples"))
    .help(format!("write `{name}(examples: {most})`")))
}

fn space<'s>(probe: &Probe, ground: &Ground<'s>) -> Result<&'s Space, Diagnostic> {
    let spaces = &ground.symmetries.spaces;
    spaces.iter().find(|space| space.name == probe.target).ok_or_else(|| {
        let message = format!("`{}` has no unit space `{}`", ground.program.name, probe.target);
        let names = spaces.iter().map(|space| space.name.as_str());
        Diagnostic::new(Code::E0221, probe.span, message).found(probe.target.clone()).suggest(&probe.target, names)
    })
}

/// What a probe of units looks at in a space.
fn of_space(probe: &Probe, space: &Space, ground: &Ground<'_>) -> Result<Target, Diagnostic> {
    let program = ground.program;
    let refused = |message: String, label: &str, expected: &str| {
        Diagnostic::new(Code::E0211, probe.span, message).label(label).found(space.group.to_string()).expected(expected)
    };
    let (name, model) = (&space.name, &program.name);
    if matches!(probe.kind, ProbeKind::Imbalance | ProbeKind::Drift) {
        return Charges::of(program, space).map(Target::Charges).ok_or_else(|| {
            refused(
                format!("`{name}` of `{model}` conserves no sum of squares"),
                "its group has no factors and no general matrices that act on the weights themselves",
                "a space that is rescaled, or on which GL acts",
            )
        });
    }
    if matches!(probe.kind, ProbeKind::JointEnergies | ProbeKind::ProductSpectrum | ProbeKind::ProductRank) {
        let found = Factors::of(program, space);
        let found = found.filter(|factors| probe.kind == ProbeKind::JointEnergies || factors.are_two_sided());
        return found.map(Target::Factors).ok_or_else(|| {
            refused(
                format!("no group of matrices acts on `{name}` of `{model}` from two sides"),
                "no factors to multiply",
                "a space on which GL acts, such as that of queries and keys",
            )
        });
    }
    let Some(group) = probe.word("group") else {
        // Units are the slices of what the group acts on: with nothing to act on they would all be alike.
        return Units::of(program, space).map(Target::Units).ok_or_else(|| {
            refused(
                format!("nothing acts on the units of `{name}` of `{model}`"),
                "no weights belong to its units",
                "a space whose units are exchanged, rescaled or rotated",
            )
            .help("`feature_rank` counts the directions of a layer whatever its group is")
        });
    };
    Subgroup::named(program, space, group).map(Target::Generators).map_err(|known| {
        if known.is_empty() {
            return refused(
                format!("the group on `{name}` of `{model}` has no generator with a symmetric state"),
                "what translates, or moves with the weights, has no fixed points",
                "a space whose units are exchanged, rescaled, flipped or rotated",
            );
        }
        let words = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        let message = format!("the group on `{name}` has no generators of the kind `{group}`");
        Diagnostic::new(Code::E0211, probe.span, message).found(format!("`{group}`")).expected(words)
    })
}

fn parameter(probe: &Probe, path: &str, program: &Program) -> Result<ParameterId, Diagnostic> {
    let found = program.parameter_ids().find(|(_, parameter)| parameter.path == path);
    found.map(|(id, _)| id).ok_or_else(|| no_parameter(probe, path, program))
}

fn no_parameter(probe: &Probe, path: &str, program: &Program) -> Diagnostic {
    let paths = program.parameters.iter().map(|parameter| parameter.path.as_str());
    Diagnostic::new(Code::E0221, probe.span, format!("`{}` has no parameter `{path}`", program.name))
        .found(path.to_string())
        .suggest(path, paths)
}

fn value(probe: &Probe, name: &str, program: &Program) -> Result<ValueId, Diagnostic> {
    values::named(program, name).ok_or_else(|| {
        let names = values::names(program);
        Diagnostic::new(Code::E0221, probe.span, format!("`{}` has no value `{name}`", program.name))
            .found(name.to_string())
            .suggest(name, names.iter().map(|(name, _)| name.as_str()))
    })
}
