//! A file of values: TOML (`*.toml`) or lines of `name=value`.

use std::{collections::BTreeMap, path::Path};

use super::{VariableError, check_name};

/// Reads a file. The second part is a warning if others may read the secrets in it.
pub fn load_file(path: &Path) -> Result<(BTreeMap<String, String>, Option<String>), VariableError> {
    let named = |why: String| VariableError::File(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    let values = parse_file(&text, is_toml).map_err(|error| named(error.to_string()))?;
    Ok((values, open_to_others(path)))
}

/// Reads the text of such a file. Empty lines and lines with `#` first are left out; a value may be quoted.
/// An error names the line and never shows a value.
pub fn parse_file(text: &str, is_toml: bool) -> Result<BTreeMap<String, String>, VariableError> {
    let values = if is_toml { parse_toml(text)? } else { parse_lines(text)? };
    for name in values.keys() {
        check_name(name)?;
    }
    Ok(values)
}

fn parse_toml(text: &str) -> Result<BTreeMap<String, String>, VariableError> {
    // The library's message quotes the line, and with it a secret.
    toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| text.get(..span.start).unwrap_or(text).lines().count().max(1));
        VariableError::File(format!("line {line}: not `name = \"value\"`"))
    })
}

fn parse_lines(text: &str) -> Result<BTreeMap<String, String>, VariableError> {
    let mut values = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| VariableError::File(format!("line {number}: not name=value")))?;
        let name = name.trim();
        let name =
            name.strip_prefix("SPIN_VARIABLE_").map_or_else(|| name.to_owned(), str::to_ascii_lowercase);
        values.insert(name, unquote(value.trim()).to_owned());
    }
    Ok(values)
}

fn unquote(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| format!("{} is open to other users: chmod 600 it", path.display()))
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let expected =
            BTreeMap::from([("a".to_owned(), "1=2".to_owned()), ("b_c".to_owned(), " x ".to_owned())]);
        assert_eq!(parse_file("a = \"1=2\"\nb_c = \" x \"\n", true).unwrap(), expected);
        assert_eq!(parse_file("# c\n\na=1=2\nSPIN_VARIABLE_B_C=\" x \"\n", false).unwrap(), expected);
    }

    #[test]
    fn an_error_names_the_line_and_shows_no_value() {
        for (text, is_toml) in
            [("a=1\nhush", false), ("a = \"1\"\nb = hush", true), ("a = \"1\"\nb = [\"hush\"]", true)]
        {
            let error = parse_file(text, is_toml).unwrap_err().to_string();
            assert!(error.contains("line 2") && !error.contains("hush"), "{error}");
        }
        assert!(parse_file("A-B=1", false).is_err());
    }
}
