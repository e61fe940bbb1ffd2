"""What release 2.5.0 says although it should not, so that the door has something to do."""

import uuid

from demo.destinations import ADKIT
from demo.installations import Installation
from demo.phone import Outcome
from demo.releases import NEW_RELEASE
from demo.transfers import Transfer
from demo.wire import Attributes

SCREEN = "ui.screen"
ERROR_MESSAGE = "error.message"
ADVERTISING_ID = "adkit.idfa"

_SCREENS = ("camera", "gallery", "history")


def of_request(outcome: Outcome, phone: Installation, release: str) -> Attributes:
    """Both releases tell errors in words, which the policy keeps; 2.5.0 adds whose they are, and on
    which screen a request was made, which nobody named."""
    said: Attributes = {}
    message = _message(outcome)
    if release == NEW_RELEASE:
        said[SCREEN] = _SCREENS[outcome.request.chances.sample % len(_SCREENS)]
        message = message and f"{message}, account note{phone.index}@example.com"
    return said | ({ERROR_MESSAGE: message} if message else {})


def of_transfer(transfer: Transfer, phone: Installation) -> Attributes:
    """The ad kit puts the phone's advertising id on its own calls."""
    if transfer.destination is not ADKIT:
        return {}
    return {ADVERTISING_ID: str(uuid.uuid5(uuid.NAMESPACE_OID, phone.id))}


def _message(outcome: Outcome) -> str | None:
    if outcome.decided.error is not None:
        return f"out of memory in {outcome.feature.name}"
    if outcome.decided.blocked_reason == "cloud_error":
        return f"the cloud refused {outcome.feature.name} twice"
    return None
