//! The scenarios, in the order of the report.

mod clock;
mod disk;
mod hosts;
mod kills;
mod late;
mod outage;

use std::time::Duration;

use crate::Figures;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Processes killed, in all scenarios that kill.
    pub kills: usize,
    /// How long something is gone or wrong.
    pub outage: Duration,
}

impl Scale {
    /// For a test.
    pub const SHORT: Self = Self { kills: 12, outage: Duration::from_secs(3) };
}

/// A scenario.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub about: &'static str,
    /// Does it. Panics when something does not hold.
    pub run: fn(&Scale) -> Figures,
}

/// All of them.
pub const SCENARIOS: [Scenario; 11] = [
    Scenario {
        name: "kills_sqlite",
        about: "kill -9 of the host at random moments, SQLite",
        run: kills::sqlite,
    },
    Scenario {
        name: "kills_redis",
        about: "kill -9 of the host, of Redis (append-only file, always fsync) or of both at random moments",
        run: kills::redis,
    },
    Scenario {
        name: "redis_gone",
        about: "Redis is gone for a while and comes back",
        run: outage::redis_gone,
    },
    Scenario {
        name: "slow_store",
        about: "every call of the store takes 100 ms longer",
        run: outage::slow_store,
    },
    Scenario { name: "disk_full_sqlite", about: "the data file cannot grow any more", run: disk::sqlite },
    Scenario {
        name: "disk_full_redis",
        about: "the append-only file cannot grow any more",
        run: disk::redis,
    },
    Scenario {
        name: "clock_jumps",
        about: "the components' clock jumps by an hour, forward and back",
        run: clock::jumps,
    },
    Scenario { name: "provider_down", about: "the provider refuses for an hour", run: late::provider_down },
    Scenario { name: "no_ticks_for_a_day", about: "no schedule fires for a day", run: late::no_ticks },
    Scenario {
        name: "two_hosts",
        about: "two hosts on one Redis, one of them or Redis killed at random moments",
        run: hosts::two,
    },
    Scenario {
        name: "four_hosts",
        about: "four hosts on one Redis, one of them or Redis killed at random moments",
        run: hosts::four,
    },
];
