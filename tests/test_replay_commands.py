"""`limen replay run` and `limen replay sweep` through the front door, against a real collector."""

import io
import json
import os
import pty
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import limen
from collector.contract.records import Sweep
from models.interpreters import open_interpreter
from models.registry import Registry
from tests.phones import Reading, read_digits, send
from tests.processes import RunningCollector
from tests.replays import FEATURE, MODEL, OTHER_MODEL, Fleet, own_model, replay, run, sweep

INPUT_BYTES = 64
# What phones with the other model ship; its card says 0.7.
UPDATED = 0.75


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def fleet(collector: RunningCollector) -> Fleet:
    plain = read_digits(600, model=MODEL, name="early")
    plain += read_digits(90, model=OTHER_MODEL, name="updated", threshold=UPDATED, seed=2)
    audited = read_digits(500, model=MODEL, name="late", audit=0.5, seed=3)
    short = audited[-1]
    audited[-1] = Reading(**vars(short) | {"image": short.image[:-1]})
    send(collector, plain)
    audits_since = datetime.now(UTC).isoformat()
    send(collector, audited)
    return Fleet(collector=collector, plain=plain, audited=audited, audits_since=audits_since)


@pytest.fixture(scope="module")
def finished(fleet: Fleet) -> str:
    """A run over what was sent before there were audits."""
    name: str = run(fleet, *fleet.before_audits, "--json").json["run"]
    return name


def test_a_run_prints_the_promised_keys_and_counts(fleet: Fleet) -> None:
    done = run(fleet, "--json")
    assert (done.code, done.err) == (0, "")
    answer = done.json
    assert list(answer) == [
        *("run", "feature", "model", "runtime"),
        *("inputs", "failed", "seconds", "inputs_per_second", "fidelity"),
        *("spent", "sampled", "segments"),
    ]
    assert (answer["feature"], answer["model"], answer["runtime"]) == (FEATURE, MODEL, "litert")
    assert (answer["inputs"], answer["failed"], answer["fidelity"]) == (1190, 1, 1.0)
    assert answer["inputs_per_second"] == answer["inputs"] / answer["seconds"]


def test_a_failed_input_is_a_row_with_its_reason_and_every_other_has_its_requests_facts(
    fleet: Fleet,
) -> None:
    name = run(fleet, "--json").json["run"]
    with fleet.collector.client() as client:
        rows = client.scores(name).to_pylist()
    *good, failed = rows
    assert (failed["predicted"], failed["confidence"], failed["scores"]) == (None, None, None)
    assert "63 bytes where the model takes 64" in failed["failure"]
    for row, reading in zip(good, fleet.plain + fleet.audited[:-1], strict=True):
        asked = reading.asked_the_cloud
        assert row == row | {
            "truth": reading.truth,
            "decision": reading.decision,
            "device_label": reading.label,
            "device_confidence": reading.confidence,
            "model_digest": reading.digest,
            "audit_sampled": reading.audit is not None,
            "audit_probability": reading.audit,
            "cloud_label": reading.truth if asked else None,
            "egress_bytes": INPUT_BYTES if asked else None,
            "failure": None,
        }
        assert row["confidence"] == max(row["scores"])


def test_a_run_is_over_the_last_thirty_days_of_the_model_and_runtime(fleet: Fleet) -> None:
    name = run(fleet, "--to", "now", "--json").json["run"]
    with fleet.collector.client() as client:
        found = client.replay(name)
    model = Registry.bundled().get(MODEL)
    assert (found.feature, found.model, found.model_digest) == (FEATURE, MODEL, model.card.digest)
    assert (found.runtime, found.runtime_version) == ("litert", open_interpreter(model).version)
    assert at(found.until) == at(found.created)
    assert timedelta(days=30) <= at(found.created) - at(found.since) < timedelta(days=31)


def test_every_run_is_listed_newest_first(fleet: Fleet, finished: str) -> None:
    listed = replay("list", *fleet.place)
    (line,) = (line for line in listed.out.splitlines() if line.startswith(finished))
    assert FEATURE in line and MODEL in line and "690 of 690 inputs" in line
    runs = json.loads(replay("list", *fleet.place, "--json").out)
    assert [run["created"] for run in runs] == sorted((r["created"] for r in runs), reverse=True)
    assert len(runs) == len(listed.out.splitlines())


