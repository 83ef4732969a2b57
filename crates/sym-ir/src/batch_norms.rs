//! Norms over the batch, and the frozen tensors that stand for the statistics of the batch in evaluation: the buffers of PyTorch's batch norms.

use crate::program::{Axis, Initial, Operation, Parameter, Program, Role, ValueId};
use crate::storage::{Storage, StoredName};
use std::collections::HashSet;

/// A norm over the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// What it gives.
    pub value: ValueId,
    /// `running_mean`, where it subtracts the mean; zeros at the start. Its axes are those of the value over which no statistics run.
    pub mean: Option<Parameter>,
    /// `running_var`, with the same axes; ones at the start.
    pub variance: Parameter,
    /// How many entries of one example the statistics run over; `None` beyond `u128`.
    pub positions: Option<u128>,
}

impl Program {
    /// The norms whose statistics run over the batch, in order. Their tensors are no parameters of the program: they lie in a state dict beside those of
    /// the block that the norm stands in, and only evaluation reads them.
    pub fn batch_norms(&self) -> Vec<BatchNorm> {
        let mut taken: HashSet<String> = self.parameters.iter().map(|parameter| parameter.path.clone()).collect();
        let mut norms = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let Operation::Normalise { axes, batch: true, centre, .. } = &node.operation else { continue };
            if !node.batched {
                continue;
            }
            let kept = node.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            let shape: Vec<Axis> = kept.map(|(_, axis)| axis.clone()).collect();
            let mut tensor = |word: &str, start: f64| {
                let (mut name, mut count) = (word.to_string(), 1);
                while !taken.insert(inside(&node.scope, &name)) {
                    count += 1;
                    name = format!("{word}{count}");
                }
                Parameter {
                    path: inside(&node.scope, &name),
                    storage: Storage { name: self.stored_beside(&node.scope, &name), ..Storage::plain("", shape.len()) },
                    shape: shape.clone(),
                    trainable: false,
                    initial: Initial::Constant(start),
                    role: Role::default(),
                    span: node.span,
                }
            };
            norms.push(BatchNorm {
                value: ValueId(at as u32),
                mean: centre.then(|| tensor("running_mean", 0.0)),
                variance: tensor("running_var", 1.0),
                positions: axes.iter().try_fold(1u128, |product, &axis| product.checked_mul(node.shape[axis].size)),
            });
        }
        norms
    }

    /// The stored name of a tensor of a block: beside its parameters, whatever the state dict calls the block.
    fn stored_beside(&self, scope: &str, name: &str) -> StoredName {
        let own = |parameter: &&Parameter| {
            parameter.path.rsplit_once('.').map_or("", |(block, _)| block) == scope && parameter.storage.name.axes().is_empty()
        };
        let beside = self.parameters.iter().find(own).map(|parameter| parameter.storage.name.at(&[]));
        let block =
            beside.map_or_else(|| scope.to_string(), |stored| stored.rsplit_once('.').map_or("", |(block, _)| block).to_string());
        StoredName::plain(inside(&block, name))
    }
}

fn inside(block: &str, name: &str) -> String {
    if block.is_empty() { name.to_string() } else { format!("{block}.{name}") }
}

#[cfg(test)]
mod tests {
    use crate::{Builder, Operation, Storage, StoredName};

    fn norm(axes: Vec<usize>, batch: bool, centre: bool) -> impl Fn(crate::ValueId) -> Operation {
        move |value| Operation::Normalise { value, axes: axes.clone(), batch, centre, epsilon: 0.0 }
    }

    #[test]
    fn tensors_of_a_norm_lie_beside_the_parameters_of_its_block() {
        let mut builder = Builder::new("Net");
        let x = builder.input("x", &[3, 4, 5]);
        let shape = builder.shape(x).to_vec();
        builder.scope = "stem.bn".into();
        builder.parameter("stem.bn.weight", &[3]);
        let a = builder.push(norm(vec![1, 2], true, true)(x), shape.clone(), "a");
        let b = builder.push(norm(vec![1], true, false)(a), shape.clone(), "b");
        builder.scope = "".into();
        let c = builder.push(norm(vec![1], false, true)(b), shape, "c");
        builder.output("output", c);
        let mut program = builder.finish();
        program.parameters[0].storage = Storage { name: StoredName::plain("features.1.weight"), ..Storage::plain("", 1) };
        let norms = program.batch_norms();
        let named = |parameter: &crate::Parameter| {
            let sizes: Vec<u128> = parameter.shape.iter().map(|axis| axis.size).collect();
            (parameter.path.clone(), parameter.storage.name.at(&[]), sizes)
        };
        let of = |path: &str, stored: &str, sizes: &[u128]| (path.to_string(), stored.to_string(), sizes.to_vec());
        assert_eq!(norms.len(), 2, "a norm over no batch has none");
        assert_eq!(norms[0].mean.as_ref().map(named), Some(of("stem.bn.running_mean", "features.1.running_mean", &[3])));
        assert_eq!(named(&norms[0].variance), of("stem.bn.running_var", "features.1.running_var", &[3]));
        assert_eq!(norms[0].positions, Some(20));
        // A second one of the block, which subtracts no mean.
        assert_eq!(norms[1].mean, None);
        assert_eq!(named(&norms[1].variance), of("stem.bn.running_var2", "features.1.running_var2", &[3, 5]));
    }
}
