//! Every scenario, short.
#![allow(missing_docs, clippy::expect_used)]

use relevo_faults::{SCENARIOS, Scale};

fn run(name: &str) {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).expect("there is such a scenario");
    for (what, value) in (scenario.run)(&Scale::SHORT) {
        println!("{what}: {value}");
    }
}

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_scenario_is_among_these() {
            assert_eq!(SCENARIOS.map(|scenario| scenario.name), [$(stringify!($name)),*]);
        }
    };
}

scenarios!(
    kills_sqlite,
    kills_redis,
    redis_gone,
    slow_store,
    disk_full_sqlite,
    disk_full_redis,
    clock_jumps,
    provider_down,
    no_ticks_for_a_day,
    two_hosts,
    four_hosts,
);
