//! The module: a program with weights on a device.

use crate::compile::{Compiled, compile};
use crate::execute::Execution;
use crate::{Array, weights};
use burn::module::{Content, Devices, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, DType, Device, Tensor, TensorData};
use std::sync::Arc;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::{ParameterId, Program, ValueId};

/// A program with weights on a device: a burn module that interprets it.
///
/// On a device with autodiff ([`Device::autodiff`]) trainable parameters record gradients; frozen ones never do.
#[derive(Debug, Clone)]
pub struct Module {
    compiled: Arc<Compiled>,
    parameters: Vec<Leaf>,
    /// Of masked parameters which entries are frozen, on the device without autodiff.
    masks: Arc<Vec<Option<Tensor<1, Bool>>>>,
}

/// A parameter as burn holds it.
#[derive(Debug, Clone)]
enum Leaf {
    R1(Param<Tensor<1>>),
    R2(Param<Tensor<2>>),
    R3(Param<Tensor<3>>),
    R4(Param<Tensor<4>>),
    R5(Param<Tensor<5>>),
    R6(Param<Tensor<6>>),
    R7(Param<Tensor<7>>),
    R8(Param<Tensor<8>>),
}

/// Evaluates an expression with the parameter of a leaf bound to a name.
macro_rules! with_param {
    ($leaf:expr, $param:ident => $body:expr) => {
        match $leaf {
            Leaf::R1($param) => $body,
            Leaf::R2($param) => $body,
            Leaf::R3($param) => $body,
            Leaf::R4($param) => $body,
            Leaf::R5($param) => $body,
            Leaf::R6($param) => $body,
            Leaf::R7($param) => $body,
            Leaf::R8($param) => $body,
        }
    };
}

/// Maps the parameter of a leaf to another of the same rank.
macro_rules! map_param {
    ($leaf:expr, $param:ident => $body:expr) => {
        match $leaf {
            Leaf::R1($param) => Leaf::R1($body),
            Leaf::R2($param) => Leaf::R2($body),
            Leaf::R3($param) => Leaf::R3($body),
            Leaf::R4($param) => Leaf::R4($body),
            Leaf::R5($param) => Leaf::R5($body),
            Leaf::R6($param) => Leaf::R6($body),
            Leaf::R7($param) => Leaf::R7($body),
            Leaf::R8($param) => Leaf::R8($body),
        }
    };
}

fn param<const D: usize>(tensor: Tensor<D>, trainable: bool) -> Param<Tensor<D>> {
    Param::from_tensor(tensor).set_require_grad(trainable)
}

impl Leaf {
    fn new(array: Array, trainable: bool) -> Self {
        match array {
            Array::R1(tensor) => Leaf::R1(param(tensor, trainable)),
            Array::R2(tensor) => Leaf::R2(param(tensor, trainable)),
            Array::R3(tensor) => Leaf::R3(param(tensor, trainable)),
            Array::R4(tensor) => Leaf::R4(param(tensor, trainable)),
            Array::R5(tensor) => Leaf::R5(param(tensor, trainable)),
            Array::R6(tensor) => Leaf::R6(param(tensor, trainable)),
            Array::R7(tensor) => Leaf::R7(param(tensor, trainable)),
            Array::R8(tensor) => Leaf::R8(param(tensor, trainable)),
        }
    }

    fn array(&self) -> Array {
        with_param!(self, param => Array::from(param.val()))
    }

    /// The same parameter with another value.
    fn with_value(self, array: Array) -> Self {
        fn replaced<const D: usize>(param: Param<Tensor<D>>, value: Tensor<D>) -> Param<Tensor<D>> {
            let device = param.val().device();
            let active = param.is_require_grad();
            param.map(|_| {
                let value = if device.is_autodiff() { Tensor::from_inner(value.inner()) } else { value };
                if active { value.require_grad() } else { value }
            })
        }
        match (self, array) {
            (Leaf::R1(param), Array::R1(value)) => Leaf::R1(replaced(param, value)),
            (Leaf::R2(param), Array::R2(value)) => Leaf::R2(replaced(param, value)),
            (Leaf::R3(param), Array::R3(value)) => Leaf::R3(replaced(param, value)),
            (Leaf::R4(param), Array::R4(value)) => Leaf::R4(replaced(param, value)),
            (Leaf::R5(param), Array::R5(value)) => Leaf::R5(replaced(param, value)),
            (Leaf::R6(param), Array::R6(value)) => Leaf::R6(replaced(param, value)),
            (Leaf::R7(param), Array::R7(value)) => Leaf::R7(replaced(param, value)),
            (Leaf::R8(param), Array::R8(value)) => Leaf::R8(replaced(param, value)),
            (_, value) => panic!("a value of rank {} for a parameter of another rank", value.rank()),
        }
    }
}

