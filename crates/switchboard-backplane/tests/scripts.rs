//! What the scripts promise, asked of them directly (row S3.11).

mod common;

use common::redis_server::RedisServer;
use redis::{Connection, Script, Value};

const ANN: &str = "00000000000000aa";
const BOB: &str = "00000000000000bb";
const NOBODY: &str = "00000000000000cc";

/// One of the two scripts, with data of its own.
struct Side {
    script: Script,
    hello: Script,
    prefix: &'static str,
}

impl Side {
    fn call(&self, connection: &mut Connection, script: &Script, arguments: &[&str]) -> Value {
        let mut call = script.arg(self.prefix);
        for argument in arguments {
            call.arg(*argument);
        }
        call.invoke(connection).expect("an answer")
    }

    /// All that is stored, but for times.
    fn stored(&self, redis: &RedisServer) -> Vec<(Vec<String>, Vec<Vec<String>>)> {
        [ANN, BOB]
            .map(|node| {
                let about = redis.ask(&[
                    "HMGET",
                    &format!("{}node:{node}", self.prefix),
                    "seq",
                    "codes",
                    "bytes",
                ]);
                let inbox = format!("{}inbox:{node}", self.prefix);
                let entries: Vec<(String, Vec<String>)> = redis.ask(&["XRANGE", &inbox, "-", "+"]);
                (
                    about,
                    entries.into_iter().map(|(_, fields)| fields).collect(),
                )
            })
            .into()
    }
}

#[test]
fn s3_11_the_short_script_does_what_the_long_one_does() {
    let redis = RedisServer::start();
    let client = redis::Client::open(("127.0.0.1", redis.port())).expect("an address");
    let mut connection = client.get_connection().expect("a connection");
    let prelude = include_str!("../src/scripts/prelude.lua");
    let hello = Script::new(&[prelude, include_str!("../src/scripts/hello.lua")].concat());
    let long = Script::new(&[prelude, include_str!("../src/scripts/commit.lua")].concat());
    let short = Script::new(include_str!("../src/scripts/say.lua"));
    let sides = [("long:", long), ("short:", short)];
    let sides = sides.map(|(prefix, script)| Side {
        script,
        hello: hello.clone(),
        prefix,
    });
    let large = "x".repeat(700);
    let commits: [&[&str]; 12] = [
        &["1", "A", BOB, "one", "A", ANN, "two", "A", BOB, "three"],
        &["1", "A", BOB, "what was done is not done again"],
        &["2", "A", NOBODY, "nobody", "A", BOB, "four"],
        &["2", "A", BOB, "not again, with the same answer"],
        &["1", "A", BOB, "long ago"],
        &["9", "A", BOB, "too early"],
        &["3", "A", BOB, &large, "A", BOB, &large, "A", BOB, "five"],
        &["4", "Z", "0-1", "10"],
        &["5", "A", ANN, "six", "Z", "99999999999999-0", "100"],
        &["6", "Z", "99999999999999-0", "100000", "A", BOB, "seven"],
        &["7"],
        &["8", "A", ANN, ""],
    ];
    for side in &sides {
        let unknown = side.call(&mut connection, &side.script, &[ANN, "1", "1000", "1500"]);
        assert_eq!(
            unknown,
            Value::Array(vec![Value::BulkString(b"gone".to_vec())])
        );
        for node in [ANN, BOB] {
            side.call(&mut connection, &side.hello, &[node, "name", "1", "1"]);
        }
    }
    for commit in commits {
        let (seq, operations) = commit.split_first().expect("a number");
        let arguments = [&[ANN, seq, "1000", "1500"], operations].concat();
        let [one, other] = sides
            .each_ref()
            .map(|side| side.call(&mut connection, &side.script, &arguments));
        assert_eq!(one, other, "{commit:?}");
        assert_eq!(
            sides[0].stored(&redis),
            sides[1].stored(&redis),
            "{commit:?}"
        );
    }
    let codes: String = redis.ask(&["HGET", &format!("short:node:{ANN}"), "codes"]);
    assert_eq!(codes, ".");
}

