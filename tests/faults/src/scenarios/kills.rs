//! Processes that are killed in the middle of traffic.

use std::thread::sleep;

use relevo_e2e::{App, Store};

use super::Scale;
use crate::aftermath::{Figures, check};
use crate::calls::Hosts;
use crate::dice;
use crate::traffic::Traffic;

/// Between two kills there is traffic: so much is acknowledged at least.
const BETWEEN: u64 = 12;

/// The longest time between an acknowledgement and the kill that follows it, so that it hits anything.
const MOMENT_MS: u64 = 120;

pub fn sqlite(scale: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Sqlite);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    traffic.during(|traffic| {
        for _ in 0..scale.kills {
            between(traffic);
            app.host.kill9();
            app.host.restart();
        }
        traffic.wait_for(20);
    });
    let mut figures = vec![("hosts killed", scale.kills.to_string())];
    figures.extend(check(&app, &traffic, scale.kills));
    figures
}

pub fn redis(scale: &Scale) -> Figures {
    let (mut app, desk) = App::school(Store::Redis);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    let (mut hosts, mut servers) = (0, 0);
    traffic.during(|traffic| {
        while hosts + servers < scale.kills {
            between(traffic);
            let which = dice::below(3);
            if which != 1 {
                app.host.kill9();
                hosts += 1;
            }
            if which != 0 {
                app.redis.as_mut().unwrap().kill9_and_restart();
                servers += 1;
            }
            if which != 1 {
                app.host.restart();
            }
        }
        traffic.wait_for(20);
    });
    let mut figures = vec![("hosts killed", hosts.to_string()), ("Redis killed", servers.to_string())];
    figures.extend(check(&app, &traffic, hosts + servers));
    figures
}

/// Lets traffic go on until another number of things was acknowledged, and a moment longer.
pub fn between(traffic: &Traffic<'_>) {
    traffic.wait_for(usize::try_from(1 + dice::below(BETWEEN)).unwrap());
    sleep(dice::ms(MOMENT_MS));
}
