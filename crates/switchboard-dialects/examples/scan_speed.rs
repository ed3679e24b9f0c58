//! How long one message takes to check: the scanner, serde_json without and with a tree.
//!
//! `cargo run --release -p switchboard-dialects --example scan_speed`

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::Value;
use switchboard_dialects::json::{Key, Message};

fn main() {
    println!(
        "{:<24} {:>6} {:>8} {:>8} {:>11} {:>9}",
        "ns per message", "bytes", "scan", "splice", "IgnoredAny", "Value"
    );
    for (name, text) in messages() {
        let text = text.as_str();
        let scan =
            time(|| Message::scan(black_box(text)).is_ok_and(|message| message.has(Key::Type)));
        let mut out = Vec::new();
        let splice = time(|| {
            out.clear();
            let message = Message::scan(black_box(text));
            message.map(|message| message.with_string(Key::From, "sender_001", &mut out))
        });
        let ignored = time(|| serde_json::from_str::<IgnoredAny>(black_box(text)));
        let value = time(|| serde_json::from_str::<Value>(black_box(text)));
        println!(
            "{name:<24} {:>6} {scan:>8.0} {splice:>8.0} {ignored:>11.0} {value:>9.0}",
            text.len()
        );
    }
}

/// Nanoseconds per call: the best of several rounds, for other work on the machine only ever adds.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..12 {
        let start = Instant::now();
        let mut calls = 0u32;
        while start.elapsed() < Duration::from_millis(40) {
            for _ in 0..100 {
                black_box(call());
            }
            calls += 100;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

fn messages() -> Vec<(&'static str, String)> {
    let candidate = r#"{"type":"candidate","candidate":{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 192.168.1.20 rport 46154 generation 0 ufrag Zk1d network-cost 999","sdpMid":"0","sdpMLineIndex":0},"target_id":"receiver_001"}"#;
    let chat = r#"{"type":"chat","roomId":"room1","sender":"ann","message":"hello there"}"#;
    let line = r"a=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack pli\r\na=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\na=rtcp-fb:96 goog-remb\r\n";
    let offer = format!(r#"{{"type":"offer","sdp":"v=0\r\n{}"}}"#, line.repeat(18));
    let nested = format!(
        r#"{{"type":"stats","payload":[{}0]}}"#,
        r#"{"ssrc":12345,"kind":"video","ok":true},"#.repeat(20)
    );
    vec![
        ("chat", chat.to_owned()),
        ("ICE candidate", candidate.to_owned()),
        ("SDP offer", offer),
        (
            "SDP offer, no escapes",
            format!(
                r#"{{"type":"offer","sdp":"{}"}}"#,
                "v=0 and so on ".repeat(215)
            ),
        ),
        ("nested objects", nested),
    ]
}
