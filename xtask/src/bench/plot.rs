//! Bars as SVG, without anything that draws them for us.

pub(crate) mod curves;

use std::fmt::Write;

use super::figures::Spread;

/// A bar with its name; the whisker spans the runs.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub name: String,
    pub spread: Spread,
    /// One of ours: drawn in the colour of the project.
    pub ours: bool,
}

/// Bars that belong together, under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub heading: String,
    pub bars: Vec<Bar>,
}

const WIDTH: f64 = 860.0;
const NAMES: f64 = 210.0;
const VALUES: f64 = 80.0;
const LINE: f64 = 24.0;
const HEADING: f64 = 34.0;
const TOP: f64 = 56.0;

/// What every plot begins with.
fn opening(height: f64, title: &str, unit: &str, legend: &str) -> String {
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" "#,
            r#"font-size="13">"#,
            "\n",
            r#"<rect width="100%" height="100%" fill="white"/>"#,
            "\n",
            r#"<text x="12" y="26" font-size="17" font-weight="bold">{title}</text>"#,
            "\n",
            r##"<text x="12" y="46" fill="#555">{unit}; {legend}; less is better</text>"##,
            "\n",
        ),
        width = WIDTH,
        height = height,
        title = escaped(title),
        unit = escaped(unit),
        legend = legend,
    )
}

/// Draws groups of bars, all on one scale.
pub(crate) fn bars(title: &str, unit: &str, groups: &[Group]) -> String {
    let all = || groups.iter().flat_map(|group| &group.bars);
    let longest = all()
        .map(|bar| bar.spread.high)
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - VALUES) / longest;
    let height = TOP + groups.len() as f64 * HEADING + all().count() as f64 * LINE + 12.0;

    let mut svg = opening(height, title, unit, "bars are medians, lines span the runs");
    let mut y = TOP;
    for group in groups {
        y += HEADING;
        let heading = escaped(&group.heading);
        line(
            &mut svg,
            format_args!(
                r#"<text x="12" y="{}" font-weight="bold">{heading}</text>"#,
                y - 10.0
            ),
        );
        for bar in &group.bars {
            draw(&mut svg, bar, y, scale);
            y += LINE;
        }
    }
    svg += "</svg>\n";
    svg
}

fn draw(svg: &mut String, bar: &Bar, y: f64, scale: f64) {
    let Spread { low, median, high } = bar.spread;
    let colour = if bar.ours { "#1f77b4" } else { "#b8c4ce" };
    let middle = y + LINE / 2.0;
    let at = |value: f64| NAMES + value * scale;
    line(
        svg,
        format_args!(
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            NAMES - 8.0,
            middle + 4.5,
            escaped(&bar.name)
        ),
    );
    line(
        svg,
        format_args!(
            r#"<rect x="{NAMES:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{colour}"/>"#,
            y + 3.0,
            median * scale,
            LINE - 6.0
        ),
    );
    line(
        svg,
        format_args!(
            r##"<path d="M{:.1} {middle:.1}H{:.1}" stroke="#333" stroke-width="1.5"/>"##,
            at(low),
            at(high)
        ),
    );
    line(
        svg,
        format_args!(
            r#"<text x="{:.1}" y="{:.1}">{}</text>"#,
            at(high) + 6.0,
            middle + 4.5,
            number(median)
        ),
    );
}

fn line(svg: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = writeln!(svg, "{what}");
}

/// As many digits as mean something.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value >= 1000.0 {
        thousands(&format!("{value:.0}"))
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A whole number.
pub(crate) fn count(value: u32) -> String {
    thousands(&value.to_string())
}

/// Commas between the thousands.
fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_ends_where_the_values_begin() {
        let bar = |name: &str, high| Bar {
            name: name.to_owned(),
            spread: Spread {
                low: 1.0,
                median: high,
                high,
            },
            ours: false,
        };
        let group = Group {
            heading: "a & b".to_owned(),
            bars: vec![bar("x", 2.0), bar("y", 4.0)],
        };
        let svg = bars("t", "µs", &[group]);
        assert!(svg.contains("a &amp; b"));
        assert!(svg.contains(r#"width="570.0""#), "{svg}");
        assert!(svg.contains(r#"width="285.0""#), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 3);
    }

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let told = [0.291, 3.7111, 27.79, 139.527, 1349.0, 1_391_478.4].map(number);
        assert_eq!(told, ["0.29", "3.71", "27.8", "140", "1,349", "1,391,478"]);
    }
}
