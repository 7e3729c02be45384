//! An export as a page to read: one file, no script, no request to anywhere.

use relevo_edge::html::escape;
use serde_json::Value;
use std::fmt::Write as _;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#1a1a1a}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem}dl{display:grid;\
grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{color:#555}dd{margin:0;\
overflow-wrap:anywhere;white-space:pre-wrap}section section{border-left:3px solid #ddd;padding-left:1rem;\
margin:1rem 0}.none{color:#777}";

/// Titles of the parts, in the order in which a reader wants them.
const PARTS: [(&str, &str); 8] = [
    ("contact", "Who you are to us"),
    ("merged", "Who else you were to us"),
    ("tickets", "What you wrote to us, what we wrote to you (out) and what we noted among ourselves (note)"),
    ("surveys", "What we asked you about our service"),
    ("deliveries", "What we sent"),
    ("runs", "What was written down while we helped you"),
    ("reported", "What providers reported about you"),
    ("keys", "Keys under which your data are encrypted"),
];

/// The page of what [`gather`](super::gather) gave.
pub fn page(export: &Value) -> String {
    let text = |name: &str| escape(export.get(name).and_then(Value::as_str).unwrap_or_default());
    let mut body = format!(
        "<h1>Your data at {}</h1><p>Everything that was stored on {}.</p>",
        text("desk_name"),
        text("exported_at")
    );
    for (name, title) in PARTS {
        let _ = write!(body, "<section><h2>{title}</h2>");
        show(&mut body, export.get(name).unwrap_or(&Value::Null));
        body.push_str("</section>");
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>Your data</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

fn show(page: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            page.push_str("<dl>");
            for (name, value) in members {
                let _ = write!(page, "<dt>{}</dt><dd>", escape(&name.replace('_', " ")));
                show(page, value);
                page.push_str("</dd>");
            }
            page.push_str("</dl>");
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (n, item) in (1_usize..).zip(items) {
                let _ = write!(page, "<section><h3>{n}</h3>");
                show(page, item);
                page.push_str("</section>");
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (n, item) in items.iter().enumerate() {
                page.push_str(if n > 0 { ", " } else { "" });
                show(page, item);
            }
        }
        Value::Null | Value::Array(_) => page.push_str("<span class=\"none\">–</span>"),
        Value::String(text) => page.push_str(&escape(text)),
        Value::Bool(_) | Value::Number(_) => page.push_str(&escape(&value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_is_shown_and_stays_text() {
        let export = json!({
            "desk": "school", "desk_name": "Campanario & co", "exported_at": "2026-07-01T00:00:00Z",
            "contact": {"name": "Rosa <script>alert(\"1\")</script> & co", "addresses": [{"value": "+34 600"}]},
            "tickets": [{"messages": [{"text": "l'été"}], "tags": ["a", "b"], "<b>": 1}],
        });
        let page = page(&export);
        for shown in [
            "Your data at Campanario &amp; co",
            "Rosa &lt;script&gt;alert(&quot;1&quot;)",
            "&amp; co",
            "+34 600",
            "l&#39;été",
            "a, b",
        ] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>"));
        assert!(!page.contains("http") && !page.contains("src="), "asks nothing of anybody");
    }
}
