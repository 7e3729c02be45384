//! Finding things in what comes back.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// A string as it is, anything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The newest message to the customer.
pub fn outgoing(ticket: &Value) -> Option<&Value> {
    ticket["messages"].as_array()?.iter().rev().find(|message| message["direction"] == "out")
}

/// All that a request to the Graph API gives the customer to read.
pub fn text_of(request: &Value) -> String {
    let body: Value = request["body"].as_str().and_then(|b| serde_json::from_str(b).ok()).unwrap_or_default();
    match body["text"]["body"].as_str() {
        Some(text) => text.to_owned(),
        None => body["template"].to_string(),
    }
}

/// The path of the survey's link in a text.
pub fn link(text: &str) -> Option<String> {
    let rest = text.get(text.find("/s/")?..)?;
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\')).unwrap_or(rest.len());
    rest.get(..end).map(str::to_owned)
}

/// Whether a pack's survey goes to whoever wrote on WhatsApp as soon as it is solved.
pub fn asks_at_once(survey: &Value) -> bool {
    let channels = survey["channels"].as_array();
    let here = channels.is_none_or(|channels| channels.is_empty() || channels.contains(&"whatsapp".into()));
    survey.is_object() && here && survey["delay_minutes"].as_u64().unwrap_or_default() == 0
}

/// A template to answer with: one that takes an `answer`, with the examples of its author as data.
///
/// # Errors
/// When there is none.
pub fn template(pack: &Value) -> Result<(String, Map<String, Value>)> {
    let mut templates = pack["templates"].as_object().into_iter().flatten();
    let (name, template) = templates
        .find(|(_, template)| template["data"]["answer"].is_object())
        .context("the pack has no template that takes an `answer`")?;
    let data = template["data"].as_object().into_iter().flatten();
    Ok((name.clone(), data.map(|(name, field)| (name.clone(), field["example"].clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_ends_where_the_text_goes_on() {
        assert_eq!(link("see http://a:1/s/x.y-z_1\nbye").as_deref(), Some("/s/x.y-z_1"));
        assert_eq!(link(r#"{"text":"http://a/s/x"}"#).as_deref(), Some("/s/x"));
        assert_eq!(link("nothing"), None);
    }

    #[test]
    fn a_survey_is_waited_for_where_one_comes() {
        let survey = |text: &str| asks_at_once(&serde_json::from_str(text).expect("JSON"));
        assert!(survey("{}") && survey(r#"{"delay_minutes": 0, "channels": ["whatsapp"]}"#));
        assert!(
            !survey("null") && !survey(r#"{"delay_minutes": 1}"#) && !survey(r#"{"channels": ["standard"]}"#)
        );
    }

    #[test]
    fn the_demo_packs_have_a_template_to_answer_with() {
        for desk in ["school", "travel"] {
            let pack = crate::pack::bundle(&crate::pack::folder(desk)).expect("a pack");
            let (_, data) = template(&pack).expect("one");
            assert!(data["answer"].is_string(), "{desk}");
        }
    }
}
