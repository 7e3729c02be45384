//! What is wrong with a value that does not fit, for whoever sent it: in words, and without the value, which may be a
//! secret or personal.

/// Says it anew from what the reader of JSON says.
pub fn told(message: &str) -> String {
    for wrong in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) =
            message.strip_prefix(wrong).and_then(|rest| rest.rsplit_once(", expected "))
        {
            let found = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            return format!("{} is wanted, not {}", wanted(expected), kind(found));
        }
    }
    if let Some((_, expected)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("it is {}", expected.replace('`', ""));
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{} is missing", field.replace('`', ""));
    }
    if INSTANTS.contains(&message) {
        return "an instant in RFC 3339 is wanted, such as 2026-03-01T09:00:00Z".to_owned();
    }
    message.to_owned()
}

/// What the reader of instants says.
const INSTANTS: [&str; 5] = [
    "input contains invalid characters",
    "input is not enough for unique date and time",
    "input is out of range",
    "premature end of input",
    "trailing input",
];

fn wanted(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

fn kind(found: &str) -> &str {
    match found {
        "boolean" => "true or false",
        "integer" | "floating point" => "this number",
        "map" => "an object",
        "null" | "unit value" => "null",
        "sequence" => "a list",
        "string" => "this text",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn an_error_says_what_is_wanted_and_never_repeats_a_value() {
        for (said, expected) in [
            (
                r#"invalid type: string "S3cret, expected x", expected a map"#,
                "an object is wanted, not this text",
            ),
            ("invalid type: integer `123456`, expected a string", "a string is wanted, not this number"),
            (
                "invalid value: floating point `1.5`, expected u32",
                "a whole number from 0 up is wanted, not this number",
            ),
            ("invalid type: null, expected i64", "a whole number is wanted, not null"),
            ("unknown variant `S3cret`, expected one of `low`, `high`", "it is one of low, high"),
            ("missing field `text`", "text is missing"),
            ("premature end of input", "an instant in RFC 3339 is wanted, such as 2026-03-01T09:00:00Z"),
            ("anything else", "anything else"),
        ] {
            assert_eq!(told(said), expected);
        }
    }
}
