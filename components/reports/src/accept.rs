//! Which format the caller wants, by the `Accept` header (RFC 9110, 12.5.1).

use http::StatusCode;
use relevo_edge::problem::Problem;

/// Formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One document.
    Json,
    /// A table for spreadsheets.
    Csv,
    /// One document per line.
    Ndjson,
}

/// Formats in the order in which they are preferred where the caller does not mind.
const FORMATS: [(Format, &str, &str); 3] = [
    (Format::Json, "application", "json"),
    (Format::Csv, "text", "csv"),
    (Format::Ndjson, "application", "x-ndjson"),
];

/// The format that a caller likes best; without a header JSON.
///
/// # Errors
/// 406 if there is none that the caller takes.
pub fn negotiate<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Format, Problem> {
    let ranges: Vec<Range> = headers.flat_map(|header| header.split(',')).filter_map(Range::parse).collect();
    if ranges.is_empty() {
        return Ok(Format::Json);
    }
    let mut best: Option<(u16, Format)> = None;
    for (format, kind, subtype) in FORMATS {
        let quality = quality(&ranges, kind, subtype);
        if quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((quality, format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let detail =
            "a report comes as application/json, text/csv or application/x-ndjson; accept one of them";
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
    })
}

/// What the most specific range says of a type, in thousandths; 0: it is not wanted.
fn quality(ranges: &[Range], kind: &str, subtype: &str) -> u16 {
    let fitting = ranges.iter().filter_map(|range| Some((range.specificity(kind, subtype)?, range.quality)));
    fitting.max_by_key(|(specificity, _)| *specificity).map_or(0, |(_, quality)| quality)
}

struct Range {
    kind: String,
    subtype: String,
    quality: u16,
}

impl Range {
    /// A range such as `text/*;q=0.5`; none if it is not one.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1_000;
        for parameter in parts {
            if let Some(given) = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")) {
                quality = thousandths(given)?;
            }
        }
        Some(Self { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase(), quality })
    }

    fn specificity(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (own, "*") if own == kind => Some(1),
            (own, other) if own == kind && other == subtype => Some(2),
            _ => None,
        }
    }
}

/// A quality from 0 to 1 with up to three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) || !["0", "1"].contains(&whole) {
        return None;
    }
    let thousandths = format!("{whole}{decimals:0<3}").parse().ok()?;
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_format_is_chosen() {
        for (accept, expected) in [
            ("application/json", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("Text/CSV; charset=utf-8", Some(Format::Csv)),
            ("application/x-ndjson", Some(Format::Ndjson)),
            ("*/*", Some(Format::Json)),
            ("text/*", Some(Format::Csv)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Format::Json)),
            ("application/json;q=0.5, text/csv", Some(Format::Csv)),
            ("application/json;q=0, */*", Some(Format::Csv)),
            ("application/*;q=0.2, application/x-ndjson;q=0.3", Some(Format::Ndjson)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=0.000, text/xml", None),
        ] {
            assert_eq!(negotiate([accept].into_iter()).ok(), expected, "{accept}");
        }
        assert_eq!(negotiate(["text/html", "text/csv"].into_iter()), Ok(Format::Csv), "two headers");
        assert_eq!(negotiate(std::iter::empty()), Ok(Format::Json));
    }

    #[test]
    fn a_quality_has_at_most_three_decimals_and_is_at_most_one() {
        for (text, expected) in [("1", Some(1_000)), ("0.25", Some(250)), ("0.", Some(0)), ("1.001", None)] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
        assert!(["", "2", "-1", "0.1234", "0.x", "é"].iter().all(|text| thousandths(text).is_none()));
    }
}
