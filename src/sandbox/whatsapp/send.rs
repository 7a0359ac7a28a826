//! Acceptance of a valid message: the account's rules, the recipient, the answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::accounts::{Number, sendable};
use super::config::TemplateConfig;
use super::customers::Customer;
use super::errors::GraphError;
use super::faults::{After, Before, CallPlan, RecipientFault, by_recipient};
use super::payload::{self, StatusHead};
use super::state::Shared;
use super::statuses::{self, Course};
use super::validate::{Recipient, SendRequest, check_template};
use super::verdict::{Message, Verdict};
use super::wamid::Author;

/// An accepted message: the answer's body, and what becomes of the answer.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub body: Value,
    pub after: Option<After>,
}

/// The refusal of a message that is valid in itself.
pub(crate) enum Refused {
    Error(GraphError),
    Fault(Before),
}

impl From<GraphError> for Refused {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

/// Accepts or refuses a message and sets its life going.
pub(crate) fn accept(
    shared: &Arc<Shared>,
    number: &Arc<Number>,
    request: SendRequest,
    mut plan: CallPlan,
) -> Result<Accepted, Refused> {
    let now_ms = shared.clock.now_ms();
    if !number.state.lock().registered {
        return Err(GraphError::new(133_010).into());
    }
    let template = template_of(shared, number, &request)?;
    let target = Target::of(shared, &request.to);
    recipient_fault(shared, &target, &mut plan)?;
    if shared.config.rules.throughput && !number.state.lock().throughput.take(number.rate(), now_ms) {
        return Err(GraphError::new(130_429).into());
    }
    let wamid = shared.ids.mint(&target.key, Author::Business);
    let message = Message {
        shared,
        number,
        request: &request,
        template: template.as_ref(),
        wamid: &wamid,
        now_ms,
    };
    let mut verdict = judge(shared, &message, &target)?;
    shared.counters.sends_accepted.add(1);
    let lost = shared.ledger.record(&target.key, request.callback.as_deref());
    shared.counters.ledger_overflow.add(lost);
    let held = plan.held && request.kind == "template";
    let body = answer(&request, &target, &wamid, held);
    let config = &shared.config.webhooks;
    let course = Course {
        number: Arc::clone(number),
        contact: config
            .status_contacts
            .then(|| payload::contact(&verdict.profile, config)),
        head: StatusHead {
            recipient_id: target.recipient_id(),
            group: target.group,
            user_id: verdict.profile.user_id.clone(),
            callback: request.callback.clone(),
            tariff: Some(verdict.tariff),
            wamid,
        },
        customer: target.key,
    };
    verdict.error = plan.failure.take().or(verdict.error);
    statuses::begin(shared, course, verdict, &request, held);
    Ok(Accepted {
        body,
        after: plan.after,
    })
}

/// Judges under the customer's lock; customers beyond the directory's limit are judged as strangers.
fn judge(shared: &Shared, message: &Message<'_>, target: &Target) -> Result<Verdict, GraphError> {
    let profile = || target.profile();
    let judged = shared
        .customers
        .with_or_new(&target.key, profile, |record| message.judge(record, target));
    judged.unwrap_or_else(|| {
        shared.counters.customers_untracked.add(1);
        Ok(message.unknown(target))
    })
}

/// Whom a message reaches.
pub(crate) struct Target {
    pub key: String,
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub group: bool,
}

impl Target {
    fn of(shared: &Shared, to: &Recipient) -> Self {
        match to {
            Recipient::Phone { digits, .. } => {
                let wa_id = canonical(digits);
                Self {
                    key: wa_id.clone(),
                    phone: Some(wa_id),
                    user_id: None,
                    group: false,
                }
            }
            Recipient::User { user_id } => Self {
                key: shared.customers.resolve(user_id),
                phone: None,
                user_id: Some(user_id.clone()),
                group: false,
            },
            Recipient::Group { group_id } => Self {
                key: group_id.clone(),
                phone: None,
                user_id: None,
                group: true,
            },
        }
    }

