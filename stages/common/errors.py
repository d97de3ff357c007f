"""The errors that a user can mend: shown as one line, without a traceback."""


class UserError(Exception):
    """The input or the parameters are at fault; the message says what to do. Exit code 1."""

    exit_code = 1


class NetworkError(UserError):
    """The network, or a server behind it, is at fault. Exit code 3."""

    exit_code = 3
