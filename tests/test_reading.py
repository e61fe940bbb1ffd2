"""What a reader may ask of any page: another time zone, a table to take along, a plain refusal."""

import csv
import io
import socket
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collector.contract.about import limen_version
from collector.contract.client import LimenClient
from collector.contract.compliance import Judgement
from collector.contract.errors import BadInput, LimenError, Overloaded, TooSlow
from dashboard import tables
from dashboard.questions import Caller, Questions, StrangeAnswer, forget
from tests.processes import running_collector


@pytest.mark.parametrize(
    ("zone", "read"),
    [
        pytest.param(None, "2026-07-01 12:00:00 UTC", id="default"),
        pytest.param("Europe/Berlin", "2026-07-01 14:00:00+02:00", id="chosen"),
        pytest.param("Asia/Kathmandu", "2026-07-01 17:45:00+05:45", id="no-whole-hour"),
        pytest.param("Mars/Base", "2026-07-01 12:00:00 UTC", id="none-of-that-name"),
    ],
)
def test_times_follow_the_zone_of_the_link(zone: str | None, read: str) -> None:
    def page() -> None:
        import streamlit as st

        from dashboard import formats, zones

        zones.choose()
        st.text(formats.moment("2026-07-01T12:00:00Z"))

    run = AppTest.from_function(page)
    if zone is not None:
        run.query_params["zone"] = zone
    run.run()
    assert not run.exception
    assert run.text[0].value == read
    assert run.selectbox[0].options[0] == "UTC"


NAMES = ["=1+1", "-2+3", "@SUM(A1)", "'=quoted", "plain", "<b>bold</b>"]


def test_a_table_is_taken_along_without_formulas_and_shows_what_was_sent() -> None:
    rows = [{"feature": name, "requests": 7, "rate": None} for name in NAMES]
    columns = {"feature": "text", "requests": "count", "rate": "ratio"}
    head, *found = csv.reader(io.StringIO(tables.csv(rows, columns), newline=""))
    assert head == ["Feature", "Requests", "Rate"]
    assert [row[1:] for row in found] == [["7", "unknown"]] * len(NAMES)
    assert [row[0].lstrip("'") for row in found] == [name.lstrip("'") for name in NAMES]
    assert not [row[0] for row in found if row[0].startswith(("=", "+", "-", "@"))]
    shown = tables.styled(rows, columns).to_string(delimiter="\t")
    assert [line.split("\t")[1] for line in shown.splitlines()[1:]] == NAMES


def test_a_file_says_what_its_numbers_are_in() -> None:
    columns = {"p95_ms": "ms", "egress": "bytes", "bytes": "bytes", "rate": "ratio"}
    file = tables.csv([dict.fromkeys(columns, 1.5)], columns, {"p95_ms": "p95"})
    assert file.splitlines()[0] == "p95 (ms),Egress (bytes),Bytes,Rate"


def test_a_collector_that_does_not_answer_in_time_is_not_taken_for_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            LimenClient(api, timeout=0.1) as client,
            pytest.raises(TooSlow, match=r"within 0\.1 s"),
        ):
            client.status()


def test_a_collector_of_another_version_is_refused_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "limen-9.9.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: limen\nVersion: 9.9.9\n")
    with running_collector(tmp_path / "home") as running:
        questions = Questions(Caller(running.api))
        assert questions.status()["version"] == (own := limen_version())
        monkeypatch.syspath_prepend(tmp_path)
        for cached in (limen_version.cache_clear, forget):
            cached()
        try:
            with pytest.raises(StrangeAnswer, match=f"is Limen {own}, and .* is Limen 9.9.9; upd"):
                questions.status()
        finally:
            limen_version.cache_clear()


class Newer(Judgement):
    """What the judgements of another build may say."""

    because: str


def test_a_collector_of_another_build_that_has_the_same_version_is_told_in_words(
    tmp_path: Path,
) -> None:
    said = Newer(word="accepted_risk", who="Ada", why="gone with 2.6.0", because="of a later build")
    with running_collector(tmp_path) as running:
        questions = Questions(Caller(running.api))
        with pytest.raises(StrangeAnswer, match="different builds of Limen; update both"):
            questions.judge("any", said, "-7d")
        # What the reader said wrong is told as the collector tells it.
        known = Judgement(**said.model_dump(exclude={"because"}))
        with pytest.raises(BadInput, match=r"collector says: .*RFC 3339"):
            questions.judge("any", known, "yesterday")


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (TooSlow("slow"), "The collector takes too long"),
        (Overloaded("busy"), "The collector could not answer now"),
        (StrangeAnswer("strange"), "Another build answers"),
    ],
    ids=["slow", "busy", "version"],
)
def test_a_refusal_has_a_title_and_a_way_on(error: LimenError, title: str) -> None:
    def page(error: Exception) -> None:
        from dashboard import states

        with states.guarded():
            raise error

    run = AppTest.from_function(page, args=(error,)).run()
    (box,) = (element.proto.body for element in run.get("html"))
    assert title in box and str(error).capitalize() in box
    assert run.button[0].label == "Try again"
