//! Calls the server as someone, and reads its answers.

use std::sync::Once;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::PASSWORD;

/// Someone who calls.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

static PROVIDER: Once = Once::new();

impl Client {
    /// The HTTP client cannot be built without.
    pub fn install_provider() {
        PROVIDER.call_once(|| {
            // Only fails if there is one already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
    }

    /// Nobody in particular.
    pub fn stranger(base: &str) -> Self {
        Self::install_provider();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Certificates of tests are nobody's.
            .tls_danger_accept_invalid_certs(base.starts_with("https"))
            .build();
        Self {
            http: http.expect("a client"),
            base: base.to_owned(),
            token: None,
        }
    }

    /// Someone with a session.
    pub async fn log_in(base: &str, email: &str) -> Self {
        let stranger = Self::stranger(base);
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = stranger.post("/api/v1/auth/login", &body).await.expect(200);
        stranger.with_token(answer["token"].as_str().expect("a token"))
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub async fn raw(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method, path).header("content-type", content_type);
        Answer::of(request.body(body)).await
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a whole body");
        Self {
            status,
            headers,
            text,
        }
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Fails unless this is a problem document with this status and code; gives the document.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        let document = self.problem();
        assert_eq!(
            (self.status, document["code"].as_str()),
            (status, Some(code)),
            "{document}"
        );
        document
    }

    /// Fails unless this is a whole problem document that fits its own headers.
    #[track_caller]
    pub fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {}",
            self.status,
            self.text
        );
        let document = self.json();
        assert_eq!(document["status"], self.status, "{document}");
        assert_eq!(document["type"], "about:blank");
        assert_eq!(document["trace_id"], self.header("x-trace-id"), "{document}");
        for field in ["title", "detail", "code"] {
            assert!(
                document[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {document}"
            );
        }
        document
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().expect("ASCII")
    }

    /// The session cookie that was set, without its attributes.
    pub fn cookie(&self) -> Option<String> {
        let line = self.headers.get("set-cookie")?.to_str().ok()?;
        line.split(';').next().map(str::to_owned)
    }
}
