//! The one thread that writes: it drains its queue and commits many requests as one transaction.
//!
//! An fsync takes milliseconds and is the same for one request or a hundred, so requests that arrive during
//! one commit share the next. Each is answered only after the commit that holds it.

use std::{
    io,
    sync::{Arc, OnceLock, mpsc::Receiver},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::{KvError, failed};
use crate::kv::add_to_counter;

/// Bounds how long the first of a group waits for the last.
const MAX_GROUP: usize = 256;

pub(super) struct Job {
    pub(super) store: Arc<str>,
    pub(super) write: Write,
    pub(super) done: oneshot::Sender<Result<i64, KvError>>,
}

pub(super) enum Write {
    SetMany(Vec<(String, Vec<u8>)>),
    DeleteMany(Vec<String>),
    Increment(String, i64),
}

/// Starts the writer; it ends when every sender of `jobs` is gone.
pub(super) fn start(
    mut connection: Connection,
    jobs: Receiver<Job>,
    broken: Arc<OnceLock<KvError>>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("kv-writer".into()).spawn(move || {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            group.extend(jobs.try_iter().take(MAX_GROUP - 1));
            commit(&mut connection, group, &broken);
        }
        // Leaves one plain file that can be copied. Not possible while another process has it open: then
        // that one does it.
        let _ = connection.pragma_update(None, "journal_mode", "DELETE");
    })
}

fn commit(connection: &mut Connection, group: Vec<Job>, broken: &OnceLock<KvError>) {
    match try_commit(connection, &group, broken) {
        Ok(outcomes) => {
            for (job, outcome) in group.into_iter().zip(outcomes) {
                // A caller that no longer waits is no matter.
                let _ = job.done.send(outcome);
            }
        }
        // One request that SQLite refuses must not fail those that happened to come with it.
        Err(_) if group.len() > 1 => {
            for job in group {
                commit(connection, vec![job], broken);
            }
        }
        Err(error) => {
            for job in group {
                let _ = job.done.send(Err(error.clone()));
            }
        }
    }
}

fn try_commit(
    connection: &mut Connection,
    group: &[Job],
    broken: &OnceLock<KvError>,
) -> Result<Vec<Result<i64, KvError>>, KvError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        let outcome = match broken.get() {
            Some(error) => Err(error.clone()),
            None => apply(&transaction, job).map_err(failed)?,
        };
        if let Err(error @ KvError::Broken(_)) = &outcome {
            let _ = broken.set(error.clone());
        }
        outcomes.push(outcome);
    }
    transaction.commit().map_err(failed)?;
    Ok(outcomes)
}

/// The outer error is SQLite's and undoes the whole group; the inner one is the caller's and wrote nothing.
fn apply(transaction: &Transaction<'_>, job: &Job) -> rusqlite::Result<Result<i64, KvError>> {
    match &job.write {
        Write::SetMany(entries) => {
            for (key, value) in entries {
                set(transaction, &job.store, key, value)?;
            }
        }
        Write::DeleteMany(keys) => {
            let mut delete =
                transaction.prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            for key in keys {
                delete.execute([&*job.store, key.as_str()])?;
            }
        }
        Write::Increment(key, delta) => {
            let stored = transaction
                .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .query_row([&*job.store, key.as_str()], |row| row.get(0))
                .optional()?;
            let sum = add_to_counter(key, stored, *delta);
            if let Ok(sum) = &sum {
                set(transaction, &job.store, key, &sum.to_le_bytes())?;
            }
            return Ok(sum);
        }
    }
    Ok(Ok(0))
}

fn set(transaction: &Transaction<'_>, store: &str, key: &str, value: &[u8]) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (store, key) DO UPDATE SET value = ?3",
        )?
        .execute(params![store, key, value])
}
