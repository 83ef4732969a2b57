//! Arithmetic on slices, and sums in an order that depends on nothing but the length.

use crate::isa::{Level, Task, run};
use crate::lanes;
use crate::slice::Real;

macro_rules! task {
    ($(#[$about:meta])* $name:ident, $task:ident, |$target:ident $(, $field:ident: $kind:ty)*| $body:block) => {
        struct $task<'a, T> {
            $target: &'a mut [T],
            $($field: $kind,)*
        }

        impl<'a, T: Real> Task for $task<'a, T> {
            type Output = ();

            #[inline(always)]
            fn run(self) {
                let Self { $target $(, $field)* } = self;
                $body
            }
        }

        $(#[$about])*
        #[allow(clippy::needless_lifetimes, clippy::elidable_lifetime_names, reason = "fields of some tasks name the lifetime")]
        pub fn $name<'a, T: Real>($target: &'a mut [T] $(, $field: $kind)*) {
            run(Level::best(), $task { $target $(, $field)* });
        }
    };
}

task! {
    /// Adds `x` entry by entry.
    add, Add, |target, x: &'a [T]| {
        for (t, &x) in target.iter_mut().zip(x) {
            *t = *t + x;
        }
    }
}

task! {
    /// Multiplies by `x` entry by entry.
    multiply, Multiply, |target, x: &'a [T]| {
        for (t, &x) in target.iter_mut().zip(x) {
            *t = *t * x;
        }
    }
}

task! {
    /// Squares every entry.
    square, Square, |target| {
        for t in target.iter_mut() {
            *t = *t * *t;
        }
    }
}

task! {
    /// Adds `factor`·`x` entry by entry, rounded once.
    add_scaled, AddScaled, |target, factor: T, x: &'a [T]| {
        for (t, &x) in target.iter_mut().zip(x) {
            *t = factor.mul_add(x, *t);
        }
    }
}

task! {
    /// Multiplies every entry by `factor`.
    scale, Scale, |target, factor: T| {
        for t in target.iter_mut() {
            *t = *t * factor;
        }
    }
}

task! {
    /// Adds `summand` to every entry.
    shift, Shift, |target, summand: T| {
        for t in target.iter_mut() {
            *t = *t + summand;
        }
    }
}

task! {
    /// Replaces every entry by its square root.
    square_root, SquareRoot, |target| {
        for t in target.iter_mut() {
            *t = t.sqrt();
        }
    }
}

task! {
    /// Replaces every entry by its reciprocal.
    reciprocal, Reciprocal, |target| {
        for t in target.iter_mut() {
            *t = T::ONE / *t;
        }
    }
}

struct Sum<'a, T> {
    x: &'a [T],
}

impl<T: Real> Task for Sum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        lanes::sum(self.x)
    }
}

/// The sum of all entries, in the order of `lanes.rs`.
pub fn sum<T: Real>(x: &[T]) -> T {
    run(Level::best(), Sum { x })
}

/// The number of type `T` nearest to `x`.
pub fn rounded<T: Real>(x: f64) -> T {
    T::from_f64(x)
}

/// `x` in double precision.
pub fn double<T: Real>(x: T) -> f64 {
    x.to_f64()
}
