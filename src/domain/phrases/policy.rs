//! What policy says when a message may not go out, and what would be allowed instead.

use super::Phrase;

phrases! {
    CHANNEL_PAUSED = "channel_paused": "The channel is paused.";
    RESUME_CHANNEL = "resume_channel": "Resume the channel in Settings, then send.";
    CHANNEL_REMOVED = "channel_removed": "The channel was removed.";
    OTHER_CHANNEL = "other_channel": "Write to this customer on another channel.";
    WINDOW_CLOSED = "window_closed": "The 24-hour reply window closed at {closed_at}: the customer has not written since.";
    WINDOW_NEVER = "window_never": "The customer has not written yet, so there is no 24-hour reply window.";
    SEND_TEMPLATE = "send_template": "Send an approved message template; the window opens when the customer answers.";
    WAIT_FOR_CUSTOMER = "wait_for_customer": "Wait until the customer writes again, or write to them on another channel.";
    HUMAN_AGENT_UNTIL = "human_agent_until": "Until {until_at} a person may still answer; a program may not.";
    HUMAN_AGENT_PERMISSION = "human_agent_permission": "With Meta's Human Agent permission, switched on in the channel's settings, a person may answer for seven days after the customer wrote.";
    MEDIA_NOT_KEPT = "media_not_kept": "The file is not kept here (any more), so it cannot be sent.";
    UPLOAD_AGAIN = "upload_again": "Upload the file again, then send.";
    MEDIA_KIND_UNSUPPORTED = "media_kind_unsupported": "This channel sends no {kind} files.";
    MEDIA_TYPE_NOT_TAKEN = "media_type_not_taken": "The file is {mime}, which this channel does not take as {kind}. It takes: {mimes}.";
    MEDIA_TOO_LARGE = "media_too_large": "The file has {size}, but this channel takes {kind} files of at most {limit}.";
    SMALLER_FILE = "smaller_file": "Make the file smaller than {limit}, then send.";
    AS_DOCUMENT = "as_document": "Send it as a document instead.";
    KIND_IMAGE = "kind_image": "image";
    KIND_VIDEO = "kind_video": "video";
    KIND_AUDIO = "kind_audio": "audio";
    KIND_DOCUMENT = "kind_document": "document";
    KIND_STICKER = "kind_sticker": "sticker";
    COMMENT_ANSWERED = "comment_answered": "This comment was answered in private already; Instagram allows one message for each comment.";
    COMMENT_TOO_OLD = "comment_too_old": "The comment is older than seven days; Instagram allows no private answer any more.";
    COMMENT_UNQUOTED = "comment_unquoted": "Send it without quoting the comment: the customer has written since.";
    COMMENT_IN_APP = "comment_in_app": "Answer the comment in the Instagram app, or wait until the customer writes.";
    OPTED_OUT = "opted_out": "The customer asked to get no more messages on this channel.";
    ANSWER_WHEN_WRITES = "answer_when_writes": "Answer once they write again: a reply to their message is allowed.";
    RECORD_CONSENT = "record_consent": "If they agreed elsewhere, record their consent with the reason in the contact's panel.";
    NOT_OPTED_OUT_THERE = "not_opted_out_there": "Use a channel on which they have not opted out.";
    NO_MARKETING = "no_marketing": "The customer asked to get no more marketing on this channel.";
    ONLY_ASKED_FOR = "only_asked_for": "Send only what they asked for: an answer, or a utility template.";
    RECORD_CONSENT_AGAIN = "record_consent_again": "If they agreed again, record their consent with the reason in the contact's panel.";
    MARKETING_COOLDOWN = "marketing_cooldown": "The provider holds marketing to this customer back until {until_at}.";
    SEND_LATER = "send_later": "Send it after that time.";
    QUALITY_LOW = "quality_low": "The provider rates this number's quality as low, so marketing waits until it is better.";
    SERVICE_STILL_GOES = "service_still_goes": "Answers and messages that customers asked for still go out.";
    QUALITY_RISES = "quality_rises": "Quality is rated over seven days; it rises when fewer people block or report.";
    RESTRICTED_REPLIES_UNTIL = "restricted_replies_until": "The provider does not let this account answer customers until {until_at} ({word}).";
    RESTRICTED_REPLIES = "restricted_replies": "The provider does not let this account answer customers until the provider lifts it ({word}).";
    RESTRICTED_FIRST_UNTIL = "restricted_first_until": "The provider does not let this account write to customers first until {until_at} ({word}).";
    RESTRICTED_FIRST = "restricted_first": "The provider does not let this account write to customers first until the provider lifts it ({word}).";
    USE_OTHER_CHANNEL = "use_other_channel": "Use another channel.";
    ANSWER_THOSE_WHO_WRITE = "answer_those_who_write": "Answer those who write; that is still allowed.";
    ASK_REVIEW = "ask_review": "Ask for a review in the provider's business manager.";
    LIMIT_REACHED = "limit_reached": "{used} different customers were written to within 24 hours; the provider allows {limit}.";
    LIMIT_NEAR = "limit_near": "{used} of {limit} customers were written to within 24 hours; the rest is kept for messages that customers wait for.";
    PLACES_COME_FREE = "places_come_free": "Places come free 24 hours after each customer was written to.";
    ANSWERS_DO_NOT_COUNT = "answers_do_not_count": "Answering customers who wrote within 24 hours does not count.";
    BUDGET_USED_UP = "budget_used_up": "This month's budget of {budget} {currency} is used up: {spent} {currency} are spent by your prices.";
    RAISE_BUDGET = "raise_budget": "An owner can raise the budget, or let it only warn, under Usage.";
    ANSWERS_COST_NOTHING = "answers_cost_nothing": "Answers within 24 hours after a customer wrote cost nothing extra and still go out.";
    OTHER_ANSWERS_COST_NOTHING = "other_answers_cost_nothing": "Answers on WhatsApp or Instagram within 24 hours after a customer wrote cost nothing extra.";
}
