//! `GET …/macros`, `POST …/tickets/{ticket}/macro`: several actions under one name, all done in one commit or none.

use crate::call::Call;
use crate::tickets::load;
use crate::{held, people};
use http::StatusCode;
use relevo_domain::action::{Acting, Action, decide_all};
use relevo_domain::conversation::held::{self as waiting, Why};
use relevo_domain::conversation::{Conversation, ConversationEvent, decide};
use relevo_domain::outbox::{Outbox, OutboxEvent};
use relevo_domain::pack::{Macro, Pack, Role};
use relevo_domain::presence::People;
use relevo_domain::refusal::Refusal;
use relevo_edge::api::{ApplyMacro, Kick};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::fields::Hidden;
use relevo_edge::http::{Response, json};
use relevo_edge::personal::Persons;
use relevo_edge::presence;
use relevo_edge::problem::{Problem, Wrong};
use relevo_edge::templated::{self, Templated, Wanted};
use relevo_edge::{ids, internal};
use relevo_journal::{Commit, Fold, Loaded};
use relevo_projections::answers;
use serde_json::{Map, Value, json};

/// `GET …/macros`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let pack = call.context.pack().await?;
    let shown = pack.pack.macros.iter().map(|(id, one)| {
        json!({
            "id": id, "name": one.name, "version": pack.version, "role": one.role, "teams": one.teams,
            "may_apply": pack.pack.may_apply(one, &call.caller.person, call.caller.role),
            "then": then(one, &call.hidden), "asks": asks(&pack.pack, one),
        })
    });
    let items: Vec<Value> = shown.collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// What it does, as far as the caller may know.
fn then(one: &Macro, hidden: &Hidden) -> Vec<Action> {
    let mut then = one.then.clone();
    for action in &mut then {
        if let Action::Fields { set } = action {
            set.retain(|field, _| !hidden.contains(field));
        }
    }
    then
}

/// What its template takes and it does not give: for whoever applies it to say.
fn asks(pack: &Pack, one: &Macro) -> Map<String, Value> {
    let asked = one.then.iter().find_map(|action| match action {
        Action::Reply { template, data } => {
            Some((pack.templates.get(template)?.get("data")?.as_object()?, data))
        }
        _ => None,
    });
    let known = |name: &str| ["agent_name", "contact_name", "ticket_number"].contains(&name);
    let left = asked
        .into_iter()
        .flat_map(|(all, given)| all.iter().filter(|(name, _)| !given.contains_key(*name) && !known(name)));
    left.map(|(name, kind)| (name.clone(), kind.clone())).collect()
}

/// `POST …/tickets/{ticket}/macro`
pub async fn apply(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ApplyMacro = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let context = &call.context;
    allowed(&pack.pack, &body.macro_id, &call.caller.person, call.caller.role)?;
    let present = presence::people(context).await?;
    let running = Running {
        context,
        pack: &pack,
        people: &present,
        person: &call.caller.person,
        role: call.caller.role,
        ordinal: stream.ordinal,
        tag: identity.tag,
    };
    let mut commit = context.commit();
    let (after, outbox) = running.apply(&mut commit, loaded, &identity.id, &body.macro_id, body.data).await?;
    context.journal.commit(commit).await?;
    tell(context, &stream.conversation, outbox);
    let after = identity.confirm(context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}

/// Has what was written sent, and a survey decided that may be due.
pub fn tell(context: &DeskContext, conversation: &str, outbox: Option<String>) {
    if let Some(name) = outbox {
        let kick = Kick { desk: context.desk.to_string(), streams: vec![name] };
        internal::kick("delivery", "/internal/send", kick);
    }
    internal::decide_survey(&context.desk, conversation);
}

/// Refuses a macro that there is not, or that is not for somebody.
pub fn allowed(pack: &Pack, id: &str, person: &str, role: Role) -> Result<(), Problem> {
    let unknown = || Problem::invalid("/macro", "the pack has no such macro; see …/macros");
    let one = pack.macros.get(id).ok_or_else(unknown)?;
    if pack.may_apply(one, person, role) {
        return Ok(());
    }
    let teams = if one.teams.is_empty() { String::new() } else { format!(" of {}", one.teams.join(", ")) };
    let detail = format!("the macro {id:?} is for a {}{teams}", one.role.as_str());
    Err(Problem::new(StatusCode::FORBIDDEN, "macro_forbidden", detail))
}

/// A macro at work on a ticket.
pub struct Running<'a> {
    pub context: &'a DeskContext,
    pub pack: &'a PublishedPack,
    pub people: &'a People,
    pub person: &'a str,
    pub role: Role,
    pub ordinal: u32,
    pub tag: u32,
}

