"""The app on a phone, one launch at a time: it answers, is counted, and only then tells."""

import hashlib
from collections.abc import Iterable

from collector.contract.policy import Policy
from demo.device_model import DeviceModels
from demo.installations import MODELS, Installation
from demo.ledger import Ledger
from demo.phone import Outcome, Phone, Shot
from demo.schedule import Launch, PlannedRequest
from demo.telemetry import FEATURE, Buffer, LaunchTelemetry, is_logged
from demo.transfers import Sender


class App:
    """One launch on one phone."""

    def __init__(
        self,
        installation: Installation,
        release: str,
        phone: Phone,
        telemetry: LaunchTelemetry,
        ledger: Ledger,
    ) -> None:
        self._installation = installation
        self._release = release
        self._phone = phone
        self._telemetry = telemetry
        self._ledger = ledger
        self._outcomes: list[Outcome] = []

    def answer(self, request: PlannedRequest, shot: Shot, at: int) -> None:
        """One request when the phone's clock shows `at` (nanoseconds)."""
        outcome = self._phone.answer(request, shot, at)
        logged = is_logged(self._installation, outcome)
        self._ledger.count(self._release, outcome, logged=logged)
        self._telemetry.record(outcome, logged=logged)
        self._outcomes.append(outcome)

    def close(self) -> None:
        """The process ends; nothing more comes of this launch."""
        self._ledger.close_launch(self._release, self._outcomes)


class AppStore:
    """The app in both of its releases, ready to be launched."""

    def __init__(self, *, policy: Policy, sender: Sender, ledger: Ledger, seed: int) -> None:
        self._policy = policy
        self._sender = sender
        self._ledger = ledger
        self._models = DeviceModels()
        self._digest_key = hashlib.blake2b(b"%d" % seed, digest_size=32).digest()

    def open_models(self, installations: Iterable[Installation]) -> None:
        """Opens what any of them may run, so that no request waits for it. Raises ModelError."""
        for runtime, delegate in {(one.runtime, one.device.delegate) for one in installations}:
            for reference in MODELS.values():
                self._models.get(reference, runtime, delegate)

    def launch(self, installation: Installation, launch: Launch, buffer: Buffer) -> App:
        """Raises ModelError where the model of the release cannot be opened."""
        threshold = self._policy.features[FEATURE].rule(launch.release).threshold
        assert threshold is not None
        model = self._models.get(
            MODELS[launch.release], installation.runtime, installation.device.delegate
        )
        phone = Phone(
            model=model, threshold=threshold, sender=self._sender, digest_key=self._digest_key
        )
        telemetry = LaunchTelemetry(installation, launch, model, self._policy.version, buffer)
        return App(installation, launch.release, phone, telemetry, self._ledger)
