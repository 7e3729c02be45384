//! Templates one by one: what there is, drafts, publishing, going back, who changed what.
//!
//! A published template is part of the pack: publishing a draft publishes the pack with this one template changed, and
//! going back does so with the template of an earlier version. So a message names by one number, the pack's version,
//! everything that it was made with.

use crate::{answers, sets};
use relevo_domain::account::approval::Approval;
use relevo_domain::config::{ConfigEvent, PackVersion};
use relevo_domain::template::{Draft, TemplateEvent, TemplateState, note};
use relevo_edge::api::{NewDraft, PublishTemplate};
use relevo_edge::app::{DeskContext, MAX_PACK_BYTES, event, unknown_desk};
use relevo_edge::approval;
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response, empty, json};
use relevo_edge::identity::Identity;
use relevo_edge::problem::{Problem, Wrong};
use relevo_journal::{BlobId, Fold, Loaded};
use serde_json::{Value, json};
use spin_sdk::http::StatusCode;

/// Versions of the pack that one answer looks through.
const VERSIONS: usize = 25;

/// The stream of a template, by name.
pub async fn load(context: &DeskContext, name: &str) -> Result<Loaded<TemplateState>, Problem> {
    let stream = context.stream(TemplateState::KIND, &context.keys.id("template", &[name]))?;
    Ok(context.journal.load(&stream, context.now).await?)
}

/// The pack in force with its version.
async fn pack(context: &DeskContext) -> Result<(PackVersion, Value), Problem> {
    let version = context.config.state.current().ok_or_else(unknown_desk)?.clone();
    let document = context.pack_document(&version).await?;
    Ok((version, document))
}

fn template_of<'d>(document: &'d Value, name: &str) -> Option<&'d Value> {
    document.get("templates")?.get(name)
}

/// No template of that name.
pub fn unknown() -> Problem {
    Problem::not_found("unknown_template", "there is no such template at this desk")
}

/// The document with one template in another form.
fn with(mut document: Value, name: &str, template: Value) -> Value {
    if let Some(document) = document.as_object_mut() {
        let templates = document.entry("templates").or_insert_with(|| json!({}));
        if let Some(templates) = templates.as_object_mut() {
            templates.insert(name.to_owned(), template);
        }
    }
    document
}

/// A document held against everything that is checked when a pack is published.
fn checked(document: &Value) -> Result<(), Problem> {
    let wrong: Vec<Wrong> = match relevo_domain::pack::parse(document.clone()) {
        Err(problems) => problems.into_iter().map(Into::into).collect(),
        Ok(_) => sets::load(document).err().unwrap_or_default().into_iter().map(answers::place).collect(),
    };
    if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid_all(wrong)) }
}

/// The draft of a template.
pub async fn draft(context: &DeskContext, draft: &Draft) -> Result<Value, Problem> {
    let gone = || Problem::unavailable("the draft is not in the store; save it again");
    let blob = BlobId::new(&draft.blob).map_err(|_| gone())?;
    let bytes = context.journal.get_blob(&context.desk, &blob).await?.ok_or_else(gone)?;
    std::str::from_utf8(&bytes).ok().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(gone)
}

/// The pack in force with the draft of a template in its place.
pub async fn with_draft(context: &DeskContext, name: &str) -> Result<Value, Problem> {
    let loaded = load(context, name).await?;
    let known = loaded.state.draft.as_ref();
    let known = known.ok_or_else(|| Problem::not_found("no_draft", "the template has no draft"))?;
    Ok(with(pack(context).await?.1, name, draft(context, known).await?))
}

