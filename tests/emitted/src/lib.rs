//! Every model of the gallery and of the interventions as an emitted module, compiled and compared with the interpreter: outputs, gradients and
//! constants, in double precision.

pub mod compare;
pub mod miniature;
