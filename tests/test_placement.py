"""Where a feature belongs: the rules over facts, and the facts from what is stored."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import limen
from collector.contract.attributes import CATEGORIES
from collector.contract.client import LimenClient
from collector.contract.errors import NotFound
from collector.contract.placement import SENSITIVE, Advice, Facts, Quality, advise
from tests.otlp import request_span, traces
from tests.phones import read_digits, send
from tests.processes import running_collector
from tests.replays import FEATURE, MODEL, replay
from tests.store import POLICY, Store
from tests.test_departures import client


def quality(share: float | None, **more: Any) -> Quality:
    values: dict[str, Any] = {
        "run": "r1",
        "model": "reader@1",
        "reference": "label",
        "cases": 2_000,
        "max_error": 0.05,
        "confidence": 0.95,
        "threshold": None if share is None else 0.6,
        "device_share": share,
        "error_alone": 0.2,
    }
    return Quality(**values | more)


def facts(**more: Any) -> Facts:
    values: dict[str, Any] = {
        "feature": "image_classify",
        "planned": "hybrid",
        "categories": ("image",),
        "offline_critical": False,
        "size_budget": 10_000_000,
        "requests": 1_000,
        "offline_requests": 10,
        "model": "reader@1",
        "model_size": 200_000,
        "quality": quality(0.8),
        "asked": 200,
        "bytes_each": 4_000.0,
        "tokens_each": None,
    }
    return Facts(**values | more)


BAD = quality(None, reason="too often wrong")
EARLY = quality(None, missing=True, more_installations=40)


def test_the_next_step_names_no_model_that_nobody_can_name() -> None:
    for model in (None, "a model without a name"):
        step = advise(facts(model=model, quality=None, categories=("image",))).next_step or ""
        assert "without a name" not in step
    assert "reader@1" in (advise(facts(quality=None)).next_step or "")


@pytest.mark.parametrize(
    ("known", "placement", "open_"),
    [
        pytest.param({}, "hybrid", None, id="as-planned"),
        pytest.param({"quality": quality(0.995)}, "device", None, id="good-enough-alone"),
        pytest.param({"quality": quality(0.05)}, "cloud", None, id="the-device-answers-too-few"),
        pytest.param({"quality": BAD}, "cloud", None, id="too-often-wrong"),
        pytest.param({"quality": None}, None, "not enough evidence", id="not-measured"),
        pytest.param({"quality": EARLY}, None, "not enough evidence", id="too-few-cases"),
        pytest.param({"categories": ("health",)}, "hybrid", None, id="sensitive-in-part"),
        pytest.param(
            {"categories": ("health",), "quality": BAD}, None, "nothing fits",
            id="sensitive-but-bad",
        ),
        pytest.param(
            {"offline_critical": True, "quality": BAD}, None, "nothing fits", id="critical-but-bad"
        ),
        pytest.param(
            {"offline_requests": 50, "quality": BAD}, None, "nothing fits", id="often-offline"
        ),
        pytest.param({"offline_requests": 49, "quality": BAD}, "cloud", None, id="seldom-offline"),
        pytest.param(
            {"requests": 9, "offline_requests": 9, "quality": BAD}, "cloud", None,
            id="nine-requests-tell-nothing",
        ),
        pytest.param({"model": None, "quality": None}, "cloud", None, id="no-model"),
        pytest.param(
            {"model": None, "quality": None, "categories": ("message",)}, None, "nothing fits",
            id="no-model-for-messages",
        ),
        pytest.param({"model_size": 10_000_001}, "cloud", None, id="too-large"),
        pytest.param({"model_size": None}, "hybrid", None, id="size-unknown"),
        pytest.param({"categories": ()}, "hybrid", None, id="categories-unknown"),
        pytest.param(
            {"requests": 0, "offline_requests": 0, "model": None, "quality": None, "asked": 0},
            None, "not enough evidence", id="named-by-the-policy-alone",
        ),
    ],
)  # fmt: skip
def test_the_rules_decide(known: dict[str, Any], placement: str | None, open_: str | None) -> None:
    found = advise(facts(**known))
    assert (found.placement, found.open) == (placement, open_)
    assert (found.next_step is None) == (open_ is None)
    assert [reason.factor for reason in found.reasons] == [
        "privacy", "offline", "model", "quality", "cost",
    ]  # fmt: skip
    for reason in found.reasons:
        assert placement not in reason.against
        assert reason.source


def test_every_reason_has_its_number() -> None:
    found = advise(facts(tokens_each=12.0, categories=("health", "image")))
    said = {reason.factor: reason.found for reason in found.reasons}
    assert said == {
        "privacy": "sensitive kinds of data: 1 of 2 (health); not every request should send such "
        "data",
        "offline": "1.0% of 1,000 requests were made without a network; "
        "5% or more would speak against the cloud",
        "model": "reader@1 has 200.0 kB of a budget of 10.0 MB",
        "quality": "from 0.600 up the device answers 80.0% of requests, at most 5.0% of them "
        "wrong, with 95% confidence; answering all alone, 20.0% would be wrong",
        "cost": "200 requests asked the cloud, 4,000 B and 12 tokens a call; the device would "
        "spare 80.0% of them all",
    }
    assert found.sentence.startswith(
        "image_classify belongs on the device first, and in the cloud where it is unsure, "
        "as planned: "
    )


def test_what_is_missing_is_said_with_how_much_of_it() -> None:
    found = advise(facts(quality=EARLY))
    assert "image_classify: not enough evidence: " in found.sentence
    assert "40 more installations are needed" in found.sentence
    assert advise(facts(quality=None)).next_step == (
        "`limen replay run --feature image_classify --model reader@1`, "
        "then `limen replay sweep RUN`"
    )


def test_of_what_was_never_asked_nothing_is_said() -> None:
    unseen = {"requests": 0, "offline_requests": 0, "model": None, "asked": 0}
    found = advise(facts(**unseen, quality=None, planned="cloud"))
    assert found.sentence == ("image_classify: not enough evidence: no request of it was seen.")
    assert found.next_step == "Wait for its first requests, or ask of a longer period."
    critical = advise(facts(**unseen, offline_critical=True))
    assert "critical offline; no request of it was seen; from 0.600 up" in critical.sentence


def test_a_sweep_over_scores_alone_is_named_one() -> None:
    sources = [
        next(r.source for r in advise(facts(quality=found)).reasons if r.factor == "quality")
        for found in (quality(0.8), quality(0.8, scores_only=True))
    ]
    assert sources == [
        "sweep of run r1 by label, 2,000 cases",
        "sweep over scores alone of run r1 by label, 2,000 cases",
    ]


def test_sensitive_categories_are_of_the_vocabulary() -> None:
    assert set(CATEGORIES) > SENSITIVE


def only(found: list[Advice]) -> dict[str, str]:
    (advice,) = found
    return {reason.factor: reason.found for reason in advice.reasons}


def test_the_facts_are_those_of_what_is_stored(store: Store) -> None:
    model = {"limen_model_name": "reader", "limen_model_version": "1", "limen_confidence": 0.6}
    for n in range(120):
        network = "unavailable" if n < 30 else "wifi"
        decision = "fallback" if n >= 100 else "accept"
        request = request_span(
            decision, network_connection_type=network, limen_model_size=250_000, **model
        )
        sends = [client(request, http_request_body_size=n)] if decision == "fallback" else []
        audited = request_span("accept", limen_audit_sampled=True, **model)
        store.take(traces(request, *sends))
        if n == 0:
            store.take(traces(audited, client(audited, http_request_body_size=9_999)))
    said = only(store.placements.advise(None, None, None))
    assert said["privacy"] == "sensitive kinds of data: 0 of 1 (image)"
    assert said["offline"].startswith("24.8% of 121 requests were made without a network")
    assert said["model"] == "reader@1 has 250.0 kB of a budget of 10.0 MB"
    assert said["cost"] == "20 requests asked the cloud, 110 B a call"
    with pytest.raises(NotFound, match="there is image_classify"):
        store.placements.advise("summarize", None, None)


def test_a_model_without_a_name_is_called_that(store: Store) -> None:
    store.take(traces(request_span("accept", limen_confidence=0.6)))
    said = only(store.placements.advise(None, None, None))
    assert said["model"].startswith("a model without a name")


def test_a_real_sweep_of_a_real_model_decides_over_the_api_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as running:
        place = ("--api", running.api, "--home", str(tmp_path))
        send(running, read_digits(900, model=MODEL, name="p", each=3))
        api = ("--api", running.api)
        assert limen.main(["placement", *api]) == 1
        assert "not enough evidence" in capsys.readouterr().out
        run = replay("run", "--feature", FEATURE, "--model", MODEL, "--json", *place).json["run"]
        swept = replay("sweep", run, "--max-error", "0.1", "--json", *place)
        with LimenClient(running.api) as asking:
            (found,) = asking.placement()
            with pytest.raises(NotFound):
                asking.placement("nothing_here")
            assert httpx.get(f"{running.api}/api/placement?colour=blue").status_code == 400
        quality_found = next(r for r in found.reasons if r.factor == "quality")
        assert swept.json["recommended"] is not None
        assert f"{swept.json['recommended']['device_share']:.1%}" in quality_found.found
        assert run in quality_found.source
        capsys.readouterr()
        assert limen.main(["placement", "--feature", FEATURE, "--json", *api]) == int(
            found.placement is None
        )
        assert json.loads(capsys.readouterr().out)["features"] == [found.model_dump(mode="json")]
