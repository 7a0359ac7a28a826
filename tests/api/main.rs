//! The API over real HTTP. Modules mirror the addresses; `access` and `hostile` walk every endpoint of the OpenAPI document.

#[path = "../common/mod.rs"]
mod common;

mod access;
mod acme;
mod alerts;
mod auth;
mod channels;
mod consent;
mod content;
mod corpora;
mod cost;
mod dialog360;
mod health;
mod hostile;
mod hours;
mod identity;
mod inbox;
mod instagram;
mod instagram_channel;
mod instagram_login;
mod isolation;
mod me;
mod media;
mod media_provider;
mod missed;
mod number;
mod operations;
mod push;
mod sandbox;
mod search;
mod setup;
mod sms;
mod snippets;
mod spec;
mod system;
mod template_media;
mod template_products;
mod templates;
mod tls;
mod tokens;
mod twilio_interactive;
mod twilio_templates;
mod users;
mod whatsapp_login;
mod workspaces;
