//! One target of `tests/parsers`, named by the variable `RELEVO_TARGET`, under libFuzzer.
#![no_main]

use std::cell::OnceCell;

use relevo_parsers::{Target, targets};

thread_local! {
    // libFuzzer calls from one thread.
    static CHOSEN: OnceCell<Target> = const { OnceCell::new() };
}

fn chosen() -> Target {
    let name = std::env::var("RELEVO_TARGET").expect("RELEVO_TARGET names a target");
    let found = targets().into_iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target {name}"))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| CHOSEN.with(|target| target.get_or_init(chosen).run(bytes)));
