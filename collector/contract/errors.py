"""What can go wrong, and what each means to the one who asked.

LimenError
├── Permanent                 asking again cannot help
│   ├── BadInput              the bytes, flags or file are wrong: says what and where
│   │   ├── NotUtf8           a string in the bytes is not UTF-8
│   │   └── UnknownEncoding   bytes in a content encoding that is not taken
│   ├── NotFound              no such metric, trace or run
│   ├── UnsupportedMedia      a content type that is not taken
│   ├── TooLarge              over a documented limit
│   ├── Unauthenticated       no token, or none that is known
│   ├── Forbidden             a token whose role may not do this
│   ├── StoreUnusable         the database cannot be opened: held elsewhere, newer, damaged
│   ├── Failed                a fault of the collector's own
│   └── HungUp                nobody waits for the answer any more
└── Retryable                 asking again later can help
    ├── Overloaded            too much at once, or stopping
    │   ├── Crowded           too many connections
    │   └── DiskLow           less disk is left than the collector keeps free
    ├── TooSlow               a body or an answer that did not arrive in time
    ├── TokensUnreadable      the collector's file of tokens is missing or damaged
    └── CollectorUnreachable  nothing answers at the address
"""

import re

_WORD = re.compile(r"[a-z][a-z_]{0,31}")


def named(name: str) -> str:
    """`name` as an error may say it: whatever somebody sent is repeated only where it is a word."""
    return repr(name) if _WORD.fullmatch(name) else "of that name"


class LimenError(Exception):
    """Something Limen can explain in one sentence."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Permanent(LimenError):
    """Asking again cannot help."""


class Retryable(LimenError):
    """Asking again later can help."""


class BadInput(Permanent):
    """The input is wrong."""

    def __init__(self, message: str | None = None, *, field: str = "") -> None:
        """`field` is the place in a request's body, where it is known; never a value."""
        super().__init__(message)
        self.field = field


class NotUtf8(BadInput):
    """A string in the body is not UTF-8."""


class UnknownEncoding(BadInput):
    """The content encoding is not taken here."""


class NotFound(Permanent):
    """There is no such thing here."""


class UnsupportedMedia(Permanent):
    """The content type is not taken here."""


class TooLarge(Permanent):
    """The body is larger than this collector takes."""


class Unauthenticated(Permanent):
    """A token is needed here."""


class Forbidden(Permanent):
    """The token's role may not do this."""


class StoreUnusable(Permanent):
    """The database cannot be opened."""


class Failed(Permanent):
    """The request failed here: the collector's log says where."""


class HungUp(Permanent):
    """Whoever asked hung up."""


class Overloaded(Retryable):
    """Too much at once: try again shortly."""


class TokensUnreadable(Retryable):
    """The collector cannot read its tokens: its log says why."""


class Crowded(Overloaded):
    """Too many are connected at once: try again shortly."""


class DiskLow(Overloaded):
    """The collector's disk is nearly full: send again later."""


class TooSlow(Retryable):
    """What was awaited did not arrive in time."""


class CollectorUnreachable(Retryable):
    """No collector answers there."""
