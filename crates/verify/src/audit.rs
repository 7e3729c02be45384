//! `--audit`: the history held against its links and anchors.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use relevo_domain::table::is_derived;
use relevo_edge::app::DeskContext;
use relevo_edge::clock;
use relevo_edge::rotation::MasterKeys;
use relevo_journal::Journal;
use relevo_journal::audit::anchor::Exported;
use relevo_journal::audit::verify::{desks, verify_desk};
use relevo_local_host::kv::Backend;

/// What an audit is told.
#[derive(Debug, Default)]
pub struct Audit {
    /// A file that holds the master key; else `SPIN_VARIABLE_MASTER_KEY` does.
    pub secrets: Option<PathBuf>,
    /// Files of exported anchors.
    pub anchors: Vec<PathBuf>,
}

impl Audit {
    /// Verifies every desk; returns how much is wrong.
    ///
    /// # Errors
    /// When the key or a file is not there, or the store does not answer.
    pub async fn run(&self, backend: &Backend) -> Result<usize> {
        let masters = MasterKeys { current: self.master_key()?, previous: String::new() };
        let mut exported = Vec::new();
        for file in &self.anchors {
            exported.extend(read_anchors(file)?);
        }
        let store = backend.bucket("default");
        let mut wrong = 0;
        let mut keys = store.list_keys().await?;
        keys.sort_unstable();
        for desk in desks(&keys, &exported) {
            let journal = Journal::new(store.clone());
            let context = DeskContext::unlock(journal, desk.clone(), &masters, clock::now()).await;
            let context = context.map_err(|problem| anyhow!("{desk}: {}", problem.detail))?;
            let report = verify_desk(&context.journal, &desk, &keys, &exported, is_derived).await?;
            println!("{desk}: {report}");
            for finding in &report.findings {
                println!("  {finding}");
            }
            wrong += report.findings.len();
        }
        Ok(wrong)
    }

    fn master_key(&self) -> Result<String> {
        let Some(file) = &self.secrets else {
            return std::env::var("SPIN_VARIABLE_MASTER_KEY")
                .context("--audit needs the master key: give --secrets FILE or SPIN_VARIABLE_MASTER_KEY");
        };
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        match master_key_in(&text) {
            Some(key) => Ok(key),
            None => bail!("{} names no master_key", file.display()),
        }
    }
}

/// Finds the master key in the secrets of `up` (JSON) or in a file of variables (`master_key = "…"`).
fn master_key_in(text: &str) -> Option<String> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        return Some(json.get("master_key")?.as_str()?.to_owned());
    }
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let is = name == "master_key" || name == "SPIN_VARIABLE_MASTER_KEY";
        is.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// Reads anchors, a line of JSON each, as the API exports them.
fn read_anchors(file: &Path) -> Result<Vec<Exported>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{} line {number} is no anchor", file.display()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_key_is_found_in_each_kind_of_file() {
        for text in [
            r#"{"master_key": "ab", "admin_token": "x"}"#,
            "admin_token = \"x\"\nmaster_key = \"ab\"\n",
            "SPIN_VARIABLE_MASTER_KEY=ab\n",
        ] {
            assert_eq!(master_key_in(text).as_deref(), Some("ab"), "{text}");
        }
        assert_eq!(master_key_in("{}"), None);
        assert_eq!(master_key_in("master_keys = 1"), None);
    }
}
