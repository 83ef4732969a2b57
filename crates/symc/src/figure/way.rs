//! The loss along straight ways from one network to another (Frankle et al. 2020): linear mode connectivity.

use super::{Line, Panel, Tone};
use sym_ir::experiment::{BarrierOf, Between, Figure, ProbeKind};
use sym_runtime::claims::Evidence;

/// The horizontal axis.
pub(super) const AXIS: &str = "share of the way";

/// A line a way; one whose ends there are not is left out.
pub(super) fn panel(figure: &Figure, evidence: &dyn Evidence) -> Option<Panel> {
    let mut panel = Panel::empty("loss".to_string());
    panel.log_y = figure.log_y.holds(ProbeKind::Loss);
    for (at, of) in figure.ways.iter().enumerate() {
        let Some(Ok(losses)) = evidence.between(&Between::Way(of.clone())) else { continue };
        let last = (losses.len().max(2) - 1) as f64;
        let points = losses.iter().enumerate().map(|(at, loss)| (at as f64 / last, *loss)).collect();
        panel.lines.push(Line { label: Some(label(of)), tone: Tone::Category(at), points, dots: true });
    }
    (!panel.lines.is_empty()).then_some(panel)
}

fn label(of: &BarrierOf) -> String {
    let ends = if of.from == of.to { of.from.clone() } else { format!("{} to {}", of.from, of.to) };
    if of.aligned { format!("{ends}, aligned") } else { ends }
}
