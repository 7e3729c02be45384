//! The first messages of one contact at once: one ticket, and all messages are in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use relevo_e2e::{App, Desk, Store, whatsapp};

#[test]
fn two_first_messages_at_once_open_one_ticket() {
    let (app, desk) = App::school(Store::Sqlite);
    for round in 0..15 {
        first_messages_at_once(&app, &desk, &format!("1555040{round:04}"), 2);
    }
    assert_eq!(desk.tickets().len(), 15);
}

#[test]
fn twenty_first_messages_at_once_open_one_ticket_on_sqlite() {
    twenty(Store::Sqlite);
}

#[test]
fn twenty_first_messages_at_once_open_one_ticket_on_redis() {
    twenty(Store::Redis);
}

/// The numbers that the losers had taken go past a hundred, where the tables of tickets are divided.
fn twenty(store: Store) {
    let (app, desk) = App::school(store);
    for round in 0..8 {
        first_messages_at_once(&app, &desk, &format!("1555041{round:04}"), 20);
    }
    let tickets = desk.tickets();
    let numbers: BTreeSet<_> = tickets.iter().map(|ticket| ticket["number"].as_u64().unwrap()).collect();
    assert_eq!((tickets.len(), numbers.len()), (8, 8), "each ticket once, with a number of its own");
}

#[track_caller]
fn first_messages_at_once(app: &App, desk: &Desk, phone: &str, count: usize) {
    let barrier = Barrier::new(count + 1);
    thread::scope(|scope| {
        for n in 0..count {
            let barrier = &barrier;
            scope.spawn(move || {
                let body = whatsapp::message(phone, &format!("wamid.{phone}.{n}"), &format!("mensaje {n}"));
                barrier.wait();
                whatsapp::deliver(app.client(), desk, &body).is(200);
            });
        }
        // The work list is read meanwhile: what it saw of the losers must not stay.
        barrier.wait();
        desk.tickets();
    });
    let ticket = desk.ticket_of(phone);
    let messages = ticket["messages"].as_array().unwrap();
    let texts: BTreeSet<_> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!((messages.len(), texts.len()), (count, count), "{ticket}");
}
