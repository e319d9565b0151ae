"""The errors that DanceNow raises on purpose.

`DanceNowError` is the root: catch it to catch them all.  `InputError` means that the user's input
is wrong: its message says in one line what is wrong and how to fix it, and the command line exits
with status 2.
"""


def counted(number: int, thing: str) -> str:
    """A number of things, for messages: "1 frame", "2,000 frames"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


class DanceNowError(Exception):
    """Something went wrong that the message explains."""


class InputError(DanceNowError):
    """The user's input cannot be used; the message says why and how to fix it."""


class NobodyError(InputError):
    """A clip can be read but shows no person."""


class OutputError(InputError):
    """The output cannot be written: no such folder, no permission, no space."""


class TrainingError(DanceNowError):
    """Training cannot continue (its loss is NaN, for example); the last good checkpoint is kept."""


class CredentialsError(DanceNowError):
    """A video cannot be signed, or credentials cannot be read; the video itself is unharmed."""


class DanceNowWarning(UserWarning):
    """Something the user should know; the work continues."""
