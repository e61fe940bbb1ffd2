"""What a policy means, in sentences that can be read without knowing TOML."""

from collections.abc import Iterator, Sequence

from collector.contract.attributes import ATTRIBUTES, Pseudonym
from collector.contract.policy import KNOWN, Action, Controller, Feature, Flow, Host, Policy, Rule

_PLACEMENTS = {
    None: "Where it is answered is not said.",
    "device": "It is answered on the device.",
    "hybrid": "It is answered on the device, or by the cloud where the device is unsure.",
    "cloud": "It is answered by the cloud.",
}
_ROLES = {
    "first_party": "the team's own",
    "processor": "a processor",
    "third_party": "a third party",
}
_DONE: dict[Action, str] = {
    "keep": "kept as text, without what detectors find there",
    "hash": "kept only as a keyed hash, a pseudonym",
    "drop": "not kept",
    "bucket:ipv4/24": "kept only as the network of 256 addresses",
    "bucket:version/major": "kept only as the major version",
    "bucket:date/month": "kept only as the month",
}
_STEP = "  "


def in_words(policy: Policy) -> Iterator[str]:
    """Sentences; one that belongs to another before it begins with two spaces more."""
    yield f"Telemetry is kept for {_days(policy.retention_days)} besides the one it arrives on."
    yield (
        f"An input that a user agreed to log is kept sealed, for {_days(policy.input_days)}, and "
        f"only up to {_size(policy.input_size_cap)}. Of a feature at most "
        f"{policy.input_count_cap:,} are kept, a random sample."
    )
    yield from _attributes(policy)
    yield from _controller(policy.controller)
    yield from map(_host, policy.hosts)
    for name, feature in policy.features.items():
        yield from _feature(name, feature, policy.input_days)
    other = "Any other" if policy.features else "Every"
    yield f"{other} feature is counted; what leaves of it is unknown, no input of it is logged."


def _attributes(policy: Policy) -> Iterator[str]:
    """What is kept of what apps send."""
    yield (
        "Of what apps send, the attributes that docs/conventions.md names are kept, in the form "
        "it gives each; all others are dropped and counted. In particular:"
    )
    by_action: dict[Action, list[str]] = {
        "keep": [],
        "hash": [a.name for a in ATTRIBUTES if isinstance(a.form, Pseudonym)],
    }
    for name, action in policy.attributes.items():
        if action == "drop" and name in by_action["hash"]:
            by_action["hash"].remove(name)
        if action == "drop" or name not in KNOWN:
            by_action.setdefault(action, []).append(name)
    for action, names in by_action.items():
        if names:
            yield f"{_STEP}{_list(names)} {'are' if len(names) > 1 else 'is'} {_DONE[action]}."
    for alias, name in policy.aliases.items():
        yield f"{_STEP}{alias} is read as {name}."


def _controller(controller: Controller) -> Iterator[str]:
    """Who answers for it, as far as that is said."""
    said = (
        ("The controller is", (controller.name, controller.contact)),
        ("With it answer", controller.joint_controllers),
        ("Its representative is", (controller.representative,)),
        ("Its data protection officer is", (controller.dpo,)),
        ("Data is of", controller.data_subjects),
        ("It is protected by:", (controller.security,)),
    )
    for begin, parts in said:
        if present := [part for part in parts if part]:
            yield f"{begin} {', '.join(present)}."


def _host(host: Host) -> str:
    kept = {True: "may keep", False: "does not keep", None: None}[host.retained]
    documents = f" (documents: {host.safeguards})" if host.safeguards else ""
    said = (
        f"belongs to {host.owner}" if host.owner else None,
        f"is {_ROLES[host.role]}" if host.role else None,
        f"stands in {_list([w for w in (host.region, host.country) if w])}"
        if host.region or host.country
        else None,
        f"gets data from the EEA under {host.mechanism}{documents}" if host.mechanism else None,
        f"{kept} what it gets longer than the request needs" if kept else None,
        f"keeps it for {_days(host.kept_days)}" if host.kept_days else None,
    )
    parts = [part for part in said if part]
    return f"The host {host.match} {_list(parts) or 'is listed, and nothing said of it'}."


def _feature(name: str, feature: Feature, input_days: int) -> Iterator[str]:
    yield f"The feature {name} (owner: {feature.owner or 'not named'}):"
    if feature.description:
        yield f"{_STEP}What it is for: {feature.description}."
    if (days := feature.retention_days) is not None:
        inputs = _days(min(days, input_days))
        yield f"{_STEP}Its telemetry is kept for {_days(days)} only, its inputs for {inputs}."
    if feature.input_count_cap is not None:
        yield f"{_STEP}At most {feature.input_count_cap:,} of its inputs are kept."
    yield f"{_STEP}Its model may take {_size(feature.size_budget)}."
    if feature.offline_critical:
        target = feature.offline_target
        asked = "" if target is None else f", for {target:.4g} of the requests made without one"
        yield f"{_STEP}It must work without a network{asked}."
    rules = list(feature.rules())
    margin = _STEP
    if len(rules) > 1:
        yield f"{_STEP}Before release {rules[1].since}:"
        margin = _STEP * 2
    for before, rule in zip((None, *rules), rules, strict=False):
        if rule.since is not None:
            yield f"{_STEP}From release {rule.since} on, otherwise as before:"
        yield from (f"{margin}{sentence}" for sentence in _rule(rule, before))


def _rule(rule: Rule, before: Rule | None) -> Iterator[str]:
    """What `rule` says, or what it changes in the one before."""
    if before is None or rule.placement != before.placement:
        yield _PLACEMENTS[rule.placement]
    if rule.threshold is not None and (before is None or rule.threshold != before.threshold):
        yield f"The device's answer is taken where its confidence is {rule.threshold:g} or more."
    if before is None or rule.log_inputs != before.log_inputs:
        logged = "may be logged, with the user's consent" if rule.log_inputs else "are not logged"
        yield f"Its inputs {logged}."
    if before is None or (rule.categories, rule.egress) != (before.categories, before.egress):
        yield from map(_flow, rule.egress)
        if rule.egress:
            yield "Whatever else leaves the device with it is undeclared."
        else:
            yield "Nothing may leave the device with it: whatever does is undeclared."


def _flow(flow: Flow) -> str:
    kept = {True: "which may keep it", False: "which does not keep it", None: None}
    said = (
        f"in {flow.region}" if flow.region else None,
        _ROLES[flow.role] if flow.role else None,
        kept[flow.retained],
    )
    about = ", ".join(part for part in said if part)
    sentence = (
        f"{_list(flow.categories or ()) or 'no category of data'} may leave to {flow.host}"
        f"{f' ({about})' if about else ''} for {flow.purpose.replace('_', ' ')}, "
        f"{'only with' if flow.consent == 'granted' else 'without asking for'} consent"
        f"{f', under notice {flow.notice} or a later one' if flow.notice else ''}."
    )
    return sentence[0].upper() + sentence[1:]


def _list(parts: Sequence[str]) -> str:
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _size(size: int) -> str:
    for unit, factor in (("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} bytes"
