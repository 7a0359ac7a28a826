//! The lists of the Messages API: messages, newest first and page by page, and the files of one message.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::api::{Call, iso, rfc2822, view};
use super::refusal::Refusal;
use super::state::{Shared, Stored};

/// The filters of the list of messages.
const FILTERS: [&str; 5] = ["To", "From", "DateSent", "DateSent>", "DateSent<"];

/// `GET …/Messages.json`. Dates are compared by their days.
pub(super) fn messages(shared: &Shared, call: &Call<'_>) -> Result<HttpResponse, Refusal> {
    if let Some(account) = shared.accounts.lock().get_mut(call.account) {
        let left = &mut account.content_faults.throttle_lists;
        if *left > 0 {
            *left -= 1;
            return Err(Refusal::of_code(20_429));
        }
    }
    let (size, page) = call.page();
    let day = |ms: i64| iso(ms).chars().take(10).collect::<String>();
    let date = |name: &str| {
        call.parameter(name)
            .map(|text| text.chars().take(10).collect::<String>())
    };
    let (on, from, until) = (date("DateSent"), date("DateSent>"), date("DateSent<"));
    let messages = shared.messages.lock();
    let fits = |message: &&Stored| {
        let at = day(message.sent_ms.unwrap_or(message.created_ms));
        message.account == call.account
            && call.parameter("To").is_none_or(|to| to == message.to)
            && call
                .parameter("From")
                .is_none_or(|from| Some(from) == message.from.as_deref())
            && on.as_ref().is_none_or(|on| *on == at)
            && from.as_ref().is_none_or(|from| *from <= at)
            && until.as_ref().is_none_or(|until| *until >= at)
    };
    let newest_first = messages
        .order
        .iter()
        .rev()
        .filter_map(|sid| messages.by_sid.get(sid));
    let start = page.saturating_mul(size);
    let mut found: Vec<&Stored> = newest_first.filter(fits).skip(start).take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let uri = |page: usize| uri(call, size, page);
    Ok(HttpResponse::Ok().json(json!({
        "first_page_uri": uri(0),
        "end": (start + found.len()).saturating_sub(1),
        "previous_page_uri": page.checked_sub(1).map(uri),
        "messages": found.into_iter().map(view).collect::<Vec<_>>(),
        "uri": uri(page),
        "page_size": size,
        "start": start,
        "next_page_uri": more.then(|| uri(page + 1)),
        "page": page,
    })))
}

/// The address of a page, with the filters of the call.
fn uri(call: &Call<'_>, size: usize, page: usize) -> String {
    let place = format!("/2010-04-01/Accounts/{}/Messages.json", call.account);
    let Ok(mut url) = reqwest::Url::parse(&format!("http://x{place}")) else {
        return place;
    };
    for name in FILTERS {
        if let Some(value) = call.parameter(name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url.query_pairs_mut()
        .append_pair("PageSize", &size.to_string())
        .append_pair("Page", &page.to_string());
    format!("{place}?{}", url.query().unwrap_or_default())
}

/// `GET …/Messages/{sid}/Media.json`.
pub(super) fn media(shared: &Shared, call: &Call<'_>, sid: &str) -> Result<HttpResponse, Refusal> {
    let messages = shared.messages.lock();
    let message = messages.by_sid.get(sid).filter(|it| it.account == call.account);
    let message = message.ok_or_else(|| Refusal::not_found(call.path))?;
    let files = shared.files.lock();
    let place = format!("/2010-04-01/Accounts/{}/Messages/{sid}/Media", call.account);
    let at = rfc2822(message.created_ms);
    let list = message.media.iter().filter_map(|file| {
        let mime = &files.get(file)?.mime;
        Some(
            json!({"sid": file, "account_sid": call.account, "parent_sid": sid, "content_type": mime,
            "date_created": at, "date_updated": at, "uri": format!("{place}/{file}.json")}),
        )
    });
    let list: Vec<Value> = list.collect();
    let uri = format!("{place}.json?PageSize=50&Page=0");
    Ok(HttpResponse::Ok().json(json!({
        "first_page_uri": uri, "end": list.len().saturating_sub(1), "previous_page_uri": null, "media_list": list,
        "uri": uri, "page_size": 50, "start": 0, "next_page_uri": null, "page": 0,
    })))
}
