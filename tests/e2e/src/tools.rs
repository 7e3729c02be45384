//! The project's programs beside the host, and the scripts of `deploy/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::app::MASTER_KEY;
use crate::client::Client;
use crate::desk::Caller;
use crate::host::{named_by, root};

/// Whether a program ended well, and all that it said.
pub type Said = (bool, String);

/// Holds a state against its links, anchors and everything derived, as `cargo xtask verify --audit` does.
pub fn audit(location: &[String; 2], anchors: Option<&Path>) -> Said {
    let mut verify = Command::new(named_by("RELEVO_VERIFY_BIN", "target/native/relevo-verify"));
    verify.args(location).arg("--audit").env("SPIN_VARIABLE_MASTER_KEY", MASTER_KEY);
    if let Some(file) = anchors {
        verify.arg("--anchors").arg(file);
    }
    said(verify.output().expect("relevo-verify was built"))
}

/// Runs a command of the host: `backup`, `restore`.
pub fn host(arguments: &[&str]) -> Said {
    let host = named_by("RELEVO_HOST_BIN", "target/native/relevo-host");
    said(Command::new(host).args(arguments).output().expect("relevo-host was built"))
}

/// Runs a script of `deploy/`.
pub fn script(name: &str, arguments: &[&str]) -> Said {
    said(Command::new("sh").arg(root().join("deploy").join(name)).args(arguments).output().expect("sh"))
}

/// A data file that an earlier version left.
pub fn earlier_store(name: &str) -> PathBuf {
    root().join("tests/fixtures/stores").join(name)
}

/// Makes anchors of everything, and gives what the API exports of them, all pages.
#[track_caller]
pub fn export_anchors(client: &Client, admin: &Caller) -> String {
    let token = format!("Bearer {}", crate::TICK_TOKEN);
    for _ in 0..3 {
        let headers = [("authorization", &*token), ("content-type", "application/json")];
        client.send("POST", "/internal/tick/anchors?now=true", &headers, Some(b"{}")).is(200);
    }
    let (mut all, mut after) = (String::new(), 0);
    loop {
        let page = admin.get(&format!("audit/anchors?limit=2&after={after}")).is(200).body;
        let Some(last) = page.lines().last() else { return all };
        let line: serde_json::Value = serde_json::from_str(last).expect("a line of JSON");
        after = line["slot"].as_u64().expect("a slot");
        all.push_str(&page);
    }
}

fn said(output: Output) -> Said {
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}
