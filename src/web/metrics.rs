//! Figures for Prometheus: one recorder for the process, rendered at `/metrics`.
//!
//! Who may read them: callers on this machine, and whoever shows the configured token. A call that came through a proxy
//! which is not configured as trusted does not count as local, wherever the proxy runs.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::http::{ApiError, ApiResult, ClientAddr, ErrorCode, NoQuery, TrustedProxies, endpoints};

endpoints!(metrics_page);

/// How often histograms are drained, so that they do not grow between scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Bounds of the histograms of seconds.
const SECONDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// The recorder's reader. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    token: Option<SecretString>,
}

impl Metrics {
    /// Installs the process's recorder, once; later calls share it. Callers from elsewhere must show `token`.
    ///
    /// # Errors
    /// Another recorder was installed already.
    pub fn install(token: Option<SecretString>) -> anyhow::Result<Self> {
        let mut taken = RECORDER.lock();
        let handle = match &*taken {
            Some(handle) => handle.clone(),
            None => {
                let seconds = Matcher::Suffix("_seconds".into());
                let recorder = PrometheusBuilder::new()
                    .set_buckets_for_metric(seconds, &SECONDS)?
                    .build_recorder();
                let handle = recorder.handle();
                metrics::set_global_recorder(recorder)?;
                taken.insert(handle).clone()
            }
        };
        Ok(Self { handle, token })
    }

    /// Drains the histograms for ever. To be spawned once.
    pub async fn upkeep(self) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
        }
    }

    fn allows(&self, req: &HttpRequest) -> bool {
        let bearer = req
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = bearer
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let by_token = self.token.as_ref().is_some_and(|token| {
            let token = token.expose_secret();
            !token.is_empty() && bool::from(token.as_bytes().ct_eq(shown.as_bytes()))
        });
        by_token || is_local(req)
    }
}

/// Whether the call began on this machine, as far as that can be known.
fn is_local(req: &HttpRequest) -> bool {
    let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    let proxied = forwarded.iter().any(|name| req.headers().contains_key(*name));
    let trusting = req
        .app_data::<web::Data<TrustedProxies>>()
        .is_some_and(|proxies| !proxies.0.is_empty());
    ClientAddr::of(req).0.is_loopback() && (trusting || !proxied)
}

/// Figures in Prometheus' text format. For callers on this machine, or with the configured token.
#[utoipa::path(tag = "operations", responses((status = 200, body = String, content_type = "text/plain")), security(()))]
#[get("/metrics")]
pub(super) async fn metrics_page(
    metrics: web::Data<Metrics>,
    req: HttpRequest,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    if !metrics.allows(&req) {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "Figures are given to this machine only, or with the metrics token of the configuration.",
        ));
    }
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/plain; version=0.0.4; charset=utf-8");
    Ok(answer.body(metrics.handle.render()))
}
