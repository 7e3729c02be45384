//! Mixed traffic: customers who write, agents who answer and take notes, lists that are read, schedules that fire.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use relevo_e2e::{App, Desk, eventually, whatsapp};
use serde_json::json;

use crate::calls::{self, Hosts};
use crate::ledger::Ledger;

/// Customers and agents who are at work at the same time.
const WRITERS: usize = 4;

/// Customers of each who have a ticket before anything breaks.
const PEOPLE_EACH: usize = 4;

/// Traffic at one desk.
pub struct Traffic<'a> {
    /// The desk.
    pub desk: &'a Desk,
    /// Where it goes.
    pub hosts: Hosts,
    /// What was acknowledged.
    pub ledger: Ledger,
    /// Ticket ids by phone number of those who have one.
    tickets: BTreeMap<String, String>,
    /// Schedules fire.
    ticking: bool,
}

impl<'a> Traffic<'a> {
    /// Opens tickets for the first customers.
    pub fn new(app: &App, desk: &'a Desk, hosts: Hosts, ticking: bool) -> Self {
        let ledger = Ledger::default();
        for phone in (0..WRITERS).flat_map(|writer| (0..PEOPLE_EACH).map(move |n| phone(writer, n))) {
            hosts.deliver(desk, &whatsapp::message(&phone, &format!("wamid.{phone}.first"), "primero"));
            ledger.enter(&ledger.messages, &phone, "primero".to_owned());
        }
        let _ = app.host.tick("projections");
        let of = |ticket: &serde_json::Value| {
            let phone = ticket["contact"]["addresses"][0]["value"].as_str().unwrap().to_owned();
            (phone, ticket["id"].as_str().unwrap().to_owned())
        };
        let tickets: BTreeMap<_, _> = desk.tickets().iter().map(of).collect();
        assert_eq!(tickets.len(), WRITERS * PEOPLE_EACH, "one ticket each");
        Self { desk, hosts, ledger, tickets, ticking }
    }

    /// Runs the traffic while `strike` does its work; ends it in order afterwards, whatever came of it.
    pub fn during<T>(&self, strike: impl FnOnce(&Self) -> T) -> T {
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                scope.spawn(move || self.write(writer));
            }
            scope.spawn(|| self.look());
            if self.ticking {
                for client in self.hosts.all() {
                    scope.spawn(move || {
                        while !self.ledger.is_stopped() {
                            for name in ["projections", "sla", "surveys", "delivery"] {
                                calls::tick(client, name);
                            }
                            sleep(Duration::from_millis(50));
                        }
                    });
                }
            }
            let struck = catch_unwind(AssertUnwindSafe(|| strike(self)));
            self.ledger.stop();
            struck.unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Waits until so much more was acknowledged.
    pub fn wait_for(&self, more: usize) {
        let wanted = self.ledger.count() + more;
        eventually("something is acknowledged", Duration::from_secs(120), || {
            (self.ledger.count() >= wanted).then_some(())
        });
    }

    /// Lets it go on for some time.
    pub fn go_on(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.ledger.is_stopped() {
            sleep(Duration::from_millis(20));
        }
    }

    fn write(&self, writer: usize) {
        let (desk, ledger) = (self.desk, &self.ledger);
        for n in 0.. {
            if ledger.is_stopped() {
                return;
            }
            let known = phone(writer, n % PEOPLE_EACH);
            // Every sixth is somebody new, so that tickets are opened while things break.
            let from = if n % 6 == 5 { format!("1555161{writer}{n:05}") } else { known.clone() };
            let text = format!("mensaje {writer}.{n}");
            let body = whatsapp::message(&from, &format!("wamid.{writer}.{n}"), &text);
            self.hosts.deliver(desk, &body);
            ledger.enter(&ledger.messages, &from, text);
            if n % 4 == 1 {
                self.hosts.deliver(desk, &body);
            }
            let ticket = &self.tickets[&known];
            if n % 5 == 2 {
                let text = format!("respuesta {writer}.{n}");
                let body = json!({ "text": text }).to_string();
                self.hosts.post_once(
                    desk,
                    &format!("tickets/{ticket}/replies"),
                    &format!("r{writer}.{n}"),
                    &body,
                );
                ledger.enter(&ledger.replies, &known, text);
            }
            if n % 7 == 3 {
                let text = format!("nota {writer}.{n}");
                let body = json!({ "text": text }).to_string();
                let (path, key) = (format!("tickets/{ticket}/notes"), format!("n{writer}.{n}"));
                self.hosts.post_once(desk, &path, &key, &body);
                self.hosts.post_once(desk, &path, &key, &body);
                ledger.enter(&ledger.notes, &known, text);
            }
        }
    }

    fn look(&self) {
        let mut tickets = self.tickets.values().cycle();
        while !self.ledger.is_stopped() {
            self.hosts.read(self.desk, "tickets?limit=20");
            if let Some(ticket) = tickets.next() {
                self.hosts.read(self.desk, &format!("tickets/{ticket}"));
                self.hosts.read(self.desk, &format!("tickets/{ticket}/sla"));
            }
            sleep(Duration::from_millis(30));
        }
    }
}

fn phone(writer: usize, n: usize) -> String {
    format!("1555160{writer}{n:03}")
}