/// Which entries of a parameter its mask freezes.
fn mask(parameter: &sym_ir::Parameter, device: &Device) -> Option<Tensor<1, Bool>> {
    parameter.role.mask.as_ref()?;
    let mut frozen = vec![false; parameter.shape.iter().map(|axis| axis.size as usize).product()];
    let count = frozen.len();
    parameter.frozen_entries().places.into_iter().for_each(|place| frozen[place] = true);
    Some(Tensor::from_data(TensorData::new(frozen, [count]), device))
}

impl Module {
    /// The program with these weights, as numbers of type `dtype` on `device`.
    ///
    /// # Errors
    ///
    /// E0501 for everything in the program that cannot be executed, E0607 for weights of other sizes.
    pub fn new(program: &Program, weights: &Weights, device: &Device, dtype: DType) -> Result<Self, Vec<Diagnostic>> {
        let compiled = compile(program)?;
        weights::check_sizes(program, weights)?;
        let parameters = program
            .parameters
            .iter()
            .zip(&weights.values)
            .map(|(parameter, values)| {
                let sizes: Vec<usize> = parameter.shape.iter().map(|axis| axis.size as usize).collect();
                Leaf::new(Array::from_values(values, &sizes, device, dtype), parameter.trainable)
            })
            .collect();
        let masks = program.parameters.iter().map(|parameter| mask(parameter, &device.clone().inner())).collect();
        Ok(Self { compiled: Arc::new(compiled), parameters, masks: Arc::new(masks) })
    }

    /// The program that it interprets.
    pub fn program(&self) -> &Program {
        &self.compiled.program
    }

    /// The device and number type of its parameters; the given ones for a model without parameters.
    fn place(&self, inputs: &[Array]) -> (Device, DType) {
        match self.parameters.first() {
            Some(leaf) => with_param!(leaf, param => (param.val().device(), param.val().dtype())),
            None => inputs.first().map_or_else(|| (Device::flex(), DType::F64), |input| (input.device(), input.dtype())),
        }
    }

    /// A parameter's value, with its record where it is trainable and the device has autodiff.
    pub fn parameter(&self, id: ParameterId) -> Array {
        self.parameters[id.0 as usize].array()
    }

    /// The id of a parameter by its path, such as `fc1.weight`.
    pub fn find(&self, path: &str) -> Option<ParameterId> {
        self.program().parameter_ids().find(|(_, parameter)| parameter.path == path).map(|(id, _)| id)
    }

    /// Gives a parameter another value of the same shape, as a new leaf on the module's device. Nothing passes through the host.
    pub fn set_parameter(&mut self, id: ParameterId, value: Array) {
        let leaf = &mut self.parameters[id.0 as usize];
        *leaf = leaf.clone().with_value(value);
    }

    /// The outputs in the program's order for inputs in the program's order, one example a position of the leading axis. An output that
    /// depends on no input has no leading axis.
    ///
    /// # Panics
    ///
    /// If the number of inputs or their sizes are not the program's.
    pub fn forward(&self, inputs: &[Array]) -> Vec<Array> {
        let mut execution = self.execution(inputs, true);
        execution.run(&|id| self.parameter(id), |_, _| true);
        self.program().outputs.iter().map(|output| execution.read(output.value)).collect()
    }

    /// Every value of the program, by value id.
    ///
    /// # Panics
    ///
    /// As [`Module::forward`].
    pub fn forward_values(&self, inputs: &[Array]) -> Vec<Array> {
        let mut values = Vec::with_capacity(self.program().nodes.len());
        self.execution(inputs, false).run(&|id| self.parameter(id), |_, value| {
            values.push(value.clone());
            true
        });
        values
    }

    /// One value of the program; nothing behind it is computed.
    ///
    /// # Panics
    ///
    /// As [`Module::forward`], or if the program has no such value.
    pub fn forward_value(&self, inputs: &[Array], value: ValueId) -> Array {
        let mut found = None;
        self.execution(inputs, false).run(&|id| self.parameter(id), |id, computed| {
            found = (id == value).then(|| computed.clone());
            found.is_none()
        });
        found.expect("the value is one of the program's")
    }

    /// The first value, in the program's order, that has an entry which is infinite or not a number. The −∞ of what is masked is no fault up to
    /// the softmax or maximum that it is for.
    ///
    /// # Panics
    ///
    /// As [`Module::forward`].
    pub fn first_not_finite(&self, inputs: &[Array]) -> Option<ValueId> {
        let mut found = None;
        self.execution(inputs, false).run(&|id| self.parameter(id), |id, value| {
            let masked = self.compiled.masked[id.0 as usize];
            if value.values().iter().any(|entry| !(entry.is_finite() || masked && *entry == f64::NEG_INFINITY)) {
                found = Some(id);
            }
            found.is_none()
        });
        found
    }

