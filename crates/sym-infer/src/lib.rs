//! sym-infer.
