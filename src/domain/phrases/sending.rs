//! Why a message did not go out or did not arrive, and what a person can do about it.

use super::Phrase;

phrases! {
    ADVICE_AUTH = "advice_auth": "Reconnect the channel: its access token or permissions are no longer valid. Queued messages wait.";
    ADVICE_ACCOUNT = "advice_account": "Check the business account at the provider (restriction, payment, display name). Queued messages wait.";
    ADVICE_THROTTLE = "advice_throttle": "The number is sending faster than the provider allows. Wait a little, then retry.";
    ADVICE_THROTTLE_PAIR = "advice_throttle_pair": "Too many messages to this customer in a short time. Wait a minute, then retry.";
    ADVICE_QUALITY = "advice_quality": "The provider limits this number because of its quality rating. Pause campaigns and check quality.";
    ADVICE_WINDOW = "advice_window": "Too much time has passed since the customer last wrote. Wait until they write again, or use another channel.";
    ADVICE_WINDOW_TEMPLATE = "advice_window_template": "More than 24 hours have passed since the customer last wrote. Send an approved template instead.";
    ADVICE_WINDOW_PERSON = "advice_window_person": "More than 24 hours have passed since the customer last wrote. A person may answer for seven days with Meta's Human Agent permission; else wait until the customer writes again.";
    ADVICE_RECIPIENT = "advice_recipient": "This customer cannot receive the message here. Check the number or use another channel.";
    ADVICE_RECIPIENT_COOLDOWN = "advice_recipient_cooldown": "The provider holds back marketing to this customer. Wait at least a day.";
    ADVICE_OPT_OUT = "advice_opt_out": "The customer stopped marketing messages. Only send what they asked for.";
    ADVICE_TEMPLATE = "advice_template": "Check the template's name, language and variables, then send again.";
    ADVICE_TEMPLATE_PAUSED = "advice_template_paused": "The template is paused because of its quality. Use another one until it is back.";
    ADVICE_TEMPLATE_DEAD = "advice_template_dead": "The template is disabled for good. Use another one.";
    ADVICE_TRANSIENT = "advice_transient": "The provider had a problem. Retry later.";
    ADVICE_PERMANENT = "advice_permanent": "The provider refused the content. Change it and send again.";
    ADVICE_CONFIG = "advice_config": "Check the channel's settings: the provider does not know this number. Queued messages wait.";
    NOT_SENT = "not_sent": "Not sent";
    NOT_DELIVERED = "not_delivered": "Not delivered";
    CHECK_CONNECTION = "check_connection": "Check the connection to the provider, then retry.";
    NOT_SENT_OPTED_OUT = "not_sent_opted_out": "Not sent: the customer opted out";
    FILE_NOT_GIVEN = "file_not_given": "Not sent: the file cannot be given to the provider";
    CHANNEL_SENDS_NO_FILES = "channel_sends_no_files": "This channel sends no files.";
    FILE_NO_LONGER_KEPT = "file_no_longer_kept": "A file of this message is no longer kept here.";
    FOUND_NOT_ARRIVED = "found_not_arrived": "The answer to the send was lost, and someone found that it did not arrive.";
    RETRY_IF_WANTED = "retry_if_wanted": "Retry if it should still go out.";
    WHATSAPP_NO_REASON = "whatsapp_no_reason": "WhatsApp gave no reason.";
    SEND_AGAIN_OR_OTHER_WAY = "send_again_or_other_way": "Send the message again. If it fails again, use another way to reach this customer.";
    BREAKS_WHATSAPP_RULE = "breaks_whatsapp_rule": "Not sent: the message breaks a rule of WhatsApp";
    BREAKS_INSTAGRAM_RULE = "breaks_instagram_rule": "Not sent: the message breaks a rule of Instagram";
    CREDENTIALS_REFUSED = "credentials_refused": "Account credentials refused";
    ACCOUNT_SUSPENDED = "account_suspended": "The account is suspended or locked";
    SENDER_CANNOT = "sender_cannot": "The sender cannot send this";
    TOO_FAST = "too_fast": "Too fast for this sender";
    FILTERED = "filtered": "Filtered as unwanted";
    OUTSIDE_WINDOW = "outside_window": "Outside the 24-hour window";
    RECIPIENT_UNREACHABLE = "recipient_unreachable": "This recipient cannot be reached";
    HELD_BACK = "held_back": "WhatsApp held the message back";
    RECIPIENT_STOPPED = "recipient_stopped": "The recipient sent STOP";
    TEMPLATE_WRONG = "template_wrong": "Something is wrong with the template";
    TEMPLATE_IS_PAUSED = "template_is_paused": "The template is paused";
    TEMPLATE_IS_DISABLED = "template_is_disabled": "The template is disabled";
    TEMPORARY_FAILURE = "temporary_failure": "Temporary failure";
    REFUSED_BY_TWILIO = "refused_by_twilio": "Refused by Twilio";
    NO_ANSWER = "no_answer": "No answer";
    SETTINGS_WRONG = "settings_wrong": "The channel's settings are wrong";
    REDIRECTED = "redirected": "The address answered with a redirection. Check the channel's api_base.";
    PROVIDER_NO_REASON = "provider_no_reason": "The provider gave no reason.";
    TWILIO_NO_REASON = "twilio_no_reason": "Twilio gave no reason.";
    STOPPED_WHILE_SENDING = "stopped_while_sending": "the program stopped while it was being sent";
    PROVIDER_TROUBLE = "provider_trouble": "{title} ({code}): {detail} What to do: {advice}";
    PROVIDER_STOPPED = "provider_stopped": "{title} ({code}). What to do: {advice}";
    ADVICE_TRY_LATER = "advice_try_later": "The provider could not be reached or had a problem. Try again in a minute; check api_base and this machine's connection.";
}