    fn execution<'a>(&'a self, inputs: &'a [Array], fused: bool) -> Execution<'a> {
        let (device, dtype) = self.place(inputs);
        Execution::new(&self.compiled, inputs, device, dtype, fused)
    }

    /// The gradient of a scalar that [`Module::forward`] led to, by parameter; `None` for frozen parameters and those that it does not
    /// depend on. Entries that a mask freezes have the gradient 0. The gradients are on the device without autodiff. The record is used up.
    ///
    /// # Panics
    ///
    /// If `loss` has no record: the device lacks autodiff, or nothing trainable led to it.
    pub fn gradients(&self, loss: &Tensor<1>) -> Vec<Option<Array>> {
        let mut gradients = loss.backward();
        self.parameters
            .iter()
            .zip(self.masks.iter())
            .map(|(leaf, mask)| {
                let gradient = with_param!(leaf, param => param.val().grad_remove(&mut gradients).map(Array::from))?;
                let Some(mask) = mask else { return Some(gradient) };
                let sizes = gradient.dims();
                Some(Array::from(gradient.flat().mask_fill(mask.clone(), 0.0)).reshape(&sizes))
            })
            .collect()
    }

    /// For each parameter, where it has a mask, which of its entries are frozen, in row-major order on the device without autodiff.
    pub fn masks(&self) -> &[Option<Tensor<1, Bool>>] {
        &self.masks
    }

    /// All weights in double precision on the host.
    pub fn weights(&self) -> Weights {
        Weights { values: self.parameters.iter().map(|leaf| leaf.array().values()).collect() }
    }

    /// Replaces all weights from the host.
    ///
    /// # Errors
    ///
    /// E0607 for weights of other sizes.
    pub fn set_weights(&mut self, weights: &Weights) -> Result<(), Vec<Diagnostic>> {
        weights::check_sizes(self.program(), weights)?;
        for (leaf, values) in self.parameters.iter_mut().zip(&weights.values) {
            let array = leaf.array();
            let value = Array::from_values(values, &array.dims(), &array.device().inner(), array.dtype());
            *leaf = leaf.clone().with_value(value);
        }
        Ok(())
    }

    /// Applies `map` to every leaf.
    fn map_leaves(mut self, map: impl FnMut(Leaf) -> Leaf) -> Self {
        self.parameters = self.parameters.into_iter().map(map).collect();
        self
    }
}

impl burn::module::Module for Module {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.parameters.iter().fold(devices, |devices, leaf| with_param!(leaf, param => param.collect_devices(devices)))
    }

    fn fork(self, device: &Device) -> Self {
        self.map_leaves(|leaf| map_param!(leaf, param => burn::module::Module::fork(param, device)))
    }

    fn to_device(self, device: &Device) -> Self {
        self.map_leaves(|leaf| map_param!(leaf, param => burn::module::Module::to_device(param, device)))
    }

    fn train(self) -> Self {
        self.map_leaves(|leaf| map_param!(leaf, param => burn::module::Module::train(param)))
    }

    fn valid(&self) -> Self {
        self.clone().map_leaves(|leaf| map_param!(leaf, param => burn::module::Module::valid(&param)))
    }

    fn materialize(self) -> Self {
        self.map_leaves(|leaf| map_param!(leaf, param => burn::module::Module::materialize(param)))
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        for (parameter, leaf) in self.compiled.program.parameters.iter().zip(&self.parameters) {
            let names: Vec<&str> = parameter.path.split('.').collect();
            for name in &names {
                visitor.enter_module(name, CONTAINER);
            }
            with_param!(leaf, param => burn::module::Module::visit(param, visitor));
            for name in names.iter().rev() {
                visitor.exit_module(name, CONTAINER);
            }
        }
    }

    fn map<M: ModuleMapper>(mut self, mapper: &mut M) -> Self {
        let compiled = self.compiled.clone();
        self.parameters = compiled
            .program
            .parameters
            .iter()
            .zip(self.parameters)
            .map(|(parameter, leaf)| {
                let names: Vec<&str> = parameter.path.split('.').collect();
                for name in &names {
                    mapper.enter_module(name, CONTAINER);
                }
                // Not `param.map`: the inherent method of that name hides the trait's.
                let leaf = map_param!(leaf, param => burn::module::Module::map(param, mapper));
                for name in names.iter().rev() {
                    mapper.exit_module(name, CONTAINER);
                }
                leaf
            })
            .collect();
        self
    }
}

/// The container type that burn's visitors see: weights are in the program's layout, so nothing may be transposed on the way.
const CONTAINER: &str = "Program";

impl ModuleDisplayDefault for Module {
    fn content(&self, content: Content) -> Option<Content> {
        let parameters = self.program().parameters.iter().zip(&self.parameters);
        parameters
            .fold(content, |content, (parameter, leaf)| content.add(&parameter.path, &format!("{:?}", leaf.array().dims())))
            .optional()
    }
}

impl ModuleDisplay for Module {}
