//! The survey page: one form, no script, no request to anywhere else.

use http::{HeaderValue, StatusCode, header};
use relevo_domain::pack::SurveyPage;
use relevo_domain::survey::Vote;
use relevo_edge::http::{Response, respond};
use std::fmt::Write;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;color:#1a1a1a}\
main{max-width:34rem;margin:0 auto;padding:1.5rem}h1{font-size:1.4rem}fieldset{border:0;padding:0;margin:0 0 1rem}\
legend{font-weight:600;margin-bottom:.5rem}label.s{display:block;padding:.7rem .8rem;margin:.4rem 0;background:#fff;\
border:1px solid #767676;border-radius:.5rem}textarea{width:100%;box-sizing:border-box;min-height:6rem;font:inherit;\
padding:.5rem;border:1px solid #767676;border-radius:.5rem}button{font:inherit;font-weight:600;padding:.8rem 1.4rem;\
margin-top:1rem;border:0;border-radius:.5rem;background:#0b4f6c;color:#fff}button:focus-visible,label.s:focus-within,\
textarea:focus-visible{outline:3px solid #d97706;outline-offset:2px}";

/// The form, with the vote that was given before if there is one.
pub fn form(locale: &str, texts: &SurveyPage, vote: Option<&Vote>) -> Response {
    let mut body = String::new();
    let _ = write!(
        body,
        "<h1>{}</h1><form method=\"post\"><fieldset><legend>{}</legend>",
        escape(&texts.title),
        escape(&texts.question)
    );
    for (score, label) in (1..=5_u8).zip(&texts.labels).rev() {
        let checked = if vote.is_some_and(|v| v.score == score) { " checked" } else { "" };
        let _ = write!(
            body,
            "<label class=\"s\"><input type=\"radio\" name=\"score\" value=\"{score}\" required{checked}> \
             {score} – {}</label>",
            escape(label)
        );
    }
    let comment = vote.and_then(|v| v.comment.as_ref()).map_or("", |c| c.0.as_str());
    let _ = write!(
        body,
        "</fieldset><label for=\"comment\">{}</label><textarea id=\"comment\" name=\"comment\" \
         maxlength=\"4000\">{}</textarea><button>{}</button></form>",
        escape(&texts.comment),
        escape(comment),
        escape(&texts.submit)
    );
    html(StatusCode::OK, locale, &texts.title, &body)
}

/// After a vote.
pub fn thanks(locale: &str, texts: &SurveyPage) -> Response {
    let body = format!("<h1>{}</h1><p role=\"status\">{}</p>", escape(&texts.title), escape(&texts.thanks));
    html(StatusCode::OK, locale, &texts.title, &body)
}

/// A link that is over.
pub fn closed(locale: &str, texts: Option<&SurveyPage>, status: StatusCode) -> Response {
    let (title, text) = match texts {
        Some(texts) => (texts.title.as_str(), texts.closed.as_str()),
        None => ("Thank you", "This survey is closed. Thank you for your interest."),
    };
    html(status, locale, title, &format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text)))
}

/// A link that leads nowhere: whose it might have been is not known, so it speaks the desks' languages.
pub fn unknown() -> Response {
    let body = "<h1>?</h1><p lang=\"es\">Este enlace no es válido. Gracias de todos modos.</p>\
                <p lang=\"fr\">Ce lien n’est pas valide. Merci quand même.</p>\
                <p lang=\"ru\">Эта ссылка недействительна. Всё равно спасибо.</p>\
                <p lang=\"en\">This link is not valid. Thank you all the same.</p>";
    html(StatusCode::NOT_FOUND, "en", "?", body)
}

fn html(status: StatusCode, locale: &str, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escape(locale),
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
}
