//! A model of `models/classifier.sym` in a crate: the build script has emitted it as the module `classifier`.

include!(concat!(env!("OUT_DIR"), "/classifier.rs"));
