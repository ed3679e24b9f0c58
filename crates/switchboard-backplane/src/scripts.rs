//! The Lua scripts: everything that must happen at one go.

use std::sync::LazyLock;

use redis::Script;

/// All scripts, each but the shortest with what they share before it.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) beat: Script,
    pub(crate) commit: Script,
    pub(crate) hello: Script,
    pub(crate) places: Script,
    pub(crate) rooms: Script,
    pub(crate) roster: Script,
    pub(crate) say: Script,
    pub(crate) sweep: Script,
    pub(crate) totals: Script,
}

pub(crate) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let script = |body| Script::new(&[include_str!("scripts/prelude.lua"), body].concat());
    Scripts {
        beat: script(include_str!("scripts/beat.lua")),
        commit: script(include_str!("scripts/commit.lua")),
        hello: script(include_str!("scripts/hello.lua")),
        places: script(include_str!("scripts/places.lua")),
        rooms: script(include_str!("scripts/rooms.lua")),
        roster: script(include_str!("scripts/roster.lua")),
        say: Script::new(include_str!("scripts/say.lua")),
        sweep: script(include_str!("scripts/sweep.lua")),
        totals: script(include_str!("scripts/totals.lua")),
    }
});
