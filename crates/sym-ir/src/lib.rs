//! sym-ir.
