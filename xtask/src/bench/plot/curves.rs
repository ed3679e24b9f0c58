//! Curves over a number that grows, as SVG.

use super::{Spread, TOP, WIDTH, count, escaped, line, number, opening};

/// Curves over one number.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub title: String,
    /// What the number counts.
    pub of: String,
    pub curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub name: String,
    /// One of ours: drawn in the colour of the project.
    pub ours: bool,
    pub points: Vec<(u32, Spread)>,
}

const LEFT: f64 = 60.0;
/// For the names of the curves, right of their ends.
const NAMES: f64 = 190.0;
const PANEL: f64 = 250.0;
/// Of a panel, above and below what is drawn.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 44.0;
const NAME: f64 = 15.0;
const OTHERS: [&str; 3] = ["#7f8c99", "#b8955a", "#9a7fb5"];

/// Draws the panels one below the other. Numbers are on a logarithmic scale, values on a linear one that begins at 0.
pub(crate) fn curves(title: &str, unit: &str, panels: &[Panel]) -> String {
    let height = TOP + panels.len() as f64 * PANEL;
    let mut svg = opening(
        height,
        title,
        unit,
        "points are medians, bars span the runs",
    );
    for (index, panel) in panels.iter().enumerate() {
        draw(&mut svg, panel, TOP + index as f64 * PANEL);
    }
    svg += "</svg>\n";
    svg
}

fn draw(svg: &mut String, panel: &Panel, top: f64) {
    let points = || panel.curves.iter().flat_map(|curve| &curve.points);
    let counts = || points().map(|(count, _)| f64::from(*count).ln());
    let least = counts().reduce(f64::min).unwrap_or_default();
    let most = counts().reduce(f64::max).unwrap_or_default();
    let highest = points()
        .map(|(_, spread)| spread.high)
        .fold(f64::MIN_POSITIVE, f64::max);
    let (floor, ceiling) = (top + PANEL - BELOW, top + ABOVE);
    let x = |count: u32| {
        let share = (f64::from(count).ln() - least) / (most - least).max(f64::MIN_POSITIVE);
        LEFT + share * (WIDTH - LEFT - NAMES)
    };
    let y = |value: f64| floor - value / highest * (floor - ceiling);

    line(
        svg,
        format_args!(
            r#"<text x="12" y="{:.1}" font-weight="bold">{}</text>"#,
            top + 18.0,
            escaped(&panel.title)
        ),
    );
    for value in [0.0, highest / 2.0, highest] {
        line(
            svg,
            format_args!(
                r##"<path d="M{LEFT} {0:.1}H{1:.1}" stroke="#ddd"/><text x="{2:.1}" y="{3:.1}" text-anchor="end" fill="#555">{4}</text>"##,
                y(value),
                WIDTH - NAMES,
                LEFT - 6.0,
                y(value) + 4.5,
                number(value)
            ),
        );
    }
    let mut marks: Vec<u32> = points().map(|(count, _)| *count).collect();
    marks.sort_unstable();
    marks.dedup();
    for mark in marks {
        line(
            svg,
            format_args!(
                r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#555">{}</text>"##,
                x(mark),
                floor + 18.0,
                count(mark)
            ),
        );
    }
    line(
        svg,
        format_args!(
            r##"<text x="{:.1}" y="{:.1}" text-anchor="end" fill="#555">{}</text>"##,
            WIDTH - NAMES,
            floor + 36.0,
            escaped(&panel.of)
        ),
    );
    // The names stand in the order of the ends, and none on another.
    let mut ends: Vec<(f64, &Curve, &str)> = Vec::new();
    let mut others = OTHERS.iter().cycle();
    for curve in &panel.curves {
        let colour = match curve.ours {
            true => "#1f77b4",
            false => others.next().copied().unwrap_or("#7f8c99"),
        };
        let path: Vec<String> = curve
            .points
            .iter()
            .map(|(count, spread)| format!("{:.1} {:.1}", x(*count), y(spread.median)))
            .collect();
        line(
            svg,
            format_args!(
                r#"<path d="M{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
                path.join("L")
            ),
        );
        for (count, spread) in &curve.points {
            line(
                svg,
                format_args!(
                    r#"<path d="M{0:.1} {1:.1}V{2:.1}" stroke="{colour}"/><circle cx="{0:.1}" cy="{3:.1}" r="3" fill="{colour}"/>"#,
                    x(*count),
                    y(spread.low),
                    y(spread.high),
                    y(spread.median)
                ),
            );
        }
        if let Some((_, last)) = curve.points.last() {
            ends.push((y(last.median), curve, colour));
        }
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = f64::MIN;
    for (end, curve, colour) in ends {
        let at = end.max(free);
        free = at + NAME;
        line(
            svg,
            format_args!(
                r#"<text x="{:.1}" y="{:.1}" fill="{colour}">{}</text>"#,
                WIDTH - NAMES + 12.0,
                at + 4.5,
                escaped(&curve.name)
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_runs_from_the_first_number_to_the_last_and_names_do_not_cover_each_other() {
        let at = |median| Spread {
            low: median,
            median,
            high: median,
        };
        let curve = |name: &str, values: [f64; 3]| Curve {
            name: name.to_owned(),
            ours: false,
            points: [10, 100, 1000].into_iter().zip(values.map(at)).collect(),
        };
        let panel = Panel {
            title: "a < b".to_owned(),
            of: "rooms".to_owned(),
            curves: vec![curve("one", [1.0, 2.0, 4.0]), curve("two", [4.0, 4.0, 4.0])],
        };
        let svg = curves("t", "µs", &[panel]);
        assert!(svg.contains("a &lt; b"));
        // In the middle of a logarithmic scale, at half of the height; then at the end and at the top.
        assert!(svg.contains("M60.0 219.0L365.0 176.0L670.0 90.0"), "{svg}");
        let names = ["one", "two"].map(|name| {
            let text = svg
                .lines()
                .find(|line| line.ends_with(&format!(">{name}</text>")));
            let (_, rest) = text.unwrap().split_once(r#" y=""#).unwrap();
            rest.split('"').next().unwrap().parse::<f64>().unwrap()
        });
        assert!((names[0] - names[1]).abs() >= NAME, "{names:?}");
    }
}
