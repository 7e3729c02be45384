//! What happens to a request that a component sends: checked, then answered by another component, by the
//! application's own routes or by the network.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use http::{
    Request, Response, Uri,
    header::HOST,
    uri::{Authority, PathAndQuery, Scheme},
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::{
    guest::Spec,
    outbound::{Reach, internal_target},
    routes::Matched,
};

/// What Spin gives as the client of a request from another component.
const CHAINED_CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

type Finish = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The sending end of one instance.
pub(crate) struct Sending(Arc<Spec>);

impl Sending {
    pub(crate) fn new(spec: Arc<Spec>) -> Self {
        Self(spec)
    }
}

impl WasiHttpHooks for Sending {
    /// The client sets it from the address.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Finish,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Finish), Error>> + Send> {
        let spec = Arc::clone(&self.0);
        Box::new(async move {
            let response = send(&spec, request, options).await?;
            Ok((response, Box::new(async { Ok(()) }) as Finish))
        })
    }
}

async fn send(
    spec: &Spec,
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, Error> {
    let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
    // An address without host, or one that stands for it, is the application's own.
    let own = host.is_empty() || host == "self.alt";
    let reach = match own {
        true if spec.allowed.allow_self() => Reach::Named,
        true => Reach::Denied,
        false => spec.allowed.reach(request.uri()),
    };
    if reach == Reach::Denied {
        let port = request.uri().port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = request.uri().scheme_str().unwrap_or("https");
        eprintln!(
            "relevo-host: component {}: a request to {scheme}://{host}{port} is not in allowed_outbound_hosts",
            spec.id
        );
        return Err(Error::HttpRequestDenied);
    }
    let stopped = || Error::InternalError(Some("the host is stopping".into()));
    if let Some(component) = internal_target(&host) {
        let app = spec.app.upgrade().ok_or_else(stopped)?;
        let matched = Matched::internal(component, request.uri().path());
        if !app.has(component) {
            return Err(Error::InternalError(Some(format!("there is no component {component:?}"))));
        }
        // The request's time limits do not apply on this way: on Spin they do not either.
        request.headers_mut().remove(HOST);
        return Ok(app.answer(&matched, request, CHAINED_CLIENT).await);
    }
    if own {
        let address = spec.app.upgrade().ok_or_else(stopped)?.address().ok_or_else(stopped)?;
        *request.uri_mut() = at(address, request.uri().path_and_query().cloned())?;
    }
    spec.client.send(request, options, reach).await
}

fn at(address: SocketAddr, path: Option<PathAndQuery>) -> Result<Uri, Error> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Authority::try_from(address.to_string()).ok();
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)
}
