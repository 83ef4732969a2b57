//! sym-runtime.
