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
    FILE_NOTHING_WAITS = "file_nothing_waits": "Nothing waits for this file.";
}