def test_only_inputs_of_the_period_are_replayed(fleet: Fleet) -> None:
    before = run(fleet, *fleet.before_audits, "--json").json
    after = run(fleet, "--from", fleet.audits_since, "--json").json
    assert (before["inputs"], before["failed"]) == (len(fleet.plain), 0)
    assert (after["inputs"], after["failed"]) == (len(fleet.audited), 1)


def test_fidelity_is_over_the_phones_that_had_the_model(fleet: Fleet) -> None:
    printed = run(fleet, *fleet.before_audits, model=OTHER_MODEL).out
    assert "100.0% of 90 answers by phones on litert cpu" in printed


def test_a_run_for_people_names_the_run_its_phones_and_the_next_step(fleet: Fleet) -> None:
    printed = run(fleet)
    assert (printed.code, printed.err) == (0, "")
    name, _, _ = printed.out.partition(":")
    assert f"{name}: 1,190 inputs of {FEATURE} through {MODEL} on litert" in printed.out
    assert "1 failed" in printed.out
    assert "100.0% of 1,099 answers by phones on litert cpu" in printed.out
    assert f"limen replay sweep {name}" in printed.out


def read_until_closed(end: int) -> str:
    """All that a terminal shows; Linux tells of its closing by an error."""
    shown = b""
    with suppress(OSError):
        while part := os.read(end, 4096):
            shown += part
    return shown.decode()


def shown_at_a_terminal(fleet: Fleet, *more: str) -> str:
    """What a run writes on standard error where that is a terminal."""
    ours, theirs = pty.openpty()
    with ThreadPoolExecutor(max_workers=1) as pool:
        shown = pool.submit(read_until_closed, ours)
        with open(theirs, "w") as terminal, redirect_stderr(terminal):
            with redirect_stdout(io.StringIO()):
                words = ("--feature", FEATURE, "--model", MODEL, *fleet.place, *more)
                assert limen.main(["replay", "run", *words]) == 0
        found = shown.result(timeout=30)
    os.close(ours)
    return found


