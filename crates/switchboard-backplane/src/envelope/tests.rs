use proptest::prelude::*;

use super::*;
use crate::NodeId;

const HERE: NodeId = NodeId::new(1);

fn signal() -> SignalEnvelope {
    SignalEnvelope {
        conn: 300,
        room: "studio".into(),
        from: "ann".into(),
        to: Target::Peer("bob".into()),
        kind: SignalKind::Offer,
        wire: WireName::try_from("join-room").expect("a wire"),
        body: b"{}".to_vec(),
        hops: 0,
    }
}

fn examples() -> Vec<Envelope> {
    let to_everyone = SignalEnvelope {
        to: Target::Everyone,
        kind: SignalKind::Chat,
        ..signal()
    };
    let in_lobby = SignalEnvelope {
        room: RoomId::LOBBY,
        hops: 1,
        kind: SignalKind::Other,
        ..signal()
    };
    let bounce = Bounce {
        conn: 7,
        target: Some("bob".into()),
        reason: BounceReason::Untranslatable,
    };
    vec![
        Envelope::Signal(signal()),
        Envelope::Signal(to_everyone),
        Envelope::Signal(in_lobby),
        Envelope::Bounce(bounce.clone()),
        Envelope::Bounce(Bounce {
            target: None,
            reason: BounceReason::Busy,
            ..bounce
        }),
        Envelope::Canary(u64::MAX),
    ]
}

fn packed(envelopes: &[Envelope]) -> Vec<u8> {
    let mut batch = Batch::default();
    envelopes.iter().for_each(|envelope| batch.push(envelope));
    batch.packed(HERE, None).expect("packed")
}

fn unpack(bytes: &[u8]) -> Result<Vec<Envelope>, Unreadable> {
    Batch::unpack(bytes, HERE, None)
}

/// What version 1 wrote when it was new. These bytes never change: instances of that version may be about.
#[rustfmt::skip]
const FROZEN: &[u8] = &[
    0x10,
    // 34 bytes: a signal, to one, not passed on, from connection 300, an offer,
    34, 1, 0, 0, 0xac, 0x02, 1,
    // room, sender, target, wire, body
    6, b's', b't', b'u', b'd', b'i', b'o',
    3, b'a', b'n', b'n',
    3, b'b', b'o', b'b',
    9, b'j', b'o', b'i', b'n', b'-', b'r', b'o', b'o', b'm',
    2, b'{', b'}',
    // a signal to everyone, a chat
    31, 1, 1, 0, 0xac, 0x02, 4,
    6, b's', b't', b'u', b'd', b'i', b'o',
    3, b'a', b'n', b'n',
    0,
    9, b'j', b'o', b'i', b'n', b'-', b'r', b'o', b'o', b'm',
    2, b'{', b'}',
    // a signal in the lobby, passed on once, something else
    28, 1, 2, 1, 0xac, 0x02, 0,
    0,
    3, b'a', b'n', b'n',
    3, b'b', b'o', b'b',
    9, b'j', b'o', b'i', b'n', b'-', b'r', b'o', b'o', b'm',
    2, b'{', b'}',
    // a bounce to connection 7: untranslatable, for bob
    7, 2, 7, 3, 3, b'b', b'o', b'b',
    // a bounce to connection 7: busy, for everyone
    4, 2, 7, 1, 0,
    // a canary
    11, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
];

#[test]
fn s3_11_version_1_is_read_for_ever() {
    assert_eq!(unpack(FROZEN), Ok(examples()));
}

#[test]
fn s3_11_this_version_writes_what_version_1_reads() {
    assert_eq!(packed(&examples()), FROZEN);
}

#[test]
fn s3_11_what_a_later_version_adds_is_passed_over() {
    let canary = Envelope::Canary(5);
    // A kind of its own, a canary with a field more, and a bounce with a reason of its own.
    let later = [
        &[0x10, 4, 99, 1, 2, 3][..],
        &[4, 3, 5, 6, 7],
        &[4, 2, 7, 200, 0],
        &[2, 3, 5],
    ]
    .concat();
    let unknown = Bounce {
        conn: 7,
        target: None,
        reason: BounceReason::Unavailable,
    };
    assert_eq!(
        unpack(&later),
        Ok(vec![canary.clone(), Envelope::Bounce(unknown), canary])
    );
}

