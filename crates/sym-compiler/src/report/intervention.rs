//! What interventions did, as rows.

use super::Integer;
use serde::Serialize;
use std::collections::BTreeMap;
use sym_ir::intervention::Edit;
use sym_rewrite::{Amounts, Effect};

/// An intervention with what it did.
#[derive(Debug, Clone, Serialize)]
pub struct InterventionRow {
    /// The call, such as `scale(per: row)`.
    pub by: String,
    /// What it is said to do, such as `add rescaling`, where that is said.
    pub claim: Option<String>,
    /// Whether it does that.
    pub holds: Option<bool>,
    /// Trainable entries before and after.
    pub parameters: [Option<Integer>; 2],
    /// Symmetries of the model by kind, before and after.
    pub model: BTreeMap<&'static str, [Integer; 2]>,
    /// Those that loss and decay keep.
    pub objective: BTreeMap<&'static str, [Integer; 2]>,
    /// Those whose fixed sets training does not leave.
    pub dynamics: BTreeMap<&'static str, [Integer; 2]>,
}

impl InterventionRow {
    /// The row of an intervention.
    pub fn new(edit: &Edit, effect: &Effect) -> Self {
        let claim = edit.intervention.change.as_ref().map(|change| {
            let kinds: Vec<&str> = change.kinds.iter().map(|(kind, _)| kind.name()).collect();
            format!("{} {}", if change.adds { "add" } else { "remove" }, kinds.join(", "))
        });
        let amounts = |amounts: &Amounts| {
            amounts.iter().map(|(kind, amount)| (kind.name(), [Integer(amount.before), Integer(amount.after)])).collect()
        };
        Self {
            by: edit.intervention.written.clone(),
            holds: claim.as_ref().map(|_| effect.refutation(edit).is_none()),
            claim,
            parameters: effect.trainable.map(|count| count.map(Integer)),
            model: amounts(&effect.model),
            objective: amounts(&effect.objective),
            dynamics: amounts(&effect.dynamics),
        }
    }
}

/// How nearly a broken symmetry still holds.
#[derive(Debug, Clone, Serialize)]
pub struct EffectiveRow {
    /// The space.
    pub space: String,
    /// Its group before the interventions.
    pub group: String,
    /// The simple element that changes the outputs least, in words; `null` where the group has no simple elements.
    pub nearest: Option<String>,
    /// The relative change of the outputs under that element.
    pub smallest_change: Option<f64>,
    /// The median over the simple elements.
    pub median_change: Option<f64>,
    /// How many directions of the group were looked at; `null` for a finite group.
    pub directions: Option<usize>,
    /// The smallest singular value of J on them, where a random direction of the same parameters has 1.
    pub smallest_slope: Option<f64>,
    /// The median.
    pub median_slope: Option<f64>,
}
