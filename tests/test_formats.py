"""How values read: one table per unit, and unknown is never zero."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from dashboard import formats


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("ratio", 0.0, "0.0%"),
        ("ratio", 0.12345, "12.3%"),
        ("ratio", 1.0, "100.0%"),
        ("score", 0.7, "0.700"),
        ("count", 0, "0"),
        ("count", 1234567, "1,234,567"),
        ("bytes", 0, "0 B"),
        ("bytes", 512, "512 B"),
        ("bytes", 131.66, "132 B"),
        ("bytes", 37.2, "37.2 B"),
        ("bytes", 1000, "1.0 kB"),
        ("bytes", 999_600, "1.0 MB"),
        ("bytes", 123_456, "123 kB"),
        ("bytes", 3_400_000_000, "3.4 GB"),
        ("bytes", -1500, "-1.5 kB"),
        ("ms", 0.04, "0.04 ms"),
        ("ms", 0.996, "1.0 ms"),
        ("ms", 8.31, "8.3 ms"),
        ("ms", 9.96, "10 ms"),
        ("ms", 12_345.6, "12,346 ms"),
        ("time", "2026-11-22T14:05:03.123456789Z", "2026-11-22 14:05:03 UTC"),
        ("time", "2026-11-22T16:05:03+02:00", "2026-11-22 14:05:03 UTC"),
        ("day", "2026-11-22T00:00:00Z", "2026-11-22"),
        ("flag", True, "yes"),
        ("flag", False, "no"),
        ("text", "plain", "plain"),
        ("text", [0.61, 0.2], "0.61, 0.2"),
        ("set", "identifier_device,image", "identifier_device, image"),
        ("optional", None, "–"),
    ],
)
def test_a_value_reads_by_its_unit(unit: str, value: Any, text: str) -> None:
    assert formats.BY_UNIT[unit](value) == text


@pytest.mark.parametrize("unit", sorted(set(formats.BY_UNIT) - {"optional"}))
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_is_missing_is_unknown_and_never_zero(unit: str, missing: float | None) -> None:
    assert formats.BY_UNIT[unit](missing) == "unknown"


def test_an_interval_shows_both_ends() -> None:
    assert formats.interval(0.0451, 0.0592) == "[4.5%, 5.9%]"
    assert formats.interval(None, None) == "unknown"


def test_a_time_of_any_zone_is_shown_in_utc() -> None:
    local = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert formats.moment(local) == formats.moment(local.astimezone(UTC))


def test_a_name_of_the_api_reads_as_words() -> None:
    assert formats.label("low_confidence") == "Low confidence"
    assert formats.label("os") == "OS"
    assert formats.label("p95_ms") == "p95 (ms)"


@pytest.mark.parametrize("value", ["<b>bold</b>", "<a href='x'>y</a>", "a & b", "<br>"])
def test_text_of_telemetry_holds_no_markup_in_a_figure(value: str) -> None:
    assert "<" not in formats.plain(value)