#[test]
fn another_version_is_refused_by_name() {
    assert_eq!(unpack(&[0x20, 2, 3, 5]), Err(Unreadable::Version(2)));
    assert_eq!(unpack(&[0x12, 2, 3, 5]), Err(Unreadable::Malformed));
    assert_eq!(unpack(&[]), Err(Unreadable::Malformed));
}

#[test]
fn s3_9_with_keys_nothing_open_is_accepted_and_without_them_nothing_sealed() {
    use base64::Engine as _;
    let key = base64::prelude::BASE64_STANDARD.encode([7; 32]);
    let keys = crate::Keys::parse(&[format!("1:{key}")]).expect("a key");
    let batch = Batch::of(&examples()[0]);
    let sealed = batch.packed(HERE, Some(&keys)).expect("sealed");
    let open = batch.packed(HERE, None).expect("packed");
    assert_eq!(
        Batch::unpack(&sealed, HERE, Some(&keys)),
        Ok(vec![examples()[0].clone()])
    );
    assert_eq!(Batch::unpack(&sealed, HERE, None), Err(Unreadable::NoKey));
    assert_eq!(
        Batch::unpack(&open, HERE, Some(&keys)),
        Err(Unreadable::NotSealed)
    );
}

#[test]
fn a_batch_cut_short_is_malformed_or_ends_between_envelopes() {
    let ends: Vec<usize> = {
        let mut batch = Batch::default();
        let mut ends = vec![1];
        for envelope in examples() {
            batch.push(&envelope);
            ends.push(batch.len() + 1);
        }
        ends
    };
    for end in 1..FROZEN.len() {
        let read = unpack(&FROZEN[..end]);
        match ends.iter().position(|whole| *whole == end) {
            Some(count) => assert_eq!(read, Ok(examples()[..count].to_vec())),
            None => assert_eq!(read, Err(Unreadable::Malformed), "cut at {end}"),
        }
    }
}

fn any_signal() -> impl Strategy<Value = Envelope> {
    let names = (
        any::<Option<String>>(),
        any::<String>(),
        any::<Option<String>>(),
        "[a-z0-9-]{1,32}",
    );
    let rest = (any::<u64>(), 0..KINDS.len(), any::<Vec<u8>>(), any::<u8>());
    (names, rest).prop_map(|((room, from, target, wire), (conn, kind, body, hops))| {
        Envelope::Signal(SignalEnvelope {
            conn,
            room: room.map_or(RoomId::LOBBY, RoomId::from),
            from: from.into(),
            to: target.map_or(Target::Everyone, |target| Target::Peer(target.into())),
            kind: KINDS[kind],
            wire: WireName::try_from(wire.as_str()).expect("a wire"),
            body,
            hops,
        })
    })
}

fn any_envelope() -> impl Strategy<Value = Envelope> {
    let bounce =
        (any::<u64>(), "[^\u{0}]{0,20}", 0..REASONS.len()).prop_map(|(conn, target, reason)| {
            let target = Some(target)
                .filter(|target| !target.is_empty())
                .map(PeerId::from);
            Envelope::Bounce(Bounce {
                conn,
                target,
                reason: REASONS[reason],
            })
        });
    prop_oneof![
        any_signal(),
        bounce,
        any::<u64>().prop_map(Envelope::Canary)
    ]
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_again(envelopes in proptest::collection::vec(any_envelope(), 0..8)) {
        prop_assert_eq!(unpack(&packed(&envelopes)), Ok(envelopes));
    }

    #[test]
    fn nothing_that_comes_in_ends_badly(mut bytes in any::<Vec<u8>>()) {
        let _ = unpack(&bytes);
        bytes.insert(0, 0x10);
        let _ = unpack(&bytes);
    }
}
