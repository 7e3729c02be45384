//! Template sets by version of the pack: immutable, so that an instance keeps them compiled.

use relevo_edge::app::{DeskContext, unknown_desk};
use relevo_edge::problem::Problem;
use relevo_rendering::{Locales, Problem as TemplateProblem, TemplateSet};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// Sets that an instance keeps.
const KEPT: usize = 16;

thread_local! {
    static SETS: RefCell<Vec<(String, Rc<TemplateSet>)>> = const { RefCell::new(Vec::new()) };
}

/// The templates of a pack's document, checked.
pub fn load(pack: &Value) -> Result<TemplateSet, Vec<TemplateProblem>> {
    let (templates, partials, locales) = parts(pack);
    TemplateSet::load(templates, partials, locales)
}

/// Templates, partials and languages of a pack's document.
fn parts(pack: &Value) -> (&Value, &Value, Locales) {
    let part = |name: &str| pack.get(name).unwrap_or(&Value::Null);
    (part("templates"), part("partials"), serde_json::from_value(part("locale").clone()).unwrap_or_default())
}

/// The templates of the pack in force.
pub async fn of_desk(context: &DeskContext) -> Result<Rc<TemplateSet>, Problem> {
    let version = context.config.state.current().ok_or_else(unknown_desk)?;
    let key = format!("{}/{}/{}", context.desk, version.version, version.blob);
    let kept = SETS.with_borrow(|sets| sets.iter().find(|(k, _)| *k == key).map(|(_, set)| set.clone()));
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let set = load(&context.pack_document(version).await?);
    let set =
        Rc::new(set.map_err(|_| Problem::unavailable("the templates of the published pack cannot be read"))?);
    SETS.with_borrow_mut(|sets| {
        if sets.len() >= KEPT {
            sets.remove(0);
        }
        sets.push((key, set.clone()));
    });
    Ok(set)
}
