//! What Meta told about an account, a number or a name.

use super::Phrase;

phrases! {
    NOTICE_TIER = "notice_tier": "The account may write first to {limit} customers within 24 hours.";
    NOTICE_UNLIMITED = "notice_unlimited": "any number of";
    NOTICE_NAME_APPROVED = "notice_name_approved": "The display name \"{name}\" was approved.";
    NOTICE_NAME_REFUSED = "notice_name_refused": "The display name \"{name}\" was refused. Choose another one in Meta's WhatsApp manager.";
    NOTICE_NAME_REFUSED_BECAUSE = "notice_name_refused_because": "The display name \"{name}\" was refused ({why}). Choose another one in Meta's WhatsApp manager.";
    NOTICE_NAME_PENDING = "notice_name_pending": "The display name \"{name}\" is still looked at.";
    NOTICE_USERNAME = "notice_username": "The user name {name} is {status}.";
    NOTICE_REVIEW_REFUSED = "notice_review_refused": "Meta refused the account after its review. Appeal in Meta's business support.";
    NOTICE_REVIEW_APPROVED = "notice_review_approved": "Meta approved the account after its review.";
    NOTICE_REVIEW_PENDING = "notice_review_pending": "Meta is reviewing the account.";
    NOTICE_ALERT = "notice_alert": "Meta alerts: {text}";
    NOTICE_PIN_CHANGED = "notice_pin_changed": "The number's two-step PIN was changed. If it was none of you, change it at once.";
    NOTICE_PIN_RESET_ASKED = "notice_pin_reset_asked": "Someone asked to switch the number's two-step PIN off. If it was none of you, look at who has access.";
    NOTICE_PIN_OFF = "notice_pin_off": "The number's two-step PIN was switched off.";
    NOTICE_RESTRICTED = "notice_restricted": "Meta restricted the account: {words}.";
    NOTICE_VIOLATION = "notice_violation": "Meta says that the account broke its policy ({what}). Appeal in Meta's business support.";
    NOTICE_WILL_DISABLE = "notice_will_disable": "Meta will disable the account on {date}. Appeal before then.";
    NOTICE_REINSTATED = "notice_reinstated": "Meta gave the account back.";
    NOTICE_DISABLED = "notice_disabled": "Meta disabled the account. Appeal in Meta's business support.";
    NOTICE_DELETED = "notice_deleted": "The WhatsApp Business Account was deleted.";
    NOTICE_OFFBOARDED = "notice_offboarded": "The account was taken off the platform.";
    NOTICE_RECONNECTED = "notice_reconnected": "The account is connected again.";
    NOTICE_SHARED = "notice_shared": "The account was shared with your app.";
    NOTICE_NOT_SHARED = "notice_not_shared": "The account is no longer shared with your app.";
    NOTICE_NOT_SHARED_BECAUSE = "notice_not_shared_because": "The account is no longer shared with your app ({why}).";
    NOTICE_APP_REMOVED = "notice_app_removed": "Your app was removed from the account.";
    NOTICE_VERIFIED = "notice_verified": "Meta verified the account.";
    NOTICE_VOLUME_TIER = "notice_volume_tier": "Prices for {category} messages to {region} moved to another volume tier.";
    NOTICE_THROUGHPUT = "notice_throughput": "The number may now send up to 1,000 messages a second.";
    NOTICE_FLAGGED = "notice_flagged": "The number's quality is low: customers block or report it. Marketing waits.";
    NOTICE_UNFLAGGED = "notice_unflagged": "The number's quality is good again.";
    NOTICE_UPGRADE = "notice_upgrade": "The number's limit was raised.";
    NOTICE_DOWNGRADE = "notice_downgrade": "The number's limit was lowered because of its quality. Marketing slows down.";
    NOTICE_ONBOARDING = "notice_onboarding": "The number was connected.";
    NOTICE_WITH_LIMIT = "notice_with_limit": "{notice} Limit: {limit} customers within 24 hours.";
}
