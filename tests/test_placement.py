"""Where a feature belongs: the rules over facts, and the facts from what is stored."""

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import limen
from collector.contract.attributes import CATEGORIES
from collector.contract.client import LimenClient
from collector.contract.errors import BadInput, NotFound
from collector.contract.placement import SENSITIVE, Advice, Facts, Quality, advise
from collector.store.rollups import Rollups
from tests.otlp import PHONE, now, request_span, traces
from tests.phones import read_digits, send
from tests.processes import running_collector
from tests.replays import FEATURE, MODEL, replay
from tests.store import POLICY, Store, policy_from
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
        "quality": "from a threshold of 0.600 up the device answers 80.0% of requests, at most "
        "5.0% of them wrong, with 95% confidence; answering all alone, 20.0% would be wrong",
        "cost": "200 requests asked the cloud, 4.0 kB and 12 tokens a call; of all requests 80.0% "
        "would need none at the threshold shown",
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
    assert (
        "critical offline; no request of it was seen; from a threshold of 0.600 up"
        in critical.sentence
    )


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


DAY = 24 * 3600 * 10**9
PARTS = ("app", "environment", "release")
NARROWED: Sequence[Mapping[str, Sequence[str]]] = [
    {},
    {"app": ("one",)},
    {"environment": ("unknown",)},
    {"release": ("2.4.0",)},
    {"release": ("2.4.0", "2.5.0")},
    {"app": ("two",), "environment": ("production",), "release": ("2.5.0",)},
]
RELEASED = f"""{POLICY}placement = "cloud"
categories = ["document", "image"]
"""


@dataclass(frozen=True)
class Sent:
    """One request of `image_classify`, as its phone knows it."""

    part: tuple[str, str, str]
    offline: bool
    fallback: bool
    size: int
    tokens: int


def send_each(store: Store, received: int) -> list[Sent]:
    """Requests of every app, environment and release over some days, each part with numbers of its
    own; what each was is kept here."""
    rng, sent = random.Random(20261129), []
    for number, part in enumerate(itertools.product(("one", "two"), ("production", None), "45")):
        app, environment, release = part
        resource = {
            **PHONE,
            "service.name": app,
            "service.version": f"2.{release}.0",
            "app.installation.id": f"phone-{number}",
            "deployment.environment.name": environment,
        }
        spans = []
        for _ in range(110 + 10 * number):
            fallback = rng.random() < 0.2 + number / 20
            one = Sent(
                part=(app, environment or "unknown", f"2.{release}.0"),
                offline=not fallback and rng.random() < 0.05,
                fallback=fallback,
                size=rng.randrange(1_000, 9_000) * (number + 1),
                tokens=rng.randrange(10, 90) * (number + 1),
            )
            request = request_span(
                "fallback" if one.fallback else "accept",
                start=received - rng.randrange(DAY, 3 * DAY),
                network_connection_type="unavailable" if one.offline else "wifi",
                limen_model_name="reader",
                limen_model_version=release,
                limen_model_size=1_000_000 * (number + 1),
                limen_confidence=0.6,
            )
            spans.append(request)
            if one.fallback:
                call = client(request, limen_feature=FEATURE, http_request_body_size=one.size)
                usage = {"input": one.tokens - 3, "output": 3}
                told = {f"gen_ai.usage.{kind}_tokens": n for kind, n in usage.items()}
                spans.append(replace(call, attributes={**call.attributes, **told}))
            sent.append(one)
        store.take(
            traces(*spans, resource={k: v for k, v in resource.items() if v is not None}),
            received=received,
        )
    return sent


def counted(sent: Sequence[Sent], where: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What placement has to say of those that `where` leaves, counted one by one."""
    rows = [
        one
        for one in sent
        if all(
            value in where.get(name, (value,)) for name, value in zip(PARTS, one.part, strict=True)
        )
    ]
    asked = [one for one in rows if one.fallback]
    newer = [one for one in rows if one.part[2] == "2.5.0"]
    model = "5" if 2 * len(newer) > len(rows) else "4"
    size = max(
        number + 1
        for number, part in enumerate(dict.fromkeys(one.part for one in sent))
        if part[2] == f"2.{model}.0" and any(one.part == part for one in rows)
    )
    released = where.get("release") == ("2.5.0",)
    found = facts(
        planned="hybrid" if where.get("release") == ("2.4.0",) else "cloud" if released else None,
        categories=("document", "image") if where.get("release") != ("2.4.0",) else ("image",),
        requests=len(rows),
        offline_requests=sum(one.offline for one in rows),
        model=f"reader@{model}",
        model_size=1_000_000 * size,
        quality=None,
        asked=len(asked),
        bytes_each=sum(one.size for one in asked) / len(asked),
        tokens_each=sum(one.tokens for one in asked) / len(asked),
    )
    return only([advise(found)])


def test_narrowed_it_says_the_numbers_of_that_part_alone_rolled_up_or_not(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(RELEASED, tmp_path)) as store:
        sent = send_each(store, now())
        rollups = Rollups(store.database)
        for _ in ("one by one", "from sums"):
            for where in NARROWED:
                (found,) = store.placements.advise(None, None, None, where)
                assert only([found]) == counted(sent, where)
            while rollups.run():
                pass
        assert [] == store.placements.advise(None, None, None, {"release": ("9.9",)})
        assert [] == store.placements.advise(FEATURE, None, None, {"app": ("one' or true",)})
        for refused in ("colour", "os", "feature"):
            with pytest.raises(BadInput, match="it has app, environment, release"):
                store.placements.advise(None, None, None, {refused: ("x",)})


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
            assert [found] == asking.placement(where={"app": ("fieldnotes",)})
            assert asking.placement(where={"release": ("9.9",)}) == []
            with pytest.raises(NotFound):
                asking.placement("nothing_here")
            for wrong in ("colour=blue", "where=colour=blue", "where=app"):
                assert httpx.get(f"{running.api}/api/placement?{wrong}").status_code == 400
        quality_found = next(r for r in found.reasons if r.factor == "quality")
        assert swept.json["recommended"] is not None
        assert f"{swept.json['recommended']['device_share']:.1%}" in quality_found.found
        assert run in quality_found.source
        capsys.readouterr()
        assert limen.main(["placement", "--where", "release=9.9", *api]) == 1
        assert "No request of this selection" in capsys.readouterr().out
        narrowed = ["--where", "app=fieldnotes", "--where", "environment=production"]
        assert limen.main(["placement", *narrowed, "--feature", FEATURE, "--json", *api]) == int(
            found.placement is None
        )
        assert json.loads(capsys.readouterr().out)["features"] == [found.model_dump(mode="json")]
