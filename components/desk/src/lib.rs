//! `/api/{desk}/…`: authenticate, decide, commit.

mod actions;
mod audit;
mod audits;
mod automations;
mod bulk;
mod call;
mod configuration;
mod contacts;
mod counts;
mod directory;
mod drafts;
mod family;
mod files;
mod handover;
mod held;
mod issues;
mod list;
mod macros;
mod mentions;
mod merge;
mod openapi;
mod outbox;
mod pack;
mod people;
mod privacy;
mod problems;
mod reply_files;
mod split;
mod tickets;
mod tokens;
mod views;

use call::Call;
use http::Method;
use relevo_edge::app::DeskContext;
use relevo_edge::fields::Hidden;
use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::presence;
use relevo_edge::problem::Problem;
use relevo_edge::{card_numbers, routes};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Largest body: a whole pack.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Largest body of anything else: what it says becomes one event, with room to spare in a value of the store.
const MAX_CALL_BYTES: usize = 256 * 1024;

/// Routes by which people write about customers.
const WRITTEN: [&str; 4] = ["audits.", "contacts.", "directory.", "tickets."];

/// Routes whose answers hold custom fields of tickets, ask for tickets by them, or say what is done to them.
const SHOW_TICKETS: [&str; 5] = ["contacts.export", "directory.", "macros.", "tickets.", "views."];

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("desk", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("desk", request)?;
    if matched.route.name == "openapi" {
        return Ok(openapi::document());
    }
    if matched.route.name == "bulk.work" {
        return bulk::work(request).await;
    }
    if !matches!(matched.route.name, "directory.import" | "erasures.replay" | "files.put" | "pack.publish") {
        request.at_most(MAX_CALL_BYTES)?;
    }
    // Whoever has no token learns nothing about which desks there are.
    let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
    if matched.route.name == "files.read" {
        return files::get(&context, matched.part(1)).await;
    }
    let caller = routes::admit(matched.route, &context, request).await?;
    presence::note_call(&context, &caller).await?;
    let shows_tickets = SHOW_TICKETS.iter().any(|what| matched.route.name.starts_with(what));
    let hidden = if shows_tickets { Hidden::of(&context, caller.role).await? } else { Hidden::default() };
    let call = Call { context, hidden, caller, request, matched };
    if request.method != Method::GET && WRITTEN.iter().any(|what| call.matched.route.name.starts_with(what)) {
        card_numbers::refuse(&call.context.pack().await?.pack, request)?;
    }
    match call.matched.route.name {
        "approvals.list" => held::list(&call).await,
        "audits.dispute" => audits::dispute(&call).await,
        "audits.list" => audits::list(&call).await,
        "audits.read" => audits::read(&call).await,
        "audits.resolve" => audits::resolve(&call).await,
        "audits.score" => audits::score(&call).await,
        "audit.anchors" => audit::anchors(&call).await,
        "automations.list" => automations::list(&call).await,
        "bulk.read" => bulk::read(&call).await,
        "channels.secrets.set" => configuration::set_secrets(&call).await,
        "contacts.erase" => privacy::erase(&call).await,
        "contacts.export" => privacy::export(&call).await,
        "contacts.hold" => privacy::hold(&call).await,
        "contacts.list" => contacts::list(&call).await,
        "contacts.merge" => contacts::merge::merge(&call).await,
        "contacts.unmerge" => contacts::merge::unmerge(&call).await,
        "contacts.read" => contacts::read(&call).await,
        "contacts.surveys" => contacts::surveys(&call).await,
        "directory.accounts.list" => directory::accounts(&call).await,
        "directory.accounts.read" => directory::account(&call).await,
        "directory.accounts.remove" => directory::remove_account(&call).await,
        "directory.accounts.set" => directory::set_account(&call).await,
        "directory.import" => directory::import(&call).await,
        "directory.people.find" => directory::people(&call).await,
        "directory.people.remove" => directory::remove_person(&call).await,
        "directory.people.set" => directory::set_person(&call).await,
        "erasures.list" => privacy::erasures(&call).await,
        "erasures.replay" => privacy::replay(&call).await,
        "files.put" => files::put(&call).await,
        "macros.list" => macros::list(&call).await,
        "me" => tokens::me(&call),
        "me.mentions" => mentions::list(&call).await,
        "me.mentions.seen" => mentions::mark(&call).await,
        "outbox.list" => outbox::list(&call).await,
        "outbox.read" => outbox::read(&call).await,
        "outbox.retry" => outbox::retry(&call).await,
        "pack.publish" => pack::publish(&call).await,
        "pack.read" => pack::read(&call).await,
        "people.absence.end" => people::end_absence(&call).await,
        "people.absence.set" => people::set_absence(&call).await,
        "people.list" => people::list(&call).await,
        "people.presence" => people::set_presence(&call).await,
        "problems.list" => problems::list(&call).await,
        "problems.retry" => problems::retry(&call).await,
        "subscribers.create" => configuration::add_subscriber(&call).await,
        "subscribers.delete" => configuration::remove_subscriber(&call).await,
        "subscribers.list" => configuration::subscribers(&call),
        "tickets.assign" => actions::assign(&call).await,
        "tickets.bulk" => bulk::start(&call).await,
        "tickets.counts" => counts::counts(&call).await,
        "tickets.create" => tickets::create(&call).await,
        "tickets.draft.discard" => drafts::discard(&call).await,
        "tickets.draft.read" => drafts::read(&call).await,
        "tickets.draft.save" => drafts::save(&call).await,
        "tickets.escalate" => actions::escalate(&call).await,
        "tickets.fields" => actions::fields(&call).await,
        "tickets.history" => tickets::history(&call).await,
        "tickets.list" => list::tickets(&call).await,
        "tickets.follow_up" => tickets::follow_up(&call).await,
        "tickets.snooze" => actions::snooze(&call).await,
        "tickets.issues" => handover::link(&call).await,
        "tickets.macro" => macros::apply(&call).await,
        "tickets.merge" => merge::merge(&call).await,
        "tickets.note" => mentions::note(&call).await,
        "tickets.children" => family::children(&call).await,
        "tickets.parent.link" => family::link(&call).await,
        "tickets.parent.unlink" => family::unlink(&call).await,
        "tickets.split" => split::split(&call).await,
        "tickets.priority" => actions::priority(&call).await,
        "tickets.read" => tickets::read(&call).await,
        "tickets.reply" => actions::reply(&call).await,
        "tickets.reply.approve" => held::approve(&call).await,
        "tickets.reply.cancel" => held::cancel(&call).await,
        "tickets.reply.release" => held::release(&call).await,
        "tickets.status" => actions::status(&call).await,
        "tickets.tags" => actions::tags(&call).await,
        "tickets.unmerge" => merge::unmerge(&call).await,
        "tickets.validate" => handover::validate(&call).await,
        "views.create" => views::create(&call).await,
        "views.delete" => views::delete(&call).await,
        "views.list" => views::list(&call).await,
        "views.read" => views::read_one(&call).await,
        "views.update" => views::update(&call).await,
        "tokens.issue" => tokens::issue(&call).await,
        "tokens.list" => tokens::list(&call).await,
        "tokens.revoke" => tokens::revoke(&call).await,
        "tokens.rotate" => tokens::rotate(&call).await,
        _ => {
            Err(Problem::not_found("unknown_path", "there is nothing under this path; see /api/openapi.json"))
        }
    }
}
