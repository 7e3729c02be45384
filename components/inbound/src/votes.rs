//! Votes among what came in: a whole message that is a score, a button, a provider's signed event. All become the
//! same event of the survey, in the same commit as what they came in with.

use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::message::{Inbound, OtherEvent};
use relevo_domain::survey::{SurveyState, Via, answer};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::{Commit, Fold, NewEvent};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event of this type is a vote: `{"survey": "srv_…", "score": 5, "comment": "…"}`; without `survey` it answers
/// the one that the conversation was last asked.
const RATING: &str = "rating";

/// Votes of one commit.
#[derive(Default)]
pub struct Votes(Vec<Vote>);

struct Vote {
    survey: String,
    score: i64,
    comment: Option<String>,
    via: Via,
    /// What it came in with: the same event again is the same vote.
    source: String,
}

impl Votes {
    /// Notes the vote that an event of a conversation is, if it is one.
    pub fn note(&mut self, event: &NewEvent<ConversationEvent>, state: &Conversation) {
        let source = event.id.to_string();
        match &event.data {
            ConversationEvent::MessageReceived(received) => {
                self.0.extend(received.vote.as_ref().map(|vote| Vote {
                    survey: vote.survey.clone(),
                    score: i64::from(vote.score),
                    comment: None,
                    via: Via::Chat,
                    source,
                }));
            }
            ConversationEvent::EventReceived { kind, data, .. } if kind == RATING => {
                let asked = state.asked.as_ref().map(|asked| asked.survey.as_str());
                self.0.extend(called_back(&data.0, asked, source));
            }
            _ => {}
        }
    }

    /// Notes the votes among what belongs to no conversation.
    pub fn note_others(&mut self, items: &[Inbound]) {
        let votes = items.iter().filter_map(|item| match item {
            Inbound::Other(OtherEvent { kind, data, external_id, .. }) if kind == RATING => {
                called_back(&data.0, None, external_id.clone())
            }
            _ => None,
        });
        self.0.extend(votes);
    }

    /// Adds them to a commit. One for a survey that is not there or is over, or with a score that it does not have,
    /// stays what it came in as.
    pub async fn append(self, context: &DeskContext, commit: &mut Commit) -> Result<(), Problem> {
        let mut by_survey: BTreeMap<String, Vec<Vote>> = BTreeMap::new();
        for vote in self.0 {
            if let Ok(name) = ids::parse(&vote.survey, ids::SURVEY, "survey") {
                by_survey.entry(name.to_owned()).or_default().push(vote);
            }
        }
        for (name, votes) in by_survey {
            let stream = context.stream(SurveyState::KIND, &name)?;
            let mut loaded = context.journal.load::<SurveyState>(&stream, context.now).await?;
            let Some(kind) = loaded.state.issued.as_ref().map(|issued| issued.kind) else { continue };
            if loaded.key().is_none() {
                // One from before there were keys.
                loaded = loaded.sealed_under(context.journal.desk_key()?);
            }
            for vote in votes {
                let data = answer(kind, vote.score, vote.comment, vote.via);
                let (Ok(data), None) = (data, loaded.state.closed(context.now)) else { continue };
                let id = format!("vote.{}", context.keys.id("vote", &[&vote.source]));
                loaded = commit.append(&loaded, vec![event(id, "customer", 0, data)?])?;
            }
        }
        Ok(())
    }
}

fn called_back(data: &Value, asked: Option<&str>, source: String) -> Option<Vote> {
    let survey = data.get("survey").and_then(Value::as_str).or(asked)?.to_owned();
    let score = data.get("score")?.as_i64()?;
    let comment = data.get("comment").and_then(Value::as_str).map(str::to_owned);
    Some(Vote { survey, score, comment, via: Via::Callback, source })
}
