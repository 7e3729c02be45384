//! Setting up a desk through its API, as an operator would.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::info::{ChannelInfo, Desk};
use super::secrets::{ChannelSecrets, DeskSecrets, Secrets, Token};
use crate::http::Client;
use crate::pack;

/// Publishes the pack if it differs, sets every channel account's secrets, sees to a token of an agent, of a lead and of a manager,
/// and takes over the articles that lie beside the pack.
///
/// # Errors
/// When the application refuses any of it.
pub fn set_up(client: &Client, secrets: &mut Secrets, name: &str, pack: &Value) -> Result<Desk> {
    let admin = secrets.admin_token.clone();
    let published = client.json("PUT", &format!("/api/{name}/pack"), &admin, pack)?.value()?;
    let changed = if published["changed"] == true { "published" } else { "unchanged" };

    let own = secrets.desks.entry(name.to_owned()).or_default();
    let channels = set_channels(client, &admin, own, name, pack)?;
    let agent = token(client, &admin, own, name, pack, "agent")?;
    let lead = token(client, &admin, own, name, pack, "lead")?;
    let manager = token(client, &admin, own, name, pack, "manager")?;
    import_directory(client, &admin, name)?;
    let articles = crate::pack::folder(name).join("articles");
    if articles.is_dir() {
        crate::articles::import(client, name, &lead.token, &articles)?;
    }
    println!(
        "  {name}: pack version {} {changed}, {} channel accounts, tokens of {}, {} and {}",
        published["version"],
        channels.len(),
        agent.person,
        lead.person,
        manager.person
    );
    Ok(Desk {
        agent: agent.person,
        agent_token: agent.token,
        lead: lead.person,
        lead_token: lead.token,
        manager: manager.person,
        manager_token: manager.token,
        channels: channels.into_iter().collect(),
    })
}

/// Imports what lies beside the pack of who its customers are; what is known already changes nothing.
fn import_directory(client: &Client, admin: &str, name: &str) -> Result<()> {
    for kind in ["accounts", "people"] {
        let file = pack::folder(name).join("directory").join(format!("{kind}.json"));
        if file.is_file() {
            let rows: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
            let path = format!("/api/{name}/directory/import?kind={kind}");
            let done = client.json("POST", &path, admin, &rows)?.value()?;
            if done["refused"] != 0 {
                bail!("{}: {}", file.display(), done["errors"]);
            }
        }
    }
    Ok(())
}

fn set_channels(
    client: &Client,
    admin: &str,
    own: &mut DeskSecrets,
    name: &str,
    pack: &Value,
) -> Result<Vec<(String, ChannelInfo)>> {
    let mut set = Vec::new();
    for (channel, accounts) in members(pack, "channels") {
        for account in accounts.as_object().into_iter().flat_map(Map::keys) {
            let place = format!("{channel}/{account}");
            if !own.channels.contains_key(&place) {
                own.channels.insert(place.clone(), ChannelSecrets::new(channel)?);
            }
            let Some(secrets) = own.channels.get(&place) else { continue };
            let mut body = json!({
                "secret": secrets.public_key.as_ref().or(secrets.secret.as_ref()),
                "access_token": secrets.access_token,
                "public_url": client.base_url(),
            });
            // Nobody but the stand-in asks for it.
            if channel == "podio" {
                body["client_secret"] = secrets.access_token.as_str().into();
            }
            if let Some(token) = &secrets.verify_token {
                body["verify_token"] = token.as_str().into();
            }
            client.json("PUT", &format!("/api/{name}/channels/{place}/secrets"), admin, &body)?.success()?;
            let path = format!("/hooks/{name}/{place}");
            // These sign nothing: the secret is part of the URL that they are given.
            let in_url = matches!(&**channel, "kommo" | "podio" | "sendgrid");
            let info = ChannelInfo {
                path: match &secrets.secret {
                    Some(secret) if in_url => format!("{path}?key={secret}"),
                    _ => path,
                },
                secret: secrets.secret.clone().filter(|_| !in_url),
                public_key: secrets.public_key.clone(),
                verify_token: secrets.verify_token.clone(),
                public_url: client.base_url().to_owned(),
            };
            set.push((place, info));
        }
    }
    Ok(set)
}

/// The token of earlier runs if it is still good, else a new one for somebody of that role.
fn token(
    client: &Client,
    admin: &str,
    own: &mut DeskSecrets,
    name: &str,
    pack: &Value,
    role: &str,
) -> Result<Token> {
    if let Some(kept) = own.tokens.get(role) {
        let answer = client.get(&format!("/api/{name}/me"), &kept.token)?;
        match answer.status {
            200 => return Ok(kept.clone()),
            401 | 403 => {}
            _ => answer.success()?,
        }
    }
    let mut people = members(pack, "people");
    let (person, _) = people
        .find(|(_, person)| person["role"] == role)
        .with_context(|| format!("nobody in the pack's people has the role {role}"))?;
    let body = json!({"person": person, "role": role});
    let issued = client.json("POST", &format!("/api/{name}/tokens"), admin, &body)?.value()?;
    let Some(token) = issued["token"].as_str() else {
        bail!("the answer to POST /api/{name}/tokens has no token")
    };
    let token = Token { person: person.clone(), token: token.to_owned() };
    own.tokens.insert(role.to_owned(), token.clone());
    Ok(token)
}

fn members<'a>(pack: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    pack[key].as_object().into_iter().flatten()
}
