//! sym-lower.
