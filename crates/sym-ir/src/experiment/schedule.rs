//! How the learning rate changes with the steps.

use serde::{Deserialize, Serialize};

/// A factor on the learning rate: linear growth during the warm-up, then a course over the steps that are left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Steps of the warm-up.
    pub warmup: u64,
    /// What comes after it.
    pub course: Course,
}

/// The factor after the warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// `constant`: 1.
    #[default]
    Constant,
    /// `cosine(to: c)`: half a period of a cosine from 1 down to c (Loshchilov & Hutter 2017, without restarts).
    Cosine {
        /// The factor at the end.
        to: f64,
    },
    /// `linear(to: c)`: a straight line from 1 to c.
    Linear {
        /// The factor at the end.
        to: f64,
    },
    /// `step(every: k, by: f)`: times f after every k steps.
    Step {
        /// Steps between two changes.
        every: u64,
        /// The factor of each.
        by: f64,
    },
}

impl Schedule {
    /// The factor of a step, counted from 0, of a run of `steps`: (s + 1)/w in a warm-up of w steps. After it, with the share p of the
    /// steps behind the warm-up that are done before this one, c + (1 − c)(1 + cos πp)/2 or 1 + (c − 1)p, or f to the number of changes.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let done = step - self.warmup;
        let share = done as f64 / steps.saturating_sub(self.warmup).max(1) as f64;
        match self.course {
            Course::Constant => 1.0,
            Course::Cosine { to } => to + (1.0 - to) * (1.0 + libm::cos(std::f64::consts::PI * share)) / 2.0,
            Course::Linear { to } => 1.0 + (to - 1.0) * share,
            Course::Step { every, by } => libm::pow(by, (done / every.max(1)) as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule, steps: u64) -> Vec<f64> {
        (0..steps).map(|step| schedule.factor(step, steps)).collect()
    }

    #[test]
    fn a_warm_up_grows_to_the_whole_rate_and_the_course_begins_behind_it() {
        let schedule = Schedule { warmup: 4, course: Course::Linear { to: 0.5 } };
        assert_eq!(factors(schedule, 8), [0.25, 0.5, 0.75, 1.0, 1.0, 0.875, 0.75, 0.625]);
        assert_eq!(factors(Schedule { warmup: 2, course: Course::Constant }, 4), [0.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_cosine_is_halfway_in_the_middle_and_steps_are_powers() {
        // 0.6 + 0.4 cos(πk/4), which PyTorch documents for `CosineAnnealingLR(optimizer, T_max=4, eta_min=0.2)`: 0.6 ± 0.4/√2 beside the middle.
        let expected = [1.0, 0.882_842_712_474_619, 0.6, 0.317_157_287_525_381];
        let found = factors(Schedule { warmup: 0, course: Course::Cosine { to: 0.2 } }, 4);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
        let steps = Schedule { warmup: 1, course: Course::Step { every: 2, by: 0.1 } };
        assert!(
            factors(steps, 6).iter().zip([1.0, 1.0, 1.0, 0.1, 0.1, 0.01]).all(|(found, known)| (found - known).abs() < 1e-17)
        );
    }

    #[test]
    fn a_warm_up_longer_than_the_run_never_ends() {
        assert_eq!(factors(Schedule { warmup: 10, course: Course::Cosine { to: 0.0 } }, 2), [0.1, 0.2]);
    }
}
