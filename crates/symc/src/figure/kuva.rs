//! Painting by the kuva library.

use super::paint::{Painter, Picture};
use super::{Drawing, HeatMap, Panel, Tone, colour, thin, ticks};
use ::kuva::TickFormat;
use ::kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use ::kuva::plot::{BandPlot, Heatmap};
use ::kuva::prelude::{Figure, Layout, LinePlot, Palette, Plot, PngBackend, ReferenceLine, ScatterPlot, SvgBackend};
use ::kuva::render::layout::ComputedLayout;
use std::sync::Arc;

/// Width and height of a panel in pixels of the SVG.
const PANEL: (f64, f64) = (760.0, 300.0);

/// The same of a square map.
const SQUARE: (f64, f64) = (520.0, 460.0);

/// A PNG has this many pixels for each of the SVG.
const SCALE: f32 = 2.0;

/// The opacity of the range over seeds.
const BAND: f64 = 0.18;

/// Room beside the first and the last dot, as a share of the axis.
const MARGIN: f64 = 0.02;

/// The radius of a dot.
const DOT: f64 = 3.2;

/// Marks stay behind the lines.
const MARK_WIDTH: f64 = 0.7;

const MARK_DASHES: &str = "4 3";

/// Room for legends of short labels.
const LEGEND_WIDTH: f64 = 170.0;

/// The line of a legend's entry and the room around it, and the room for a letter.
const LEGEND_LINE: f64 = 44.0;
const LETTER: f64 = 7.0;

/// The size of a title that fits, and the width of its letters.
const TITLE: u32 = 17;
const TITLE_LETTER: f64 = 9.5;

/// Letters of a vertical label that fit beside a panel.
const LABEL_LETTERS: usize = 36;

/// A logarithmic axis over less than this factor has the library's own ends, so that it has ticks.
const LEAST_RATIO: f64 = 4.0;

/// Room above and below the points of a logarithmic axis, as a factor.
const ABOVE: f64 = 1.25;

/// The least share of the width that a long legend leaves to the lines.
const LEAST_PLOT: f64 = 0.3;

/// Labels along an axis of a heat map, and whole numbers along an axis, that do not touch.
const MOST_LABELS: usize = 12;

pub(super) struct Kuva;

impl Painter for Kuva {
    fn paint(&self, drawing: &Drawing) -> Result<Picture, String> {
        let rows = drawing.panels.len();
        let (mut plots, mut layouts) = (Vec::new(), Vec::new());
        for (row, panel) in drawing.panels.iter().enumerate() {
            let (lines, layout) = panel_of(drawing, panel, row + 1 == rows);
            plots.push(lines);
            layouts.push(layout);
        }
        if drawing.panels.iter().all(|panel| panel.map.is_none()) {
            align(&mut layouts);
        }
        let are_square = drawing.panels.iter().all(|panel| panel.map.as_ref().is_some_and(|map| map.square));
        let (grid, cell) = if are_square { ((1, rows), SQUARE) } else { ((rows, 1), PANEL) };
        let mut figure =
            Figure::new(grid.0, grid.1).with_plots(plots).with_layouts(layouts).with_cell_size(cell.0, cell.1).with_spacing(6.0);
        if let Some(title) = &drawing.title {
            let fits = PANEL.0 / (TITLE_LETTER * title.chars().count().max(1) as f64);
            figure = figure.with_title(plain(title)).with_title_size((f64::from(TITLE) * fits.min(1.0)) as u32);
        }
        let scene = figure.render();
        Ok(Picture {
            svg: SvgBackend::new().render_scene(&scene),
            png: PngBackend::new().with_scale(SCALE).render_scene(&scene)?,
        })
    }
}

/// Gives panels one below the other the same margins, so that a place of the horizontal axis is one line through them.
fn align(layouts: &mut [Layout]) {
    // How long a legend may be depends on the width.
    for layout in layouts.iter_mut() {
        layout.width = Some(PANEL.0);
    }
    let (left, right) = layouts
        .iter()
        .map(ComputedLayout::from_layout)
        .fold((0.0, 0.0), |(left, right): (f64, f64), layout| (left.max(layout.margin_left), right.max(layout.margin_right)));
    // A long legend is cut before the lines have no room.
    let right = right.min(PANEL.0 * (1.0 - LEAST_PLOT) - left);
    for layout in layouts {
        (layout.force_margin_left, layout.force_margin_right) = (Some(left), Some(right));
    }
}

