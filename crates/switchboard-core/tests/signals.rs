//! What peers say to each other: who hears it, and that it arrives as it was said.

mod stage;

use stage::*;
use switchboard_core::{Payload, Refusal, Signal, SignalKind, Target, Wire};

#[test]
fn s1_2_a_signal_reaches_the_others_in_the_room_and_nobody_else() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    let [_elsewhere, _alike] = stage.join("hall", ["dan", "ann"]);

    stage.says(bob, chat("hello"));

    stage.expect([told([ann, cy], heard("studio", "bob", chat("hello")))]);
}

#[test]
fn s1_2_every_kind_is_forwarded_verbatim() {
    let bodies: [&[u8]; 5] = [
        b"",
        br#"{"type":"offer","sdp":"v=0\r\n"}"#,
        "{ \"text\" : \"gr\u{fc}n \u{1f7e2}\" }".as_bytes(),
        b"\x00\xff\xfe not text at all",
        &[b'x'; 70_000],
    ];
    for kind in SignalKind::ALL {
        for (wire, body) in (0..).map(Wire).zip(bodies) {
            let said = |to: Target| Signal {
                kind,
                to,
                payload: Payload {
                    wire,
                    body: body.to_vec(),
                },
            };
            let mut stage = Stage::new();
            let [ann, bob] = stage.join("studio", ["ann", "bob"]);

            stage.says(ann, said(Target::Everyone));
            stage.says(bob, said(Target::Peer("ann".into())));

            stage.expect([
                told(bob, heard("studio", "ann", said(Target::Everyone))),
                told(
                    ann,
                    heard("studio", "bob", said(Target::Peer("ann".into()))),
                ),
            ]);
        }
    }
}

#[test]
fn s2_2_a_signal_with_a_target_reaches_that_peer_only() {
    let mut stage = Stage::new();
    let [ann, bob, _cy] = stage.join("studio", ["ann", "bob", "cy"]);

    stage.says(ann, offer_to("bob", "v=0"));
    stage.says(bob, answer_to("ann", "v=0 too"));

    stage.expect([
        told(bob, heard("studio", "ann", offer_to("bob", "v=0"))),
        told(ann, heard("studio", "bob", answer_to("ann", "v=0 too"))),
    ]);
}

#[test]
fn s2_2_the_name_told_is_the_one_the_sender_has_in_that_room() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy] = stage.join("hall", ["cy"]);
    stage.joins(ann, "hall", "anna");

    stage.says_in(ann, "studio", chat("one"));
    stage.says_in(ann, "hall", chat("two"));

    stage.expect([
        told(ann, joined("hall", "anna", ["cy", "anna"])),
        told(cy, peer_joined("hall", "anna")),
        told(bob, heard("studio", "ann", chat("one"))),
        told(cy, heard("hall", "anna", chat("two"))),
    ]);
}

#[test]
fn s2_2_a_target_that_is_in_no_room_of_the_sender_is_reported_to_the_sender_only() {
    let mut stage = Stage::new();
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    let [_cy] = stage.join("hall", ["cy"]);

    stage.says(ann, chat_to("cy", "are you here?"));
    stage.says(ann, chat_to("nobody", "is anybody?"));
    stage.says(ann, chat_to("", "is this anybody?"));

    stage.expect([
        told(ann, target_not_found("cy")),
        told(ann, target_not_found("nobody")),
        told(ann, target_not_found("")),
    ]);
}

#[test]
fn s1_2_a_signal_is_never_delivered_back_to_the_peer_that_sends_it() {
    let mut stage = Stage::new();
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    let [_namesake] = stage.join("hall", ["ann"]);

    stage.says(ann, chat_to("ann", "is this me?"));

    stage.expect([told(ann, target_not_found("ann"))]);
}

#[test]
fn s2_2_a_target_that_left_is_not_found() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(bob);

    stage.says(ann, offer_to("bob", "v=0"));

    stage.expect([
        told(ann, peer_left("studio", "bob")),
        told(ann, target_not_found("bob")),
    ]);
}

