//! Why a file is not kept here.

use super::Phrase;

phrases! {
    FILE_CHANNEL_GONE = "file_channel_gone": "The channel over which it came was removed.";
    FILE_NOT_PROMISED = "file_not_promised": "What came is not what the provider promised: {what}.";
    FILE_SIZE_DIFFERS = "file_size_differs": "its size differs";
    FILE_CHECKSUM_DIFFERS = "file_checksum_differs": "its checksum differs";
    FILE_CAME_AS = "file_came_as": "It came as {said}, but its content is {mime}. It was not kept.";
    FILE_LARGER_THAN = "file_larger_than": "It is larger than {mb} MB. It was not kept.";
    FILE_TOO_OLD = "file_too_old": "It was older than this workspace keeps files.";
    FILE_DELETED_BY_TEAM = "file_deleted_by_team": "Someone of the team deleted it.";
    FILE_NOT_FETCHED = "file_not_fetched": "Files of this channel cannot be fetched.";
    FILE_PROVIDER_GONE = "file_provider_gone": "The provider is not part of this version.";
    FILE_LED_NOWHERE = "file_led_nowhere": "The provider redirected to nowhere.";
    FILE_LED_TOO_OFTEN = "file_led_too_often": "The provider redirected too often.";
    FILE_ANSWERED = "file_answered": "The provider answered {status}.";
    FILE_ADDRESS_REFUSED = "file_address_refused": "The provider named an address that is not called: {why}.";
    FILE_TOO_SLOW = "file_too_slow": "It took too long.";
    FILE_BROKE_OFF = "file_broke_off": "The connection broke.";
    FILE_CARD_UNREADABLE = "file_card_unreadable": "The card could not be read from the disk.";
    FILE_CARD_NOT_NOTED = "file_card_not_noted": "The card could not be noted: {why}.";
    FILE_NOTHING_WAITS = "file_nothing_waits": "Nothing waits for this file.";
}