fn panel_of(drawing: &Drawing, panel: &Panel, last: bool) -> (Vec<Plot>, Layout) {
    if let Some(map) = &panel.map {
        return map_of(drawing, map);
    }
    let width = if panel.lines.len() > 8 { 1.1 } else { 1.8 };
    let mut plots = Vec::new();
    let mut legend = Vec::new();
    for band in &panel.bands {
        let shown = |&&(x, low, high): &&(f64, f64, f64)| {
            [x, low, high].iter().all(|value| value.is_finite()) && (!drawing.log_x || x > 0.0) && (!panel.log_y || low > 0.0)
        };
        let points: Vec<(f64, f64, f64)> = band.points.iter().filter(shown).copied().collect();
        if points.len() > 1 {
            let (x, low, high) = (
                points.iter().map(|point| point.0).collect::<Vec<_>>(),
                points.iter().map(|point| point.1).collect::<Vec<_>>(),
                points.iter().map(|point| point.2).collect::<Vec<_>>(),
            );
            plots.push(Plot::Band(BandPlot::new(x, low, high).with_color(colour::hex(band.tone)).with_opacity(BAND)));
        }
    }
    for line in &panel.lines {
        let points = thin::visible(&line.points, drawing.log_x, panel.log_y);
        if points.is_empty() {
            continue;
        }
        let color = colour::hex(line.tone);
        if let Some(label) = &line.label {
            legend.push(LegendEntry { label: plain(label), color: color.clone(), shape: LegendShape::Line, dasharray: None });
        }
        if line.dots {
            plots.push(Plot::Scatter(ScatterPlot::new().with_data(points.clone()).with_color(color.clone()).with_size(DOT)));
        }
        plots.push(Plot::Line(LinePlot::new().with_data(points).with_color(color).with_stroke_width(width)));
    }
    let mut layout = Layout::auto_from_plots(&plots)
        .with_y_label(plain(&panel.y_label))
        .with_show_grid(false)
        .with_palette(Palette::wong())
        .with_label_size(14)
        .with_tick_size(12)
        .with_body_size(12)
        .with_axis_line_width(1.0);
    if last {
        layout = layout.with_x_label(plain(&drawing.x_label));
    }
    layout = layout.with_y_label_wrap(LABEL_LETTERS);
    if let Some((low, high)) = height(panel) {
        layout = if panel.log_y {
            let layout = layout.with_y_tick_format(TickFormat::Custom(Arc::new(ticks::logarithmic(low, high))));
            if high / low > LEAST_RATIO { layout.with_y_axis_min(low / ABOVE).with_y_axis_max(high * ABOVE) } else { layout }
        } else {
            layout.with_y_tick_format(TickFormat::Custom(Arc::new(ticks::linear(low, high))))
        };
    }
    // Dots at the ends are seen whole.
    let has_dots = drawing.panels.iter().flat_map(|panel| &panel.lines).any(|line| line.dots);
    let margin = if has_dots { MARGIN } else { 0.0 };
    if drawing.log_x {
        let (low, high) = span(drawing, |x| x > 0.0).unwrap_or((1.0, 1.0));
        layout = layout.with_log_x().with_x_tick_format(TickFormat::Custom(Arc::new(ticks::logarithmic(low, high))));
        if high / low > LEAST_RATIO {
            let margin = (high / low).powf(margin);
            layout = layout.with_x_axis_min(low / margin).with_x_axis_max(high * margin);
        }
    } else if let Some((low, high)) = span(drawing, |_| true).filter(|(low, high)| low < high) {
        let margin = margin * (high - low);
        layout = layout.with_x_axis_min(low - margin).with_x_axis_max(high + margin);
        if let Some(step) = whole_step(drawing, low, high) {
            layout = layout.with_x_tick_step(step);
        }
        layout = layout.with_x_tick_format(TickFormat::Custom(match drawing.x_names.clone() {
            names if names.is_empty() => Arc::new(ticks::linear(low, high)),
            names => Arc::new(move |place: f64| names.get(place.round() as usize).cloned().unwrap_or_default()),
        }));
    }
    if panel.log_y && !plots.is_empty() {
        layout = layout.with_log_y();
    }
    for mark in &panel.marks {
        let color = colour::hex(mark.tone);
        let shown = |place: &&f64| place.is_finite() && (!drawing.log_x || **place > 0.0);
        for &place in mark.places.iter().filter(shown) {
            let line =
                ReferenceLine::vertical(place).with_color(&color).with_stroke_width(MARK_WIDTH).with_dasharray(MARK_DASHES);
            layout = layout.with_reference_line(line);
        }
        if let Some(label) = mark.label.as_ref().filter(|_| mark.places.iter().any(|place| shown(&place))) {
            // A colour of its own tells events apart; that of a line, whose they are.
            let is_of_line = panel.lines.iter().any(|line| line.tone == mark.tone);
            legend.push(LegendEntry {
                label: plain(label),
                color: if is_of_line { colour::hex(Tone::Neutral) } else { color },
                shape: LegendShape::Line,
                dasharray: Some(MARK_DASHES.to_string()),
            });
        }
    }
    if !legend.is_empty() {
        let longest = legend.iter().map(|entry| entry.label.chars().count()).max().unwrap_or(0) as f64;
        layout = layout
            .with_legend_entries(legend)
            .with_legend_position(LegendPosition::OutsideRightTop)
            .with_legend_width(LEGEND_WIDTH.max(LEGEND_LINE + LETTER * longest))
            .with_legend_box(false);
    }
    (plots, layout)
}

