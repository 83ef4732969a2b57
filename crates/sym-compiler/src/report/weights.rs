//! What was done to given weights.

use super::{Diagnosed, Integer, Schema};
use serde::Serialize;

/// The report of `symc weights`.
#[derive(Debug, Default, Serialize)]
pub struct WeightsReport {
    /// The version of the form.
    pub schema: Schema,
    /// The model.
    pub model: String,
    /// What was done, in the word of the command line.
    pub operation: String,
    /// The distance between the balanced weights, before and after alignment.
    pub distance: Option<[f64; 2]>,
    /// The loss between both weights, as they are and aligned.
    pub barrier: Option<BarrierRow>,
    /// Where a projection led.
    pub projection: Option<ProjectionRow>,
    /// Mean loss before and after teleportation.
    pub loss: Option<[f64; 2]>,
    /// The norm of its gradient before and after teleportation.
    pub gradient_norm: Option<[f64; 2]>,
    /// The largest difference of an output, relative to the largest, on random inputs: f of the written weights against f of the given ones.
    pub change_of_outputs: Option<f64>,
    /// Rows of the model's symmetries along which nothing was moved.
    pub left: Vec<String>,
    /// The file that was written.
    pub out: Option<String>,
    /// Diagnostics.
    pub diagnostics: Vec<Diagnosed>,
}

/// A projection onto a symmetric state.
#[derive(Debug, Serialize)]
pub struct ProjectionRow {
    /// D.
    pub parameters: Integer,
    /// rank(`P_G`).
    pub rank: Integer,
    /// ‖`P_G` θ − θ‖ / ‖θ‖.
    pub distance: f64,
}

/// A barrier before and after alignment.
#[derive(Debug, Serialize)]
pub struct BarrierRow {
    /// Equally spaced points, both ends among them.
    pub points: usize,
    /// The largest excess over the line between both losses, as the weights are; `null` where a loss between them is not finite.
    pub unaligned: Option<f64>,
    /// The same with the first weights aligned to the second.
    pub aligned: Option<f64>,
    /// Mean losses on the way, as the weights are.
    pub losses_unaligned: Vec<f64>,
    /// Mean losses on the way, aligned.
    pub losses_aligned: Vec<f64>,
}

impl WeightsReport {
    /// One line a fact.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut fact = |text: String| lines.push(format!("{}: {text}", self.model));
        if let Some([before, after]) = self.distance {
            fact(format!("distance {before:.6} before alignment, {after:.6} after"));
        }
        if let Some(barrier) = &self.barrier {
            let number = |height: Option<f64>| height.map_or_else(|| "not finite".to_string(), |height| format!("{height:.6}"));
            let (unaligned, aligned) = (number(barrier.unaligned), number(barrier.aligned));
            fact(format!("barrier {unaligned} as they are, {aligned} aligned, at {} points", barrier.points));
        }
        if let Some(ProjectionRow { parameters, rank, distance }) = &self.projection {
            fact(format!("projected onto a state of {rank} of {parameters} dimensions, at a relative distance of {distance:.6}"));
        }
        if let Some([before, after]) = self.loss {
            fact(format!("loss {before:.9} before, {after:.9} after"));
        }
        if let Some([before, after]) = self.gradient_norm {
            fact(format!("gradient norm {before:.6} before, {after:.6} after"));
        }
        if let Some(change) = self.change_of_outputs {
            fact(format!("outputs changed by {change:.1e} of the largest"));
        }
        if !self.left.is_empty() {
            fact(format!("not moved along: {}", self.left.join(", ")));
        }
        if let Some(out) = &self.out {
            fact(format!("written to {out}"));
        }
        lines
    }
}
