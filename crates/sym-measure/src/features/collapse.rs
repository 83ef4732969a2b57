//! Neural collapse NC1–NC4 (Papyan, Han and Donoho 2020, *Prevalence of neural collapse during the terminal phase of deep learning training*).

use crate::spectrum::symmetric_eigen;
use crate::unmeasurable::{enough, same};
use crate::{Matrix, MatrixRef, Unmeasurable};

/// Eigenvalues of `Σ_B` below this share of the largest count as zero in its pseudoinverse.
const NEGLIGIBLE: f64 = 1e-10;

/// Features of the last layer in classes. All measures go to 0 where features collapse.
#[derive(Debug, Clone)]
pub struct Classes<'a> {
    features: MatrixRef<'a>,
    of: &'a [usize],
    counts: Vec<usize>,
    /// The mean of each class, less the mean of class means.
    means: Matrix,
    /// The mean of class means.
    global: Vec<f64>,
}

/// How far directions are from an equiangular tight frame of equal lengths (NC2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// The standard deviation of norms over their mean: equinorm.
    pub norms: f64,
    /// The standard deviation of cosines between two directions: equiangularity.
    pub angles: f64,
    /// The mean of |cos + 1/(C − 1)|: the distance from the largest angles that C directions can have.
    pub maximality: f64,
}

impl<'a> Classes<'a> {
    /// Features (examples × units) with the class of each example, one of 0 to `classes` − 1. Classes count alike, whatever their sizes (the paper's data
    /// are balanced).
    ///
    /// # Errors
    ///
    /// Fewer than two classes, a class without examples, other numbers of classes than of examples, entries that are not finite.
    pub fn new(features: MatrixRef<'a>, of: &'a [usize], classes: usize) -> Result<Self, Unmeasurable> {
        same("classes of examples", of.len(), features.rows())?;
        enough("classes", classes, 2)?;
        if !features.is_finite() {
            return Err(Unmeasurable::NotFinite);
        }
        let mut counts = vec![0usize; classes];
        for &class in of {
            enough("classes", classes, class.saturating_add(1))?;
            counts[class] += 1;
        }
        for &count in &counts {
            enough("examples of a class", count, 1)?;
        }
        let units = features.columns();
        let mut sums = vec![0.0; classes * units];
        for (example, &class) in of.iter().enumerate() {
            for (unit, sum) in sums[class * units..(class + 1) * units].iter_mut().enumerate() {
                *sum += features.at(example, unit);
            }
        }
        let means = Matrix::from_fn(classes, units, |class, unit| sums[class * units + unit] / counts[class] as f64);
        let global =
            (0..units).map(|unit| (0..classes).map(|class| means.row(class)[unit]).sum::<f64>() / classes as f64).collect();
        Ok(Self { features, of, counts, means: means.view().centred(), global })
    }

    /// The means of classes less their mean, a row for each class.
    pub fn means(&self) -> MatrixRef<'_> {
        self.means.view()
    }

    /// NC1, variability collapse: tr(`Σ_W` `Σ_B`⁺) / C with the within-class covariance (examples of a class alike, classes alike) and the between-class
    /// covariance of class means.
    ///
    /// # Errors
    ///
    /// Class means that are all equal.
    pub fn variability(&self) -> Result<f64, Unmeasurable> {
        let classes = self.counts.len();
        // Σ_B = M̃ᵀM̃/C, so with M̃M̃ᵀ/C = V Λ Vᵀ, Σ_B⁺ = M̃ᵀ V Λ⁻² Vᵀ M̃ / C: features only need their products with class means.
        let gram = self.means.view().gram();
        let eigen =
            symmetric_eigen(Matrix::from_fn(classes, classes, |row, column| gram.row(row)[column] / classes as f64).view())?;
        let largest = eigen.values[0];
        if largest <= 0.0 {
            return Err(Unmeasurable::Zero("the variation between classes"));
        }
        let kept = eigen.values.iter().take_while(|&&value| value > NEGLIGIBLE * largest).count();
        let mut sum = 0.0;
        for (example, &class) in self.of.iter().enumerate() {
            let away: Vec<f64> = (0..self.features.columns())
                .map(|unit| self.features.at(example, unit) - self.global[unit] - self.means.row(class)[unit])
                .collect();
            let along: Vec<f64> =
                (0..classes).map(|at| self.means.row(at).iter().zip(&away).map(|(mean, away)| mean * away).sum()).collect();
            let square: f64 = (0..kept)
                .map(|at| {
                    let part: f64 = eigen.vectors.row(at).iter().zip(&along).map(|(vector, along)| vector * along).sum();
                    (part / eigen.values[at]).powi(2) / classes as f64
                })
                .sum();
            sum += square / (self.counts[class] * classes) as f64;
        }
        Ok(sum / classes as f64)
    }

    /// NC2 of the class means.
    ///
    /// # Errors
    ///
    /// A class mean at the mean of all.
    pub fn frame(&self) -> Result<Frame, Unmeasurable> {
        frame(self.means.view())
    }

    /// NC3, self-duality: ‖W/‖W‖_F − M̃/‖M̃‖_`F‖²_F` for a classifier W (classes × units).
    ///
    /// # Errors
    ///
    /// Another shape, a classifier or means that are zero.
    pub fn duality(&self, classifier: MatrixRef<'_>) -> Result<f64, Unmeasurable> {
        same("classes", classifier.rows(), self.means.rows())?;
        same("units", classifier.columns(), self.means.columns())?;
        if !classifier.is_finite() {
            return Err(Unmeasurable::NotFinite);
        }
        let (own, other) = (self.means.view().squared_norm().sqrt(), classifier.squared_norm().sqrt());
        if own == 0.0 || other == 0.0 {
            return Err(Unmeasurable::Zero("the classifier or the class means"));
        }
        let difference = Matrix::from_fn(classifier.rows(), classifier.columns(), |class, unit| {
            classifier.at(class, unit) / other - self.means.row(class)[unit] / own
        });
        Ok(difference.view().squared_norm())
    }

    /// NC4: the share of examples for which the answer is not the class with the nearest mean.
    ///
    /// # Errors
    ///
    /// Other numbers of answers than of examples.
    pub fn disagreement(&self, answers: &[usize]) -> Result<f64, Unmeasurable> {
        same("answers", answers.len(), self.of.len())?;
        let nearest = |example: usize| {
            let square = |class: usize| -> f64 {
                let means = self.means.row(class).iter().zip(&self.global);
                means.enumerate().map(|(unit, (mean, global))| (self.features.at(example, unit) - global - mean).powi(2)).sum()
            };
            (0..self.counts.len())
                .map(square)
                .enumerate()
                .fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
                .0
        };
        let wrong = answers.iter().enumerate().filter(|(example, answer)| nearest(*example) != **answer).count();
        Ok(wrong as f64 / answers.len() as f64)
    }
}

