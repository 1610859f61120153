"""What a command's exit code says, the same for every verb."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code says."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    GUARD = 3
    PARKED = 4
    USAGE = 64
    TEMPORARY = 75
    SIGN_IN = 77
    CONFIGURATION = 78
