//! Templates that a provider has to approve before they can be sent.

use crate::app::DeskContext;
use crate::problem::Problem;
use http::StatusCode;
use relevo_domain::account::Account;
use relevo_domain::account::approval::{Approval, Approvals};
use relevo_journal::Fold;

/// What the provider of an account said of its templates.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_account(context: &DeskContext, channel: &str, account: &str) -> Result<Approvals, Problem> {
    let stream = context.stream(Account::KIND, &context.keys.id("account", &[channel, account]))?;
    Ok(context.journal.load::<Account>(&stream, context.now).await?.state.templates)
}

/// Refuses a template that the provider does not send at present. One that it has said nothing of passes.
///
/// # Errors
/// `template_not_approved`, in words for an agent.
pub fn check(approvals: &Approvals, name: &str, language: &str) -> Result<(), Problem> {
    match approvals.of(name, language) {
        Some(approval) if !approval.is_usable() => Err(refused(name, language, approval)),
        _ => Ok(()),
    }
}

fn refused(name: &str, language: &str, approval: &Approval) -> Problem {
    let state = approval.state.as_deref().unwrap_or("unknown");
    let reason = approval.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let detail = format!(
        "the provider does not send the template {name:?} in {language:?} at present: it is {state}{reason} since \
         {}; choose another template, or wait until it is approved",
        approval.at.format("%Y-%m-%d")
    );
    Problem::new(StatusCode::CONFLICT, "template_not_approved", detail)
}