impl Running<'_> {
    /// Puts all that a macro does into a commit; the outbox stream of its reply, if it has one.
    pub async fn apply(
        &self,
        commit: &mut Commit,
        loaded: Loaded<Conversation>,
        id: &str,
        macro_id: &str,
        data: Map<String, Value>,
    ) -> Result<(Loaded<Conversation>, Option<String>), Problem> {
        let (context, pack, ordinal) = (self.context, &self.pack.pack, self.ordinal);
        let unknown = || Problem::invalid("/macro", "the pack has no such macro; see …/macros");
        let one = pack.macros.get(macro_id).ok_or_else(unknown)?;
        let actor = format!("person:{}", self.person);
        let loaded = Persons::new(context, &actor).sealing(commit, loaded).await?;
        let mut written = self.written(&loaded, id, one, data).await?;
        let mut message = written.as_mut().map(|written| written.message.clone());
        let now = context.now;
        let stand_in = |state: &Conversation, agent: &str| {
            people::stand_in_on(pack, self.people, (state, ordinal), agent, now)
        };
        let acting = Acting { role: Some(self.role), stand_in: &stand_in, now };
        let human = self.role != Role::Service;
        let published = self.pack.published();
        let hold = waiting::hold_for(pack, (self.person, human), None, now)?;
        let reply = message.as_ref().map(|message| message.id.clone());
        let done = decide_all(&one.then, &loaded.state, published, ordinal, &acting, |state| {
            let gone = || Refusal::conflict("reply_written", "a macro writes one reply");
            let message = message.take().ok_or_else(gone)?;
            match hold {
                Some(hold) => waiting::hold(state, ordinal, message, human, hold),
                None => decide::reply(state, published, ordinal, message, human),
            }
        });
        let mut done = done.map_err(|(place, refusal)| self.refused(one, place, refusal))?;
        if hold.is_some() {
            waiting::defer_status(&loaded.state, ordinal, &mut done);
        }
        waiting::refuse_ending(&loaded.state, ordinal, &done)?;
        let applied = ConversationEvent::MacroApplied {
            ticket: ordinal,
            macro_id: macro_id.to_owned(),
            name: one.name.clone(),
            version: self.pack.version,
        };
        answers::note(context, commit, self.pack, (&loaded, &done, &actor), now).await?;
        let named: Result<Vec<_>, Problem> = [applied]
            .into_iter()
            .chain(done)
            .enumerate()
            .map(|(n, data)| {
                let id = if n == 0 { id.to_owned() } else { format!("{id}.{n}") };
                event(id, &actor, self.tag, data)
            })
            .collect();
        let after = commit.append(&loaded, named?)?;
        let Some(Templated { mut entry, outbox, .. }) = written else { return Ok((after, None)) };
        entry.hold = hold;
        let stream = context.stream(Outbox::KIND, &outbox)?;
        let empty = context.journal.load::<Outbox>(&stream, now).await?.sealed_under(after.key().cloned());
        let queued = event("queued", &actor, self.tag, OutboxEvent::Queued(Box::new(entry)))?;
        commit.append(&empty, vec![queued])?;
        if let (Some(Why::AwaitingApproval), Some(reply)) = (hold.map(|hold| hold.why), reply) {
            let ticket = ids::ticket(loaded.stream().name(), ordinal);
            held::ask(context, commit, (self.person, &actor), &ticket, &reply).await?;
        }
        Ok((after, hold.is_none().then_some(outbox)))
    }

    /// Its reply, rendered: what was said to it goes to the template.
    async fn written(
        &self,
        loaded: &Loaded<Conversation>,
        id: &str,
        one: &Macro,
        said: Map<String, Value>,
    ) -> Result<Option<Templated>, Problem> {
        let reply = one.then.iter().find_map(|action| match action {
            Action::Reply { template, data } => Some((template, data)),
            _ => None,
        });
        let Some((template, given)) = reply else {
            return match said.is_empty() {
                true => Ok(None),
                false => Err(Problem::invalid("/data", "the macro writes no reply and asks for nothing")),
            };
        };
        if let Some(name) = said.keys().find(|name| given.contains_key(*name)) {
            let what = format!("the macro itself says what {name} is");
            return Err(Problem::invalid(format!("/data/{name}"), what));
        }
        let mut data = given.clone();
        data.extend(said);
        let agent_name = self.pack.pack.people.get(self.person).map(|person| person.name.clone());
        let (ordinal, template) = (self.ordinal, template.clone());
        let wanted = Wanted { ordinal, id, template, data, agent_name, automatic: false };
        templated::prepare(self.context, loaded, wanted).await.map(Some)
    }

    /// Which action was refused, and that nothing was done.
    fn refused(&self, one: &Macro, place: usize, refusal: Refusal) -> Problem {
        let name = one.then.get(place).map_or("", Action::name);
        let problem = Problem::from(refusal);
        let detail =
            format!("action {} of the macro, {name}: {}; nothing was done", place + 1, problem.detail);
        // What is wrong is in the macro, which is what the call names.
        let placed = problem.errors.into_iter().map(|wrong| Wrong { pointer: "/macro".to_owned(), ..wrong });
        Problem { detail, errors: placed.collect(), ..problem }
    }
}
