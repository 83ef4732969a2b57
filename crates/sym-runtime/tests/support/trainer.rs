//! Full-batch training on given examples.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_diagnostics::{FileId, Span};
use sym_infer::Weights;
use sym_ir::experiment::{Init, Loss, Optimizer};
use sym_ir::{ParameterId, Program};
use sym_lower::{Array, Module};
use sym_runtime::optim::Updater;
use sym_runtime::{decay, init, loss};

/// A place for what is written nowhere.
pub fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

/// A model in training on the squared error, all examples at every step.
pub struct Trainer {
    module: Module,
    updater: Updater,
    inputs: Vec<Array>,
    targets: Tensor<2>,
}

impl Trainer {
    /// `inputs` and `targets` in row-major order, an example after another.
    pub fn new(program: &Program, steps: &[Init], inputs: &[f64], targets: &[f64], optimizer: Optimizer, seed: u64) -> Self {
        let device = Device::flex().autodiff();
        let symmetries = sym_infer::infer(program);
        let weights =
            init::weights(program, Some(&symmetries), steps, &init::Files::default(), seed, "init").expect("initial values");
        let module = Module::new(program, &weights, &device, DType::F64).expect("lowered");
        let width: usize = program.inputs[0].shape.iter().map(|axis| axis.size as usize).product();
        let examples = inputs.len() / width;
        let place = |values: Vec<f64>| {
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), (&Device::flex(), DType::F64))
        };
        let masks = module.masks().to_vec();
        let spread = decay::of_program(program).into_iter().map(|weights| weights.map(place)).collect();
        Self {
            module,
            updater: Updater::new(optimizer, program.parameters.len()).with_decay_weights(spread).with_masks(masks),
            inputs: vec![Array::from_values(inputs, &[examples, width], &device, DType::F64)],
            targets: Tensor::from_data(
                TensorData::new(targets.to_vec(), [examples, targets.len() / examples]),
                (&device, DType::F64),
            ),
        }
    }

    /// Trains.
    pub fn steps(&mut self, count: u32) {
        for _ in 0..count {
            let value = self.objective();
            let gradients = self.module.gradients(&value);
            self.updater.begin();
            for (at, gradient) in gradients.into_iter().enumerate() {
                let id = ParameterId(at as u32);
                let Some(gradient) = gradient.filter(|_| self.module.program().parameter(id).trainable) else { continue };
                let parameter = self.module.parameter(id).inner();
                let dims = parameter.dims();
                let moved = self.updater.update(at, parameter.flat(), gradient.flat());
                self.module.set_parameter(id, Array::from(moved).reshape(&dims));
            }
        }
    }

    fn objective(&self) -> Tensor<1> {
        loss::of_batch(Loss::Mse, self.module.forward(&self.inputs).swap_remove(0), self.targets.clone())
    }

    /// The squared error.
    pub fn loss(&self) -> f64 {
        Array::from(self.objective()).values()[0]
    }

    /// Outputs of all examples.
    pub fn outputs(&self) -> Vec<f64> {
        self.module.forward(&self.inputs).swap_remove(0).values()
    }

    /// All weights.
    pub fn weights(&self) -> Weights {
        self.module.weights()
    }

    /// The entries of trainable parameters.
    pub fn trainable(&self) -> Vec<Vec<f64>> {
        let program = self.module.program();
        let weights = self.weights().values.into_iter().zip(&program.parameters);
        weights.filter(|(_, parameter)| parameter.trainable).map(|(values, _)| values).collect()
    }

    /// The parameter of a path.
    pub fn id(&self, path: &str) -> ParameterId {
        self.module.find(path).expect("a parameter of this path")
    }
}
