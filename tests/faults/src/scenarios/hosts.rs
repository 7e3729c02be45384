//! Several hosts on one Redis.

use relevo_e2e::{App, Host, Store};

use super::{Scale, kills::between};
use crate::aftermath::{Figures, check};
use crate::calls::Hosts;
use crate::dice;
use crate::traffic::Traffic;

pub fn two(scale: &Scale) -> Figures {
    several(scale, 2)
}

pub fn four(scale: &Scale) -> Figures {
    several(scale, 4)
}

fn several(scale: &Scale, count: usize) -> Figures {
    let (mut app, desk) = App::school(Store::Redis);
    let mut others: Vec<Host> = (1..count).map(|_| app.another_host()).collect();
    let mut clients = vec![app.client().clone()];
    clients.extend(others.iter().map(|host| host.client.clone()));
    let traffic = Traffic::new(&app, &desk, Hosts::new(clients), true);
    let (mut hosts, mut servers) = (0, 0);
    traffic.during(|traffic| {
        while hosts + servers < scale.kills {
            between(traffic);
            // One of them, or what they share.
            match usize::try_from(dice::below(count as u64 + 1)).unwrap() {
                0 => {
                    app.redis.as_mut().unwrap().kill9_and_restart();
                    servers += 1;
                }
                n => {
                    let host = if n == count { &mut app.host } else { &mut others[n - 1] };
                    host.kill9();
                    // The others go on alone for a moment.
                    traffic.wait_for(3);
                    host.restart();
                    hosts += 1;
                }
            }
        }
        traffic.wait_for(20);
    });
    let mut figures = vec![("hosts killed", hosts.to_string()), ("Redis killed", servers.to_string())];
    figures.extend(check(&app, &traffic, hosts + servers));
    // Each host shows the same.
    let list = desk.tickets();
    for host in &others {
        assert_eq!(desk.through(&host.client).tickets(), list, "the same list through every host");
    }
    figures
}
