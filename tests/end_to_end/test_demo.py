"""The demo as a person starts it: what the collector answers is what was counted outside it."""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import limen
from collector.contract.client import LimenClient
from collector.contract.records import Query
from demo.features import FEATURES
from demo.fleet import Fleet
from demo.home import LEDGER
from demo.transfers import Sender
from tests.commands import limen as command
from tests.end_to_end.conftest import Week
from tests.end_to_end.processes import collector
from tests.forks import ROOT
from tests.processes import LIMEN
from tests.test_cloud import SEED, running_cloud, samples
from tests.test_fleet import Kept

pytestmark = pytest.mark.end_to_end

FREE = "127.0.0.1:0"
RELEASES = ("2.4.0", "2.5.0")
EVERYWHERE = tuple(itertools.product(RELEASES, FEATURES))
ONCE = ("demo", "--once", "--json", "--requests", "3000", "--seed", str(SEED))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LIMEN, *arguments], cwd=ROOT, capture_output=True, text=True)


@dataclass(frozen=True)
class Shown:
    """What a fleet's week came to, by its summary and its ledger."""

    summary: dict[str, Any]
    ledger: dict[str, Any]

    def arriving(self, release: str, feature: str, name: str) -> int:
        account = self.ledger["releases"][release]["features"][feature]
        count: int = account["counted"][name] - account["lost"][name]
        return count

    def arriving_by(self, release: str, feature: str, name: str) -> Counter[str]:
        account = self.ledger["releases"][release]["features"][feature]
        left = Counter(account["counted"][name])
        left.subtract(account["lost"][name])
        return +left

    def per_host(self, account: str, host: str, name: str) -> int:
        return sum(
            sent[name]
            for causes in self.ledger[account].get(host, {}).values()
            for sent in causes.values()
        )


@pytest.fixture(scope="module")
def shown(week: Week) -> Shown:
    return Shown(week.summary, week.ledger)


@pytest.fixture(scope="module")
def client(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimenClient]:
    """A collector started anew on the home that the demo left."""
    home = shutil.copytree(week.home, tmp_path_factory.mktemp("demo") / "home")
    with collector(home) as api, LimenClient(api) as asking:
        yield asking


def rows(client: LimenClient, metric: str, *by: str) -> list[dict[str, Any]]:
    answer = client.metric(Query(metric=metric, by=by))
    assert answer.suppressed_rows == 0
    return answer.records()


def test_every_request_that_was_not_lost_is_counted(client: LimenClient, shown: Shown) -> None:
    found = {
        (row["release"], row["feature"]): (
            row["requests"],
            row["attempted"],
            row["fallbacks"],
            row["blocked"],
        )
        for row in rows(client, "fallback_rate", "release", "feature")
    }
    assert found == {
        (release, feature): (
            shown.arriving(release, feature, "requests"),
            shown.arriving(release, feature, "attempted"),
            shown.arriving_by(release, feature, "decisions")["fallback"],
            # Attempted ones: a feature without a model asks the cloud by plan.
            shown.arriving_by(release, feature, "decisions")["blocked"]
            if FEATURES[feature].placement == "hybrid"
            else 0,
        )
        for release, feature in EVERYWHERE
    }


def test_offline_answers_are_counted(client: LimenClient, shown: Shown) -> None:
    found = dict.fromkeys(EVERYWHERE, (0, 0)) | {
        (row["release"], row["feature"]): (row["offline_requests"], row["served"])
        for row in rows(client, "offline_coverage", "release", "feature")
    }
    assert found == {
        (release, feature): (
            shown.arriving(release, feature, "offline_requests"),
            shown.arriving(release, feature, "offline_served"),
        )
        for release, feature in EVERYWHERE
    }


def test_reasons_are_counted(client: LimenClient, shown: Shown) -> None:
    found = {
        (row["release"], row["feature"], row["decision"], row["reason"]): row["requests"]
        for row in rows(client, "fallback_reasons", "release", "feature")
    }
    assert found == {
        (release, feature, decision, reason): count
        for release, feature in EVERYWHERE
        for decision, name in (("fallback", "fallback_reasons"), ("blocked", "blocked_reasons"))
        for reason, count in shown.arriving_by(release, feature, name).items()
    }


