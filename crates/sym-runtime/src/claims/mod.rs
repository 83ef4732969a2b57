//! Claims: what `expect` items state, judged by symmetries and measured curves.

mod evidence;

pub use evidence::{Curve, Evidence, breakings};
