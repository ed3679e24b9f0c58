use super::*;

fn plan(scenario: Scenario) -> Plan {
    Plan {
        scenario,
        url: "ws://127.0.0.1:8765/".to_owned(),
        wire: Wire(0),
        payload: Payload::Ice,
        seconds: 1.0,
        server_pids: Vec::new(),
        threads: 1,
    }
}

fn refusal(plan: &Plan) -> String {
    plan.check().expect_err("it makes no sense").to_string()
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let pairs = |pairs, depth| {
        let writes = Writes::Separate;
        plan(Scenario::Pairs {
            pairs,
            depth,
            writes,
        })
    };
    assert_eq!(pairs(10, 16).check(), Ok(()));
    assert_eq!(refusal(&pairs(0, 1)), "--pairs must be 1 to 30000, not 0");
    assert_eq!(refusal(&pairs(1, 0)), "--depth must be 1 to 1024, not 0");
    let threads = Plan {
        threads: 3,
        ..pairs(2, 1)
    };
    assert!(refusal(&threads).starts_with("3 threads for 2 rooms"));
    let seconds = Plan {
        seconds: f64::NAN,
        ..pairs(2, 1)
    };
    assert!(refusal(&seconds).starts_with("--seconds must be"));

    let fanout = plan(Scenario::Fanout {
        room_size: 1,
        rooms: 1,
    });
    assert_eq!(refusal(&fanout), "--room-size must be 2 to 1000, not 1");
    let fanout = plan(Scenario::Fanout {
        room_size: 1_000,
        rooms: 55,
    });
    assert!(refusal(&fanout).starts_with("55 rooms of 1000 are too much"));
    let fanout = plan(Scenario::Fanout {
        room_size: 1_000,
        rooms: 1_000,
    });
    assert!(refusal(&fanout).starts_with("the number of connections"));
    let latency = plan(Scenario::Latency {
        pairs: 1,
        rate: 0.0,
        asleep: false,
    });
    assert!(refusal(&latency).starts_with("--rate must be"));
    let storm = plan(Scenario::Storm { connections: 3 });
    assert!(refusal(&storm).starts_with("3 connections do not fill"));
    let idle = plan(Scenario::Idle { connections: 2 });
    assert_eq!(idle.check(), Err(BadPlan::NoProcess));
    let churn = plan(Scenario::Churn {
        room_size: 1_000,
        rooms: 1,
    });
    assert!(refusal(&churn).starts_with("--room-size must be"));
}