    pub(crate) fn profile(&self) -> Customer {
        let name = if self.group { "Group" } else { "Customer" };
        Customer {
            wa_id: self.phone.clone(),
            user_id: self.user_id.clone(),
            name: name.to_owned(),
            ..Customer::default()
        }
    }

    fn recipient_id(&self) -> Option<String> {
        if self.group {
            Some(self.key.clone())
        } else {
            self.phone.clone()
        }
    }
}

/// The id under which the provider knows a number; in three countries it differs from what people dial.
pub(crate) fn canonical(digits: &str) -> String {
    let bytes = digits.as_bytes();
    match digits.get(..2) {
        // Mexico: a 1 follows the country code.
        Some("52") if digits.len() == 12 => format!("521{}", &digits[2..]),
        // Argentina: a 9 follows the country code.
        Some("54") if digits.len() == 12 => format!("549{}", &digits[2..]),
        // Brazil: areas from 31 on keep the eight-digit form.
        Some("55")
            if digits.len() == 13
                && bytes[4] == b'9'
                && digits[2..4].parse().is_ok_and(|area: u8| area >= 31) =>
        {
            format!("{}{}", &digits[..4], &digits[5..])
        }
        _ => digits.to_owned(),
    }
}

fn template_of(
    shared: &Shared,
    number: &Number,
    request: &SendRequest,
) -> Result<Option<TemplateConfig>, GraphError> {
    if request.kind != "template" {
        return Ok(None);
    }
    let name = request.content["name"].as_str().unwrap_or("");
    let language = request.content["language"]["code"].as_str().unwrap_or("");
    let template = match sendable(&number.waba, name, language) {
        Err(error) if error.code() == 132_001 && shared.config.rules.unknown_templates => {
            return Ok(None);
        }
        other => other?,
    };
    check_template(&request.content, &template)?;
    let authentication = template.category.eq_ignore_ascii_case("AUTHENTICATION");
    if authentication && matches!(request.to, Recipient::User { .. }) {
        return Err(GraphError::new(131_062));
    }
    Ok(Some(template))
}

fn recipient_fault(shared: &Shared, target: &Target, plan: &mut CallPlan) -> Result<(), Refused> {
    if !shared.config.rules.recipient_faults {
        return Ok(());
    }
    match target.phone.as_deref().and_then(by_recipient) {
        Some(RecipientFault::Before(before)) => Err(Refused::Fault(before)),
        Some(RecipientFault::After(after)) => {
            plan.after = Some(after);
            Ok(())
        }
        Some(RecipientFault::Held) => {
            plan.held = true;
            Ok(())
        }
        Some(RecipientFault::Failure(code)) => {
            plan.failure.get_or_insert_with(|| GraphError::new(code));
            Ok(())
        }
        None => Ok(()),
    }
}

/// The body of a 200.
fn answer(request: &SendRequest, target: &Target, wamid: &str, held: bool) -> Value {
    let contact = match &request.to {
        Recipient::Phone { input, .. } => json!({"input": input, "wa_id": target.key}),
        Recipient::User { user_id } => json!({"input": user_id, "user_id": user_id}),
        Recipient::Group { group_id } => json!({"input": group_id, "wa_id": group_id}),
    };
    let mut message = json!({"id": wamid});
    if request.kind == "template" {
        let words = ["accepted", "held_for_quality_assessment"];
        message["message_status"] = words[usize::from(held)].into();
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn numbers_take_the_form_that_the_provider_knows() {
        for (dialled, known) in [
            ("254711000234", "254711000234"),
            ("525512345678", "5215512345678"),
            ("5215512345678", "5215512345678"),
            ("541123456789", "5491123456789"),
            ("5531987654321", "553187654321"),
            ("5511987654321", "5511987654321"),
            ("15550001111", "15550001111"),
        ] {
            assert_eq!(canonical(dialled), known);
        }
    }
}
