//! The survey page: one form, no script, no request to anywhere else.

mod frame;

pub use frame::unknown;

use frame::{Ink, frame};
use http::StatusCode;
use relevo_domain::Private;
use relevo_domain::pack::{Brand, SurveyPage};
use relevo_domain::survey::SurveyKind;
use relevo_edge::html::escape;
use relevo_edge::http::Response;
use std::fmt::Write;

/// A question to be answered in words.
const WORDS: &str = "<textarea id=\"comment\" name=\"comment\" maxlength=\"4000\" dir=\"auto\"";

/// The page of one survey, in the contact's language.
pub struct Page {
    /// What is asked.
    pub kind: SurveyKind,
    /// Language.
    pub locale: String,
    /// Texts; none if the pack no longer has any in a language of the chain.
    pub texts: Option<SurveyPage>,
    /// How it looks.
    pub brand: Brand,
    /// Whoever has the link may ask not to be asked again.
    pub may_decline: bool,
    /// The vote that was given is shown to whoever has the link.
    pub shows_vote: bool,
}

impl Page {
    /// The form, with what was chosen and written before. `refused`: it came back without a score.
    pub fn form(
        &self,
        score: Option<u8>,
        comment: Option<&Private<String>>,
        refused: Option<StatusCode>,
    ) -> Response {
        let Some(texts) = &self.texts else { return self.closed(StatusCode::GONE) };
        let mut body = self.heading(&texts.title);
        body.push_str("<form method=\"post\">");
        if refused.is_some() {
            let advice = texts.choose.as_ref().unwrap_or(&texts.question);
            let _ = write!(body, "<p class=\"e\" role=\"alert\">{}</p>", escape(advice));
        }
        let wide = if self.kind.scores().count() > 7 { " class=\"w\"" } else { "" };
        let _ = write!(body, "<fieldset{wide}><legend>{}</legend>", escape(&texts.question));
        for each in self.scores() {
            let checked = if score == Some(each) { " checked" } else { "" };
            let label =
                texts.label(self.kind, each).map(|label| format!("{} {}", dash(self.kind), escape(label)));
            let _ = write!(
                body,
                "<label class=\"s\"><input type=\"radio\" name=\"score\" value=\"{each}\" required{checked}> \
                 {}{}</label>",
                mark(self.kind, each),
                label.unwrap_or_default()
            );
        }
        let comment = comment.map_or("", |c| c.0.as_str());
        let _ = write!(
            body,
            "</fieldset><label for=\"comment\">{}</label>{WORDS}>{}</textarea><button>{}</button></form>",
            escape(&texts.comment),
            escape(comment),
            escape(&texts.submit)
        );
        if let Some(opt_out) = texts.opt_out.as_ref().filter(|_| self.may_decline) {
            let _ = write!(
                body,
                "<form method=\"post\" class=\"o\"><button name=\"opt_out\" value=\"1\">{}</button></form>",
                escape(opt_out)
            );
        }
        self.html(refused.unwrap_or(StatusCode::OK), &texts.title, &body)
    }

    /// After a vote; with a further question by what it was, if nothing was written yet.
    pub fn thanks(&self, asks_about: Option<u8>) -> Response {
        let Some(texts) = &self.texts else { return self.closed(StatusCode::OK) };
        let mut body = self.heading(&texts.title);
        let _ = write!(body, "<p role=\"status\">{}</p>", escape(&texts.thanks));
        let question =
            asks_about.and_then(|score| Some((score, texts.follow_up.after(self.kind.mood(score))?)));
        if let Some((score, question)) = question {
            let _ = write!(
                body,
                "<form method=\"post\"><input type=\"hidden\" name=\"score\" value=\"{score}\">\
                 <label for=\"comment\">{}</label>{WORDS} required></textarea><button>{}</button></form>",
                escape(question),
                escape(texts.follow_up.submit.as_ref().unwrap_or(&texts.submit))
            );
        }
        self.html(StatusCode::OK, &texts.title, &body)
    }

    /// For those who do not want to be asked again.
    pub fn opted_out(&self) -> Response {
        let Some(texts) = &self.texts else { return self.closed(StatusCode::OK) };
        let said = texts.opted_out.as_ref().unwrap_or(&texts.thanks);
        let body = format!("{}<p role=\"status\">{}</p>", self.heading(&texts.title), escape(said));
        self.html(StatusCode::OK, &texts.title, &body)
    }

    /// A link that is over.
    pub fn closed(&self, status: StatusCode) -> Response {
        let (title, text) = match &self.texts {
            Some(texts) => (texts.title.as_str(), texts.closed.as_str()),
            None => ("Thank you", "This survey is closed. Thank you for your interest."),
        };
        self.html(status, title, &format!("{}<p>{}</p>", self.heading(title), escape(text)))
    }

    fn heading(&self, title: &str) -> String {
        let brand = self.brand.name.as_ref().map(|name| format!("<p class=\"b\">{}</p>", escape(name)));
        format!("{}<h1>{}</h1>", brand.unwrap_or_default(), escape(title))
    }

    /// In the order in which they are shown: the best first, of a scale of eleven the lowest.
    fn scores(&self) -> Vec<u8> {
        let scores = self.kind.scores();
        if self.kind == SurveyKind::Nps { scores.collect() } else { scores.rev().collect() }
    }

    fn html(&self, status: StatusCode, title: &str, body: &str) -> Response {
        frame(status, &self.locale, title, Ink::of(&self.brand), body)
    }
}

fn mark(kind: SurveyKind, score: u8) -> String {
    match (kind, score) {
        (SurveyKind::Thumbs, 0) => "<span aria-hidden=\"true\">👎</span>".to_owned(),
        (SurveyKind::Thumbs, _) => "<span aria-hidden=\"true\">👍</span>".to_owned(),
        _ => score.to_string(),
    }
}

fn dash(kind: SurveyKind) -> &'static str {
    if kind == SurveyKind::Thumbs { "" } else { " –" }
}

#[cfg(test)]
mod tests;
