//! sym-rewrite.
