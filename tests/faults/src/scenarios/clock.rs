//! A clock that jumps.

use super::Scale;
use crate::aftermath::{Figures, check};
use crate::calls::Hosts;
use crate::dice;
use crate::traffic::Traffic;
use relevo_e2e::{App, Store};

const HOUR: i64 = 3_600;

pub fn jumps(scale: &Scale) -> Figures {
    let (app, desk) = App::school(Store::Sqlite);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    traffic.during(|traffic| {
        for jump in 0..scale.kills {
            traffic.wait_for(usize::try_from(4 + dice::below(8)).unwrap());
            app.set_clock([HOUR, 0, -HOUR, 0][jump % 4]);
        }
        traffic.wait_for(20);
        app.set_clock(0);
        traffic.wait_for(20);
    });
    let mut figures = vec![("jumps", scale.kills.to_string())];
    figures.extend(check(&app, &traffic, 0));
    figures
}
