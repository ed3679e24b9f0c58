//! A small server of the wire `join-room` that does one thing wrong, once.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_websocket::{Message, OpCode, Reader, Role, accept_key, write_frame};

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// A message is lost.
    Drops,
    /// A message comes after the next one of its sender.
    Swaps,
    /// A message comes twice.
    Repeats,
    /// A message comes under another name.
    Misnames,
    /// A message loses its last words.
    Cuts,
    /// A message also comes back to its sender.
    Echoes,
    /// A message also goes to another room.
    Strays,
    /// The room is told that somebody left who has not.
    Invents,
    /// A connection is ended.
    HangsUp,
}

/// The message to which it happens.
const UNLUCKY: usize = 20;

#[derive(Debug, Default)]
struct Rooms {
    members: HashMap<String, Vec<(String, TcpStream)>>,
    relayed: usize,
    held: Option<(String, String)>,
}

/// Starts one; it ends with the process. Gives its URL.
pub(crate) fn start(flaw: Flaw) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let rooms = Arc::new(Mutex::new(Rooms::default()));
        for stream in listener.incoming().map_while(Result::ok) {
            let rooms = Arc::clone(&rooms);
            thread::spawn(move || serve(stream, &rooms, flaw));
        }
    });
    format!("ws://{address}/")
}

fn serve(mut stream: TcpStream, rooms: &Mutex<Rooms>, flaw: Flaw) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    let mut buffer = vec![0; 64 * 1024];
    shake_hands(&mut stream, &mut buffer)?;
    let mut reader = Reader::new(Role::Server, 1_000_000);
    let (mut room, mut sender) = (String::new(), String::new());
    loop {
        let size = stream.read(&mut buffer).ok().filter(|size| *size > 0)?;
        let mut frames = reader.feed(&mut buffer[..size]);
        while let Some(message) = frames.next_message().ok()? {
            let Message::Text(text) = message else {
                continue;
            };
            let mut rooms = rooms.lock().expect("nobody panics");
            let value: Value = serde_json::from_str(text).ok()?;
            if value["type"] == "join-room" {
                room = value["roomId"].as_str()?.to_owned();
                sender = value["sender"].as_str()?.to_owned();
                say(
                    &stream,
                    &json!({"type": "join-success", "roomId": room, "userId": sender}).to_string(),
                );
                let members = rooms.members.entry(room.clone()).or_default();
                for (_, member) in members.iter() {
                    say(
                        member,
                        &json!({"type": "user-joined", "userId": sender}).to_string(),
                    );
                }
                members.push((sender.clone(), stream.try_clone().ok()?));
            } else {
                rooms.relay(flaw, &room, &sender, text);
            }
        }
    }
}

impl Rooms {
    fn relay(&mut self, flaw: Flaw, room: &str, sender: &str, text: &str) {
        self.relayed += 1;
        if self.relayed != UNLUCKY {
            self.tell(room, sender, text);
            if self.held.as_ref().is_some_and(|(name, _)| name == sender)
                && let Some((_, held)) = self.held.take()
            {
                self.tell(room, sender, &held);
            }
            return;
        }
        match flaw {
            Flaw::Drops => {}
            Flaw::Swaps => self.held = Some((sender.to_owned(), text.to_owned())),
            Flaw::Misnames => self.tell(room, sender, &text.replace(sender, "somebody")),
            Flaw::Cuts => self.tell(room, sender, &text.replace("xxx", "xx")),
            Flaw::None
            | Flaw::Repeats
            | Flaw::Echoes
            | Flaw::Strays
            | Flaw::Invents
            | Flaw::HangsUp => {
                self.tell(room, sender, text);
            }
        }
        let all = || self.members.iter();
        match flaw {
            Flaw::Repeats => self.tell(room, sender, text),
            Flaw::Echoes => self.tell(room, "nobody", text),
            Flaw::Strays => {
                if let Some((other, _)) = all().find(|(name, _)| *name != room) {
                    self.tell(other, sender, text);
                }
            }
            Flaw::Invents => {
                let left = json!({"type": "user-left", "userId": sender}).to_string();
                self.tell(room, sender, &left);
            }
            Flaw::HangsUp => {
                let own = all()
                    .flat_map(|(_, members)| members)
                    .find(|(name, _)| name == sender);
                let ended = own.map(|(_, stream)| stream.shutdown(std::net::Shutdown::Both));
                assert!(ended.is_some_and(|ended| ended.is_ok()));
            }
            Flaw::None | Flaw::Drops | Flaw::Swaps | Flaw::Misnames | Flaw::Cuts => {}
        }
    }

    fn tell(&self, room: &str, sender: &str, text: &str) {
        for (name, member) in self.members.get(room).into_iter().flatten() {
            if name != sender {
                say(member, text);
            }
        }
    }
}

/// Whoever is gone need not hear it.
fn say(mut stream: &TcpStream, text: &str) {
    let mut frame = Vec::new();
    write_frame(&mut frame, OpCode::Text, text.as_bytes());
    let _ = stream.write_all(&frame);
}

fn shake_hands(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let size = stream.read(buffer).ok().filter(|size| *size > 0)?;
        head.push_str(str::from_utf8(&buffer[..size]).ok()?);
    }
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        accept_key(key)
    );
    stream.write_all(answer.as_bytes()).ok()
}
