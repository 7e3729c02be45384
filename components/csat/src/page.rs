//! The survey page: one form, no script, no request to anywhere else.

use http::{HeaderValue, StatusCode, header};
use relevo_domain::Private;
use relevo_domain::pack::{Brand, SurveyPage};
use relevo_domain::survey::{SurveyKind, rgb};
use relevo_edge::http::{Response, respond};
use std::fmt::Write;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;color:#1a1a1a}\
main{max-width:34rem;margin:0 auto;padding:1.5rem}h1{font-size:1.4rem}fieldset{border:0;padding:0;margin:0 0 1rem}\
legend{font-weight:600;margin-bottom:.5rem}label.s{display:block;padding:.7rem .8rem;margin:.4rem 0;background:#fff;\
border:1px solid #767676;border-radius:.5rem}textarea{width:100%;box-sizing:border-box;min-height:6rem;font:inherit;\
padding:.5rem;border:1px solid #767676;border-radius:.5rem}button{font:inherit;font-weight:600;padding:.8rem 1.4rem;\
margin-top:1rem;border:0;border-radius:.5rem}button:focus-visible,label.s:focus-within,\
textarea:focus-visible{outline:3px solid #b45309;outline-offset:2px}.b{margin:0;padding-left:.6rem;\
border-left:.3rem solid;font-weight:600}.e{padding:.6rem .8rem;border:2px solid #b91c1c;border-radius:.5rem;\
background:#fff}.w label.s{display:inline-block;min-width:3.2rem;margin:.2rem}.o{margin-top:2rem}.o button{padding:.4rem 0;\
background:none;color:#1a1a1a;font-weight:400;text-decoration:underline}";

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
            "</fieldset><label for=\"comment\">{}</label><textarea id=\"comment\" name=\"comment\" \
             maxlength=\"4000\">{}</textarea><button>{}</button></form>",
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
                 <label for=\"comment\">{}</label><textarea id=\"comment\" name=\"comment\" \
                 maxlength=\"4000\" required></textarea><button>{}</button></form>",
                escape(question),
                escape(&texts.submit)
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
        let color = self.brand.color.as_deref().filter(|color| rgb(color).is_some()).unwrap_or("#0b4f6c");
        let on_it = if is_light(color) { "#000" } else { "#fff" };
        let brand = format!("button{{background:{color};color:{on_it}}}.b{{border-color:{color}}}");
        html(status, &self.locale, title, &brand, body)
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

/// Whether black reads better on a colour than white: the contrasts of WCAG 2 are equal at a luminance of 0.179.
fn is_light(color: &str) -> bool {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    rgb(color).is_some_and(|[red, green, blue]| {
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.179
    })
}

/// A link that leads nowhere: whose it might have been is not known, so it speaks the desks' languages.
pub fn unknown() -> Response {
    let body = "<h1>?</h1><p lang=\"es\">Este enlace no es válido. Gracias de todos modos.</p>\
                <p lang=\"fr\">Ce lien n’est pas valide. Merci quand même.</p>\
                <p lang=\"ru\">Эта ссылка недействительна. Всё равно спасибо.</p>\
                <p lang=\"en\">This link is not valid. Thank you all the same.</p>";
    html(StatusCode::NOT_FOUND, "en", "?", "", body)
}

fn html(status: StatusCode, locale: &str, title: &str, brand: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"{}\" dir=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{}</title><style>{STYLE}{brand}</style></head><body><main>{body}</main></body></html>",
        escape(locale),
        direction(locale),
        escape(title)
    );
    let mut response = respond(status, "text/html; charset=utf-8", page);
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Which way a language is written.
fn direction(locale: &str) -> &'static str {
    match locale.split('-').next() {
        Some("ar" | "fa" | "he" | "ur" | "yi") => "rtl",
        _ => "ltr",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escape("<script>\"'&"), "&lt;script&gt;&quot;&#39;&amp;");
    }

    #[test]
    fn what_is_written_on_the_brand_s_colour_can_be_read() {
        for (color, light) in
            [("#000000", false), ("#ffffff", true), ("#0b4f6c", false), ("#ffd400", true), ("#777777", true)]
        {
            assert_eq!(is_light(color), light, "{color}");
        }
    }
}
