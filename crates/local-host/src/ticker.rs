//! Schedules: an authenticated `POST` to a tick route of the application, over and over.
//!
//! A route is never posted again before the last post is answered or given up, so a slow tick delays the
//! next instead of piling up. A failed post is reported and the next one comes in its turn.

use std::{str::FromStr, time::Duration};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

/// A tick may take as long as a request may on hosted Spin, and some.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A route and how often it is posted. Written `/internal/tick/sla=5`, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The path, with a slash first.
    pub route: String,
    /// From the beginning of one post to the beginning of the next.
    pub every: Duration,
}

/// Posts all routes, at once and then at their intervals, until it is dropped.
pub struct Ticker(#[allow(dead_code, reason = "ends its tasks when dropped")] JoinSet<()>);

impl Ticker {
    /// Starts posting to `base_url` (scheme, host and port) with a bearer token.
    pub fn start(base_url: &str, token: &str, ticks: Vec<Tick>) -> Result<Self, String> {
        let authorization = header::HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "the tick token cannot stand in a header".to_owned())?;
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| error.to_string())?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let mut tasks = JoinSet::new();
        for tick in ticks {
            let request = Request::post(format!("{}{}", base_url.trim_end_matches('/'), tick.route))
                .header(header::AUTHORIZATION, &authorization)
                .header(header::CONTENT_LENGTH, 0)
                .body(Empty::<Bytes>::new())
                .map_err(|error| format!("{base_url}{}: {error}", tick.route))?;
            tasks.spawn(run(client.clone(), request, tick));
        }
        Ok(Self(tasks))
    }
}

impl FromStr for Tick {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not ROUTE=SECONDS, such as /internal/tick/sla=5");
        let (route, seconds) = text.rsplit_once('=').ok_or_else(wrong)?;
        let every = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match every {
            Some(every) if !every.is_zero() && route.starts_with('/') => {
                Ok(Self { route: route.to_owned(), every })
            }
            _ => Err(wrong()),
        }
    }
}

async fn run(
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
    tick: Tick,
) {
    let mut clock = interval(tick.every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let post = async {
            let answer = client.request(request.clone()).await.map_err(|error| error.to_string())?;
            let status = answer.status();
            // Read to the end, so that the connection can be used again.
            answer.into_body().collect().await.map_err(|error| error.to_string())?;
            if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
        };
        let outcome = timeout(ANSWER_TIMEOUT, post).await.unwrap_or_else(|_| Err("no answer in time".into()));
        if let Err(why) = outcome {
            eprintln!("relevo-host: tick {}: {why}", tick.route);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_a_route_and_seconds() {
        let tick = |route: &str, ms| Ok(Tick { route: route.into(), every: Duration::from_millis(ms) });
        assert_eq!("/internal/tick/sla=5".parse(), tick("/internal/tick/sla", 5_000));
        assert_eq!("/t?a=b=0.25".parse(), tick("/t?a=b", 250));
        for wrong in ["/t", "t=1", "/t=", "/t=0", "/t=-1", "/t=x", "/t=1e99", ""] {
            assert!(wrong.parse::<Tick>().is_err(), "{wrong}");
        }
    }
}
