//! How a template stands, why a provider refused it, and what can be done.

use super::Phrase;

phrases! {
    TEMPLATE_UNKNOWN = "template_unknown": "The account has no template of this name in this language.";
    TEMPLATE_NOT_ASSIGNED = "template_not_assigned": "This template is not assigned to your role.";
    TEMPLATE_STATE_BECAUSE = "template_state_because": "{state} The provider's reason: {word}.";
    TEMPLATE_VARIABLES = "template_variables": "These variables of the template have no value: {names}.";
    TEMPLATE_DRAFT = "template_draft": "The template is a draft and was never submitted.";
    TEMPLATE_AWAITING_APPROVAL = "template_awaiting_approval": "The template waits for approval within your team.";
    TEMPLATE_IN_REVIEW = "template_in_review": "The template is still in review.";
    TEMPLATE_APPROVED = "template_approved": "The template is approved.";
    TEMPLATE_REJECTED = "template_rejected": "The template was rejected.";
    TEMPLATE_PAUSED = "template_paused": "The template is paused because customers reacted badly to it.";
    TEMPLATE_DISABLED = "template_disabled": "The template was disabled for good because customers reacted badly to it.";
    TEMPLATE_IN_APPEAL = "template_in_appeal": "The template was rejected; the appeal is under review.";
    TEMPLATE_FLAGGED = "template_flagged": "The template may be sent, but its quality is low.";
    TEMPLATE_LIMIT_EXCEEDED = "template_limit_exceeded": "The account holds more templates than it may.";
    TEMPLATE_LOCKED = "template_locked": "The template cannot be changed at present.";
    TEMPLATE_ARCHIVED = "template_archived": "The template is archived.";
    TEMPLATE_DELETED = "template_deleted": "The template was deleted at the provider.";
    TEMPLATE_LANGUAGES = "template_languages": "Send it in a language that is approved: {languages}.";
    TEMPLATE_PAUSE_ENDS = "template_pause_ends": "A first pause ends after 3 hours, a second after 6; then send it again.";
    FILL_VARIABLES = "fill_variables": "Fill every variable, then send.";
    OTHER_TEMPLATE = "other_template": "Choose another approved template.";
    REJECTED_ABUSIVE = "rejected_abusive": "The text was taken for threatening or abusive. Write it neutrally.";
    REJECTED_CATEGORY = "rejected_category": "The text does not fit its category. Offers and news are marketing; utility is about an order or request of the customer.";
    REJECTED_FORMAT = "rejected_format": "Variables or layout break a rule. Check that each variable has a sample and words around it.";
    REJECTED_SCAM = "rejected_scam": "The text was taken for a deception. Say who you are, and use your own web address.";
    REJECTED_PROMOTIONAL = "rejected_promotional": "It promotes something outside the marketing category. Change the category or the text.";
    REJECTED_MISMATCH = "rejected_mismatch": "Language or category does not fit the text. Correct the one that is wrong.";
    FIRST_PAUSE = "first_pause": "First pause: it ends after 3 hours.";
    SECOND_PAUSE = "second_pause": "Second pause: it ends after 6 hours. The next time the template is disabled.";
    APPEAL_REJECTED = "appeal_rejected": "Change the text and submit it again. If you think the decision is wrong, appeal within 60 days in WhatsApp Manager: Account tools, Message templates, the template, Request review.";
    APPEAL_DISABLED = "appeal_disabled": "A disabled template cannot be edited. Appeal in WhatsApp Manager under Account tools, Message templates, or write a new one.";
    APPEAL_PAUSED = "appeal_paused": "Send it to fewer, better chosen customers when the pause ends, or edit the text now.";
    APPEAL_UNDER_WAY = "appeal_under_way": "The provider answers appeals within about a day.";
    NOTHING_TO_SUBMIT = "nothing_to_submit": "There is nothing to submit: no change since the last submission.";
    EDITS_NOT_TAKEN = "edits_not_taken": "The provider takes edits only of approved, rejected or paused templates; this one is {state}.";
    EDITED_TOO_OFTEN = "edited_too_often": "An approved template can be edited once in 24 hours and ten times in 30 days; again at {again_at}.";
    NO_TEMPLATES_HERE = "no_templates_here": "This channel's provider has no templates.";
    NO_TEMPLATES_WABA = "no_templates_waba": "This channel has no templates: its provider has none, or the WhatsApp Business Account id (waba_id) is missing in the channel's settings.";
    NO_CHANNEL_OF_ACCOUNT = "no_channel_of_account": "No channel of this workspace belongs to the template's account any more. Connect one first.";
    TEMPLATE_EXISTS = "template_exists": "There is a template of this name and language already. Change that one, or choose another name.";
    TEMPLATE_CHANGED = "template_changed": "The template was changed since you read it. Read it again, then repeat your change.";
    TEMPLATE_LISTS_BUSY = "template_lists_busy": "Other lists are being read; try again in a moment.";
    ONLY_OWNER_ASSIGNS = "only_owner_assigns": "Only an owner may assign templates to roles.";
    ONLY_OWNER_APPROVES = "only_owner_approves": "Only an owner may approve or assign templates.";
    ONLY_OWNER_DELETES = "only_owner_deletes": "Only an owner may delete templates that others made or that the provider has.";
    NOT_PAUSED = "not_paused": "The template is not paused.";
    NOBODY_ASKED = "nobody_asked": "Nobody asked for approval of this template.";
    CLICKS_NEED_ADDRESS = "clicks_need_address": "Clicks are counted by links that lead through Frontdesk, which has no public address yet.";
    LINKS_NEED_ADDRESS = "links_need_address": "Frontdesk has no public address under which customers could reach the template's links.";
    PROVIDER_SAID = "provider_said": "The provider said: {title} ({code}). {detail}";
}
