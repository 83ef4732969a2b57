//! Structured maps between the weights of a full and a reduced program.

/// In which coordinates the reduced program stores a merged entry x with M copies in the full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinates {
    /// √M x: coordinates in an orthonormal basis of im P_G. Gradient descent, with or without momentum and decay, follows exactly.
    Orthonormal,
    /// x, the value of one copy. Its data gradient is M times that of one copy: Adam follows after division by M
    /// ([`crate::Reduction::divisors`]).
    Copies,
}

/// Where the entries of one orbit are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The position of the reduced tensor among those that stand for one full parameter.
    pub part: usize,
    /// The entry of that tensor.
    pub entry: usize,
}

/// All entries of one full parameter: the orbit of each, with its sign; `None` for entries that vanish at the state.
#[derive(Debug, Clone)]
pub(crate) struct EntryMap {
    targets: Vec<Option<(Slot, bool)>>,
    /// How many full entries each reduced one stands for, by part.
    pub copies: Vec<Vec<f64>>,
    pub coordinates: Coordinates,
}

impl EntryMap {
    /// The map with given targets; `sizes` are the numbers of entries of the parts.
    pub fn new(targets: Vec<Option<(Slot, bool)>>, sizes: &[usize], coordinates: Coordinates) -> Self {
        let mut copies: Vec<Vec<f64>> = sizes.iter().map(|&size| vec![0.0; size]).collect();
        for (slot, _) in targets.iter().flatten() {
            copies[slot.part][slot.entry] += 1.0;
        }
        Self { targets, copies, coordinates }
    }

    /// From reduced to full entries.
    pub fn expand<'a>(&self, parts: impl Iterator<Item = &'a Vec<f64>>) -> Vec<f64> {
        let parts: Vec<&Vec<f64>> = parts.collect();
        let value = |slot: Slot, negative: bool| {
            let stored = parts[slot.part][slot.entry];
            let copy = match self.coordinates {
                Coordinates::Orthonormal => stored / self.copies[slot.part][slot.entry].sqrt(),
                Coordinates::Copies => stored,
            };
            if negative { -copy } else { copy }
        };
        self.targets.iter().map(|target| target.map_or(0.0, |(slot, negative)| value(slot, negative))).collect()
    }

    /// From full to reduced entries: the coordinates of the projection, by part. An orbit whose entries agree keeps its value to the
    /// last bit.
    pub fn restrict(&self, full: &[f64]) -> Vec<Vec<f64>> {
        let mut means = self.means(full, true);
        if self.coordinates == Coordinates::Orthonormal {
            for (mean, copies) in means.iter_mut().flatten().zip(self.copies.iter().flatten()) {
                *mean *= copies.sqrt();
            }
        }
        means
    }

    /// The mean of every orbit, by part.
    fn means(&self, full: &[f64], signed: bool) -> Vec<Vec<f64>> {
        let nothing = |value: f64| self.copies.iter().map(|copies| vec![value; copies.len()]).collect::<Vec<_>>();
        let (mut first, mut excess) = (nothing(f64::NAN), nothing(0.0));
        for (&value, target) in full.iter().zip(&self.targets) {
            let Some((slot, negative)) = *target else { continue };
            let value = if negative && signed { -value } else { value };
            let first = &mut first[slot.part][slot.entry];
            if first.is_nan() {
                *first = value;
            }
            excess[slot.part][slot.entry] += value - *first;
        }
        let entries = first.iter_mut().flatten().zip(excess.iter().flatten()).zip(self.copies.iter().flatten());
        entries.for_each(|((first, excess), copies)| *first += excess / copies);
        first
    }

    /// P_G: every entry becomes the mean of its orbit, or zero.
    pub fn project(&self, full: &[f64]) -> Vec<f64> {
        self.projected(full, true)
    }

    /// The same for squares of entries, which no sign changes.
    pub fn project_squares(&self, full: &[f64]) -> Vec<f64> {
        self.projected(full, false)
    }

    fn projected(&self, full: &[f64], signed: bool) -> Vec<f64> {
        let means = self.means(full, signed);
        let value = |(slot, negative): (Slot, bool)| {
            let mean = means[slot.part][slot.entry];
            if negative && signed { -mean } else { mean }
        };
        self.targets.iter().map(|target| target.map_or(0.0, value)).collect()
    }
}