def test_a_person_at_a_terminal_sees_a_bar_and_a_script_there_does_not(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown_at_a_terminal(fleet, "--json") == ""
    shown = shown_at_a_terminal(fleet)
    assert f"{FEATURE} through {MODEL}" in shown and "1190/1190 inputs" in shown


def test_no_logged_input_is_said_and_is_not_success(fleet: Fleet) -> None:
    period = ("--from", "-7d", "--to", "-1h")
    printed = run(fleet, *period)
    assert printed.code == 1
    assert f"No input of {FEATURE} was logged" in printed.out
    printed = run(fleet, *period, "--json")
    answer = printed.json
    assert printed.code == 1
    assert (answer["inputs"], answer["inputs_per_second"], answer["fidelity"]) == (0, None, None)
    with fleet.collector.client() as client:
        found = client.replay(answer["run"])
    assert at(found.since).timestamp() % timedelta(days=1).total_seconds() == 0
    over = at(found.until) - at(found.since)
    assert timedelta(days=7, hours=-1) <= over < timedelta(days=8, hours=-1)


def test_a_sweep_prints_the_promised_keys_and_is_kept(fleet: Fleet, finished: str) -> None:
    swept = sweep(fleet, finished, "--json")
    answer = swept.json
    assert (swept.code, swept.err) == (0, "")
    assert {"run", "reference", "points", "recommended", "reason"} <= set(answer)
    for point in [*answer["points"], answer["recommended"]]:
        assert {"threshold", "accepted", "device_share", "error_rate"} <= set(point)
    assert (answer["run"], answer["reference"], answer["cases"]) == (finished, "label", 690)
    assert answer["current"] == Registry.bundled().get(MODEL).card.threshold
    thresholds = [point["threshold"] for point in answer["points"]]
    assert {answer["current"], answer["recommended"]["threshold"]} <= set(thresholds)
    with fleet.collector.client() as client:
        assert Sweep.model_validate(answer) in client.sweeps(finished)


def test_points_and_recommendation_are_those_counted_on_the_digits(
    fleet: Fleet, finished: str
) -> None:
    with fleet.collector.client() as client:
        saved = client.scores(finished)
    truths = [reading.truth for reading in fleet.plain]
    answers = list(zip(*(saved[n].to_pylist() for n in ("confidence", "predicted")), strict=True))
    answer = sweep(fleet, finished, "--json", "--max-error", "0.04").json
    for point in [*answer["points"], answer["recommended"]]:
        accepted = [
            predicted != truth
            for (confidence, predicted), truth in zip(answers, truths, strict=True)
            if confidence >= point["threshold"]
        ]
        assert point["accepted"] == len(accepted)
        assert point["error_rate"] == pytest.approx(sum(accepted) / len(accepted))
        declined = len(answers) - len(accepted)
        assert point["egress"] == pytest.approx(INPUT_BYTES * declined / len(answers))
    assert answer["recommended"]["error_rate"] <= 0.04


def test_the_threshold_in_force_is_the_phones_and_not_the_cards(fleet: Fleet) -> None:
    assert Registry.bundled().get(OTHER_MODEL).card.threshold != UPDATED
    name = run(fleet, *fleet.before_audits, "--json", model=OTHER_MODEL).json["run"]
    answer = sweep(fleet, name, "--json").json
    assert answer["current"] == UPDATED
    assert UPDATED in [point["threshold"] for point in answer["points"]]
    assert "In force is 0.750, by which phones with this model decided 90 of 90" in answer["reason"]


def test_where_no_phone_has_the_model_the_cards_threshold_is_said_to_be_the_cards(
    fleet: Fleet,
) -> None:
    period = ("--from", fleet.audits_since)
    name = run(fleet, *period, "--json", model=OTHER_MODEL).json["run"]
    swept = sweep(fleet, name)
    assert "is the model card's default" in swept.out.splitlines()[-1]
    assert any(line.endswith("model card") for line in swept.out.splitlines())
    assert "in force\n" not in swept.out


def test_every_point_goes_to_an_arrow_file(fleet: Fleet, finished: str, tmp_path: Path) -> None:
    file = tmp_path / "points.arrow"
    printed = sweep(fleet, finished, "--arrow", str(file), "--json").json
    with pa.ipc.open_file(file) as reader:
        points = reader.read_all()
    with fleet.collector.client() as client:
        confidences = client.scores(finished)["confidence"].to_pylist()
    assert points.column_names == list(printed["recommended"])
    assert points["threshold"].to_pylist() == sorted(set(confidences))
    (recommended,) = [
        row for row in points.to_pylist() if row["threshold"] == printed["recommended"]["threshold"]
    ]
    assert recommended == pytest.approx(printed["recommended"])


def test_a_certificate_is_written_kept_and_verified(
    fleet: Fleet, finished: str, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.json"
    answer = sweep(fleet, finished, "--json", "--certificate", str(file)).json
    made = json.loads(file.read_text())
    assert made == answer["certificate"]
    assert made["overall"]["threshold"] == answer["recommended"]["threshold"]
    assert (made["run"], made["model"], made["source"]) == (finished, MODEL, "inputs")
    assert "consented to have their inputs logged" in made["speaks_for"]
    assert {"limen", "mapie", "numpy", "scipy"} == set(made["versions"])
    verified = replay("verify", str(file), *fleet.place)
    assert (verified.code, verified.err) == (0, "")
    assert "every test and what follows is as stated" in verified.out
    made["overall"]["threshold"] /= 2
    file.write_text(json.dumps(made))
    forged = replay("verify", str(file), *fleet.place, "--json")
    assert (forged.code, forged.json["good"], forged.json["expired"]) == (1, False, False)
    assert "everybody" in forged.json["faults"][0]


@pytest.mark.usefixtures("nothing_asked")
def test_an_arrow_file_that_cannot_be_written_is_refused_by_name_and_no_sweep_kept(
    fleet: Fleet, finished: str, tmp_path: Path
) -> None:
    file = tmp_path / "nowhere" / "points.arrow"
    refused = sweep(fleet, finished, "--max-error", "0.2", "--arrow", str(file))
    assert (refused.code, refused.out) == (2, "")
    assert f"--arrow: {file} cannot be written" in refused.err


def test_several_runs_are_swept_by_one_command_each_into_a_line_of_its_own(
    fleet: Fleet, finished: str, tmp_path: Path
) -> None:
    words = ("sweep", finished, finished, "--max-error", "0.1", *fleet.place, "--json")
    lines = replay(*words).out.splitlines()
    assert [json.loads(line)["run"] for line in lines] == [finished] * 2
    refused = replay(*words, "--certificate", str(tmp_path / "one.json"))
    assert (refused.code, refused.out) == (2, "")
    assert "--certificate: a file holds one sweep" in refused.err


def test_a_sweep_for_people_shows_the_threshold_in_force_the_recommended_one_and_why(
    fleet: Fleet, finished: str
) -> None:
    swept = sweep(fleet, finished)
    lines = swept.out.splitlines()
    assert swept.code == 0
    assert any(line.endswith("in force") for line in lines)
    assert any(line.endswith("recommended") for line in lines)
    assert "is the lowest threshold tested that keeps the error" in lines[-1]
    assert len(lines) < 25


def test_random_audits_recommend_without_any_label(fleet: Fleet) -> None:
    name = run(fleet, "--from", fleet.audits_since, "--json").json["run"]
    swept = sweep(fleet, name, "--reference", "audit", "--max-error", "0.1", "--json")
    assert (swept.code, swept.json["reference"], swept.json["cases"]) == (0, "audit", 499)
    assert swept.json["recommended"]["error_rate"] <= 0.1


def test_scores_on_spans_are_swept_without_any_input(fleet: Fleet) -> None:
    done = run(fleet, "--scores-only", "--from", fleet.audits_since, "--json")
    answer = done.json
    assert (done.code, answer["source"], answer["inputs"]) == (0, "spans", len(fleet.audited))
    with fleet.collector.client() as client:
        made = client.replay(answer["run"])
        rows = client.scores(answer["run"]).to_pylist()
    assert (made.source, made.chunks, made.runtime) == ("spans", (), "phones")
    assert made.model_digest == fleet.audited[0].digest
    said = {
        reading.confidence: {
            # Where it fell back, no phone told what it would have answered.
            "predicted": reading.label if reading.decision == "accept" else None,
            "decision": reading.decision,
            "truth": None,
            "audit_sampled": reading.audit is not None,
            "cloud_label": reading.truth if reading.asked_the_cloud else None,
            "egress_bytes": INPUT_BYTES if reading.asked_the_cloud else None,
        }
        for reading in fleet.audited[:-1]
    }
    assert len(rows) == len(fleet.audited)
    for row in rows:
        if row["confidence"] in said:
            assert row == row | said[row["confidence"]]
    swept = sweep(fleet, answer["run"], "--max-error", "0.1", "--json")
    found = swept.json
    assert (found["reference"], found["source"]) == ("audit", "spans")
    assert "no input was stored or replayed" in found["reason"]
    assert "sent telemetry" in found["certificate"]["speaks_for"]
    accepted = [reading.confidence for reading in fleet.audited if reading.decision == "accept"]
    assert found["evidence_from"] >= min(accepted)
    assert swept.code == 0 and found["recommended"]["threshold"] >= found["evidence_from"]
    with fleet.collector.client() as client:
        assert client.sweeps(answer["run"]) == [Sweep.model_validate(found)]


def test_scores_on_spans_for_people_say_that_no_input_was_opened(fleet: Fleet) -> None:
    printed = run(fleet, "--scores-only", *fleet.before_audits)
    assert printed.code == 0 and "No input was stored or opened" in printed.out
    nobody = run(fleet, "--scores-only", model="somebody_elses@3")
    assert nobody.code == 1 and "had its confidence" in nobody.out
    name = printed.out.partition(":")[0]
    swept = sweep(fleet, name, "--reference", "label")
    assert swept.code == 1 and "no case carries a label" in swept.out


NOTHING_RECOMMENDED = {
    "the cloud's answers": (("--reference", "cloud"), "only where the phone fell back"),
    "no audit": (("--reference", "audit"), "no request that a phone answered was audited"),
    "an error too small to show": (("--max-error", "0.001"), "more are needed"),
    "nobody was without a network": (
        ("--max-error", "0.04", "--min-offline", "0.9"),
        "no request was made without a network",
    ),
    "the cloud answers too much": (
        ("--max-error", "0.04", "--max-cloud", "0.0001"),
        "which does not show a share of at most 0.01%",
    ),
    "nothing may leave": (
        ("--max-error", "0.04", "--max-egress", "0"),
        "at most 0 are asked for",
    ),
}


@pytest.mark.parametrize(
    ("options", "words"), NOTHING_RECOMMENDED.values(), ids=NOTHING_RECOMMENDED
)
def test_nothing_recommended_is_exit_one_with_the_reason(
    fleet: Fleet, finished: str, options: tuple[str, ...], words: str
) -> None:
    swept = sweep(fleet, finished, "--json", *options)
    assert swept.code == 1
    assert swept.json["recommended"] is None
    assert words in swept.json["reason"]


def test_a_run_of_a_model_that_is_neither_here_nor_on_a_phone_has_no_threshold_in_force(
    fleet: Fleet, tmp_path: Path
) -> None:
    own_model(tmp_path, of="2")
    words = ("--home", str(tmp_path), "--from", fleet.audits_since, "--json")
    name = run(fleet, *words, model="digit_reader@7").json["run"]
    swept = sweep(fleet, name, "--max-error", "0.3", "--json")
    assert (swept.code, swept.json["current"]) == (0, None)


@pytest.fixture
def nothing_asked(fleet: Fleet, finished: str) -> Iterator[None]:
    """Fails where the test left a run or a sweep behind."""
    with fleet.collector.client() as client:
        before = client.replays(), client.sweeps(finished)
        yield
        assert (client.replays(), client.sweeps(finished)) == before


def test_a_run_without_saved_scores_is_not_swept(fleet: Fleet) -> None:
    name = run(fleet, "--from", "-7d", "--to", "-1h", "--json").json["run"]
    refused = sweep(fleet, name)
    assert (refused.code, refused.out) == (2, "")
    assert f"run {name} has no saved scores: it found no input" in refused.err


REFUSED = {
    "another feature's model": (
        ("run", "--feature", "barcode_scan", "--model", MODEL),
        "is for the feature image_classify, not barcode_scan",
    ),
    "an unknown model": (("run", "--feature", FEATURE, "--model", "nobody@1"), "nobody@1"),
    "no collector": (
        ("run", "--feature", FEATURE, "--model", MODEL, "--api", "http://127.0.0.1:1"),
        "127.0.0.1:1",
    ),
    "a time in words": (
        ("run", "--feature", FEATURE, "--model", MODEL, "--from", "yesterday"),
        "a time is RFC 3339",
    ),
    "a period backwards": (
        ("run", "--feature", FEATURE, "--model", MODEL, "--from", "-1d", "--to", "-7d"),
        "from must be before to",
    ),
    "an unknown run": (("sweep", "r9"), "no such replay run"),
    "a runtime where nothing runs": (
        ("run", "--feature", FEATURE, "--model", MODEL, "--scores-only", "--runtime", "litert"),
        "nothing is run",
    ),
}


@pytest.mark.usefixtures("nothing_asked")
@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_bad_words_are_refused_in_one_sentence(
    fleet: Fleet, words: tuple[str, ...], says: str
) -> None:
    command, *more = words
    refused = replay(command, *fleet.place, *more)
    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err and len(refused.err.splitlines()) == 1


@pytest.mark.usefixtures("nothing_asked")
def test_a_limit_out_of_range_or_an_unknown_reference_is_refused_and_no_sweep_kept(
    fleet: Fleet, finished: str
) -> None:
    refused = sweep(fleet, finished, "--max-error", "5")
    assert refused.code == 2 and "max_error" in refused.err
    with pytest.raises(SystemExit, match="2"):
        sweep(fleet, finished, "--reference", "oracle")


@pytest.mark.usefixtures("nothing_asked")
def test_a_model_that_is_not_what_its_card_says_is_refused_before_anything_is_opened(
    fleet: Fleet, tmp_path: Path
) -> None:
    own_model(tmp_path, damage=b"!")
    refused = run(fleet, "--home", str(tmp_path), model="digit_reader@7")
    assert refused.code == 2
    assert "digit_reader@7" in refused.err and "digest" in refused.err
