"""A policy in sentences, for those who do not read TOML."""

from pathlib import Path

import pytest

from collector.commands.policy_words import in_words
from collector.contract.policy import Action, Feature, Policy
from tests.store import FULL_POLICY, policy_from

SAID = """\
Telemetry is kept for 30 days besides the one it arrives on.
An input that a user agreed to log is kept sealed, for 30 days, and only up to 1 MB. Of a \
feature at most 20,000 are kept, a random sample.
Of what apps send, the attributes that docs/conventions.md names are kept, in the form it gives \
each; all others are dropped and counted. In particular:
  checkout.step is kept as text, without what detectors find there.
  app.installation.id, service.instance.id and session.id are kept only as a keyed hash, a \
pseudonym.
  client.address is kept only as the network of 256 addresses.
  myapp.ai.confidence is read as limen.confidence.
The host api.example.com belongs to Example Ltd, is the team's own, stands in eu-west-1 and does \
not keep what it gets longer than the request needs.
The feature doc_classify (owner: field-docs@example.com):
  Its model may take 10 MB.
  It must work without a network.
  Before release 2.5.0:
    It is answered on the device, or by the cloud where the device is unsure.
    The device's answer is taken where its confidence is 0.7 or more.
    Its inputs may be logged, with the user's consent.
    Document may leave to api.example.com (in eu-west-1, the team's own, which does not keep it) \
for app functionality, only with consent.
    Whatever else leaves the device with it is undeclared.
  From release 2.5.0 on, otherwise as before:
    The device's answer is taken where its confidence is 0.75 or more.
    Its inputs are not logged.
    Document and image may leave to *.example.com for app functionality, without asking for consent.
    Whatever else leaves the device with it is undeclared.
Any other feature is counted; what leaves of it is unknown, no input of it is logged."""


def test_it_is_said_in_sentences(tmp_path: Path) -> None:
    assert "\n".join(in_words(policy_from(FULL_POLICY, tmp_path))) == SAID


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("keep", "  note is kept as text, without what detectors find there."),
        ("hash", ".instance.id, session.id and note are kept only as a keyed hash, a pseudonym."),
        ("drop", "  note is not kept."),
        ("bucket:version/major", "  note is kept only as the major version."),
    ],
)
def test_what_is_done_to_an_attribute_is_said(action: Action, said: str) -> None:
    assert said in "\n".join(in_words(Policy(attributes={"note": action})))


def test_what_must_work_offline_is_said_with_its_target() -> None:
    scan = Feature(offline_critical=True, offline_target=0.9)
    said = "  It must work without a network, for 0.9 of the requests made without one."
    assert said in list(in_words(Policy(features={"scan": scan})))


def test_a_known_attribute_that_is_dropped_is_not_said_to_be_kept() -> None:
    said = "\n".join(in_words(Policy(attributes={"session.id": "drop", "os.version": "keep"})))
    assert "  session.id is not kept." in said
    assert "session.id and" not in said and "os.version" not in said
