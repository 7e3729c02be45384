//! The disk is full.

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use relevo_e2e::{App, Store, eventually};

use super::Scale;
use crate::aftermath::{Figures, check};
use crate::calls::Hosts;
use crate::traffic::Traffic;

/// How much the file may still grow.
const ROOM_BYTES: u64 = 400_000;

pub fn sqlite(scale: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Sqlite);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    app.host.kill9();
    let pages = (size(&app.data_file()) + ROOM_BYTES) / 4_096;
    app.host.restart_with(&["--kv-max-pages", &pages.to_string()]);
    traffic.during(|traffic| {
        full(traffic);
        traffic.go_on(scale.outage);
        // Room is made.
        app.host.kill9();
        app.host.restart_with(&[]);
        traffic.wait_for(40);
    });
    check(&app, &traffic, 2)
}

pub fn redis(_: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Redis);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    traffic.during(|traffic| {
        traffic.wait_for(20);
        let redis = app.redis.as_ref().unwrap();
        let limit = redis.written_bytes() + ROOM_BYTES;
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &redis.id().to_string(), &format!("--fsize={limit}")]);
        assert!(prlimit.status().expect("prlimit is there").success());
        full(traffic);
        // It ends rather than acknowledge what it cannot keep; on a larger disk it starts again.
        app.redis.as_mut().unwrap().kill9();
        app.redis.as_mut().unwrap().start_again();
        traffic.wait_for(40);
    });
    check(&app, &traffic, 1)
}

/// Waits until something is refused because nothing can be written.
fn full(traffic: &Traffic<'_>) {
    eventually("a write is refused", Duration::from_secs(120), || {
        (traffic.hosts.unacknowledged.load(Ordering::Relaxed) > 0).then_some(())
    });
}

fn size(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default()
}
