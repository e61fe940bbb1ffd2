"""What a pack says of itself: what is in it, how to check it, what it cannot prove."""

from collector.evidence.envelope import TYPE
from collector.evidence.statement import Facts

# Each line runs in a shell on Linux; on a Mac, `shasum -a 256` is what `sha256sum` is.
BY_HAND = rf"""
grep -oE '"sha256":"[0-9a-f]{{64}}"}},"name":"[^"]+' manifest.json | cut -d'"' -f4,8 | tr '"' ' ' | sed 's/ /  /' | sha256sum -c
sed -E 's/.*"payload":"([^"]*)".*/\1/' manifest.intoto.json | base64 -d | cmp - manifest.json
sed -E 's/.*"sig":"([^"]*)".*/\1/' manifest.intoto.json | base64 -d > /tmp/signature
(printf 'DSSEv1 {len(TYPE)} {TYPE} %d ' $(wc -c < manifest.json); cat manifest.json) > /tmp/signed
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in /tmp/signed -sigfile /tmp/signature
""".strip()  # noqa: E501

_PAGE = """\
EVIDENCE OF WHAT LEFT PHONES, HELD AGAINST WHAT WAS DECLARED

Period        {since} to {until}
Of            app {app}, environment {environment}, release {release}
Policy        {policy} (SHA-256 {policy_digest})
Result        {departures:,} departures, {flows:,} flows; {findings:,} findings, errors that stand: {errors}
Arrived       {arrived}
Made          {made}, by Limen {limen}

WHAT IS IN IT

flows.csv             what left: departures that are alike are one row
findings.csv          what goes against what was declared, with what people said to it
check.json            the same findings, and how much was seen of each release, exact or estimated
declarations.json     what was declared to app stores, as it was read
policies.json         the policies that were in force
record.csv            the record of processing activities (GDPR, Article 30), made of what was seen
record.html           the same, to print
audit.jsonl           the audit log of that time, up to the entry of this export
audit.tlog-proof      that this entry is in the log (C2SP tlog-proof)
checkpoint.txt        the log's signed head (C2SP tlog-checkpoint)
key.pem               the public key that the head and the manifest are signed with
manifest.json         the question, and the SHA-256 of every file above (in-toto statement)
manifest.intoto.json  the manifest with its signature (DSSE)

HOW TO CHECK IT

Get the key from whoever runs the collector by another way than this file (`limen audit key`), and heads of the log
that were kept elsewhere before it was made. With both, no collector and no network:

    limen evidence verify FILE --key KEY --since HEADS

With other tools, in a folder that it was unpacked to:

{by_hand}

The first compares every file with the manifest, the second the manifest with what is signed, the rest checks the
signature. Then compare key.pem with the key that you were given (`limen audit key --pem`).

WHAT IT CANNOT PROVE

- That phones told the truth. What is in it was said by apps and clouds in their telemetry. Whoever has the token that
  an app sends with, which every phone holds, can send telemetry that nobody's phone made.
- That nothing else left. What no instrumentation reports, and what never arrived, is not in it: check.json says how much
  of each release was seen. Absence in a sample is no proof.
- That whoever runs the collector left everything in. They hold the database and the key; what they cannot change
  is a head of the log that somebody else kept. Without one, all of it could have been written anew.
- When it was made: the times are the collector's own. A head that was kept elsewhere shows what was logged before it.

Traces are named in it. What is erased later from the collector stays here: keep it no longer than it is needed.
"""  # noqa: E501


def page(facts: Facts) -> str:
    """Plain text."""
    asked = facts.question
    return _PAGE.format(
        since=facts.since,
        until=facts.until,
        app=asked.app or "any",
        environment=asked.environment or "any",
        release=asked.release or "any",
        policy=facts.policy,
        policy_digest=facts.policy_digest,
        departures=facts.departures,
        flows=facts.flows,
        findings=facts.findings,
        errors=facts.errors_standing,
        arrived=_arrived(facts),
        made=facts.made,
        limen=facts.limen,
        by_hand="".join(f"    {line}\n" for line in BY_HAND.splitlines()).rstrip(),
    )


def _arrived(facts: Facts) -> str:
    parts = [
        f"{one.app} {one.release}: "
        + ("unknown" if one.completeness is None else f"{one.completeness:.1%}")
        for one in facts.completeness
    ]
    return "of the requests that phones numbered: " + ("; ".join(parts) or "nothing was seen")
