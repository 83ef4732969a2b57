//! One JSON document (`docs/json.md`).

use serde::Serialize;

/// The document.
pub fn document(report: &impl Serialize) -> String {
    serde_json::to_string(report).expect("a report holds only maps with string keys and finite or null numbers")
}