/// `GET …/templates`: by name; `?shortcut=` finds one.
pub async fn list(context: &DeskContext, request: &Incoming) -> Result<Response, Problem> {
    let (version, document) = pack(context).await?;
    let wanted = request.parameter("shortcut").map(|s| s.trim_start_matches('/').to_owned());
    let templates = document.get("templates").and_then(Value::as_object);
    let text = |template: &Value, field: &str| template.get(field).cloned().unwrap_or_default();
    let items: Vec<Value> = templates
        .into_iter()
        .flatten()
        .filter(|(_, t)| wanted.is_none() || t.get("shortcut").and_then(Value::as_str) == wanted.as_deref())
        .map(|(name, template)| {
            let locales = template.get("locales").and_then(Value::as_object);
            json!({
                "name": name,
                "description": text(template, "description"),
                "shortcut": text(template, "shortcut"),
                "locales": locales.map(|l| l.keys().cloned().collect::<Vec<_>>()).unwrap_or_default(),
                // What an agent is asked for before it is sent.
                "prompts": template.get("data").cloned().unwrap_or_else(|| json!({})),
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null, "version": version.version})))
}

/// `GET …/templates/{template}`
pub async fn read(context: &DeskContext, name: &str) -> Result<Response, Problem> {
    let ((version, document), loaded) = (pack(context).await?, load(context, name).await?);
    let published = template_of(&document, name);
    if published.is_none() && loaded.is_new() {
        return Err(unknown());
    }
    let known = loaded.state.draft.as_ref();
    let source = match known {
        Some(known) => Some(draft(context, known).await?),
        None => None,
    };
    let draft =
        known.map(|d| json!({"template": source, "note": d.note, "by": d.by, "at": d.at, "base": d.base}));
    Ok(json(
        StatusCode::OK,
        &json!({
            "name": name, "version": version.version, "template": published, "draft": draft,
            "approvals": approvals(context, &document, published).await?,
        }),
    ))
}

/// What the providers said of a template that they have to approve, by account and language.
async fn approvals(
    context: &DeskContext,
    document: &Value,
    template: Option<&Value>,
) -> Result<Vec<Value>, Problem> {
    let locales = template.and_then(|template| template.get("locales")?.as_object());
    let kept: Vec<(&String, &str, &str)> = locales
        .into_iter()
        .flatten()
        .filter_map(|(locale, parts)| {
            let whatsapp = parts.get("whatsapp")?;
            Some((locale, whatsapp.get("name")?.as_str()?, whatsapp.get("language")?.as_str()?))
        })
        .collect();
    let mut items = Vec::new();
    let accounts = document.pointer("/channels/whatsapp").and_then(Value::as_object);
    for account in accounts.into_iter().flatten().map(|(account, _)| account).filter(|_| !kept.is_empty()) {
        let approvals = approval::of_account(context, "whatsapp", account).await?;
        items.extend(kept.iter().map(|(locale, name, language)| {
            let known = approvals.of(name, language);
            json!({
                "channel": "whatsapp", "account": account, "locale": locale, "name": name, "language": language,
                "usable": known.is_none_or(Approval::is_usable),
                "state": known.and_then(|known| known.state.as_ref()),
                "quality": known.and_then(|known| known.quality.as_ref()),
                "category": known.and_then(|known| known.category.as_ref()),
                "reason": known.and_then(|known| known.reason.as_ref()),
                "at": known.map(|known| known.at),
            })
        }));
    }
    Ok(items)
}

/// `POST …/templates/{template}/drafts`: checked as a published one would be, and replaces the draft before.
pub async fn save(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let body: NewDraft = request.json()?;
    let note = note(body.note)?;
    let (version, document) = pack(context).await?;
    checked(&with(document, name, body.template.clone()))?;
    let loaded = load(context, name).await?;
    let mut state = loaded.state.clone();
    let identity = Identity::of(context, &caller.person, request)?;
    if !identity.repeats(&loaded)? {
        let bytes = serde_json::to_vec(&body.template).unwrap_or_default();
        let blob = context.journal.put_blob(&context.desk, &bytes, MAX_PACK_BYTES).await?;
        let drafted = TemplateEvent::Drafted { blob: blob.to_string(), base: version.version, note };
        let mut commit = context.commit();
        state =
            commit.append(&loaded, vec![event(identity.id, &caller.actor(), identity.tag, drafted)?])?.state;
        context.journal.commit(commit).await?;
    }
    let draft = state.draft.map(|d| json!({"base": d.base, "note": d.note, "by": d.by, "at": d.at}));
    Ok(json(StatusCode::CREATED, &json!({"name": name, "draft": draft})))
}

