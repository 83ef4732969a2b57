//! `resnet18` to `resnet152` of torchvision.

use crate::Draft;
use crate::shapes::Shapes;

pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [width, channels, _, _] = shapes.of("conv1.weight")?;
    let [classes, _] = shapes.of("fc.weight")?;
    let counts: Vec<u64> = (1..=4).map(|stage| shapes.layers(&format!("layer{stage}.{{}}.conv1.weight"))).collect();
    let block = if shapes.has("layer1.0.conv3.weight") { "resnet_bottleneck" } else { "resnet_basic" };
    let [n1, n2, n3, n4] = counts.as_slice() else { return None };
    Some(Draft {
        name: "Resnet",
        body: vec![
            format!("input x[{channels}, 64, 64]"),
            format!(
                "output {block}(x, {classes}, width: {width}, n1: {n1}, n2: {n2}, n3: {n3}, n4: {n4}, train: false, epsilon: 1e-5, name: \"\")"
            ),
        ],
        probes: vec!["stable_rank(layer*.*.conv1.weight)".to_string(), "norm(layer*.*.bn1.weight)".to_string()],
        not_inferred: vec![
            "the size of images: 64 × 64 is assumed".to_string(),
            "the ε of batch norms: 1e-5 is assumed".to_string(),
        ],
        ..Draft::default()
    })
}
