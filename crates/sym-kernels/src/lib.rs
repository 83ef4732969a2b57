//! sym-kernels.