/// `DELETE …/templates/{template}/drafts`
pub async fn discard(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let loaded = load(context, name).await?;
    let identity = Identity::of(context, &caller.person, request)?;
    if !identity.repeats(&loaded)? && loaded.state.draft.is_some() {
        let mut commit = context.commit();
        commit.append(
            &loaded,
            vec![event(identity.id, &caller.actor(), identity.tag, TemplateEvent::Discarded)?],
        )?;
        context.journal.commit(commit).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST …/templates/{template}/publish`
pub async fn publish(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let body: PublishTemplate = request.json()?;
    let note = note(body.note)?;
    let (current, document) = pack(context).await?;
    let loaded = load(context, name).await?;
    let identity = Identity::of(context, &caller.person, request)?;
    if identity.repeats(&loaded)? {
        return Ok(json(
            StatusCode::OK,
            &json!({"name": name, "version": current.version, "changed": false}),
        ));
    }
    let template = match body.version {
        Some(version) => {
            let known = context.config.state.version(version);
            let known =
                known.ok_or_else(|| Problem::not_found("unknown_version", "there is no such version"))?;
            template_of(&context.pack_document(known).await?, name).cloned().ok_or_else(unknown)?
        }
        None => {
            let base = loaded.state.draft.as_ref().map(|draft| draft.base);
            let before = match base.and_then(|base| context.config.state.version(base)) {
                Some(version) => context.pack_document(version).await?,
                None => Value::Null,
            };
            let is_changed = |_| template_of(&before, name) != template_of(&document, name);
            draft(context, loaded.state.publishable(is_changed)?).await?
        }
    };
    let changed = template_of(&document, name) != Some(&template);
    let document = with(document, name, template);
    checked(&document)?;
    let mut commit = context.commit();
    let mut version = current.version;
    if changed {
        let blob = context.store_pack(document).await?;
        version = context.next_pack_version().await?;
        let published = ConfigEvent::PackPublished { blob: blob.to_string(), version: Some(version) };
        let named = event(format!("{}.pack", identity.id), &caller.actor(), identity.tag, published)?;
        commit.append(&context.config, vec![named])?;
    }
    let published = TemplateEvent::Published { pack: version, rolled_back_to: body.version, note };
    commit.append(&loaded, vec![event(identity.id, &caller.actor(), identity.tag, published)?])?;
    context.journal.commit(commit).await?;
    Ok(json(StatusCode::OK, &json!({"name": name, "version": version, "changed": changed})))
}

/// `GET …/templates/{template}/versions`: newest first; those of the pack in which the template became another.
pub async fn versions(context: &DeskContext, request: &Incoming, name: &str) -> Result<Response, Problem> {
    let bad = || Problem::bad_request("bad_cursor", "pass on `next` of an earlier answer as it is");
    let cursor = request.parameter("cursor").map(|c| c.parse::<u32>().map_err(|_| bad())).transpose()?;
    let all = &context.config.state.packs;
    let known: Vec<&PackVersion> =
        all.iter().rev().filter(|v| cursor.is_none_or(|c| v.version <= c)).collect();
    let loaded = load(context, name).await?;
    let mut items = Vec::new();
    let mut after: Option<(&PackVersion, Option<Value>)> = None;
    for version in known.iter().take(VERSIONS.saturating_add(1)) {
        let document = context.pack_document(version).await?;
        let here = template_of(&document, name).cloned();
        if let Some((newer, template)) = after.take().filter(|(_, template)| *template != here) {
            items.push(item(newer, template.as_ref()));
        }
        after = Some((version, here));
    }
    let more = known.len() > VERSIONS.saturating_add(1);
    if let Some((first, template)) = after.filter(|_| !more).filter(|(_, template)| template.is_some()) {
        items.push(item(first, template.as_ref()));
    }
    if items.is_empty() && loaded.is_new() && !more {
        return Err(unknown());
    }
    let next = known.get(VERSIONS).filter(|_| more).map(|version| version.version.to_string());
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next, "changes": loaded.state.changes})))
}

fn item(version: &PackVersion, template: Option<&Value>) -> Value {
    json!({"version": version.version, "at": version.at, "by": version.by, "template": template})
}