/// NC2 of the rows of a matrix: class means, or the rows of a classifier.
///
/// # Errors
///
/// Fewer than two rows, a row that is zero.
pub fn frame(directions: MatrixRef<'_>) -> Result<Frame, Unmeasurable> {
    let count = directions.rows();
    enough("directions", count, 2)?;
    let gram = directions.gram();
    let norms: Vec<f64> = (0..count).map(|at| gram.row(at)[at].sqrt()).collect();
    if norms.contains(&0.0) {
        return Err(Unmeasurable::Zero("a direction"));
    }
    let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
    let cosines: Vec<f64> = pairs.map(|(one, other)| gram.row(one)[other] / (norms[one] * norms[other])).collect();
    let (mean, deviation) = moments(&norms);
    let largest_angle = 1.0 / (count - 1) as f64;
    let away = cosines.iter().map(|cosine| (cosine + largest_angle).abs()).sum::<f64>() / cosines.len() as f64;
    Ok(Frame { norms: deviation / mean, angles: moments(&cosines).1, maximality: away })
}

/// Mean and standard deviation (of the values themselves, not of a sample).
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64;
    (mean, square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_streams::Stream;

    fn collapsed() -> Matrix {
        // Corners of an equilateral triangle around (1, 5, 1).
        let corner = |class: usize| {
            let angle = std::f64::consts::TAU * class as f64 / 3.0;
            [1.0 + libm::cos(angle), 5.0, 1.0 + libm::sin(angle)]
        };
        Matrix::from_fn(9, 3, |example, unit| corner(example % 3)[unit])
    }

    const OF: [usize; 9] = [0, 1, 2, 0, 1, 2, 0, 1, 2];

    #[test]
    fn everything_vanishes_where_features_have_collapsed() {
        let features = collapsed();
        let classes = Classes::new(features.view(), &OF, 3).expect("three classes");
        assert!(classes.variability().expect("apart") < 1e-28);
        let frame = classes.frame().expect("apart");
        assert!(frame.norms < 1e-14 && frame.angles < 1e-14 && frame.maximality < 1e-14, "{frame:?}");
        let dual = Matrix::from_fn(3, 3, |class, unit| 7.0 * classes.means().at(class, unit));
        assert!(classes.duality(dual.view()).expect("not zero") < 1e-28);
        assert_eq!(classes.disagreement(&OF), Ok(0.0));
    }

    #[test]
    fn variability_is_the_trace_of_a_dense_product() {
        let mut stream = Stream::new(6, "test", "collapse");
        let centres = [[3.0, 0.0], [0.0, 2.0], [-1.0, -4.0]];
        let of = [0, 0, 1, 2, 2, 2, 1, 0, 1, 1];
        let features: Vec<f64> = of.iter().flat_map(|&class| centres[class]).map(|centre| centre + stream.normal()).collect();
        let features = Matrix::new(10, 2, features).expect("10 × 2");
        let found = Classes::new(features.view(), &of, 3).expect("three classes").variability().expect("apart");
        // Σ_W and Σ_B entry by entry, and the inverse of a 2 × 2 matrix.
        let members = |class: usize| (0..10).filter(move |&example| of[example] == class);
        let mean = |class: usize| -> [f64; 2] {
            std::array::from_fn(|at| {
                members(class).map(|example| features.row(example)[at]).sum::<f64>() / members(class).count() as f64
            })
        };
        let means: Vec<[f64; 2]> = (0..3).map(mean).collect();
        let global: [f64; 2] = std::array::from_fn(|at| means.iter().map(|mean| mean[at]).sum::<f64>() / 3.0);
        let mut within = [[0.0; 2]; 2];
        let mut between = [[0.0; 2]; 2];
        for (class, mean) in means.iter().enumerate() {
            for a in 0..2 {
                for b in 0..2 {
                    between[a][b] += (mean[a] - global[a]) * (mean[b] - global[b]) / 3.0;
                    let products =
                        members(class).map(|example| (features.row(example)[a] - mean[a]) * (features.row(example)[b] - mean[b]));
                    within[a][b] += products.sum::<f64>() / (3 * members(class).count()) as f64;
                }
            }
        }
        let determinant = between[0][0] * between[1][1] - between[0][1] * between[1][0];
        let trace = within[0][0] * between[1][1] - within[0][1] * between[1][0] - within[1][0] * between[0][1]
            + within[1][1] * between[0][0];
        assert!((found - trace / determinant / 3.0).abs() < 1e-12, "{found} {}", trace / determinant / 3.0);
    }

    #[test]
    fn a_rotation_of_features_changes_nothing_and_a_stretch_breaks_the_frame() {
        let mut stream = Stream::new(7, "test", "collapse");
        let features = collapsed();
        let noise: Vec<f64> = (0..27).map(|_| 0.1 * stream.normal()).collect();
        let features = Matrix::from_fn(9, 3, |row, column| features.row(row)[column] + noise[row * 3 + column]);
        // Norms of 4, √(4 + 3/4), √(4 + 3/4) without the noise: a deviation of 0.3 means.
        let map = Matrix::new(3, 3, vec![4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).expect("3 × 3");
        let turn = Matrix::new(3, 3, vec![0.6, 0.0, -0.8, 0.0, 1.0, 0.0, 0.8, 0.0, 0.6]).expect("3 × 3");
        let measured = |features: &Matrix| {
            let classes = Classes::new(features.view(), &OF, 3).expect("three classes");
            (classes.variability().expect("apart"), classes.frame().expect("apart"))
        };
        let before = measured(&features);
        let turned = measured(&features.view().times(turn.view()).expect("sizes fit"));
        assert!((before.0 - turned.0).abs() < 1e-12 && (before.1.norms - turned.1.norms).abs() < 1e-12);
        let mapped = measured(&features.view().times(map.view()).expect("sizes fit"));
        assert!(mapped.1.norms > before.1.norms + 0.1);
    }

    #[test]
    fn two_opposite_directions_are_a_frame_and_two_right_ones_are_not() {
        let opposite = Matrix::new(2, 2, vec![1.0, 2.0, -1.0, -2.0]).expect("2 × 2");
        let found = frame(opposite.view()).expect("not zero");
        assert!(found.norms < 1e-15 && found.maximality < 1e-15);
        let right = Matrix::new(2, 2, vec![1.0, 0.0, 0.0, 3.0]).expect("2 × 2");
        let found = frame(right.view()).expect("not zero");
        // Norms 1 and 3: deviation 1 over mean 2. One cosine, 0, where −1 is the least.
        assert_eq!((found.norms, found.angles, found.maximality), (0.5, 0.0, 1.0));
        assert!(frame(Matrix::new(2, 2, vec![0.0, 0.0, 1.0, 1.0]).expect("2 × 2").view()).is_err());
    }

    #[test]
    fn duality_is_measured_by_the_angle_to_the_class_means() {
        let features = collapsed();
        let classes = Classes::new(features.view(), &OF, 3).expect("three classes");
        let means = classes.means().to_owned();
        let opposite = Matrix::from_fn(3, 3, |class, unit| -means.row(class)[unit]);
        // |a − (−a)|² = 4 for a unit vector.
        assert!((classes.duality(opposite.view()).expect("not zero") - 4.0).abs() < 1e-13);
        assert!(classes.duality(Matrix::from_fn(2, 3, |_, _| 1.0).view()).is_err());
    }

    #[test]
    fn an_answer_other_than_the_nearest_class_is_a_disagreement() {
        let features = collapsed();
        let classes = Classes::new(features.view(), &OF, 3).expect("three classes");
        let mut answers = OF;
        answers[4] = 0;
        assert_eq!(classes.disagreement(&answers), Ok(1.0 / 9.0));
        assert!(classes.disagreement(&answers[..8]).is_err());
    }

    #[test]
    fn classes_without_examples_or_all_alike_have_no_collapse() {
        let features = collapsed();
        assert!(Classes::new(features.view(), &OF, 4).is_err());
        assert!(Classes::new(features.view(), &OF, 2).is_err());
        let alike = Matrix::from_fn(9, 3, |_, unit| unit as f64);
        let classes = Classes::new(alike.view(), &OF, 3).expect("three classes");
        assert!(classes.variability().is_err() && classes.frame().is_err());
    }
}
