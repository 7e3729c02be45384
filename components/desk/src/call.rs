//! One call of the API: who calls what at which desk.

use relevo_edge::app::DeskContext;
use relevo_edge::auth::Caller;
use relevo_edge::fields::Hidden;
use relevo_edge::http::Incoming;
pub use relevo_edge::identity::{Identity, random};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Matched;

/// A call.
pub struct Call<'a> {
    /// The desk.
    pub context: DeskContext,
    /// The custom fields that the caller does not see.
    pub hidden: Hidden,
    /// Who calls.
    pub caller: Caller,
    /// The request.
    pub request: &'a Incoming,
    /// The route and its parts.
    pub matched: Matched<'a>,
}

impl Call<'_> {
    /// The call's identity.
    ///
    /// # Errors
    /// 400 for an unusable key.
    pub fn identity(&self) -> Result<Identity, Problem> {
        Identity::of(&self.context, &self.caller.person, self.request)
    }
}
