//! The example file and the reference say what the code does.

use std::collections::BTreeSet;

use super::super::reload::leaves;
use super::super::*;
use super::full;

const EXAMPLE: &str = include_str!("../../../../../switchboard.example.toml");
const REFERENCE: &str = include_str!("../../../../../docs/configuration.md");

/// Every key there is, sorted; those of one ICE server as `ice.servers[].urls`.
pub(super) fn keys() -> Vec<String> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for (key, value) in leaves(&full()) {
        let entries = value.as_array().into_iter().flatten();
        for entry in entries.filter_map(toml::Value::as_table) {
            keys.extend(entry.keys().map(|name| format!("{key}[].{name}")));
        }
        keys.insert(key);
    }
    keys.into_iter().collect()
}

/// The example with its commented-out settings made real.
fn uncommented_example() -> String {
    let is_setting = |text: &str| {
        text.starts_with('[')
            || text
                .split_once(" = ")
                .is_some_and(|(name, _)| !name.contains(' '))
    };
    EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => setting,
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_example_file_is_the_default_configuration() {
    let read: Config = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(read, Config::default());
}

#[test]
fn the_example_file_spells_out_every_default_but_the_empty_list_of_servers() {
    let spelled_out: toml::Table = toml::from_str(EXAMPLE).unwrap();
    let mut defaults = toml::Table::try_from(Config::default()).unwrap();
    let ice = defaults["ice"].as_table_mut().unwrap();
    assert_eq!(ice.remove("servers"), Some(toml::Value::Array(vec![])));
    assert_eq!(spelled_out, defaults);
}

#[test]
fn the_settings_commented_out_in_the_example_file_are_valid_and_complete() {
    let text = uncommented_example();
    let read: Config = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read.check(), [], "{text}");
    let mut shown = BTreeSet::new();
    for (key, value) in leaves(&read) {
        for entry in value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
        {
            shown.extend(entry.keys().map(|name| format!("{key}[].{name}")));
        }
        shown.insert(key);
    }
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), keys());
}

/// The cells of the row of `key` in the reference.
fn row(key: &str) -> Vec<&'static str> {
    let start = format!("| `{key}` |");
    let rows: Vec<&str> = REFERENCE
        .lines()
        .filter(|line| line.starts_with(&start))
        .collect();
    assert_eq!(rows.len(), 1, "docs/configuration.md has one row for {key}");
    rows[0]
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

#[test]
fn the_reference_has_a_row_for_every_key_with_its_default() {
    let defaults = leaves(&Config::default());
    for key in keys() {
        let default = match defaults.get(&key) {
            Some(toml::Value::Array(list)) if list.is_empty() => "`[]`".to_owned(),
            Some(value) => format!("`{value}`"),
            None if key == "ice.servers[].urls" => "required".to_owned(),
            None => "not set".to_owned(),
        };
        assert_eq!(
            row(&key)[1].replace('_', ""),
            default.replace('_', ""),
            "{key}"
        );
    }
}

#[test]
fn the_reference_says_which_keys_are_reloadable() {
    let reloadable = Config::default().reload_from(&full()).applied;
    for key in keys() {
        let of_server = key.starts_with("ice.servers[]");
        let expected = if of_server || reloadable.contains(&key) {
            "yes"
        } else {
            "no"
        };
        assert_eq!(row(&key)[2], expected, "{key}");
    }
}

#[test]
fn the_reference_has_no_row_for_a_key_that_does_not_exist() {
    let keys = keys();
    let rows = REFERENCE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .filter(|(key, _)| key.starts_with(|c: char| c.is_ascii_lowercase()));
    for (key, _) in rows {
        assert!(keys.iter().any(|known| known == key), "{key}");
    }
}
