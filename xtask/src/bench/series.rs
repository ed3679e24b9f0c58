//! How the cost of a delivery grows: cases that differ in one number only, in a row.

use std::fmt::Write;

use super::cases::{Figure, OURS, case};
use super::figures::{Figures, Spread};
use super::plot::curves::{Curve, Panel};
use super::plot::{self, number};
use super::servers::Server;

/// Some cases in a row.
#[derive(Clone, Copy, Debug)]
struct Series {
    title: &'static str,
    /// What the number counts.
    of: &'static str,
    /// The number, and the case's name.
    points: &'static [(u32, &'static str)],
    servers: &'static [Server],
}

const SERIES: [Series; 3] = [
    Series {
        title: "Rooms: 10 pairs talk, one message in flight in each, and all other rooms are silent",
        of: "rooms",
        points: &[
            (10, "rooms-10"),
            (100, "rooms-100"),
            (1000, "rooms-1000"),
            (9500, "rooms-9500"),
        ],
        servers: &[OURS],
    },
    Series {
        title: "Connections: all of them talk in pairs, one message in flight in each",
        of: "connections",
        points: &[
            (128, "pairs"),
            (1000, "pairs-1000"),
            (4000, "pairs-4000"),
            (10_000, "pairs-10000"),
            (19_000, "pairs-19000"),
        ],
        servers: &[Server::Floor, OURS, Server::Bun],
    },
    Series {
        title: "Members of a room: one says something to all others, then the next",
        of: "members of a room",
        points: &[
            (2, "pairs"),
            (10, "room-10"),
            (100, "room-100"),
            (1000, "room-1000"),
        ],
        servers: &[Server::Floor, OURS, Server::BunTopics],
    },
];

impl Series {
    /// The points that were measured.
    fn of(&self, figures: &Figures, server: Server) -> Vec<(u32, Spread)> {
        let points = self.points.iter().filter_map(|(count, name)| {
            let spread = figures.spread(case(name)?, server)?;
            Some((*count, spread))
        });
        points.collect()
    }

    /// Those servers of which there is more than one point.
    fn measured(&self, figures: &Figures) -> Vec<(Server, Vec<(u32, Spread)>)> {
        let servers = self.servers.iter();
        servers
            .map(|server| (*server, self.of(figures, *server)))
            .filter(|(_, points)| points.len() > 1)
            .collect()
    }
}

/// Tables; empty if there is nothing that grows.
pub(crate) fn tables(figures: &Figures) -> String {
    let mut out = String::new();
    for series in SERIES {
        let servers = series.measured(figures);
        if servers.is_empty() {
            continue;
        }
        // Writing into a string does not fail.
        let _ = writeln!(
            out,
            "{}; {}.\n",
            series.title,
            Figure::CpuPerDelivery.unit()
        );
        let _ = write!(out, "| {} |", series.of);
        for (server, _) in &servers {
            let _ = write!(out, " {} | since the first |", server.title());
        }
        let _ = writeln!(out, "\n| ---: |{}", " ---: | ---: |".repeat(servers.len()));
        for (count, _) in series.points {
            let _ = write!(out, "| {} |", plot::count(*count));
            for (_, points) in &servers {
                match points.iter().find(|(point, _)| point == count) {
                    Some((_, spread)) => {
                        let since = spread.median / points[0].1.median;
                        let _ = write!(out, " {} | {since:.2} × |", number(spread.median));
                    }
                    None => out.push_str(" - | |"),
                }
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

/// The same to look at.
pub(crate) fn panels(figures: &Figures) -> Vec<Panel> {
    let panels = SERIES.iter().map(|series| Panel {
        title: series.title.to_owned(),
        of: series.of.to_owned(),
        curves: series
            .measured(figures)
            .into_iter()
            .map(|(server, points)| Curve {
                name: server.title(),
                ours: server.is_ours(),
                points,
            })
            .collect(),
    });
    panels.filter(|panel| !panel.curves.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Sample;

    #[test]
    fn every_point_is_a_case_that_some_of_the_servers_are_in_and_ours_is_in_all() {
        for series in SERIES {
            assert!(series.points.is_sorted_by(|a, b| a.0 < b.0));
            for (_, name) in series.points {
                let case = case(name).unwrap();
                assert_eq!(case.figure, Figure::CpuPerDelivery);
                assert!(case.servers.contains(&OURS), "{name}");
            }
        }
    }

    #[test]
    fn a_table_tells_the_growth_since_the_first() {
        let mut figures = Figures::default();
        for (name, cpu) in [("rooms-10", 4.0), ("rooms-1000", 5.0)] {
            let text = format!(r#"{{"cpu_us_per_delivery":{cpu}}}"#);
            let sample = Sample::read(&text, Figure::CpuPerDelivery).unwrap();
            figures.add(case(name).unwrap(), OURS, sample);
        }
        let told = tables(&figures);
        assert!(told.contains("| 10 | 4.00 | 1.00 × |"), "{told}");
        assert!(told.contains("| 100 | - | |"), "{told}");
        assert!(told.contains("| 1,000 | 5.00 | 1.25 × |"), "{told}");
        // One point alone does not grow.
        assert_eq!(told.matches("since the first").count(), 1);
        assert_eq!(panels(&figures).len(), 1);
    }
}
