//! A store and an executor that interleave tasks at every store call, as a list of choices says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use relevo_journal::store::{Store, StoreError, decode_counter};

use crate::oracle;

/// Makes the choices of a run: which task goes on, what a call's fate is.
pub trait Choices {
    /// A number below `n`.
    fn choose(&mut self, n: usize) -> usize;
    /// What becomes of a call: the index of a fate, 0 for none in particular.
    fn fate(&mut self, n: usize) -> usize;
    /// Whether of several calls under way at once another one goes first.
    fn let_others_first(&mut self) -> bool;
}

/// What one call asks for.
#[derive(Clone, Debug)]
enum Op {
    Get(String),
    SetMany(Vec<(String, Vec<u8>)>),
    Increment(String, i64),
    DeleteMany(Vec<String>),
}

enum Reply {
    Value(Option<Vec<u8>>),
    Done,
    Number(i64),
}

/// What can become of a call. The first is what usually does.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Answered,
    /// The process dies before the call, after it, or while the call is on its way.
    DiesBefore,
    DiesAfter,
    DiesMeanwhile,
    /// The caller gets an error and the call was not made, was made, or will be.
    FailsBefore,
    FailsAfter,
    FailsMeanwhile,
}

const FATES: [Fate; 7] = [
    Fate::Answered,
    Fate::FailsAfter,
    Fate::DiesBefore,
    Fate::DiesMeanwhile,
    Fate::FailsMeanwhile,
    Fate::DiesAfter,
    Fate::FailsBefore,
];

pub struct World {
    pub data: BTreeMap<String, Vec<u8>>,
    pub choices: Box<dyn Choices>,
    /// How many calls may still go wrong.
    pub faults_left: usize,
    /// A defect of the store: of a set-many whose caller gets an error or dies, only the first entries are written.
    pub tears_set_many: bool,
    /// Milliseconds since the beginning, by a clock that nobody has.
    pub clock_ms: i64,
    /// Calls performed.
    pub calls: usize,
    /// Whether the task that is polled may have one call performed.
    permit: bool,
    /// The task that is polled dies.
    dies: bool,
    /// Writes whose callers got an error or died, and which may still be made.
    meanwhile: Vec<Op>,
}

impl World {
    pub fn shared(choices: Box<dyn Choices>, faults: usize) -> Shared {
        Shared(Rc::new(RefCell::new(World {
            data: BTreeMap::new(),
            choices,
            faults_left: faults,
            tears_set_many: false,
            clock_ms: 0,
            calls: 0,
            permit: false,
            dies: false,
            meanwhile: Vec::new(),
        })))
    }

    /// What a store with that defect makes of a call that goes wrong.
    fn tear(&mut self, op: Op) -> Op {
        match op {
            Op::SetMany(mut entries) if self.tears_set_many => {
                entries.truncate(self.choices.choose(entries.len()));
                Op::SetMany(entries)
            }
            whole => whole,
        }
    }

    fn perform(&mut self, op: Op) -> Reply {
        self.calls += 1;
        match op {
            Op::Get(key) => Reply::Value(self.data.get(&key).cloned()),
            Op::SetMany(entries) => {
                let keys: Vec<String> = entries.iter().map(|(key, _)| key.clone()).collect();
                self.data.extend(entries);
                for key in keys.iter().filter(|key| key.starts_with("r1:p:")) {
                    oracle::check_snapshot(&self.data, key);
                }
                Reply::Done
            }
            Op::Increment(key, delta) => {
                let old = self.data.get(&key).map_or(0, |bytes| decode_counter(bytes).unwrap());
                self.data.insert(key, (old + delta).to_le_bytes().to_vec());
                Reply::Number(old + delta)
            }
            Op::DeleteMany(keys) => {
                self.data.retain(|key, _| !keys.contains(key));
                Reply::Done
            }
        }
    }
}

/// The store that all tasks share.
#[derive(Clone)]
pub struct Shared(pub Rc<RefCell<World>>);

struct Call {
    world: Shared,
    op: Option<Op>,
    begun: bool,
}

impl Future for Call {
    type Output = Result<Reply, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        context.waker().wake_by_ref();
        if !std::mem::replace(&mut self.begun, true) {
            return Poll::Pending;
        }
        let shared = self.world.clone();
        let mut world = shared.0.borrow_mut();
        if !world.permit || world.dies || world.choices.let_others_first() {
            return Poll::Pending;
        }
        world.permit = false;
        let op = self.op.take().unwrap();
        let reading = matches!(op, Op::Get(_));
        let fate = match world.faults_left {
            0 => Fate::Answered,
            _ => {
                let fate = world.choices.fate(FATES.len());
                FATES[fate]
            }
        };
        if fate != Fate::Answered {
            world.faults_left -= 1;
        }
        match fate {
            Fate::Answered | Fate::DiesAfter | Fate::FailsAfter => {
                let op = if fate == Fate::Answered { op } else { world.tear(op) };
                let reply = world.perform(op);
                if fate == Fate::Answered {
                    return Poll::Ready(Ok(reply));
                }
            }
            Fate::DiesMeanwhile | Fate::FailsMeanwhile if !reading => world.meanwhile.push(op),
            _ => {}
        }
        match fate {
            Fate::DiesBefore | Fate::DiesAfter | Fate::DiesMeanwhile => {
                world.dies = true;
                Poll::Pending
            }
            _ => Poll::Ready(Err(StoreError { call: "any", why: "as the schedule says".to_owned() })),
        }
    }
}

impl Shared {
    fn call(&self, op: Op) -> Call {
        Call { world: self.clone(), op: Some(op), begun: false }
    }
}

impl Store for Shared {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.call(Op::Get(key.to_owned())).await? {
            Reply::Value(value) => Ok(value),
            _ => unreachable!(),
        }
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.call(Op::SetMany(entries)).await.map(|_| ())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        match self.call(Op::Increment(key.to_owned(), delta)).await? {
            Reply::Number(number) => Ok(number),
            _ => unreachable!(),
        }
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        self.call(Op::DeleteMany(keys)).await.map(|_| ())
    }
}

pub type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs tasks until each has ended or died. One call is performed at a time, of the task that is chosen.
pub fn run(world: &Shared, tasks: Vec<Task>) {
    let mut context = Context::from_waker(Waker::noop());
    let mut alive: Vec<Task> = tasks;
    // Up to their first calls, which nothing can tell apart.
    alive.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
    while !alive.is_empty() {
        let mut state = world.0.borrow_mut();
        let late = state.meanwhile.len();
        let chosen = state.choices.choose(alive.len() + late);
        state.clock_ms += 7;
        if let Some(index) = chosen.checked_sub(alive.len()) {
            let op = state.meanwhile.swap_remove(index);
            state.perform(op);
            continue;
        }
        state.permit = true;
        drop(state);
        let ended = alive[chosen].as_mut().poll(&mut context).is_ready();
        let died = std::mem::take(&mut world.0.borrow_mut().dies);
        if ended || died {
            drop(alive.remove(chosen));
        }
    }
}

/// What is on its way may arrive or not; then nothing goes wrong any more.
pub fn settle(world: &Shared) {
    let mut state = world.0.borrow_mut();
    while let Some(op) = state.meanwhile.pop() {
        if state.choices.choose(2) == 1 {
            state.perform(op);
        }
    }
    state.faults_left = 0;
}
