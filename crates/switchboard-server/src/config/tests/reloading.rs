//! What a configuration read again changes in a running server.

use super::super::*;
use super::full;

#[test]
fn the_same_configuration_changes_nothing() {
    let mut running = full();
    assert!(running.reload_from(&full()).is_empty());
    assert_eq!(running, full());
}

#[test]
fn reloadable_keys_apply_and_the_others_wait_for_a_restart() {
    let mut running = Config::default();
    let new = full();
    let reloaded = running.reload_from(&new);

    assert_eq!(
        reloaded.applied,
        [
            "ice.servers",
            "ice.turn_secret",
            "ice.turn_ttl",
            "log.level",
            "log.relay"
        ]
    );
    let default = Config::default();
    let expected = Config {
        ice: new.ice,
        log: LogConfig {
            level: new.log.level,
            relay: new.log.relay,
            ..default.log
        },
        ..default
    };
    assert_eq!(running, expected);
    let mut all: Vec<String> = super::documented::keys();
    all.retain(|key| !key.starts_with("ice.servers["));
    let mut named = [reloaded.applied, reloaded.needs_restart].concat();
    named.sort();
    assert_eq!(
        named, all,
        "every key is either applied or waits for a restart"
    );
}

#[test]
fn a_changed_secret_is_noticed_though_both_print_as_stars() {
    let mut running = full();
    let mut new = full();
    new.ice.turn_secret = Some("hidden west".to_owned().into());
    assert_eq!(running.reload_from(&new).applied, ["ice.turn_secret"]);
    assert_eq!(running.ice.turn_secret, new.ice.turn_secret);
}

#[test]
fn a_key_that_is_no_longer_set_needs_its_restart_too() {
    let mut running = full();
    let mut new = full();
    new.log.file = None;
    new.dialects.register.lobby_room = None;
    let reloaded = running.reload_from(&new);
    assert_eq!(
        reloaded.needs_restart,
        ["dialects.register.lobby_room", "log.file"]
    );
    assert_eq!(running, full());
}
