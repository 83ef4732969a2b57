//! Painting by the kuva library.

use super::paint::{Painter, Picture};
use super::{Drawing, Panel, Tone, colour, thin};
use ::kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use ::kuva::prelude::{Figure, Layout, LinePlot, Palette, Plot, PngBackend, ReferenceLine, SvgBackend};

/// Width and height of a panel in pixels of the SVG.
const PANEL: (f64, f64) = (760.0, 300.0);

/// A PNG has this many pixels for each of the SVG.
const SCALE: f32 = 2.0;

/// Marks stay behind the lines.
const MARK_WIDTH: f64 = 0.7;

const MARK_DASHES: &str = "4 3";

/// Room for legends: the same in every panel, so that the panels' axes align.
const LEGEND_WIDTH: f64 = 170.0;

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
        let mut figure =
            Figure::new(rows, 1).with_plots(plots).with_layouts(layouts).with_cell_size(PANEL.0, PANEL.1).with_spacing(6.0);
        if let Some(title) = &drawing.title {
            figure = figure.with_title(plain(title)).with_title_size(17);
        }
        let scene = figure.render();
        Ok(Picture {
            svg: SvgBackend::new().render_scene(&scene),
            png: PngBackend::new().with_scale(SCALE).render_scene(&scene)?,
        })
    }
}

fn panel_of(drawing: &Drawing, panel: &Panel, last: bool) -> (Vec<Plot>, Layout) {
    let width = if panel.lines.len() > 8 { 1.1 } else { 1.8 };
    let mut plots = Vec::new();
    let mut legend = Vec::new();
    for line in &panel.lines {
        let points = thin::visible(&line.points, drawing.log_x, panel.log_y);
        if points.is_empty() {
            continue;
        }
        let color = colour::hex(line.tone);
        if let Some(label) = &line.label {
            legend.push(LegendEntry { label: plain(label), color: color.clone(), shape: LegendShape::Line, dasharray: None });
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
    if drawing.log_x {
        layout = layout.with_log_x();
    } else if let Some((low, high)) = span(drawing) {
        layout = layout.with_x_axis_min(low).with_x_axis_max(high);
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
            legend.push(LegendEntry {
                label: plain(label),
                color: colour::hex(Tone::Neutral),
                shape: LegendShape::Line,
                dasharray: Some(MARK_DASHES.to_string()),
            });
        }
    }
    if !legend.is_empty() {
        layout = layout
            .with_legend_entries(legend)
            .with_legend_position(LegendPosition::OutsideRightTop)
            .with_legend_width(LEGEND_WIDTH)
            .with_legend_box(false);
    }
    (plots, layout)
}

/// The first and the last place of any line, the same for all panels; `None` where nothing has an extent.
fn span(drawing: &Drawing) -> Option<(f64, f64)> {
    let places = drawing.panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points).map(|point| point.0);
    let (low, high) =
        places.filter(|x| x.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    (low < high).then_some((low, high))
}

/// The library reads `$…$` as mathematics.
fn plain(text: &str) -> String {
    text.replace('$', "\\$")
}
