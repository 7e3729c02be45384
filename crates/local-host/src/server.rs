//! The HTTP/1.1 server in front of an application.

mod log;
mod turns;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use http::{
    HeaderValue, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER},
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use wasmtime_wasi_http::{Error, WasiBody};

use self::log::Entry;
use crate::app::App;
use crate::metrics::{self, Metrics};

pub use self::{
    log::LogLevel,
    turns::{Limits, Turns},
};

const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// After a failed `accept`, as when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const WELL_KNOWN: &str = "/.well-known/spin/";
const METRICS: &str = "/.well-known/relevo/metrics";

/// A server that is bound to its address and does not accept yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
}

struct Front {
    app: App,
    log: LogLevel,
    metrics: Metrics,
    /// Who may read the figures; nobody without it.
    metrics_token: Option<String>,
    turns: Turns,
}

impl Server {
    /// Binds to an address; port 0 means any free one.
    ///
    /// The figures in `metrics` are shown to whoever has the token.
    pub async fn bind(
        app: App,
        address: &str,
        log: LogLevel,
        turns: Turns,
        metrics: Metrics,
        metrics_token: Option<String>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        app.set_address(address);
        let front = Arc::new(Front { app, log, metrics, metrics_token, turns });
        Ok(Self { listener, address, front })
    }

    /// The address with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then takes no more connections and gives requests under way, and what
    /// components do after their answer, up to `grace` to finish.
    pub async fn run(self, stop: impl Future<Output = ()>, grace: Duration) {
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, client)) => {
                        connections.spawn(serve(Arc::clone(&self.front), stream, client, stopped.clone()));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.listener);
        let deadline = Instant::now() + grace;
        let _ = stopping.send(true);
        let finished = async {
            while connections.join_next().await.is_some() {}
            while self.front.app.busy() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = finished => {}
            () = sleep_until(deadline) => {
                eprintln!("relevo-host: requests were cut off after {} s of grace", grace.as_secs());
            }
        }
    }
}

async fn serve(front: Arc<Front>, stream: TcpStream, client: SocketAddr, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move { Ok::<_, std::convert::Infallible>(front.answer(request, client).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stop = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // What a client does wrong on its connection is nobody else's concern.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

impl Front {
    async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
        let started = Instant::now();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        if let Some(rest) = path.strip_prefix(WELL_KNOWN) {
            return if rest == "health" {
                plain(StatusCode::OK, "OK")
            } else {
                plain(StatusCode::NOT_FOUND, "")
            };
        }
        if path == METRICS {
            return self.figures(&request);
        }
        let Some(matched) = self.app.route(&path) else { return plain(StatusCode::NOT_FOUND, "") };
        let response = match with_whole_address(request) {
            Err(why) => malformed(why),
            Ok(request) => match self.turns.wait_for(&matched.component).await {
                Some(_turn) => self.app.answer(&matched, request, client).await,
                None => overloaded(),
            },
        };
        let took = started.elapsed();
        self.metrics.request(&matched.component, response.status(), took);
        if self.log == LogLevel::Requests {
            Entry { method: &method, matched: &matched, status: response.status(), took }.write();
        }
        response
    }

    /// The host's own figures.
    fn figures(&self, request: &Request<Incoming>) -> Response<WasiBody> {
        let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        let admitted = match (given, self.metrics_token.as_deref()) {
            // Hashes are compared, so that the time it takes tells nothing of the token.
            (Some(given), Some(token)) => Sha256::digest(given) == Sha256::digest(token),
            _ => false,
        };
        if !admitted {
            return plain(StatusCode::UNAUTHORIZED, "");
        }
        let in_progress = self.turns.taken();
        let text = self.metrics.text(in_progress, self.app.busy());
        let body = Full::from(text).map_err(|never| match never {}).boxed_unsync();
        let mut response = Response::new(body);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        response
    }
}

/// Puts scheme and host into the request's address, as Spin does, and drops a host that only components may
/// use among themselves.
fn with_whole_address(request: Request<Incoming>) -> Result<Request<WasiBody>, &'static str> {
    let (mut parts, body) = request.into_parts();
    if parts.headers.values().any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
        return Err("a header is not UTF-8");
    }
    if parts.headers.get(HOST).is_some_and(|host| host.to_str().is_ok_and(is_internal)) {
        parts.headers.remove(HOST);
    }
    let named = match parts.headers.get(HOST) {
        None => None,
        Some(host) => {
            Some(Authority::try_from(host.as_bytes()).map_err(|_| "the Host header is not a host and port")?)
        }
    };
    let mut address = parts.uri.into_parts();
    let authority = match (named, address.authority) {
        (Some(named), Some(given)) if named != given => return Err("the Host header and the address differ"),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err("the Host header is missing"),
    };
    address.scheme = Some(Scheme::HTTP);
    address.authority = Some(authority);
    parts.uri = Uri::from_parts(address).map_err(|_| "the address is not a path")?;
    Ok(Request::from_parts(parts, body.map_err(Error::from).boxed_unsync()))
}

fn is_internal(host: &str) -> bool {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    crate::outbound::internal_target(host).is_some()
}

/// Nothing of the request was looked at: whoever sent it may send it again.
fn overloaded() -> Response<WasiBody> {
    let mut response = plain(
        StatusCode::SERVICE_UNAVAILABLE,
        r#"{"type":"urn:relevo:problem:overloaded","title":"Service Unavailable","status":503,"code":"overloaded","detail":"too many requests are waiting; nothing was done, repeat the request"}"#,
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The head of the request is none that a component could be given.
fn malformed(why: &str) -> Response<WasiBody> {
    let problem = serde_json::json!({
        "type": "urn:relevo:problem:malformed_request", "title": "Bad Request", "status": 400,
        "code": "malformed_request", "detail": why,
    });
    let mut response = plain(StatusCode::BAD_REQUEST, problem.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn plain(status: StatusCode, text: impl Into<bytes::Bytes>) -> Response<WasiBody> {
    let body = Full::new(text.into()).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
