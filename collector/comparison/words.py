"""A comparison in words."""

from collections.abc import Sequence

from collector.contract.releases import ModelChange, RateChange, Split, points

_NAMES = {
    "fallback_rate": "fallback",
    "offline_coverage": "offline coverage",
    "error_rate": "errors",
}


def clauses(
    rates: Sequence[RateChange], split: Split | None, models: Sequence[ModelChange]
) -> tuple[str, ...]:
    """What changed for certain, what did not, what can be chance, and what nobody can say yet."""
    found = {
        finding: [rate for rate in rates if rate.finding == finding]
        for finding in ("same", "open", "too few")
    }
    same = [_NAMES[rate.name] for rate in found["same"]]
    return (
        *(_certain(rate, split, models) for rate in rates if rate.finding in ("worse", "better")),
        *([f"{_and(same)} as before"] if same else []),
        *(_open(rate) for rate in found["open"]),
        *(f"{_NAMES[rate.name]}: too early to say, {rate.missing}" for rate in found["too few"]),
    )


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
