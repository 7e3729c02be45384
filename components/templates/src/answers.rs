//! Errors of rendering as answers.

use http::StatusCode;
use relevo_edge::problem::Problem;
use relevo_rendering::{Problem as TemplateProblem, RenderError};

/// What was wrong with a request to render a published template.
pub fn render_problem(error: RenderError) -> Problem {
    let status = match error {
        RenderError::UnknownTemplate(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (code, detail) = (error.code(), error.to_string());
    let errors = match error {
        RenderError::Data(wrong) => wrong.into_iter().map(|p| (p.pointer, p.message)).collect(),
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

fn place(problem: TemplateProblem) -> (String, String) {
    (problem.pointer, format!("line {}, column {}: {}", problem.line, problem.column, problem.message))
}
