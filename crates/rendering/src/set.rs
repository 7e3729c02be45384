//! A pack's templates, compiled as they are used.

mod examples;
mod message;
mod preview;
mod render;
mod validate;
mod whatsapp;

pub use message::{ActionText, ButtonValue, HeaderValue, RenderError, Rendered, Request, WhatsAppMessage};
pub use preview::{Preview, Previewed};

use crate::document::Documents;
use crate::engine::environment;
use crate::limits;
use crate::locale::{base, conventions};
use crate::problem::Problem;
use crate::values::Context;
use chrono_tz::Tz;
use minijinja::Environment;
use std::fmt;
use std::sync::Arc;

/// A pack's templates. It is made without compiling anything, compiles each source once when it is first used, and
/// may be kept in a static: renders share it and leave nothing behind.
pub struct TemplateSet {
    documents: Arc<Documents>,
    env: Environment<'static>,
}

impl TemplateSet {
    /// A set over a pack's documents.
    pub fn new(documents: Documents) -> Self {
        let documents = Arc::new(documents);
        Self { env: environment(&documents), documents }
    }

    /// The documents.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    fn context(&self, wanted: &str, resolved: &str, zone: Tz, plain_spaces: bool) -> Arc<Context> {
        // The region is the reader's, the language the text's.
        let wanted = crate::document::canonical(wanted);
        let locale = if base(&wanted) == base(resolved) { wanted } else { resolved.to_owned() };
        Arc::new(Context { conventions: conventions(&locale), locale, zone, plain_spaces })
    }
}

impl Default for TemplateSet {
    /// No templates: only previews.
    fn default() -> Self {
        Self::new(Documents::default())
    }
}

impl fmt::Debug for TemplateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateSet")
            .field("templates", &self.documents.templates.len())
            .finish_non_exhaustive()
    }
}

/// Sorted, each once, and not more than anybody reads.
fn tidy(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| place_key(a).cmp(&place_key(b)));
    problems.dedup_by(|a, b| place_key(a) == place_key(b));
    problems.truncate(limits::PROBLEMS);
    problems
}

fn place_key(problem: &Problem) -> (&str, u32, u32, &str, &str) {
    (&problem.pointer, problem.line, problem.column, problem.code, &problem.part)
}
