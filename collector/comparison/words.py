"""A comparison in words."""

from collections.abc import Sequence

from collector.contract.releases import ModelChange, RateChange, Split, points

_NAMES = {
    "fallback_rate": "fallback",
    "offline_coverage": "offline coverage",
    "error_rate": "errors",
}


def sentence(
    release: str,
    against: str,
    rates: Sequence[RateChange],
    split: Split | None,
    models: Sequence[ModelChange],
) -> str:
    """What changed for certain, else that nothing did or what is missing to say."""
    certain = [rate for rate in rates if rate.finding in ("worse", "better")]
    others = [rate for rate in rates if rate.finding not in ("worse", "better")]
    said = [_certain(rate, split, models) for rate in certain]
    same = [_NAMES[rate.name] for rate in others if rate.finding == "same"]
    if same:
        said.append(f"{_and(same)} as before")
    for rate in others:
        if rate.finding == "open":
            said.append(_open(rate))
    few = [rate for rate in others if rate.finding == "too few"]
    if few:
        why = few[0].missing
        said.append(f"nothing can be said of {_and([_NAMES[r.name] for r in few])} yet: {why}")
    return f"{release} against {against}: {'; '.join(said)}."


def _certain(rate: RateChange, split: Split | None, models: Sequence[ModelChange]) -> str:
    said = f"{_NAMES[rate.name]} {points(rate.change)} points {_interval(rate)}"
    if rate.name != "fallback_rate" or split is None or rate.change is None:
        return said
    where = {found.dimension: found.value for found in split.where}
    places = [where["os"]] if "os" in where else []
    if feature := where.get("feature"):
        places.append(f"in {feature}")
        changed = next((m for m in models if m.feature == feature and m.before != m.after), None)
        if changed is not None and changed.after is not None:
            places.append(f"model {changed.after}")
    on = "on " if "os" in where else ""
    return f"{said}, most of it {on}{', '.join(places)}" if places else said


def _open(rate: RateChange) -> str:
    said = (
        f"{_NAMES[rate.name]} {points(rate.change)} points {_interval(rate)}, which can be chance"
    )
    needed = rate.installations_needed
    if needed is not None and needed > rate.installations:
        said += f" (about {needed:,} installations would tell, there are {rate.installations:,})"
    return said


def _interval(rate: RateChange) -> str:
    return f"[{points(rate.low)}, {points(rate.high)}]"


def _and(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
