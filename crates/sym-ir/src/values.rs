//! Names of values that depend on the examples: what the file calls them (`h`, `block1.h`), and layers (`fc1`), each of which stands for its last value.

use crate::program::Node;
use crate::{Program, ValueId, selector};

fn qualified(node: &Node) -> String {
    if node.scope.is_empty() { node.name.to_string() } else { format!("{}.{}", node.scope, node.name) }
}

/// The names, in the order in which their values are computed.
pub fn names(program: &Program) -> Vec<(String, ValueId)> {
    let mut found: Vec<(String, ValueId)> = Vec::new();
    for (at, node) in program.nodes.iter().enumerate().filter(|(_, node)| node.batched) {
        let scopes = node.scope.match_indices('.').map(|(end, _)| node.scope[..end].to_string());
        let layers = scopes.chain((!node.scope.is_empty()).then(|| node.scope.to_string()));
        for name in layers.chain([qualified(node)]) {
            found.retain(|(known, _)| *known != name);
            found.push((name, ValueId(at as u32)));
        }
    }
    found
}

/// The value of a name.
pub fn named(program: &Program, name: &str) -> Option<ValueId> {
    names(program).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The names that a selector picks as wholes.
pub fn selected(program: &Program, of: &str) -> Vec<String> {
    let whole = |name: &String| selector::prefix(of, name) == Some(name.as_str());
    names(program).into_iter().map(|(name, _)| name).filter(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Builtin};

    #[test]
    fn a_layer_stands_for_its_last_value() {
        let mut builder = Builder::new("Net");
        let x = builder.input("x", &[2]);
        let before = builder.linear("fc1", x, 3, true);
        let after = builder.map(Builtin::Tanh, before);
        let last = builder.linear("head", after, 1, true);
        builder.output("output", last);
        let program = builder.finish();
        assert_eq!(named(&program, "fc1"), Some(before));
        assert_eq!(named(&program, "head"), Some(last));
        assert_eq!(named(&program, "x"), Some(x));
        assert_eq!(named(&program, "fc2"), None);
        assert_eq!(selected(&program, "f*"), ["fc1"]);
    }
}