/// What entries of an inbox say of who is there, in short.
fn told(redis: &RedisServer, node: &str) -> Vec<String> {
    let entries: Vec<(String, Vec<String>)> =
        redis.ask(&["XRANGE", &format!("inbox:{node}"), "-", "+"]);
    let field = |fields: &[String], name: &str| {
        let place = fields.iter().step_by(2).position(|field| field == name);
        place
            .map(|place| fields[place * 2 + 1].clone())
            .unwrap_or_default()
    };
    let said = entries
        .iter()
        .map(|(_, fields)| match field(fields, "k").as_str() {
            "m" => format!(
                "{} {} {}",
                field(fields, "r"),
                field(fields, "p"),
                field(fields, "w")
            ),
            "n" => format!("gone {}", field(fields, "x")),
            kind => kind.to_owned(),
        });
    said.collect()
}

#[test]
fn s3_11_who_begins_to_sweep_and_dies_is_followed_by_another() {
    let redis = RedisServer::start();
    let client = redis::Client::open(("127.0.0.1", redis.port())).expect("an address");
    let mut connection = client.get_connection().expect("a connection");
    let prelude = include_str!("../src/scripts/prelude.lua");
    let with_prelude = |body: &str| Script::new(&[prelude, body].concat());
    let side = Side {
        script: with_prelude(include_str!("../src/scripts/commit.lua")),
        hello: with_prelude(include_str!("../src/scripts/hello.lua")),
        prefix: "",
    };
    let sweep = with_prelude(include_str!("../src/scripts/sweep.lua"));
    let (dead, ann, bob) = (NOBODY, ANN, BOB);
    for node in [dead, ann, bob] {
        side.call(&mut connection, &side.hello, &[node, "name", "1", "1"]);
    }
    let rooms = ["a", "b", "c", "d", "e"];
    for (node, name) in [(bob, "bob"), (dead, "dead")] {
        for (seq, room) in (1..).zip(rooms) {
            let seq = seq.to_string();
            let join = [
                node, &seq, "60000", "100000", "J", room, name, &seq, "r", "path", "9", "9", "1",
                "\n", "\n", "0",
            ];
            side.call(&mut connection, &side.script, &join);
        }
    }
    let mut sweep_by = |sweeper: &str| {
        // Two rooms each time, and a lock that holds for 300 ms.
        let arguments = [sweeper, dead, "8000", "2", "300", "100000", "60000"];
        match side.call(&mut connection, &sweep, &arguments) {
            Value::BulkString(word) => String::from_utf8(word).expect("a word"),
            other => panic!("no word: {other:?}"),
        }
    };
    assert_eq!(sweep_by(ann), "alive");
    let _: u64 = redis.ask(&["ZADD", "nodes", "1", dead]);
    let before = told(&redis, bob).len();
    assert_eq!(sweep_by(ann), "more");
    assert_eq!(sweep_by(bob), "busy");
    assert_eq!(told(&redis, bob).len() - before, 2);
    std::thread::sleep(std::time::Duration::from_millis(350));
    assert_eq!(sweep_by(bob), "more");
    assert_eq!(sweep_by(ann), "busy");
    assert_eq!(sweep_by(bob), "done");
    assert_eq!(sweep_by(ann), "alive");
    let mut said = told(&redis, bob).split_off(before);
    assert_eq!(said.pop(), Some(format!("gone {dead}")));
    said.sort();
    assert_eq!(said, rooms.map(|room| format!("{room} dead lost")));
    // Whoever was swept changes nothing any more, and can learn what was.
    let late = [
        dead, "6", "60000", "100000", "L", "a", "bob", "1", "0", "left",
    ];
    let gone = side.call(&mut connection, &side.script, &late);
    assert_eq!(
        gone,
        Value::Array(vec![Value::BulkString(b"gone".to_vec())])
    );
    let last: String = redis.ask(&["HGET", &format!("tomb:{dead}"), "seq"]);
    assert_eq!(last, "5");
}
