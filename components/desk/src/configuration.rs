//! Secrets of channel accounts, subscribers, people.

use crate::call::Call;
use crate::tickets::fresh_id;
use data_encoding::BASE64;
use http::StatusCode;
use relevo_channels::AccountSecrets;
use relevo_domain::config::{ConfigEvent, Filter, Subscriber};
use relevo_edge::api::{NewSubscriber, SubscriberFilter};
use relevo_edge::app::event;
use relevo_edge::http::{Response, empty, json};
use relevo_edge::problem::Problem;
use relevo_edge::variables;
use relevo_projections::fanout::EVENT_TYPES;
use serde_json::{Value, json};

/// `PUT …/channels/{channel}/{account}/secrets`
pub async fn set_secrets(call: &Call<'_>) -> Result<Response, Problem> {
    let secrets: AccountSecrets = call.request.json()?;
    let (channel, account) = (call.matched.part(1), call.matched.part(2));
    let context = &call.context;
    let pack = context.pack().await?;
    if pack.pack.account(channel, account).is_none() {
        return Err(Problem::not_found("unknown_account", "the pack has no such channel account"));
    }
    if secrets == AccountSecrets::default() {
        let detail = "this sets all of them and gives none; with null or an empty text one is removed";
        let given: Value = call.request.json()?;
        if given.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(Problem::invalid("", detail));
        }
    }
    let wrong = relevo_channels::wrong_secrets(channel, &secrets);
    if !wrong.is_empty() {
        let errors: Vec<_> = wrong.into_iter().map(|(member, why)| (format!("/{member}"), why)).collect();
        return Err(Problem::invalid_all(errors));
    }
    let old = context.secrets(channel, account)?;
    let secrets = secrets.replacing(&old, context.now);
    if old == secrets {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let name = format!("{channel}/{account}");
    let bytes = serde_json::to_vec(&secrets).unwrap_or_default();
    let sealed = context.keys.seal(&name, &bytes).map_err(|e| Problem::unavailable(e.to_string()))?;
    let data = ConfigEvent::SecretsSet { channel: channel.to_owned(), account: account.to_owned(), sealed };
    record(call, data).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST …/subscribers`
pub async fn add_subscriber(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewSubscriber = call.request.json()?;
    let rehearsal = variables::kept("rehearsal_host").await;
    relevo_outward::parse(&body.url, &rehearsal).map_err(|why| Problem::invalid("/url", why))?;
    let unknown = body.events.iter().position(|e| !EVENT_TYPES.contains(&e.as_str()));
    if let Some(n) = unknown {
        let known = EVENT_TYPES.join(", ");
        return Err(Problem::invalid(format!("/events/{n}"), format!("the event types are {known}")));
    }
    let only = filter(call, body.only).await?;
    let identity = call.identity()?;
    let keyed = format!("sub_{}", call.context.keys.id("subscriber", &[&identity.id]));
    if identity.repeats(&call.context.config)? {
        return subscribed_before(call, &keyed);
    }
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|_| Problem::unavailable("the host gives no random bytes"))?;
    let secret = format!("whsec_{}", BASE64.encode(&bytes));
    let id = if identity.is_keyed { keyed } else { fresh_id("sub_")? };
    let purpose = format!("subscriber/{id}");
    let sealed = call.context.keys.seal(&purpose, secret.as_bytes());
    let sealed = sealed.map_err(|e| Problem::unavailable(e.to_string()))?;
    let subscriber = Subscriber { url: body.url, events: body.events, only, sealed };
    let answer = subscribed(&id, &subscriber, &secret);
    // The answer has the secret that was stored: a call without a key is one of its own.
    let data = ConfigEvent::SubscriberSet { id, subscriber };
    let mut commit = call.context.commit();
    let event = event(identity.id, &call.caller.actor(), identity.tag, data)?;
    commit.append(&call.context.config, vec![event])?;
    call.context.journal.commit(commit).await?;
    Ok(answer)
}

/// The one answer that shows a subscriber's secret.
fn subscribed(id: &str, subscriber: &Subscriber, secret: &str) -> Response {
    let mut view = subscriber_view(id, subscriber);
    if let Some(view) = view.as_object_mut() {
        view.insert("secret".to_owned(), json!(secret));
    }
    json(StatusCode::CREATED, &view)
}

fn subscribed_before(call: &Call<'_>, id: &str) -> Result<Response, Problem> {
    let gone = || Problem::not_found("unknown_subscriber", "this subscriber has been removed since");
    let subscriber = call.context.config.state.subscribers.get(id).ok_or_else(gone)?;
    let opened = call.context.keys.open(&format!("subscriber/{id}"), &subscriber.sealed);
    let opened = opened.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(subscribed(id, subscriber, &String::from_utf8_lossy(&opened)))
}

/// `DELETE …/subscribers/{subscriber}`
pub async fn remove_subscriber(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.matched.part(1);
    if !call.context.config.state.subscribers.contains_key(id) {
        return Err(Problem::not_found("unknown_subscriber", "there is no such subscriber"));
    }
    record(call, ConfigEvent::SubscriberRemoved { id: id.to_owned() }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `GET …/subscribers`
pub fn subscribers(call: &Call<'_>) -> Result<Response, Problem> {
    let subscribers = &call.context.config.state.subscribers;
    let items: Vec<_> = subscribers.iter().map(|(id, subscriber)| subscriber_view(id, subscriber)).collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

fn subscriber_view(id: &str, subscriber: &Subscriber) -> Value {
    json!({"id": id, "url": subscriber.url, "events": subscriber.events, "only": subscriber.only})
}

/// What a subscriber wants to hear of, in words of the desk's pack: what is not there would never come.
async fn filter(call: &Call<'_>, wanted: SubscriberFilter) -> Result<Filter, Problem> {
    let pack = call.context.pack().await?;
    let queue = wanted.queues.iter().position(|queue| !pack.pack.queues.contains_key(queue));
    if let Some(n) = queue {
        return Err(Problem::invalid(format!("/only/queues/{n}"), "the pack has no such queue"));
    }
    let channel = wanted.channels.iter().position(|channel| !pack.pack.channels.contains_key(channel));
    if let Some(n) = channel {
        return Err(Problem::invalid(
            format!("/only/channels/{n}"),
            "the pack has no account of such a channel",
        ));
    }
    let SubscriberFilter { channels, priorities, queues, tags } = wanted;
    Ok(Filter { channels, priorities, queues, tags })
}

/// Appends an event to the desk's configuration.
pub async fn record(call: &Call<'_>, data: ConfigEvent) -> Result<(), Problem> {
    let identity = call.identity()?;
    let context = &call.context;
    if identity.repeats(&context.config)? {
        return Ok(());
    }
    let mut commit = context.commit();
    commit.append(&context.config, vec![event(identity.id, &call.caller.actor(), identity.tag, data)?])?;
    context.journal.commit(commit).await?;
    Ok(())
}
