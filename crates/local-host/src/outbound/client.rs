//! The HTTP client behind `wasi:http`: pooled connections, TLS with the usual public roots, time limits
//! from the request's own options.

use std::{
    error::Error as _,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, Uri, header::HOST};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        self,
        connect::{
            HttpConnector,
            dns::{GaiResolver, Name},
        },
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{body::TimedBody, rules::Reach};

/// Spin's own: ten minutes.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
/// Below what servers commonly keep an idle connection, so that a request seldom meets one just closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Shared by all components; clones share the connections.
#[derive(Clone)]
pub struct Client {
    anywhere: Pool<GaiResolver>,
    /// Connects to public addresses only. Apart, so that no connection of the other is taken.
    public: Pool<PublicOnly>,
}

type Pool<R> = legacy::Client<HttpsConnector<TimedConnector<R>>, WasiBody>;

tokio::task_local! {
    /// The pool's connector has no other way to learn the request's own limit.
    static CONNECT_TIMEOUT: Duration;
}

impl Client {
    /// A client without connections.
    pub fn new() -> Result<Self, String> {
        Ok(Self { anywhere: pool(GaiResolver::new())?, public: pool(PublicOnly(GaiResolver::new()))? })
    }

    /// Sends a request whose address is whole. The answer's body is limited by `between_bytes_timeout`.
    pub async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        reach: Reach,
    ) -> Result<Response<WasiBody>, Error> {
        let limit =
            |of: fn(RequestOptions) -> Option<Duration>| options.and_then(of).unwrap_or(DEFAULT_TIMEOUT);
        request.headers_mut().remove(HOST);
        let answer = match reach {
            Reach::Named => self.anywhere.request(request),
            Reach::Public if is_inner_literal(request.uri()) => return Err(Error::DestinationIpProhibited),
            Reach::Public => self.public.request(request),
            Reach::Denied => return Err(Error::HttpRequestDenied),
        };
        let answer = CONNECT_TIMEOUT.scope(limit(|options| options.connect_timeout), answer);
        let answer = timeout(limit(|options| options.first_byte_timeout), answer)
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(reason)?;
        let between_bytes = limit(|options| options.between_bytes_timeout);
        Ok(answer.map(|body| TimedBody::new(body, between_bytes).boxed_unsync()))
    }
}

/// The connector does not ask a resolver for these.
fn is_inner_literal(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|address| !relevo_outward::is_public(address))
}

fn pool<R>(resolver: R) -> Result<Pool<R>, String>
where
    TimedConnector<R>:
        Clone + Service<Uri, Response = TokioIo<TcpStream>, Error = io::Error> + Send + Sync + 'static,
    <TimedConnector<R> as Service<Uri>>::Future: Send,
{
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let provider = rustls::crypto::ring::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(provider)
        .map_err(|error| error.to_string())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(TimedConnector(tcp));
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector);
    Ok(client)
}

/// A resolver that finds public addresses only. What is connected to is what was found here, so a name that
/// resolves to something else the next time gains nothing.
#[derive(Clone)]
struct PublicOnly(GaiResolver);

/// A name has addresses, and none of them is public.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
struct NotPublic;

impl Service<Name> for PublicOnly {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move {
            let public: Vec<_> = found.await?.filter(|a| relevo_outward::is_public(a.ip())).collect();
            if public.is_empty() { Err(io::Error::other(NotPublic)) } else { Ok(public.into_iter()) }
        })
    }
}

/// A TCP connector with a time limit.
#[derive(Clone)]
struct TimedConnector<R>(HttpConnector<R>);

impl<R> Service<Uri> for TimedConnector<R>
where
    HttpConnector<R>: Service<Uri, Response = TokioIo<TcpStream>>,
    <HttpConnector<R> as Service<Uri>>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    <HttpConnector<R> as Service<Uri>>::Future: Send + 'static,
{
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx).map_err(io::Error::other)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Read here, in the request's task: the pool may finish the connection in another one.
        let limit = CONNECT_TIMEOUT.try_with(|limit| *limit).unwrap_or(DEFAULT_TIMEOUT);
        let connecting = self.0.call(uri);
        Box::pin(async move {
            match timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(io::Error::other),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        })
    }
}

/// What the component is told.
fn reason(error: legacy::Error) -> Error {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    // Beneath an error of the resolver's own: looked for first.
    let mut inner = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref());
    if inner.any(|inner| inner.is::<NotPublic>()) {
        return Error::DestinationIpProhibited;
    }
    for cause in causes {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::TimedOut => return Error::ConnectionTimeout,
                io::ErrorKind::ConnectionRefused => return Error::ConnectionRefused,
                io::ErrorKind::InvalidData => return Error::TlsProtocolError,
                _ => {}
            }
        }
        if cause.to_string().starts_with("dns error") {
            return Error::DnsError { rcode: Some("address not available".into()), info_code: None };
        }
    }
    if error.is_connect() { Error::ConnectionRefused } else { Error::HttpProtocolError }
}