def test_departures_are_what_the_cloud_received_less_what_was_lost(
    client: LimenClient, shown: Shown
) -> None:
    transfers: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in departures(client):
        assert row["unknown_bytes_transfers"] == 0
        transfers[row["destination"]] += row["transfers"]
        sizes[row["destination"]] += row["bytes"]
    received = shown.ledger["received"]
    assert transfers == {
        host: counts["requests"] - shown.per_host("lost", host, "transfers")
        for host, counts in received.items()
    }
    assert sizes == {
        host: counts["bytes"] - shown.per_host("lost", host, "bytes")
        for host, counts in received.items()
    }


def test_departures_have_the_cause_of_their_request(client: LimenClient, shown: Shown) -> None:
    found: Counter[tuple[str, str, str]] = Counter()
    for row in departures(client, "feature"):
        found[row["destination"], row["feature"], row["cause"]] += row["bytes"]
    expected: Counter[tuple[str, str, str]] = Counter()
    for account, sign in (("sent", 1), ("lost", -1), ("orphaned", -1)):
        for host, features in shown.ledger[account].items():
            for feature, causes in features.items():
                for cause, sent in causes.items():
                    expected[host, feature, cause] += sign * sent["bytes"]
                    if account == "orphaned":
                        expected[host, feature, "unknown"] += sent["bytes"]
    assert +found == +expected
    assert {feature for _, feature, _ in +found} == set(FEATURES)


def test_the_flow_that_the_policy_does_not_know_is_found(client: LimenClient, shown: Shown) -> None:
    host = "adkit.example"
    undeclared = [row for row in departures(client) if row["declared"] is not True]
    assert {row["destination"] for row in undeclared} == {host}
    assert {row["declared"] for row in undeclared} == {False}
    size = shown.ledger["received"][host]["bytes"] - shown.per_host("lost", host, "bytes")
    assert sum(row["bytes"] for row in undeclared) == size > 0
    assert shown.summary["undeclared_bytes"] == size


@pytest.mark.parametrize(("release", "code"), [("2.4.0", 0), ("2.5.0", 1)])
def test_the_gate_lets_the_old_release_pass_and_not_the_new_one(
    client: LimenClient, release: str, code: int
) -> None:
    done = command("compliance", "check", "--release", release, "--json", "--api", client.api)
    assert done.returncode == code, done.stderr
    check = json.loads(done.stdout)
    assert check["declarations"] == ["data_safety.csv", "PrivacyInfo.xcprivacy"]
    errors = [one for one in check["findings"] if one["level"] == "error"]
    assert {one["code"] for one in errors} == (
        {
            "UNDECLARED_HOST",
            "UNDECLARED_PURPOSE",
            "CONSENT_MISSING",
            "HARDWARE_ID_IN_TELEMETRY",
        }
        if code
        else set()
    )
    for one in errors:
        if one["code"] == "UNDECLARED_HOST":
            assert one["subject"] == "adkit.example"
            for trace in one["traces"]:
                left = client.trace(trace)["departures"]
                assert "adkit.example" in {departure["destination"] for departure in left}


def test_completeness_finds_the_losses_that_left_a_gap(client: LimenClient, shown: Shown) -> None:
    found = {
        row["release"]: row["expected"] - row["received"]
        for row in rows(client, "completeness", "release")
    }
    interior = {
        release: account["interior"] for release, account in shown.ledger["releases"].items()
    }
    assert found == interior
    assert sum(interior.values()) > 0


def test_people_waited_for_the_device_and_for_the_cloud(client: LimenClient, shown: Shown) -> None:
    found = {row["answered_by"]: row for row in rows(client, "latency")}
    decisions: Counter[str] = Counter()
    for release, feature in EVERYWHERE:
        decisions += shown.arriving_by(release, feature, "decisions")
    assert found["device"]["requests"] == decisions["accept"]
    assert found["cloud"]["requests"] == decisions["fallback"] + decisions["cloud"]
    assert 0 < found["device"]["p50_ms"] < found["cloud"]["p50_ms"]


def test_the_summary_says_what_the_collector_says(client: LimenClient, shown: Shown) -> None:
    summary = shown.summary
    (rate,) = rows(client, "fallback_rate")
    (coverage,) = rows(client, "offline_coverage")
    assert summary["requests"] == rate["requests"]
    assert summary["fallback_rate"] == rate["fallback_rate"]
    assert summary["offline_coverage"] == coverage["offline_coverage"]
    assert summary["egress_bytes"] == sum(row["bytes"] for row in departures(client))
    assert summary["seconds"] > 0


