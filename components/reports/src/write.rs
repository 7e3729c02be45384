//! A report as JSON, as a table for spreadsheets, or as one JSON document per line.

use crate::accept::Format;
use crate::report::Answer;
use http::StatusCode;
use relevo_domain::kpi::Kpi;
use relevo_edge::http::{Response, json, respond};
use relevo_edge::problem::Problem;
use serde::Serialize;
use std::borrow::Cow;

/// The answer in a format.
///
/// # Errors
/// 503 if it cannot be written: a fault of this program.
pub fn response(answer: &Answer, format: Format) -> Result<Response, Problem> {
    match format {
        Format::Json => Ok(json(StatusCode::OK, answer)),
        Format::Csv => Ok(respond(StatusCode::OK, "text/csv; charset=utf-8", csv(answer).map_err(failed)?)),
        Format::Ndjson => {
            let lines = ndjson(answer).map_err(failed)?;
            Ok(respond(StatusCode::OK, "application/x-ndjson", lines))
        }
    }
}

/// A page of a list in a format; of a table and of lines the cursor is in the header `Link`.
///
/// # Errors
/// 503 if it cannot be written: a fault of this program.
pub fn list<T: Serialize>(items: &[T], next: Option<String>, format: Format) -> Result<Response, Problem> {
    let (kind, bytes) = match format {
        Format::Json => {
            return Ok(json(StatusCode::OK, &serde_json::json!({"items": items, "next": next})));
        }
        Format::Csv => ("text/csv; charset=utf-8", table(items).map_err(failed)?),
        Format::Ndjson => {
            let mut bytes = Vec::new();
            for item in items {
                serde_json::to_writer(&mut bytes, item).map_err(failed)?;
                bytes.push(b'\n');
            }
            ("application/x-ndjson", bytes)
        }
    };
    let mut response = respond(StatusCode::OK, kind, bytes);
    let link = next.and_then(|next| format!("<?cursor={next}>; rel=\"next\"").parse().ok());
    if let Some(link) = link {
        response.headers_mut().insert(http::header::LINK, link);
    }
    Ok(response)
}

/// Items with plain fields as a table with their names above.
fn table<T: Serialize>(items: &[T]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (n, item) in items.iter().enumerate() {
        let serde_json::Value::Object(item) = serde_json::to_value(item)? else { continue };
        if n == 0 {
            writer.write_record(item.keys())?;
        }
        writer.write_record(item.values().map(|value| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => defused(text).into_owned(),
            other => other.to_string(),
        }))?;
    }
    Ok(writer.into_inner()?)
}

fn failed(error: impl std::fmt::Display) -> Problem {
    relevo_edge::log::event("answer.failed", &[("why", error.to_string().into())]);
    Problem::unavailable("the report could not be written; repeat the request")
}

/// A figure with what it is a figure of.
#[derive(Serialize)]
struct Line<'a> {
    report: &'static str,
    from: &'a str,
    to: &'a str,
    by: Option<&'static str>,
    key: Option<&'a str>,
    #[serde(flatten)]
    kpi: &'a Kpi,
}

fn lines(answer: &Answer) -> impl Iterator<Item = Line<'_>> {
    let whole = answer.kpis.iter().map(|kpi| (None, None, kpi));
    let groups = answer
        .groups
        .iter()
        .flat_map(|group| group.kpis.iter().map(move |kpi| (Some(group.by), group.key.as_deref(), kpi)));
    let line =
        |(by, key, kpi)| Line { report: answer.report, from: &answer.from, to: &answer.to, by, key, kpi };
    whole.chain(groups).map(line)
}

fn ndjson(answer: &Answer) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    for line in lines(answer) {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

const HEADER: [&str; 12] = [
    "report",
    "from",
    "to",
    "by",
    "key",
    "name",
    "value",
    "numerator",
    "denominator",
    "unit",
    "excluded",
    "definition",
];

fn csv(answer: &Answer) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for line in lines(answer) {
        let kpi = line.kpi;
        let excluded: Vec<_> = kpi.excluded.iter().map(|(reason, n)| format!("{reason}={n}")).collect();
        let unit = serde_json::to_value(kpi.unit).unwrap_or_default();
        writer.write_record([
            line.report,
            line.from,
            line.to,
            line.by.unwrap_or_default(),
            &defused(line.key.unwrap_or_default()),
            kpi.name,
            &kpi.value.map(|value| value.to_string()).unwrap_or_default(),
            &kpi.numerator.to_string(),
            &kpi.denominator.to_string(),
            unit.as_str().unwrap_or_default(),
            &defused(&excluded.join("; ")),
            &defused(&kpi.definition),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text that a spreadsheet would take for a formula, as a text: with an apostrophe before it.
fn defused(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Group;
    use relevo_domain::kpi::Unit;
    use std::collections::BTreeMap;

    fn kpi(name: &'static str, value: Option<f64>) -> Kpi {
        Kpi {
            name,
            definition: "Share, \"quoted\".".into(),
            value,
            numerator: 1,
            denominator: 4,
            excluded: BTreeMap::from([("not_yet".into(), 2), ("spam".into(), 1)]),
            unit: Unit::Ratio,
            confidence_95: None,
        }
    }

    fn answer(key: Option<&str>) -> Answer {
        Answer {
            report: "csat",
            from: "2026-03-01T00:00:00Z".into(),
            to: "2026-03-02T00:00:00Z".into(),
            time_zone: "UTC",
            periods: Vec::new(),
            kpis: vec![kpi("csat_share", Some(0.25))],
            groups: vec![Group {
                by: "agent",
                key: key.map(Into::into),
                kpis: vec![kpi("csat_share", None)],
            }],
        }
    }

    #[test]
    fn a_table_has_a_row_per_figure_and_group() {
        let text = String::from_utf8(csv(&answer(Some("ana"))).expect("a table")).expect("UTF-8");
        let definition = "\"Share, \"\"quoted\"\".\"";
        let start = "csat,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z";
        assert_eq!(
            text,
            format!(
                "{}\n{start},,,csat_share,0.25,1,4,ratio,not_yet=2; spam=1,{definition}\n\
                 {start},agent,ana,csat_share,,1,4,ratio,not_yet=2; spam=1,{definition}\n",
                HEADER.join(",")
            )
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for key in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C calc'!A0"] {
            let bytes = csv(&answer(Some(key))).expect("a table");
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let cells: Vec<_> =
                reader.records().filter_map(|row| row.ok()?.get(4).map(str::to_owned)).collect();
            assert_eq!(cells, [String::new(), format!("'{key}")]);
        }
        assert_eq!(defused("ana=1"), "ana=1");
    }

    #[test]
    fn each_line_is_a_document_of_its_own() {
        let bytes = ndjson(&answer(None)).expect("lines");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["name"], &lines[0]["value"]), (&"csat_share".into(), &0.25.into()));
        assert!(lines[0]["by"].is_null());
        assert_eq!(lines[1]["by"], "agent");
        assert!(lines[1]["key"].is_null() && lines[1]["value"].is_null());
        assert!(text.ends_with('\n'));
    }
}
