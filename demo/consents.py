"""What people consented to before their week began, as each of their phones tells it."""

from collections.abc import Iterator

from opentelemetry._logs import LogRecord

from collector.contract.attributes import CONSENT_EVENT
from demo.destinations import ADKIT, INFERENCE
from demo.installations import Installation
from demo.wire import wire

NOTICE = "2026-09"


def consents(phone: Installation, since: int) -> Iterator[LogRecord]:
    """A record for each purpose that the app asks about; all answers are of `since` (ns)."""
    answers = {
        INFERENCE.purpose: "granted",
        ADKIT.purpose: "granted" if phone.consents_to_analytics else "denied",
    }
    for purpose, state in answers.items():
        yield LogRecord(
            timestamp=since,
            observed_timestamp=since,
            event_name=CONSENT_EVENT,
            attributes=wire(purpose=purpose, consent_state=state, consent_version=NOTICE),
        )
