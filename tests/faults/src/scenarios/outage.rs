//! The store is gone, or slow.

use std::time::Instant;

use relevo_e2e::{App, Store, whatsapp};

use super::Scale;
use crate::aftermath::{Figures, check};
use crate::calls::Hosts;
use crate::traffic::Traffic;

pub fn redis_gone(scale: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Redis);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    traffic.during(|traffic| {
        traffic.wait_for(40);
        app.redis.as_mut().unwrap().kill9();
        let gone = Instant::now();
        let before = traffic.ledger.count();
        traffic.go_on(scale.outage);
        assert!(gone.elapsed() >= scale.outage);
        // What was under way when it went may still have been acknowledged, no more.
        assert!(traffic.ledger.count() <= before + 16, "something is acknowledged that is kept nowhere");
        app.redis.as_mut().unwrap().start_again();
        traffic.wait_for(40);
    });
    let mut figures = vec![("Redis gone", format!("{} s", scale.outage.as_secs()))];
    figures.extend(check(&app, &traffic, 1));
    figures
}

pub fn slow_store(scale: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Redis);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    app.host.kill9();
    app.host.restart_with(&["--kv-delay", "100"]);
    let mut longest = 0;
    traffic.during(|traffic| {
        let begun = Instant::now();
        for n in 0.. {
            if begun.elapsed() >= scale.outage && n > 0 {
                break;
            }
            let body = whatsapp::message("15551690000", &format!("wamid.slow.{n}"), &format!("lento {n}"));
            let asked = Instant::now();
            traffic.hosts.deliver(&desk, &body);
            longest = longest.max(asked.elapsed().as_millis());
            traffic.ledger.enter(&traffic.ledger.messages, "15551690000", format!("lento {n}"));
        }
        traffic.wait_for(4);
    });
    app.host.kill9();
    app.host.restart_with(&[]);
    let unacknowledged = traffic.hosts.unacknowledged.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(unacknowledged, 0, "slow is not broken");
    let mut figures = vec![("longest acknowledgement", format!("{longest} ms"))];
    figures.extend(check(&app, &traffic, 1));
    figures
}
