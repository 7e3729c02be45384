//! Errors of rendering as answers.

use http::StatusCode;
use relevo_domain::pack::Pack;
use relevo_domain::tone::Warning;
use relevo_edge::problem::{Problem, Wrong};
use relevo_rendering::{Problem as TemplateProblem, RenderError};

/// What was wrong with a request to render a published template.
pub fn render_problem(error: RenderError) -> Problem {
    let status = match error {
        RenderError::UnknownTemplate(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (code, detail) = (error.code(), error.to_string());
    let errors = match error {
        RenderError::Data(wrong) => wrong.into_iter().map(|p| (p.pointer, p.message).into()).collect(),
        RenderError::Template(problem) => vec![place(*problem)],
        RenderError::Limit { at: Some(problem), .. } => vec![place(*problem)],
        _ => Vec::new(),
    };
    Problem { errors, ..Problem::new(status, code, detail) }
}

/// What is wrong with a source that is being tried.
pub fn preview_problem(problems: Vec<TemplateProblem>) -> Problem {
    Problem::invalid_all(problems.into_iter().map(place).collect())
}

/// The position is in the message too, for people.
pub fn place(problem: TemplateProblem) -> Wrong {
    let TemplateProblem { pointer, line, column, message, .. } = problem;
    Wrong {
        pointer,
        message: format!("line {line}, column {column}: {message}"),
        position: Some((line, column)),
    }
}

/// Where a text departs from the tone of the pack.
pub fn warnings(pack: &Pack, locale: &str, text: &str) -> Vec<Warning> {
    pack.tone.as_ref().map(|tone| tone.check(text, &pack.locale_chain(locale))).unwrap_or_default()
}
