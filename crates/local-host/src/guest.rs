//! What a component instance has around it, and what it can call.

mod bindings;
mod key_value;
mod keyvalue;
mod output;
mod variables;

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use wasmtime::{
    Engine, Store,
    component::{HasSelf, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    app::Inner,
    clock::Clock,
    kv::{Backend, Bucket, KvError},
    outbound::{AllowedHosts, Client},
    sending::Sending,
};

use self::output::Lines;

/// Spin's own limit of stores that one instance has open.
const MAX_OPEN_STORES: usize = 256;

/// What all instances of a component share.
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) stores: Vec<String>,
    pub(crate) backend: Backend,
    pub(crate) allowed: AllowedHosts,
    pub(crate) client: Client,
    pub(crate) app: Weak<Inner>,
    pub(crate) clock: Option<Clock>,
}

/// The state of one instance.
pub(crate) struct Guest {
    spec: Arc<Spec>,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    sending: Sending,
    open_stores: usize,
}

/// Everything that a component may import. What is not here fails to link, with its name.
pub(crate) fn new_linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    bindings::Imports::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl Guest {
    /// A store for one instance.
    pub(crate) fn new_store(engine: &Engine, spec: &Arc<Spec>) -> Store<Self> {
        // No files, no environment, no sockets: a component has what its manifest says.
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(Lines::default()).stderr(Lines::default());
        if let Some(clock) = &spec.clock {
            wasi.wall_clock(clock.clone());
        }
        let wasi = wasi.build();
        let guest = Self {
            sending: Sending::new(Arc::clone(spec)),
            spec: Arc::clone(spec),
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            open_stores: 0,
        };
        let mut store = Store::new(engine, guest);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    /// Opens a key-value store that the manifest grants.
    fn open_store(&mut self, label: &str) -> Result<Bucket, OpenError> {
        if !self.spec.stores.iter().any(|granted| granted == label) {
            return Err(OpenError::AccessDenied);
        }
        if self.open_stores >= MAX_OPEN_STORES {
            return Err(OpenError::TableFull);
        }
        self.open_stores += 1;
        Ok(self.spec.backend.bucket_of(&self.spec.id, label))
    }
}

enum OpenError {
    AccessDenied,
    TableFull,
}

/// An error that the component is told. A broken store is a trap, as it is on Spin.
fn told(error: KvError) -> wasmtime::Result<String> {
    match error {
        KvError::Broken(_) => Err(wasmtime::Error::msg(error.to_string())),
        KvError::Other(why) => Ok(why),
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.sending, table: &mut self.table, ctx: &mut self.http }
    }
}
