"""The one error that a user is meant to see."""


class InputError(Exception):
    """Something the user gave can't be used.

    The message is one sentence that names the field or file and the cure. The command line prints
    it without a traceback and exits with code 2.
    """
