//! Every scenario on every wire: figures come out, and nothing is found wrong.

use serde_json::Value;
use switchboard_dialects::ALL;

use crate::load::figures;
use crate::process::{Server, Setup};

/// Runs a scenario on every wire.
fn on_every_wire(scenario: &[&str], check: impl Fn(&Value)) {
    let server = Setup::local(&[]).start();
    let url = url(&server);
    for dialect in ALL {
        let report = measured(
            &server,
            &url,
            &[scenario, &["--wire", dialect.name()]].concat(),
        );
        assert_eq!(report["scenario"], scenario[0]);
        assert_eq!(report["wire"], dialect.name());
        check(&report);
    }
}

/// To be asked for once: the server tells it once.
fn url(server: &Server) -> String {
    format!("ws://{}/", server.listening())
}

fn measured(server: &Server, url: &str, arguments: &[&str]) -> Value {
    let pid = server.id().to_string();
    let (code, report, stderr) =
        figures(&[arguments, &["--url", url, "--server-pid", &pid]].concat());
    assert_eq!(code, Some(0), "{arguments:?}: {report} {stderr}");
    assert_eq!(stderr, "", "nothing is shown where there is no terminal");
    assert_eq!(report["errors"], 0, "{report}");
    assert_eq!(report["url"], url);
    assert!(report["seconds"].as_f64() >= Some(0.3), "{report}");
    report
}

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|value| value > 0.0)
}

#[test]
fn pairs_send_messages_to_and_fro() {
    on_every_wire(&["pairs", "--pairs", "3"], |report| {
        assert!(is_positive(&report["deliveries"]), "{report}");
        assert!(is_positive(&report["cpu_us_per_delivery"]), "{report}");
        assert!(report["latency_us"].is_null() && report["joins_per_second"].is_null());
        assert_eq!(report["parameters"]["payload_bytes"], 250);
    });
}

#[test]
fn pairs_have_several_messages_on_their_way() {
    for (writes, name) in [("--batched", "batched"), ("--separate", "separate")] {
        let pairs = [
            "pairs",
            "--pairs",
            "2",
            "--depth",
            "16",
            writes,
            "--payload",
            "sdp",
        ];
        on_every_wire(&pairs, |report| {
            assert!(is_positive(&report["deliveries"]), "{report}");
            assert_eq!(report["parameters"]["writes"], name);
            assert_eq!(report["parameters"]["depth"], 16);
            assert_eq!(report["parameters"]["payload_bytes"], 3_072);
        });
    }
}

#[test]
fn rooms_hear_one_after_the_other() {
    on_every_wire(&["fanout", "--room-size", "4", "--rooms", "2"], |report| {
        assert!(is_positive(&report["deliveries_per_second"]), "{report}");
        assert_eq!(report["parameters"]["room_size"], 4);
    });
}

#[test]
fn latency_is_told_in_ascending_order_at_the_rate_that_was_asked_for() {
    on_every_wire(&["latency", "--rate", "200", "--pairs", "2"], |report| {
        let latency = &report["latency_us"];
        let quantiles = ["p50", "p90", "p99", "p999", "max"].map(|name| latency[name].as_f64());
        assert!(
            quantiles[0] > Some(0.0) && quantiles.is_sorted(),
            "{report}"
        );
        let deliveries = report["deliveries"].as_u64().expect("a number");
        assert!((10..=400).contains(&deliveries), "{report}");
    });
}

#[test]
fn a_load_that_sleeps_between_messages_holds_the_rate_and_tells_who_worked() {
    let latency = ["latency", "--rate", "2000", "--pairs", "2", "--asleep"];
    on_every_wire(&latency, |report| {
        assert_eq!(report["parameters"]["asleep"], true);
        let rate = report["deliveries_per_second"].as_f64();
        assert!(rate > Some(1_500.0) && rate < Some(2_500.0), "{report}");
        let server = report["server_cpu_seconds"].as_f64().expect("a pid");
        let threads = report["server_threads"].as_array().expect("an array");
        let all: f64 = threads
            .iter()
            .filter_map(|thread| thread["seconds"].as_f64())
            .sum();
        // Each is told in whole steps of the kernel's clock.
        let resolution = report["parameters"]["cpu_resolution_seconds"]
            .as_f64()
            .expect("a number");
        let most = server + resolution * (threads.len() + 1) as f64;
        assert!(all <= most, "{report}");
    });
}

#[test]
fn a_storm_is_of_joins() {
    on_every_wire(&["storm", "--connections", "20"], |report| {
        assert!(is_positive(&report["joins_per_second"]), "{report}");
        assert!(is_positive(&report["cpu_us_per_join"]), "{report}");
        assert!(report["cpu_us_per_delivery"].is_null(), "{report}");
        let joins = report["deliveries"].as_u64().expect("a number");
        assert_eq!(joins % 20, 0, "{report}");
    });
}

#[test]
fn idle_connections_cost_memory_and_still_hear() {
    on_every_wire(&["idle", "--connections", "20"], |report| {
        assert!(report["bytes_per_connection"].is_number(), "{report}");
        assert_eq!(
            report["deliveries"], 20,
            "each has said one thing at the end"
        );
    });
}

#[test]
fn visitors_come_and_go_in_busy_rooms() {
    on_every_wire(&["churn", "--room-size", "3", "--rooms", "2"], |report| {
        assert!(is_positive(&report["joins_per_second"]), "{report}");
        assert!(is_positive(&report["cpu_us_per_delivery"]), "{report}");
    });
}

#[test]
fn several_threads_share_the_rooms() {
    let server = Setup::local(&[]).start();
    let url = url(&server);
    for scenario in ["pairs", "fanout", "latency", "storm", "churn"] {
        let (code, report, stderr) = figures(&[scenario, "--threads", "2", "--url", &url]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{report}");
        assert_eq!(report["errors"], 0, "{report}");
        assert!(is_positive(&report["deliveries"]), "{report}");
        assert!(
            report["server_cpu_seconds"].is_null(),
            "nobody said which process: {report}"
        );
    }
}

#[test]
fn the_report_has_these_fields_and_no_others() {
    let server = Setup::local(&[]).start();
    let report = measured(&server, &url(&server), &["pairs", "--pairs", "1"]);
    let fields: Vec<&String> = report.as_object().expect("an object").keys().collect();
    let mut expected = vec![
        "scenario",
        "wire",
        "url",
        "seconds",
        "deliveries",
        "deliveries_per_second",
        "cpu_us_per_delivery",
        "server_cpu_seconds",
        "server_threads",
        "bytes_per_connection",
        "joins_per_second",
        "cpu_us_per_join",
        "latency_us",
        "errors",
        "parameters",
    ];
    expected.sort_unstable();
    let mut fields: Vec<&str> = fields.into_iter().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, expected);
}
