//! An application: its components, their routes and the way of a request to one of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use http::{Request, Response, StatusCode};
use tokio::time::timeout;
use wasmtime::component::{Component as Wasm, Linker};
use wasmtime_wasi_http::{
    WasiBody,
    handler::{ExpirationError, ProxyHandler},
    p3::bindings::ServicePre,
};

use crate::{
    clock::Clock,
    engine::{load_components, new_engine},
    guest::{Guest, Spec, new_linker},
    kv::Backend,
    manifest::{Component, Manifest},
    metrics::Metrics,
    outbound::{AllowedHosts, Client},
    routes::{Matched, Router},
    variables::Variables,
    worker::{Busy, Factory},
};

/// What an application needs besides its manifest.
pub struct Settings {
    /// The values of its variables.
    pub variables: Variables,
    /// Where its key-value stores are.
    pub backend: Backend,
    /// Where compiled components are kept between runs.
    pub cache: Option<PathBuf>,
    /// How long a component may take for an answer, and for what it does after it.
    pub request_timeout: Duration,
    /// A file that says by how many seconds the components' clock is wrong.
    pub clock_offset: Option<PathBuf>,
    /// Where what happens is counted.
    pub metrics: Metrics,
}

/// A loaded application. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub(crate) struct Inner {
    router: Router,
    handlers: BTreeMap<String, ProxyHandler<Factory>>,
    request_timeout: Duration,
    busy: Busy,
    address: OnceLock<SocketAddr>,
}

/// Why a component gave no answer.
enum Failure {
    Request(&'static str),
    TimedOut,
    Component(wasmtime::Error),
}

impl App {
    /// Loads the components that a trigger names. The error says what is missing or wrong and where.
    pub fn load(manifest: &Manifest, settings: &Settings) -> Result<Self> {
        let engine = new_engine()?;
        let router = Router::new(&manifest.triggers).map_err(|why| anyhow!(why))?;
        let used: Vec<(&String, &Component)> = manifest
            .components
            .iter()
            .filter(|(id, _)| manifest.triggers.iter().any(|trigger| trigger.component == **id))
            .collect();
        let sources: Vec<_> = used.iter().map(|(_, component)| component.source.clone()).collect();
        let compiled = load_components(&engine, &sources, settings.cache.as_deref())?;
        let linker = new_linker(&engine)?;
        let client = Client::new().map_err(|why| anyhow!(why))?;
        let mut ready = Vec::new();
        for ((id, component), wasm) in used.into_iter().zip(&compiled) {
            let parts =
                prepare(&linker, wasm, component, settings).with_context(|| format!("component.{id}"))?;
            ready.push((id.clone(), component, parts));
        }
        let busy = Busy::default();
        let inner = Arc::new_cyclic(|app: &Weak<Inner>| {
            let handler = |(id, component, parts): (String, &Component, Parts)| {
                let spec = Arc::new(Spec {
                    id: id.clone(),
                    variables: parts.variables,
                    stores: component.key_value_stores.clone(),
                    backend: settings.backend.clone(),
                    allowed: parts.allowed,
                    client: client.clone(),
                    app: app.clone(),
                    clock: settings.clock_offset.clone().map(Clock::new),
                });
                let factory = Factory {
                    engine: engine.clone(),
                    pre: parts.pre,
                    spec,
                    request_timeout: settings.request_timeout,
                    busy: busy.clone(),
                    metrics: settings.metrics.clone(),
                };
                (id, ProxyHandler::new(factory))
            };
            Inner {
                router,
                handlers: ready.into_iter().map(handler).collect(),
                request_timeout: settings.request_timeout,
                busy: busy.clone(),
                address: OnceLock::new(),
            }
        });
        Ok(Self(inner))
    }

    /// Tells the application where it is served; components may send requests to themselves then.
    pub(crate) fn set_address(&self, address: SocketAddr) {
        let _ = self.0.address.set(address);
    }

    /// The route of a path.
    pub(crate) fn route(&self, path: &str) -> Option<Matched> {
        self.0.router.route(path)
    }

    /// Sends a request to the component of a route. Whatever goes wrong is an answer.
    pub(crate) async fn answer(
        &self,
        matched: &Matched,
        request: Request<WasiBody>,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        self.0.answer(matched, request, client).await
    }

    /// How many instances have work.
    pub(crate) fn busy(&self) -> usize {
        self.0.busy.count()
    }
}

impl Inner {
    /// Where the application is served, once it is.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Whether there is such a component and a trigger names it.
    pub(crate) fn has(&self, component: &str) -> bool {
        self.handlers.contains_key(component)
    }

    /// Sends a request to a component. Its address must be whole.
    pub(crate) async fn answer(
        &self,
        matched: &Matched,
        request: Request<WasiBody>,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        let (status, why) = match self.call(matched, request, client).await {
            Ok(response) => return response,
            Err(Failure::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "no answer in time".to_owned()),
            Err(Failure::Request(why)) => (StatusCode::INTERNAL_SERVER_ERROR, why.to_owned()),
            Err(Failure::Component(error)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, format!("no answer: {error}"))
            }
        };
        eprintln!("relevo-host: component {}: {why}", matched.component);
        let mut response = Response::new(WasiBody::default());
        *response.status_mut() = status;
        response
    }

    async fn call(
        &self,
        matched: &Matched,
        mut request: Request<WasiBody>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>, Failure> {
        let handler = self.handlers.get(&matched.component).ok_or(Failure::Request("no such component"))?;
        matched.add_headers(&mut request, client).map_err(Failure::Request)?;
        match timeout(self.request_timeout, handler.handle((), request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is::<ExpirationError>() => Err(Failure::TimedOut),
            Ok(Err(error)) => Err(Failure::Component(error)),
            Err(_) => Err(Failure::TimedOut),
        }
    }
}

struct Parts {
    pre: ServicePre<Guest>,
    variables: BTreeMap<String, String>,
    allowed: AllowedHosts,
}

fn prepare(linker: &Linker<Guest>, wasm: &Wasm, component: &Component, settings: &Settings) -> Result<Parts> {
    let variables = settings.variables.of_component(component)?;
    let hosts = component.allowed_outbound_hosts.iter().map(|entry| settings.variables.fill(entry));
    let allowed = AllowedHosts::parse(&hosts.collect::<Result<Vec<_>, _>>()?)?;
    let pre = linker.instantiate_pre(wasm).and_then(ServicePre::new)?;
    Ok(Parts { pre, variables, allowed })
}
