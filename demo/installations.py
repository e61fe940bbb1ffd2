"""The phones: who they are, what they run and when they move from release 2.4.0 to 2.5.0."""

import random
import uuid
from dataclasses import dataclass

from demo.releases import NEW_RELEASE, OLD_RELEASE
from models.interpreters import available_runtimes

DAY = 86_400.0
HISTORY_SECONDS = 7 * DAY - 6 * 3600.0

_CONSENTING = 0.40
_CONSENTING_TO_ANALYTICS = 0.60
_UPGRADING = 0.45
_ROLLOUT_STARTS = 0.5 * DAY
_TFLITE_UP_TO_ANDROID = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A phone on the market. `severity` is how bad its camera is, 0 to 1; `share` a weight."""

    manufacturer: str
    identifier: str
    os: str
    versions: tuple[str, ...]
    severity: float
    delegate: str
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """One phone with the app on it. `upgraded_at` is seconds into the history; None: never.

    `runtime` is what it runs TFLite models with, `activity` a weight.
    """

    index: int
    id: str
    device: Device
    os_version: str
    country: str
    severity: float
    runtime: str
    consents_to_logging: bool
    consents_to_analytics: bool
    upgraded_at: float | None
    activity: float

    def release(self, at: float) -> str:
        """The release installed at `at` seconds into the history."""
        upgraded = self.upgraded_at is not None and at >= self.upgraded_at
        return NEW_RELEASE if upgraded else OLD_RELEASE


DEVICES = (
    Device(
        manufacturer="Google",
        identifier="shiba",
        os="Android",
        versions=("14", "15", "16"),
        severity=0.25,
        delegate="cpu",
        share=0.14,
    ),
    Device(
        manufacturer="Samsung",
        identifier="SM-S911B",
        os="Android",
        versions=("14", "15"),
        severity=0.30,
        delegate="gpu",
        share=0.16,
    ),
    Device(
        manufacturer="Samsung",
        identifier="SM-A546B",
        os="Android",
        versions=("13", "14"),
        severity=0.45,
        delegate="cpu",
        share=0.16,
    ),
    Device(
        manufacturer="Xiaomi",
        identifier="2201117TG",
        os="Android",
        versions=("11", "12", "13"),
        severity=0.60,
        delegate="cpu",
        share=0.16,
    ),
    Device(
        manufacturer="motorola",
        identifier="moto g54",
        os="Android",
        versions=("13", "14"),
        severity=0.55,
        delegate="cpu",
        share=0.08,
    ),
    Device(
        manufacturer="Apple",
        identifier="iPhone15,2",
        os="iOS",
        versions=("17.5.1", "18.1"),
        severity=0.20,
        delegate="cpu",
        share=0.18,
    ),
    Device(
        manufacturer="Apple",
        identifier="iPhone12,8",
        os="iOS",
        versions=("16.7", "17.5.1"),
        severity=0.40,
        delegate="cpu",
        share=0.12,
    ),
)

_COUNTRIES = {"DE": 0.30, "FR": 0.18, "PL": 0.14, "IN": 0.14, "BR": 0.10, "US": 0.14}


def population(count: int, seed: int) -> list[Installation]:
    """`count` installations, the same ones for the same seed."""
    runtimes = available_runtimes()
    return [_installation(index, seed, runtimes) for index in range(count)]


def _installation(index: int, seed: int, runtimes: tuple[str, ...]) -> Installation:
    rng = random.Random(f"{seed}/installation/{index}")
    device = rng.choices(DEVICES, [device.share for device in DEVICES])[0]
    version = rng.choice(device.versions)
    old = device.os == "Android" and int(version) <= _TFLITE_UP_TO_ANDROID
    upgraded_at = rng.uniform(_ROLLOUT_STARTS, HISTORY_SECONDS)
    return Installation(
        index=index,
        id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        device=device,
        os_version=version,
        country=rng.choices(list(_COUNTRIES), list(_COUNTRIES.values()))[0],
        severity=min(1.0, max(0.0, rng.gauss(device.severity, 0.08))),
        runtime="tflite" if old and "tflite" in runtimes else "litert",
        consents_to_logging=rng.random() < _CONSENTING,
        upgraded_at=upgraded_at if rng.random() < _UPGRADING else None,
        activity=rng.gammavariate(0.6, 1.0),
        consents_to_analytics=rng.random() < _CONSENTING_TO_ANALYTICS,
    )