#[test]
fn s0_3_only_a_member_may_speak_in_a_room() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy] = stage.join("hall", ["cy"]);
    let stranger = stage.connect();

    stage.says_in(cy, "studio", chat("let me in"));
    stage.says_in(cy, "studio", chat_to("ann", "let me in"));
    stage.says_in(stranger, "studio", chat("me too"));
    stage.says_in(stranger, "nowhere", chat("anybody?"));
    stage.leaves(ann);
    stage.says_in(ann, "studio", chat("one more thing"));

    let not_in_room = || refused(Refusal::NotInRoom);
    stage.expect([
        told(cy, not_in_room()),
        told(cy, not_in_room()),
        told(stranger, not_in_room()),
        told(stranger, not_in_room()),
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, not_in_room()),
    ]);
}

#[test]
fn whoever_speaks_alone_in_a_room_is_heard_by_nobody_and_refused_nothing() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    stage.says(ann, offer("v=0"));
    stage.expect([]);
}

#[test]
fn signals_arrive_in_the_order_in_which_they_were_said() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    let lines: Vec<String> = (0..60).map(|n| format!("candidate {n}")).collect();

    for (n, line) in lines.iter().enumerate() {
        match n % 3 {
            0 => stage.says(ann, chat(line)),
            1 => stage.says(ann, chat_to("bob", line)),
            _ => stage.says(cy, chat_to("bob", line)),
        }
    }

    stage.expect((0..60).map(|n| match n % 3 {
        0 => told([bob, cy], heard("studio", "ann", chat(&lines[n]))),
        1 => told(bob, heard("studio", "ann", chat_to("bob", &lines[n]))),
        _ => told(bob, heard("studio", "cy", chat_to("bob", &lines[n]))),
    }));
}

#[test]
fn s2_3_one_sender_and_one_receiver() {
    let mut stage = Stage::new();
    let [cam] = stage.join("studio", [sender("cam")]);
    let view = stage.connect();

    stage.joins(view, "studio", "view");
    stage.says(cam, offer_to("view", "offer"));
    stage.says(view, answer_to("cam", "answer"));
    stage.drops(view);

    stage.expect([
        told(
            view,
            joined("studio", "view", [sender("cam"), Who::from("view")]),
        ),
        told(cam, peer_joined("studio", "view")),
        told(view, heard("studio", "cam", offer_to("view", "offer"))),
        told(cam, heard("studio", "view", answer_to("cam", "answer"))),
        told(cam, peer_left("studio", "view")),
    ]);
}

#[test]
fn s2_3_one_sender_and_many_receivers() {
    let mut stage = Stage::new();
    let [cam] = stage.join("studio", [sender("cam")]);
    let views = stage.join("studio", ["one", "two", "three"]);

    stage.says(cam, offer("to all"));
    stage.says(cam, offer_to("two", "to one"));
    for view in views {
        stage.says(view, answer_to("cam", "answer"));
    }

    stage.expect([
        told(views, heard("studio", "cam", offer("to all"))),
        told(views[1], heard("studio", "cam", offer_to("two", "to one"))),
        told(cam, heard("studio", "one", answer_to("cam", "answer"))),
        told(cam, heard("studio", "two", answer_to("cam", "answer"))),
        told(cam, heard("studio", "three", answer_to("cam", "answer"))),
    ]);
}

#[test]
fn s2_3_rooms_with_the_same_names_in_them_stay_apart() {
    let mut stage = Stage::new();
    let [north_cam, north_view] = stage.join("north", ["cam", "view"]);
    let [south_cam, south_view] = stage.join("south", ["cam", "view"]);

    stage.says(north_cam, offer_to("view", "from north"));
    stage.says(south_cam, offer("from south"));
    stage.says(north_view, answer_to("cam", "to north"));
    stage.drops(south_cam);

    stage.expect([
        told(
            north_view,
            heard("north", "cam", offer_to("view", "from north")),
        ),
        told(south_view, heard("south", "cam", offer("from south"))),
        told(
            north_cam,
            heard("north", "view", answer_to("cam", "to north")),
        ),
        told(south_view, peer_left("south", "cam")),
    ]);
}

#[test]
fn every_kind_has_its_place_and_a_name_of_its_own() {
    for (place, kind) in SignalKind::ALL.into_iter().enumerate() {
        assert_eq!(kind.index(), place);
    }
    let names = SignalKind::ALL.map(SignalKind::name);
    assert_eq!(names, ["offer", "answer", "candidate", "chat", "other"]);
}
