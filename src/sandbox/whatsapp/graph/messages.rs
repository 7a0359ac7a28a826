//! `POST /{phone number id}/messages`: sending, marking as read, typing.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::json;

use super::{Answer, Call, cut, html, success};
use crate::sandbox::whatsapp::accounts::Number;
use crate::sandbox::whatsapp::faults::{After, Before, Down};
use crate::sandbox::whatsapp::inbound;
use crate::sandbox::whatsapp::send::{self, Accepted, Refused};
use crate::sandbox::whatsapp::state::Shared;
use crate::sandbox::whatsapp::validate::{self, Request};

/// How late a "late" answer is, in simulated milliseconds.
const LATE_MS: u64 = 60_000;

pub(super) async fn send(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    let shared = call.shared;
    shared.counters.send_calls.add(1);
    match number.faults.down() {
        Down::No => {}
        Down::Unavailable => return Ok(html(503)),
        Down::Close => return Ok(cut(call.request)),
    }
    let plan = shared
        .faults
        .plan(&shared.rng)
        .and(number.faults.plan(&shared.rng));
    let delay_ms = plan
        .delay_ms
        .saturating_add(shared.config.delays.answer.draw(&shared.rng));
    if let Some(before) = plan.before.clone() {
        pause(shared, delay_ms).await;
        return fault(shared, before);
    }
    let request = match validate::request(&call.body, &number.digits) {
        Ok(request) => request,
        Err(error) => {
            shared.counters.sends_refused.add(1);
            pause(shared, delay_ms).await;
            return Err(error);
        }
    };
    let result = match request {
        Request::MarkRead { message_id, typing } => {
            inbound::marked_read(shared, &number, &message_id, typing);
            pause(shared, delay_ms).await;
            return success();
        }
        Request::Send(request) => send::accept(shared, &number, *request, plan),
    };
    pause(shared, delay_ms).await;
    finish(call, &number, result).await
}

async fn finish(call: &Call<'_>, number: &Arc<Number>, result: Result<Accepted, Refused>) -> Answer {
    let shared = call.shared;
    let accepted = match result {
        Ok(accepted) => accepted,
        Err(Refused::Fault(before)) => return fault(shared, before),
        Err(Refused::Error(error)) => {
            shared.counters.sends_refused.add(1);
            return Err(error);
        }
    };
    let Some(after) = accepted.after else {
        return answer(number, &accepted);
    };
    shared.counters.answers_lost.add(1);
    match after {
        After::Close => Ok(cut(call.request)),
        After::Html500 => Ok(html(500)),
        After::Late => {
            pause(shared, LATE_MS).await;
            answer(number, &accepted)
        }
    }
}

/// The 200, with the usage header that Meta sets.
fn answer(number: &Number, accepted: &Accepted) -> Answer {
    let usage = json!({
        number.waba.id.as_str(): [{
            "type": "whatsapp_business_messaging", "call_count": 1, "total_cputime": 1, "total_time": 1,
            "estimated_time_to_regain_access": 0,
        }],
    });
    Ok(HttpResponse::Ok()
        .insert_header(("X-Business-Use-Case-Usage", usage.to_string()))
        .json(&accepted.body))
}

fn fault(shared: &Arc<Shared>, before: Before) -> Answer {
    shared.counters.sends_faulted.add(1);
    match before {
        Before::Html500 => Ok(html(500)),
        Before::Garbage => Ok(HttpResponse::Ok()
            .content_type("application/json")
            .body("{\"messaging_product\":\"whatsapp\",\"messages\":[{\u{fffd}")),
        Before::Error(error) => Err(error),
    }
}

pub(super) async fn pause(shared: &Shared, simulated_ms: u64) {
    if simulated_ms > 0 {
        tokio::time::sleep(shared.clock.real(simulated_ms)).await;
    }
}
