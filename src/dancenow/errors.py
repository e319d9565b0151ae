"""The errors that DanceNow raises on purpose.

`DanceNowError` is the root: catch it to catch them all.  `InputError` means that what the user
gave is wrong; its message is one line that says what is wrong and how to mend it, and the command
line ends with status 2.
"""


class DanceNowError(Exception):
    """Something went wrong that the message explains."""


class InputError(DanceNowError):
    """What the user gave cannot be used; the message says why and how to mend it."""


class NobodyError(InputError):
    """No person is seen in a clip that could be read."""


class OutputError(InputError):
    """The output cannot be written: no such folder, no permission, no space."""


class TrainingError(DanceNowError):
    """Training cannot go on (a loss that is no number, say); the last good checkpoint is kept."""


class CredentialsError(DanceNowError):
    """A video cannot be signed, or credentials cannot be read; the video itself is unharmed."""


class DanceNowWarning(UserWarning):
    """Something that the user should know; the work goes on."""
