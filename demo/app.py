"""The app on a phone, one launch at a time: it answers, is counted, and only then tells."""

import hashlib
from collections.abc import Iterable

from collector.contract.policy import Policy
from demo.device_model import DeviceModel, DeviceModels
from demo.features import FEATURES, Feature
from demo.installations import Installation
from demo.ledger import Ledger
from demo.phone import Equipment, Outcome, Phone
from demo.samples import Sample
from demo.schedule import Launch, PlannedRequest
from demo.telemetry import Buffer, LaunchTelemetry, is_logged
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

    def tell_consents(self, since: int) -> None:
        """The phone's first start: what its person chose at `since` (nanoseconds)."""
        self._telemetry.tell_consents(since)

    def answer(self, request: PlannedRequest, sample: Sample, at: int) -> None:
        """One request when the phone's clock shows `at` (nanoseconds)."""
        outcome = self._phone.answer(request, sample, at)
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
        kinds = {(one.runtime, one.device.delegate): one for one in installations}
        for one in kinds.values():
            for feature in FEATURES.values():
                for release in feature.models:
                    self._model(feature, release, one)

    def launch(self, installation: Installation, launch: Launch, buffer: Buffer) -> App:
        """Raises ModelError where a model of the release cannot be opened."""
        equipment = {
            name: self._equipment(feature, launch.release, installation)
            for name, feature in FEATURES.items()
        }
        phone = Phone(equipment=equipment, sender=self._sender, digest_key=self._digest_key)
        telemetry = LaunchTelemetry(installation, launch, equipment, self._policy.version, buffer)
        return App(installation, launch.release, phone, telemetry, self._ledger)

    def _equipment(self, feature: Feature, release: str, installation: Installation) -> Equipment:
        if release not in feature.models:
            return Equipment(feature=feature)
        threshold = self._policy.features[feature.name].rule(release).threshold
        assert threshold is not None
        model = self._model(feature, release, installation)
        return Equipment(feature=feature, model=model, threshold=threshold)

    def _model(self, feature: Feature, release: str, installation: Installation) -> DeviceModel:
        delegate = installation.device.delegate if feature.accelerated else "cpu"
        return self._models.get(feature.models[release], installation.runtime, delegate)
