//! The endpoints, as the OpenAPI document lists them.

use reqwest::Method;
use serde_json::Value;

use crate::common::Client;

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub method: Method,
    /// With `{id}` and the like.
    pub path: String,
    pub operation: Value,
}

impl Endpoint {
    /// Anyone may call it.
    pub fn is_public(&self) -> bool {
        self.operation["security"]
            .as_array()
            .is_some_and(|all| all.contains(&Value::Object(Default::default())) || all.is_empty())
    }

    pub fn takes_json(&self) -> bool {
        self.operation["requestBody"]["content"]["application/json"].is_object()
    }

    pub fn has_parameter(&self, name: &str) -> bool {
        let parameters = self.operation["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
    }

    /// The path with every parameter set to `value`.
    pub fn filled(&self, value: &str) -> String {
        let parts = self.path.split('/');
        let filled: Vec<&str> = parts
            .map(|part| if part.starts_with('{') { value } else { part })
            .collect();
        filled.join("/")
    }
}

/// Every endpoint of the API and its documentation; webhooks have their providers' own rules and their own tests.
pub async fn endpoints(client: &Client) -> Vec<Endpoint> {
    let document = client.get("/api/v1/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            if let ("get" | "put" | "post" | "delete" | "patch", true) = (method.as_str(), ours(&path)) {
                let method = method.to_uppercase().parse().expect("a method");
                let (path, operation) = (path.clone(), operation.clone());
                all.push(Endpoint {
                    method,
                    path,
                    operation,
                });
            }
        }
    }
    assert!(all.len() >= 30, "the document lists every endpoint");
    all
}

fn ours(path: &str) -> bool {
    path.starts_with("/api/v1/") || path.starts_with("/api/docs")
}