@pytest.mark.parametrize("feature", FEATURES)
def test_every_logged_input_is_replayed(client: LimenClient, shown: Shown, feature: str) -> None:
    (summary,) = [one for one in shown.summary["features"] if one["feature"] == feature]
    inputs = sum(shown.arriving(release, feature, "inputs") for release in RELEASES)
    requests = sum(shown.arriving(release, feature, "requests") for release in RELEASES)
    assert summary["requests"] == requests
    if not FEATURES[feature].models:
        assert inputs == 0 and summary["replay_run"] is None
        return
    assert summary["inputs_replayed"] == inputs > 0
    replayed = client.replay(summary["replay_run"])
    assert (replayed.inputs, replayed.failed) == (inputs, 0)
    assert summary["reason"]
    assert summary["recommended_threshold"] is None or 0 < summary["recommended_threshold"] < 1


def test_a_threshold_is_recommended_where_there_is_enough_to_tell(shown: Shown) -> None:
    found = {one["feature"]: one["recommended_threshold"] for one in shown.summary["features"]}
    assert found["image_classify"] is not None
    assert found["doc_classify"] is not None


def test_a_sweep_again_recommends_the_same(client: LimenClient, shown: Shown) -> None:
    (found,) = [one for one in shown.summary["features"] if one["feature"] == "image_classify"]
    error = str(FEATURES["image_classify"].max_error)
    words = ("replay", "sweep", found["replay_run"], "--max-error", error, "--json")
    done = command(*words, "--reference", "label", "--api", client.api)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recommended"]["threshold"] == found["recommended_threshold"]


@pytest.mark.parametrize("moment", ["The phones' last seven days", "The phones go on"])
def test_ctrl_c_ends_all_of_it(moment: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    places = ("--http", FREE, "--grpc", FREE, "--api", FREE, "--dashboard", FREE)
    process = subprocess.Popen(
        [*LIMEN, "demo", "--requests", "100", "--seed", str(SEED), "--home", str(home), *places],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite that runs in the background may ignore it, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith(moment):
            break
    kept = (home / LEDGER).read_text("utf-8") if (home / LEDGER).exists() else None
    children = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert len(said) > 1
    for url in re.findall(r"http://\S+", "".join(said)):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    if moment == "The phones go on":
        # The same seed, lived through in this process.
        assert kept is not None and json.loads(kept) == lived(100)


def lived(requests: int) -> dict[str, Any]:
    """The ledger of a fleet of the same seed, as JSON has it."""
    with running_cloud(SEED) as cloud, closing(Sender(cloud.url)) as sender:
        fleet = Fleet(seed=SEED, requests=requests, sender=sender, samples=samples())
        fleet.live_through_history(Kept(), lambda made: None)
        record = fleet.ledger.record() | {"received": cloud.received()}
    found: dict[str, Any] = json.loads(json.dumps(record))
    return found


@pytest.mark.parametrize("flag", ["--http", "--grpc", "--api", "--dashboard"])
def test_a_port_in_use_is_named_with_the_flag_that_changes_it(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        places = dict.fromkeys(("--http", "--grpc", "--api", "--dashboard"), FREE)
        places[flag] = f"127.0.0.1:{port}"
        done = run("demo", *(word for place in places.items() for word in place))
    assert done.returncode == 2
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("limen: ")
    assert str(port) in sentence and flag in sentence


BAD_FLAGS = {
    "no request": (("--requests", "0"), "--requests"),
    "a negative seed": (("--seed", "-1"), "--seed"),
    "json without an end": (("--json",), "--once"),
    "not an address": (("--http", "here"), "HOST:PORT"),
}


@pytest.mark.parametrize(("flags", "named"), BAD_FLAGS.values(), ids=BAD_FLAGS.keys())
def test_a_bad_flag_is_named(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], named: str
) -> None:
    assert limen.main(["demo", *flags]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert named in sentence


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    done = run(*ONCE, "--home", str(tmp_path))
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def departures(client: LimenClient, *by: str) -> list[dict[str, Any]]:
    """What left the phones, without Limen's own telemetry."""
    return [
        row
        for row in rows(client, "egress", *by)
        if row["leg"] != "onward" and row["destination"] != "telemetry"
    ]


def descendants(pid: int) -> list[int]:
    """The processes below one, where the system tells."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(child) for child in listed.read_text("utf-8").split()] if listed.exists() else []
    return below + [grandchild for child in below for grandchild in descendants(child)]