/// A heat map with its settings along both axes.
fn map_of(drawing: &Drawing, map: &HeatMap) -> (Vec<Plot>, Layout) {
    let plots = vec![Plot::Heatmap(Heatmap::new().with_data(map.values.clone()).with_legend(plain(&map.label)))];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label(plain(&drawing.x_label))
        .with_y_label(plain(&map.y_label))
        .with_title(plain(&map.label))
        .with_x_categories(some_of(&map.columns))
        .with_y_categories(some_of(&map.rows))
        .with_label_size(14)
        .with_tick_size(12);
    (plots, layout)
}

/// Labels with nothing in the place of those for which there is no room.
fn some_of(labels: &[String]) -> Vec<String> {
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(1).max(4);
    let every = labels.len().div_ceil((MOST_LABELS * 6 / longest).max(1));
    let label = |(at, label): (usize, &String)| if at.is_multiple_of(every) { label.clone() } else { String::new() };
    labels.iter().enumerate().map(label).collect()
}

/// The least and the greatest value of a panel that is drawn; `None` where there is none.
fn height(panel: &Panel) -> Option<(f64, f64)> {
    let of_lines = panel.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let of_bands = panel.bands.iter().flat_map(|band| &band.points).flat_map(|point| [point.1, point.2]);
    let (low, high) = of_lines
        .chain(of_bands)
        .filter(|&y| y.is_finite() && (!panel.log_y || y > 0.0))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    (low <= high).then_some((low, high))
}

/// The distance of ticks where all places are whole numbers that are few, such as layers, or have names.
fn whole_step(drawing: &Drawing, low: f64, high: f64) -> Option<f64> {
    let places = || drawing.panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
    let are_few = high - low <= 2.0 * MOST_LABELS as f64 && places().all(|point| point.0.fract() == 0.0);
    (are_few || !drawing.x_names.is_empty()).then(|| ((high - low) / MOST_LABELS as f64).ceil().max(1.0))
}

/// The first and the last place of any line, the same for all panels; `None` where there is none.
fn span(drawing: &Drawing, counts: impl Fn(f64) -> bool) -> Option<(f64, f64)> {
    let places = drawing.panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points).map(|point| point.0);
    let (low, high) = places
        .filter(|&x| x.is_finite() && counts(x))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    (low <= high).then_some((low, high))
}

/// The library reads `$…$` as mathematics.
fn plain(text: &str) -> String {
    text.replace('$', "\\$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Line;

    #[test]
    fn panels_below_one_another_have_the_same_margins() {
        let panel = |y_label: &str, label: Option<&str>, high: f64| {
            let line = Line {
                label: label.map(str::to_string),
                tone: Tone::Category(0),
                points: vec![(0.0, 0.0), (1.0, high)],
                dots: false,
            };
            Panel { lines: vec![line], ..Panel::empty(y_label.to_string()) }
        };
        let panels = vec![panel("loss", Some("a line with a long name in the legend"), 1.0), panel("distance", None, 25_000.0)];
        let drawing = Drawing { title: None, x_label: "step".to_string(), log_x: false, x_names: Vec::new(), panels };
        let mut layouts: Vec<Layout> = drawing.panels.iter().map(|panel| panel_of(&drawing, panel, false).1).collect();
        let margins = |layouts: &[Layout]| -> Vec<(f64, f64)> {
            layouts.iter().map(ComputedLayout::from_layout).map(|layout| (layout.margin_left, layout.margin_right)).collect()
        };
        let before = margins(&layouts);
        align(&mut layouts);
        let after = margins(&layouts);
        assert_eq!(after[0], after[1]);
        assert_eq!(after[0], (before[0].0.max(before[1].0), before[0].1.max(before[1].1)));
        assert_ne!(before[0], before[1]);
    }

    #[test]
    fn a_long_legend_leaves_room_for_the_lines() {
        let line =
            Line { label: Some("long".repeat(40)), tone: Tone::Category(0), points: vec![(0.0, 0.0), (1.0, 1.0)], dots: false };
        let panels = vec![Panel { lines: vec![line], ..Panel::empty("loss".to_string()) }];
        let drawing = Drawing { title: None, x_label: "step".to_string(), log_x: false, x_names: Vec::new(), panels };
        let mut layouts = vec![panel_of(&drawing, &drawing.panels[0], true).1];
        align(&mut layouts);
        let layout = ComputedLayout::from_layout(&layouts[0]);
        assert!(
            PANEL.0 - layout.margin_left - layout.margin_right >= 0.29 * PANEL.0,
            "{} {}",
            layout.margin_left,
            layout.margin_right
        );
    }
}
