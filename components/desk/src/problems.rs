//! Items that could not be understood: looking at them, and having them read once more.

use crate::call::Call;
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::account::{Account, Kept};
use relevo_domain::conversation::view;
use relevo_edge::api::Again;
use relevo_edge::http::{Response, json, respond};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use serde_json::{Value, json};

/// `GET …/problems`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let kept = all(call).await?.into_iter().map(|(channel, account, kept)| {
        json!({
            "id": kept.id, "at": view::rfc3339(kept.at), "channel": channel, "account": account,
            "pointer": kept.problem.pointer, "why": kept.problem.why, "item": kept.problem.data.0,
            // Without the request that it came in there is nothing to read once more.
            "retryable": kept.problem.request.is_some(),
        })
    });
    Ok(json(StatusCode::OK, &json!({"items": kept.collect::<Vec<Value>>(), "next": null})))
}

/// `POST …/problems/{problem}/retry`
pub async fn retry(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.matched.part(1);
    let unknown = || Problem::not_found("unknown_problem", "there is no such problem at this desk");
    let (channel, account, kept) =
        all(call).await?.into_iter().find(|(_, _, kept)| kept.id == id).ok_or_else(unknown)?;
    let Some(request) = kept.problem.request else {
        let detail = "the request that it came in was not kept; it can only be looked at";
        return Err(Problem::new(StatusCode::CONFLICT, "request_not_kept", detail));
    };
    let again = Again {
        desk: call.context.desk.to_string(),
        channel,
        account,
        request,
        problem: kept.id,
        external_id: kept.problem.external_id,
    };
    let answer = internal::call("inbound", "/internal/again", &again).await?;
    if answer.status.is_success() {
        return Ok(respond(StatusCode::OK, "application/json", answer.body));
    }
    Err(Problem::passed_on(answer.status, &answer.body))
}

/// All that is kept, by channel and account, newest first.
async fn all(call: &Call<'_>) -> Result<Vec<(String, String, Kept)>, Problem> {
    let context = &call.context;
    let pack = context.pack().await?;
    let accounts =
        pack.pack.channels.iter().flat_map(|(channel, accounts)| accounts.keys().map(move |a| (channel, a)));
    let loads = accounts.map(|(channel, account)| async move {
        let name = context.keys.id("account", &[channel, account]);
        let loaded =
            context.journal.load::<Account>(&context.stream(Account::KIND, &name)?, context.now).await?;
        let kept = loaded.state.problems.into_iter().rev();
        Ok::<_, Problem>(kept.map(|k| (channel.clone(), account.clone(), k)).collect::<Vec<_>>())
    });
    Ok(try_join_all(loads).await?.into_iter().flatten().collect())
}
