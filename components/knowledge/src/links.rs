//! Articles on tickets: which helped, which may help, and that there was none.

use crate::{answers, articles, find, missing, show};
use http::StatusCode;
use relevo_domain::article::Standing;
use relevo_domain::conversation::passage::{Place, passages};
use relevo_domain::conversation::{Conversation, ConversationEvent, decide, view};
use relevo_edge::api::ArticleLink;
use relevo_edge::app::event;
use relevo_edge::fields::Hidden;
use relevo_edge::http::{Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_journal::{Fold, Loaded};
use relevo_search::words::words;
use serde_json::{Value, json};

/// Articles that are suggested.
const SUGGESTED: usize = 5;

/// Words of a ticket that are asked for; what is said last counts.
const MOST_WORDS: usize = 60;

/// Shortest word that says what a ticket is about.
const SHORTEST_WORD: usize = 4;

/// `POST …/tickets/{ticket}/articles`: one that helped, or that there was none.
pub async fn link(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ArticleLink = call.request.json()?;
    match (body.article, body.missing) {
        (Some(article), None) => {
            let name = ids::parse(&article, ids::ARTICLE, "article").map_err(|_| show::unknown())?;
            let found = articles::existing(call, name).await?;
            if found.state.standing() != Standing::Published {
                let detail = "only what is published is linked to tickets";
                return Err(Problem::new(StatusCode::CONFLICT, "not_published", detail));
            }
            linked(call, &article, true).await
        }
        (None, Some(looked_for)) => {
            let (_, loaded, ordinal) = ticket(call).await?;
            let pack = call.context.pack().await?;
            let of = loaded.state.ticket(ordinal);
            let partition = of.and_then(|one| pack.pack.partition_of_ticket(&one.queue, one.team.as_deref()));
            missing::note(call, &looked_for, partition).await?;
            answer(call, &loaded, ordinal).await
        }
        _ => Err(Problem::invalid("/article", "either article or missing")),
    }
}

/// `DELETE …/tickets/{ticket}/articles/{article}`
pub async fn unlink(call: &Call<'_>) -> Result<Response, Problem> {
    let article = call.matched.part(2).to_owned();
    ids::parse(&article, ids::ARTICLE, "article").map_err(|_| show::unknown())?;
    linked(call, &article, false).await
}

/// `GET …/tickets/{ticket}/suggestions`: articles that say what the customer says, then canned answers, and by which words.
pub async fn suggestions(call: &Call<'_>) -> Result<Response, Problem> {
    let (id, _, ordinal) = ticket(call).await?;
    let (conversation, _) = ids::parse_ticket(&id)?;
    let stream = call.context.stream(Conversation::KIND, conversation)?;
    let (state, _) = call.context.journal.load_events::<Conversation>(&stream, None).await?;
    let found = decide::existing(&state, ordinal)?;
    let locale = state.party.as_ref().map(|party| party.locale.clone());
    let said = passages(&state, found).into_iter().rev();
    let said = said.filter(|passage| matches!(passage.place, Place::Subject | Place::Message(_)));
    let mut terms: Vec<String> = Vec::new();
    for word in said.flat_map(|passage| words(&passage.text)) {
        let says = word.folded.chars().count() >= SHORTEST_WORD;
        if says && terms.len() < MOST_WORDS && !terms.contains(&word.folded) {
            terms.push(word.folded);
        }
    }
    let rows = find::all(call).await?;
    let pack = call.context.pack().await?;
    let who = (call.caller.person.as_str(), call.caller.role);
    let canned = answers::suggested(&pack.pack, who, locale.as_deref(), &terms);
    let published: Vec<_> = rows.values().filter(|row| row.standing == Standing::Published).collect();
    answers::retain_telling(&mut terms, published.len(), |term| {
        published.iter().filter(|row| row.locales.values().any(|said| said.words.contains_key(term))).count()
    });
    let hits = find::ranked(call, &rows, &terms, locale.as_deref()).await?;
    let items: Vec<Value> = hits
        .into_iter()
        .take(SUGGESTED)
        .map(|hit| {
            let title = hit.row.locales.get(&hit.locale).map(|said| said.title.clone());
            let said = hit.row.locales.get(&hit.locale).map(|said| said.words.clone()).unwrap_or_default();
            let why: Vec<&String> = terms.iter().filter(|term| said.contains_key(*term)).collect();
            json!({
                "kind": "article", "article": format!("{}{}", ids::ARTICLE, hit.name), "title": title, "locale": hit.locale,
                "tags": hit.row.about.tags, "score": (hit.score * 1_000.0).round() / 1_000.0,
                "why": {"words": why}, "linked": found.articles.contains(&format!("{}{}", ids::ARTICLE, hit.name)),
            })
        })
        .chain(canned)
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

async fn linked(call: &Call<'_>, article: &str, linked: bool) -> Result<Response, Problem> {
    let (_, loaded, ordinal) = ticket(call).await?;
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    let is_linked = decide::existing(&loaded.state, ordinal)?.articles.contains(article);
    let mut after = loaded;
    if !identity.repeats(&after)? && is_linked != linked {
        let data = ConversationEvent::ArticleLinked { ticket: ordinal, article: article.to_owned(), linked };
        let mut commit = call.context.commit();
        after = commit.append(&after, vec![event(identity.id, &call.caller.actor(), identity.tag, data)?])?;
        call.context.journal.commit(commit).await?;
    }
    answer(call, &after, ordinal).await
}

/// The ticket of the path.
async fn ticket(call: &Call<'_>) -> Result<(String, Loaded<Conversation>, u32), Problem> {
    let id = call.matched.part(1).to_owned();
    let (conversation, ordinal) = ids::parse_ticket(&id)?;
    let stream = call.context.stream(Conversation::KIND, conversation)?;
    let loaded = call.context.journal.load::<Conversation>(&stream, call.context.now).await?;
    decide::existing(&loaded.state, ordinal)?;
    Ok((id, loaded, ordinal))
}

async fn answer(call: &Call<'_>, loaded: &Loaded<Conversation>, ordinal: u32) -> Result<Response, Problem> {
    let ticket = decide::existing(&loaded.state, ordinal)?;
    let unknown = || Problem::not_found("unknown_ticket", "there is no such ticket at this desk");
    let party = loaded.state.party.as_ref().ok_or_else(unknown)?;
    let mut item = view::item(call.matched.part(1), party, ticket);
    Hidden::of(&call.context, call.caller.role).await?.leave_out(&mut item);
    Ok(json(StatusCode::OK, &Value::Object(item)))
}
