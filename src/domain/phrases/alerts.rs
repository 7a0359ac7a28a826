//! What deserves a person's attention.

use super::Phrase;

phrases! {
    ALERT_CHANNEL_BLOCKED = "alert_channel_blocked": "A channel cannot send";
    ALERT_CHANNEL_QUALITY = "alert_channel_quality": "A number's quality is falling";
    ALERT_CHANNEL_RESTRICTED = "alert_channel_restricted": "The provider restricts an account";
    ALERT_ACCOUNT_WARNING = "alert_account_warning": "The provider warns about an account";
    ALERT_LIMIT_NEAR = "alert_limit_near": "A channel's daily limit is nearly used";
    ALERT_BUDGET = "alert_budget": "The month's budget is nearly used";
    ALERT_CHANNEL_SILENT = "alert_channel_silent": "Nothing arrives on a channel";
    ALERT_RAW_EVENTS_PARKED = "alert_raw_events_parked": "Webhook deliveries wait for a person";
    ALERT_DOUBTFUL_SEND = "alert_doubtful_send": "Nobody knows whether a message was sent";
    ALERT_WEBHOOK_SIGNATURE = "alert_webhook_signature": "Webhooks with a wrong signature";
    ALERT_WEBHOOK_BACKLOG = "alert_webhook_backlog": "Webhooks come faster than they are worked in";
    ALERT_SEND_ERRORS = "alert_send_errors": "Many messages fail";
    ALERT_QUEUE_OLD = "alert_queue_old": "Messages wait too long to be sent";
    ALERT_BACKUP_FAILED = "alert_backup_failed": "A backup was not made";
    ALERT_DISK_LOW = "alert_disk_low": "The disk is nearly full";
    ALERT_READ_ONLY = "alert_read_only": "Nothing can be written";
    ALERT_DAMAGED_RECORDS = "alert_damaged_records": "Some data is damaged";
    ALERT_SEARCH_LAG = "alert_search_lag": "Search does not find the newest messages";
    ALERT_TLS_CERTIFICATE = "alert_tls_certificate": "The TLS certificate cannot be renewed";
    ALERT_MESSAGES_MISSED = "alert_messages_missed": "Messages came late";
    ALERT_TOKEN_EXPIRES = "alert_token_expires": "A channel must be connected again soon";
    ALERT_TEST = "alert_test": "A test";
    SIGNATURES_BAD = "signatures_bad": "{count} webhooks in the last minute had a signature that fits no app secret, and were refused. If messages are missing, compare the app secret in the channel's settings with the one at the provider; else somebody is guessing.";
    SEND_ERRORS = "send_errors": "{percent} % of the last {count} attempts to send failed. Look at the failed messages and the dead letters for the reason, and test the channel.";
    DISK_LOW = "disk_low": "Only {free} MiB are free; below {floor} MiB nothing is stored any more, and no message is taken in. Make room on the disk, or move old backups away.";
    DAMAGE_FOUND = "damage_found": "Some records on the disk are damaged and were left out. Run `frontdesk verify`, check the disk, and restore the last good backup if something is missing.";
    SEARCH_BEHIND = "search_behind": "The search index is {count} changes behind and does not catch up. `frontdesk reindex` builds it anew.";
    QUEUE_OLD = "queue_old": "The oldest message has waited {minutes} minutes to be sent. The provider may be slow or down, or the channel's rate too low for what is sent.";
    WEBHOOKS_WAIT = "webhooks_wait": "{count} webhooks wait to be worked in; from {most} on senders are asked to come back later. Look at the actors and the log under System.";
    CHANNEL_SILENT = "channel_silent": "No webhook has come for {hours} hours, much longer than usual. If customers have written, check the webhook's address and subscription at the provider, and test the channel.";
    NUMBER_RED = "number_red": "Customers block or report this number. Marketing waits until its quality is better; look at what was sent last.";
    NUMBER_YELLOW = "number_yellow": "Customers begin to block or report this number. Marketing goes out more slowly; write to fewer people.";
    ACCOUNT_RESTRICTED = "account_restricted": "The provider restricts this account ({word}). Ask for a review in its business manager.";
    LIMIT_NEARLY_USED = "limit_nearly_used": "{used} of {limit} customers that may be written to first within 24 hours were. Marketing stops at 90 percent.";
    BUDGET_NEAR = "budget_near": "{spent} of {budget} {currency} are spent this month, by your prices.";
    BUDGET_NEAR_STOPS = "budget_near_stops": "{spent} of {budget} {currency} are spent this month, by your prices. At the end of it templates and SMS stop.";
    DELIVERIES_PARKED = "deliveries_parked": "Some webhook deliveries could not be worked in. Look at them under System and replay them.";
    DOUBTFUL_SEND = "doubtful_send": "The answer to a send was lost and no status has come. Look at it under System, and say whether it arrived.";
    MESSAGES_MISSED = "messages_missed": "{count} messages for {name} had not come by webhook; Frontdesk asked the provider for them. If this happens again, let the channel's page examine why nothing arrives.";
    TOKEN_ENDS = "token_ends": "The access token of {name} ends at {ends_at} and could not be renewed ({why}). Connect the channel again in Settings, or its messages will wait.";
    BACKUP_FAILED = "backup_failed": "The backup that was due was not made: {why}. It is tried again in ten minutes.";
}
