//! What is around every page: language, direction, colours, policy.

use http::{HeaderValue, StatusCode, header};
use relevo_domain::pack::Brand;
use relevo_domain::survey::rgb;
use relevo_edge::html::escape;
use relevo_edge::http::{Response, respond};
use std::fmt::Write;

/// Sides are `start` and `end`, so that a page in Arabic is the mirror of one in Spanish.
pub(super) const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;\
color:#1a1a1a}main{max-width:34rem;margin:0 auto;padding:1.5rem;overflow-wrap:break-word}h1{font-size:1.4rem;\
line-height:1.3}h2{font-size:1.1rem;margin-bottom:0}h2+p{margin-top:.2rem}fieldset{border:0;padding:0;margin:0 0 1.2rem;min-width:0}legend{font-weight:600;padding:0;\
margin-bottom:.5rem}label{display:block;margin-bottom:.4rem}label.s{padding:.7rem .8rem;margin:.4rem 0;\
background:#fff;border:1px solid #767676;border-radius:.5rem}label.s input{width:1.1rem;height:1.1rem;\
margin:0;margin-inline-end:.5rem;vertical-align:-.15rem}textarea{width:100%;box-sizing:border-box;\
min-height:6rem;font:inherit;padding:.5rem;border:1px solid #767676;border-radius:.5rem;background:#fff;\
color:#1a1a1a}button{font:inherit;font-weight:600;padding:.8rem 1.4rem;margin-top:1rem;border:0;\
border-radius:.5rem}button:focus-visible,label.s:focus-within,textarea:focus-visible{outline:3px solid #b45309;\
outline-offset:2px}.b{margin:0;padding-inline-start:.6rem;border-inline-start:.3rem solid;font-weight:600}\
.e{padding:.6rem .8rem;border:2px solid #b91c1c;border-radius:.5rem;background:#fff}\
.w label.s{display:inline-block;min-width:3.2rem;margin:.2rem}.o{margin-top:2rem}.o button{padding:.4rem 0;\
background:none;color:#1a1a1a;font-weight:400;text-align:start;text-decoration:underline}";

/// The colour of a brand, and what is written on it.
pub(super) struct Ink {
    color: String,
    on_it: &'static str,
}

impl Ink {
    /// Of a desk; a sober blue if it has none.
    pub(super) fn of(brand: &Brand) -> Self {
        let color = brand.color.as_deref().filter(|color| rgb(color).is_some()).unwrap_or("#0b4f6c");
        Self { color: color.to_owned(), on_it: if is_light(color) { "#000" } else { "#fff" } }
    }

    pub(super) fn css(&self) -> String {
        let Self { color, on_it } = self;
        format!(
            "button{{background:{color};color:{on_it}}}.b{{border-color:{color}}}input{{accent-color:{color}}}"
        )
    }
}

/// Whether black reads better on a colour than white: the contrasts of WCAG 2 are equal at a luminance of 0.179.
fn is_light(color: &str) -> bool {
    rgb(color).is_some_and(|color| luminance(color) > 0.179)
}

/// Relative luminance, by WCAG 2.
pub(super) fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// A whole page.
pub(super) fn frame(status: StatusCode, locale: &str, title: &str, ink: Ink, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"{}\" dir=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{}</title><style>{STYLE}{}</style></head><body><main>{body}</main></body></html>",
        escape(locale),
        direction(locale),
        escape(title),
        ink.css()
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
pub(super) fn direction(locale: &str) -> &'static str {
    match locale.split('-').next() {
        Some("ar" | "fa" | "he" | "ur" | "yi") => "rtl",
        _ => "ltr",
    }
}

/// For a link that leads nowhere, by language: title and text.
const UNKNOWN: [(&str, &str, &str); 4] = [
    (
        "es",
        "Este enlace no es válido",
        "Compruebe que ha copiado el enlace completo o responda a nuestro último mensaje. Gracias.",
    ),
    (
        "fr",
        "Ce lien n’est pas valide",
        "Vérifiez que vous avez copié le lien en entier ou répondez à notre dernier message. Merci.",
    ),
    (
        "ru",
        "Эта ссылка недействительна",
        "Проверьте, что ссылка скопирована целиком, или ответьте на наше последнее сообщение. Спасибо.",
    ),
    (
        "en",
        "This link is not valid",
        "Please check that you have copied the whole link, or reply to our last message. Thank you.",
    ),
];

/// A link that leads nowhere. Whose it might have been is not known, nor in which language: it speaks those of the
/// desks, first the one that the browser asks for.
pub fn unknown(accept_language: Option<&str>) -> Response {
    let asked = accept_language.unwrap_or_default().split([',', ';']).map(str::trim);
    let spoken =
        |tag: &str| UNKNOWN.iter().position(|(language, ..)| tag.split('-').next() == Some(language));
    let first = asked.filter_map(spoken).next().unwrap_or_default();
    let mut order: Vec<_> = UNKNOWN.iter().collect();
    order.rotate_left(first);
    let mut body = String::new();
    for (n, (language, title, text)) in order.iter().enumerate() {
        let level = if n == 0 { 1 } else { 2 };
        let _ =
            write!(body, "<section lang=\"{language}\"><h{level}>{title}</h{level}><p>{text}</p></section>");
    }
    let (language, title) = order.first().map_or(("en", "?"), |(language, title, _)| (*language, *title));
    frame(StatusCode::NOT_FOUND, language, title, Ink::of(&Brand::default()), &body)
}
