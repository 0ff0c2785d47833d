//! Reads the JSON bodies of requests, and collects all field violations of one.

use serde_json::{Map, Value};

use super::response::{Failure, Violation};

/// The field violations found so far in the body of a request.
pub(super) struct Body {
    violations: Vec<Violation>,
}

impl Body {
    /// Parses a body that has to be one object.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, Map<String, Value>), Failure> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok((Self { violations: Vec::new() }, object)),
            Ok(_) => Err(Failure::invalid("body", "the body has to be a JSON object")),
            Err(cause) => Err(Failure::invalid("body", format!("the body is not JSON: {cause}"))),
        }
    }

    pub(super) fn refuse(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.violations.push(Violation::new(field, description));
    }

    /// Refuses every key that is not one of `known`.
    pub(super) fn only(&mut self, object: &Map<String, Value>, path: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.refuse(join(path, key), format!("{key} cannot be set"));
        }
    }

    /// Reads the text under a key; `None` if there is none.
    pub(super) fn text(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        key: &str,
    ) -> Option<String> {
        let value = object.get(key)?;
        if !value.is_string() {
            self.refuse(join(path, key), format!("{key} has to be a string"));
        }
        value.as_str().map(str::to_owned)
    }

    /// Reads the text under a key; it is refused if it is missing or empty.
    pub(super) fn required(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        key: &str,
    ) -> String {
        if !object.contains_key(key) {
            self.refuse(join(path, key), format!("{key} is required"));
            return String::new();
        }
        let text = self.text(object, path, key);
        if text.as_deref() == Some("") {
            self.refuse(join(path, key), format!("{key} is required"));
        }
        text.unwrap_or_default()
    }

    /// Reads the object under a key; `None` if there is none.
    pub(super) fn object<'a>(
        &mut self,
        object: &'a Map<String, Value>,
        key: &str,
    ) -> Option<&'a Map<String, Value>> {
        let value = object.get(key)?;
        if !value.is_object() {
            self.refuse(snake_case(key), format!("{key} has to be an object"));
        }
        value.as_object()
    }

    /// Refuses the request if anything was wrong.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.violations.is_empty() { Ok(()) } else { Err(Failure::Invalid(self.violations)) }
    }
}

/// The name of a field in a violation: `sms_configuration.service_plan_id`.
fn join(path: &str, key: &str) -> String {
    let key = snake_case(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn snake_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
