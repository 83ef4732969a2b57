//! Names for tensors that an exporter left without one.
//!
//! PyTorch's exporter keeps the names of parameters that it writes as they are, and calls the transposed weight of a linear layer
//! `onnx::MatMul_1234`. The node that uses it is still called after its module: `/encoder/layer.0/attention/self/query/MatMul`.

use super::message::Graph;
use crate::archive::Tensor;
use std::collections::{HashMap, HashSet};

/// Gives tensors whose names are no paths of modules the names that the nodes that use them are called after. The weight of a product `x W` is
/// seen as the module has it, `[out, in]`.
pub(super) fn name(graph: &mut Graph, tensors: &mut [Tensor]) {
    let taken: HashSet<String> = tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let mut given: HashMap<String, String> = HashMap::new();
    let mut used: HashSet<String> = HashSet::new();
    for node in &graph.nodes {
        let Some(module) = module(&node.name) else { continue };
        let parameter = match node.operation.as_str() {
            "MatMul" | "Gemm" | "Conv" => "weight",
            _ => continue,
        };
        let Some(input) = node.inputs.get(1).filter(|input| is_nameless(input) && taken.contains(*input)) else { continue };
        let own = format!("{module}.{parameter}");
        // A module that is used twice has one weight, and two that share a name cannot be told apart.
        if !given.contains_key(input) && !taken.contains(&own) && used.insert(own.clone()) {
            given.insert(input.clone(), own);
        }
    }
    let transposed: HashSet<String> =
        graph.nodes.iter().filter(|node| node.operation == "MatMul").filter_map(|node| node.inputs.get(1).cloned()).collect();
    for tensor in tensors {
        let Some(own) = given.get(&tensor.name) else { continue };
        if transposed.contains(&tensor.name) && tensor.shape.len() == 2 {
            tensor.shape.reverse();
            tensor.place.strides.reverse();
        }
        tensor.alias = Some(std::mem::replace(&mut tensor.name, own.clone()));
    }
}

/// Whether a name says nothing of a module.
fn is_nameless(name: &str) -> bool {
    name.contains("::") || name.chars().all(|letter| letter.is_ascii_digit()) || name.starts_with('/')
}

/// `encoder.layer.0.attention` for `/encoder/layer.0/attention/MatMul`.
fn module(node: &str) -> Option<String> {
    let (path, _) = node.strip_prefix('/')?.rsplit_once('/')?;
    let parts: Vec<&str> = path.split('/').collect();
    // A module that holds a list of others is repeated: `/blocks/blocks.0/…`.
    let mut named: Vec<&str> = Vec::new();
    for part in parts {
        if let Some(last) = named.last()
            && part.strip_prefix(*last).is_some_and(|rest| rest.starts_with('.'))
        {
            named.pop();
        }
        named.push(part);
    }
    Some(named.join("."))
}

#[cfg(test)]
mod tests {
    use super::module;

    #[test]
    fn a_node_is_called_after_its_module() {
        assert_eq!(
            module("/encoder/layer.0/attention/self/query/MatMul").as_deref(),
            Some("encoder.layer.0.attention.self.query")
        );
        assert_eq!(module("/blocks/blocks.3/attn/qkv/MatMul").as_deref(), Some("blocks.3.attn.qkv"));
        assert_eq!(module("MatMul_12"), None);
        assert_eq!(module("/MatMul"), None);
    }
}
