//! JSON objects, read and written member by member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::phrase_book::{FIELDS, Meaning};

/// An object as it was received, each value as its text.
pub(crate) struct Object(BTreeMap<String, String>);

impl Object {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        let members = members
            .into_iter()
            .map(|(name, value)| (name, value.get().to_owned()));
        Some(Self(members.collect()))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?).ok()
    }

    /// A member that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.0.get(name)?)
    }

    /// A member that is a list of names.
    pub(crate) fn names(&self, name: &str) -> Option<BTreeSet<String>> {
        serde_json::from_str(self.0.get(name)?).ok()
    }

    /// A member that is a list of objects: what each has under `inner`.
    pub(crate) fn names_in(&self, name: &str, inner: &str) -> Option<BTreeSet<String>> {
        let list: Vec<Value> = serde_json::from_str(self.0.get(name)?).ok()?;
        let inner = |item: &Value| Some(item.get(inner)?.as_str()?.to_owned());
        list.iter().map(inner).collect()
    }

    /// A member that is a candidate, or says that no more will come.
    pub(crate) fn candidate(&self, name: &str) -> Option<Meaning> {
        let init: Value = serde_json::from_str(self.0.get(name)?).ok()?;
        let line = init.get("candidate").unwrap_or(&Value::Null);
        let ends = line.is_null() || line == "";
        Some(if ends {
            Meaning::End
        } else {
            Meaning::Candidate(init)
        })
    }

    /// What nobody has a word for.
    pub(crate) fn invention(&self, name: String) -> Meaning {
        let fields = FIELDS.map(|(name, _)| self.0.get(name).cloned());
        Meaning::Invention(name, fields)
    }
}

/// An object of these members, whose values are JSON.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A name as JSON.
pub(crate) fn quoted(name: &str) -> String {
    serde_json::to_string(name).expect("a string")
}
