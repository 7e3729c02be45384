//! Templates: rendering for agents and for other components, previews, and checking a pack's templates.

mod answers;
mod manage;
mod sets;
mod trial;

use relevo_domain::pack::PackProblem;
use relevo_domain::tone::Warning;
use relevo_edge::api::{Compile, Compose, RenderRequest};
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json, serve};
use relevo_edge::problem::Problem;
use relevo_edge::{approval, auth, routes};
use relevo_rendering::{FieldType, Preview, Request as RenderOf, TemplateSet, is_name};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

/// Largest body: a whole pack to check.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("templates", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("templates", request)?;
    match matched.route.name {
        "templates.compile" => {
            auth::schedule(request).await?;
            let body: Compile = request.json()?;
            Ok(json(StatusCode::OK, &check(&body.pack)))
        }
        "templates.compose" => {
            auth::schedule(request).await?;
            let mut body: Compose = request.json()?;
            let context = DeskContext::open(&body.desk).await?;
            let set = sets::of_desk(&context).await?;
            fill_in(&set, &body.template, &mut body.request.data, body.offered);
            let known = body.time_zone.filter(|zone| relevo_rendering::is_time_zone(zone));
            body.request.time_zone = body.request.time_zone.or(known);
            render(&context, &body.template, &body.request, body.account.as_deref()).await
        }
        name => {
            let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
            let caller = routes::admit(matched.route, &context, request).await?;
            let template = matched.part(1);
            if matched.parts.len() > 1 && !is_name(template) {
                return Err(manage::unknown());
            }
            match name {
                "templates.draft" => manage::save(&context, &caller, request, template).await,
                "templates.draft.discard" => manage::discard(&context, &caller, request, template).await,
                "templates.list" => manage::list(&context, request).await,
                "templates.preview" => preview(&context, request).await,
                "templates.preview_all" => trial::preview(&context, &caller, request, template).await,
                "templates.publish" => manage::publish(&context, &caller, request, template).await,
                "templates.read" => manage::read(&context, template).await,
                "templates.test" => trial::send(&context, &caller, request, template).await,
                "templates.versions" => manage::versions(&context, request, template).await,
                _ => render(&context, matched.part(1), &request.json()?, None).await,
            }
        }
    }
}

/// What is wrong with the templates of a pack.
fn check(pack: &Value) -> Vec<PackProblem> {
    let problems = match sets::load(pack) {
        Ok(_) => return Vec::new(),
        Err(problems) => problems,
    };
    let problems = problems.into_iter().map(answers::place);
    problems
        .map(|wrong| PackProblem {
            position: wrong.position,
            ..PackProblem::at(wrong.pointer, wrong.message)
        })
        .collect()
}

/// Adds what is known of the ticket where the template declares it and nobody gave it.
fn fill_in(set: &TemplateSet, template: &str, data: &mut Map<String, Value>, offered: Map<String, Value>) {
    let Some((_, template)) = set.documents().template(template) else { return };
    for (name, value) in offered {
        let Some(field) = template.data.get(&name) else { continue };
        let value = match (field.kind, value) {
            (FieldType::String, Value::Number(number)) => Value::String(number.to_string()),
            (_, value) => value,
        };
        data.entry(name).or_insert(value);
    }
}

/// Renders a template; one that is to be sent through an account has to be approved by its provider.
async fn render(
    context: &DeskContext,
    name: &str,
    request: &RenderRequest,
    account: Option<&str>,
) -> Result<Response, Problem> {
    let set = sets::of_desk(context).await?;
    let pack = context.pack().await?;
    let data = Value::Object(request.data.clone());
    let channel = request.channel.as_deref().unwrap_or("text");
    let rendered = set.render(&RenderOf {
        name,
        locale: request.locale.as_deref().unwrap_or(&pack.pack.locale.default),
        channel,
        data: &data,
        time_zone: request.time_zone.as_deref().or_else(|| pack.pack.time_zone()),
    });
    let shown = rendered.map_err(answers::render_problem)?;
    if let (Some(account), Some(whatsapp)) = (account, &shown.whatsapp) {
        let approvals = approval::of_account(context, channel, account).await?;
        approval::check(&approvals, &whatsapp.name, &whatsapp.language)?;
    }
    let template = set.documents().template(name).map_or(name, |(name, _)| name);
    Ok(json(StatusCode::OK, &Named { shown, template }))
}

/// A message and the template that it was made with.
#[derive(Serialize)]
struct Named<'t, T> {
    #[serde(flatten)]
    shown: T,
    template: &'t str,
}

/// What is shown, and where it departs from the desk's tone.
#[derive(Serialize)]
struct WithWarnings<T> {
    #[serde(flatten)]
    shown: T,
    warnings: Vec<Warning>,
}

/// `POST …/templates/preview`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewRequest {
    source: String,
    channel: String,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    time_zone: Option<String>,
}

async fn preview(context: &DeskContext, request: &Incoming) -> Result<Response, Problem> {
    let body: PreviewRequest = request.json()?;
    let set = sets::of_desk(context).await?;
    let pack = context.pack().await?;
    let data = Value::Object(body.data);
    let previewed = set.preview(&Preview {
        source: &body.source,
        channel: &body.channel,
        data: &data,
        locale: body.locale.as_deref().unwrap_or(&pack.pack.locale.default),
        time_zone: body.time_zone.as_deref().or_else(|| pack.pack.time_zone()),
    });
    let previewed = previewed.map_err(answers::preview_problem)?;
    let locale = body.locale.as_deref().unwrap_or(&pack.pack.locale.default);
    let warnings = answers::warnings(&pack.pack, locale, &previewed.text);
    Ok(json(StatusCode::OK, &WithWarnings { shown: previewed, warnings }))
}
