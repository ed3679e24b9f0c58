//! JSON against the schemas of the interface's description, as far as it uses them.

use serde_json::{Map, Value};

/// What is wrong with a value, if anything is.
pub(crate) fn complaint(value: &Value, schema: &Value, document: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("of this document");
        let target = document
            .pointer(pointer)
            .expect("a reference that leads somewhere");
        return complaint(value, target, document);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        none => panic!("a schema without a type: {none}, {schema}"),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) if types.contains(&"integer") => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&kind) {
        return Some(format!("{value} is none of {types:?}"));
    }
    match value {
        Value::String(text) => text_complaint(text, schema),
        Value::Array(items) => items
            .iter()
            .find_map(|item| complaint(item, &schema["items"], document)),
        Value::Object(members) => object_complaint(members, schema, document),
        _ => None,
    }
}

fn text_complaint(text: &str, schema: &Value) -> Option<String> {
    let length = text.chars().count() as u64;
    let is_short = schema["minLength"]
        .as_u64()
        .is_some_and(|least| length < least);
    let is_long = schema["maxLength"]
        .as_u64()
        .is_some_and(|most| length > most);
    let words = schema["enum"].as_array();
    let is_strange = words.is_some_and(|words| !words.iter().any(|word| word == text));
    let is_no_time = schema["format"] == "date-time" && humantime::parse_rfc3339(text).is_err();
    let is_wrong = is_short || is_long || is_strange || is_no_time;
    is_wrong.then(|| format!("{text:?} is not as {schema} says"))
}

fn object_complaint(
    members: &Map<String, Value>,
    schema: &Value,
    document: &Value,
) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    let mut required = required.filter_map(Value::as_str);
    if let Some(missing) = required.find(|name| !members.contains_key(*name)) {
        return Some(format!("{missing} is missing"));
    }
    members.iter().find_map(|(name, member)| {
        let known = schema["properties"].get(name);
        match known.or_else(|| schema.get("additionalProperties")) {
            Some(schema) => complaint(member, schema, document),
            None => Some(format!("{name} is not described")),
        }
    })
}
