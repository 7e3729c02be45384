//! HTML forms: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578), read from raw bytes.

use crate::{parsed::Malformed, request::Unverified};
use memchr::memmem;
use serde_json::{Map, Value};

/// More parts than any mail has.
const MAX_PARTS: usize = 2_000;

/// The fields of a form, in order; names may repeat.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub fields: Vec<(String, String)>,
    pub files: Vec<FormFile>,
    raw: Vec<(String, Vec<u8>)>,
}

/// An uploaded file.
#[derive(Debug)]
pub(crate) struct FormFile {
    pub field: String,
    pub filename: String,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

impl Form {
    /// Reads the body by its content type; what is not multipart counts as urlencoded.
    pub(crate) fn read(request: &Unverified) -> Result<Self, Malformed> {
        let kind = request.header("content-type").unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("multipart/") {
            return Ok(Self::urlencoded(&request.body));
        }
        let boundary = parameter(kind, "boundary").filter(|b| !b.is_empty());
        let boundary = boundary.ok_or_else(|| Malformed::new("multipart without a boundary"))?;
        Self::multipart(&request.body, &boundary)
    }

    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self { fields, ..Self::default() }
    }

    pub(crate) fn urlencoded(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body);
        Self::of(fields.map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    fn multipart(body: &[u8], boundary: &str) -> Result<Self, Malformed> {
        let mut form = Self::default();
        // A first boundary may stand at the very beginning; later ones follow a line break.
        let delimiter = format!("--{boundary}");
        let finder = memmem::Finder::new(delimiter.as_bytes());
        let mut starts = finder.find_iter(body).filter(|at| *at == 0 || body.get(at - 1) == Some(&b'\n'));
        let mut start = starts.next().ok_or_else(|| Malformed::new("multipart without its boundary"))?;
        for (count, next) in starts.enumerate() {
            if count >= MAX_PARTS {
                return Err(Malformed::new("more parts than are read"));
            }
            form.part(body.get(start + delimiter.len()..next).unwrap_or_default());
            start = next;
        }
        match body.get(start + delimiter.len()..) {
            Some(rest) if rest.starts_with(b"--") => Ok(form),
            _ => Err(Malformed::new("multipart without its closing boundary: it was cut")),
        }
    }

    /// Reads what stands between two boundaries; what is not a part of a form is passed over.
    fn part(&mut self, part: &[u8]) {
        let Some(end) = memmem::find(part, b"\r\n\r\n") else { return };
        let (head, content) = part.split_at(end);
        let content = content.get(4..).unwrap_or_default();
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        let head = String::from_utf8_lossy(head);
        let header = |name: &str| {
            head.split("\r\n").find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let disposition = header("content-disposition").unwrap_or_default();
        let Some(field) = parameter(&disposition, "name") else { return };
        match parameter(&disposition, "filename") {
            Some(filename) => self.files.push(FormFile {
                field,
                filename,
                content_type: header("content-type"),
                bytes: content.to_vec(),
            }),
            None => {
                self.fields.push((field.clone(), String::from_utf8_lossy(content).into_owned()));
                self.raw.push((field, content.to_vec()));
            }
        }
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The last value of that name.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.fields.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The bytes of a field that came as a part: its character set may be told elsewhere.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.raw.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The first value of that name if it is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The fields that `keep` wants, as an object for `data`. Of equal names the last stays.
    pub(crate) fn object(&self, keep: impl Fn(&str) -> bool) -> Map<String, Value> {
        let kept = self.fields.iter().filter(|(key, value)| keep(key) && !value.is_empty());
        kept.map(|(key, value)| (key.clone(), value.as_str().into())).collect()
    }
}

/// A parameter of a header value: `name="…"`, `name=…` or `name*=utf-8''…`.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    let mut plain = None;
    loop {
        let (key, after) = rest.split_once('=')?.to_owned();
        let key = key.trim().trim_start_matches(';').trim();
        let after = after.trim_start();
        let (found, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after.get(..end).unwrap_or_default().trim().to_owned(), after.get(end..).unwrap_or_default())
            }
        };
        if key.eq_ignore_ascii_case(name) {
            plain = Some(found);
        } else if key.strip_suffix('*').is_some_and(|key| key.eq_ignore_ascii_case(name)) {
            // RFC 5987: charset'language'percent-encoded. It wins over the plain form.
            let encoded =
                found.rsplit_once('\'').map_or(found.as_str(), |(_, text)| text).replace('+', "%2B");
            return form_urlencoded::parse(format!("v={encoded}").as_bytes())
                .next()
                .map(|(_, v)| v.into_owned());
        }
        if !next.contains('=') {
            return plain;
        }
        rest = next;
    }
}

/// The text up to the closing quote, and what follows. Browsers write `%22` for a quote, others `\"`.
fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value.replace("%22", "\""), text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_all_forms() {
        let value = r#"form-data; name="a b"; filename="x; y=\"1\".txt""#;
        assert_eq!(parameter(value, "name").as_deref(), Some("a b"));
        assert_eq!(parameter(value, "filename").as_deref(), Some("x; y=\"1\".txt"));
        assert_eq!(parameter("multipart/form-data; boundary=abc; x=1", "boundary").as_deref(), Some("abc"));
        let both = "form-data; name=f; filename=\"_.txt\"; filename*=UTF-8''%C3%B1%2B+.txt";
        assert_eq!(parameter(both, "filename").as_deref(), Some("ñ++.txt"));
        assert_eq!(parameter("multipart/form-data", "boundary"), None);
        assert_eq!(parameter("a; b; c=\"unclosed", "c").as_deref(), None);
    }

    #[test]
    fn parts_keep_their_bytes() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n line\r\n--Y \r\n--X\r\n\
            content-disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\nContent-Type: a/b\r\n\r\n\xff\x00\r\n--X--\r\n";
        let form = Form::multipart(body, "X").unwrap();
        assert_eq!(form.get("t"), Some(" line\r\n--Y "));
        let file = form.files.first().unwrap();
        assert_eq!((file.bytes.as_slice(), file.content_type.as_deref()), (&b"\xff\x00"[..], Some("a/b")));
        assert!(Form::multipart(&body[..body.len() - 5], "X").is_err());
        assert!(Form::multipart(body, "Z").is_err());
    }
}
