"""How often the detectors take ordinary telemetry for something personal, how much of what is
personal they find, and how many values they look at in a second.

What is personal is made up here, in ten contexts: an upper bound of what they find in the field, no
figure of it.

    python -m bench.detectors [--values N]
"""

import argparse
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from collector.detect import Detectors

_B62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_CONTEXTS = (
    "{}", "value {} here", "user={}", '{{"a": "{}"}}', "[{}]", "to {};", "({})", "x, {}, y", "<{}>",
    "failed for {}",
)  # fmt: skip

Make = Callable[[random.Random], str]


def _hex(digits: int) -> Make:
    return lambda rng: f"{rng.getrandbits(4 * digits):0{digits}x}"


def _number(digits: int) -> Make:
    return lambda rng: str(rng.randrange(10 ** (digits - 1), 10**digits))


def _since(scale: int) -> Make:
    return lambda rng: str(
        rng.randrange(1_600_000_000, 1_900_000_000) * scale + rng.randrange(scale)
    )


def _word(rng: random.Random, size: int, letters: str = _B62) -> str:
    return "".join(rng.choices(letters, k=size))


ORDINARY: Mapping[str, Make] = {
    "trace_id": _hex(32),
    "traceparent": lambda rng: f"00-{_hex(32)(rng)}-{_hex(16)(rng)}-01",
    "sha256": _hex(64),
    "UUIDv4": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "epoch s": _since(1),
    "epoch ms": _since(10**3),
    "epoch µs": _since(10**6),
    "epoch ns": _since(10**9),
    "10-digit integer": _number(10),
    "15-digit integer": _number(15),
    "16-digit integer": _number(16),
    "version 1.2.3.4": lambda rng: ".".join(str(rng.randrange(30)) for _ in range(4)),
    "User-Agent": lambda rng: (
        f"Mozilla/5.0 (Linux; Android {rng.randrange(9, 16)}; SM-S9{rng.randrange(10, 99)}B) "
        f"AppleWebKit/537.36 Chrome/{rng.randrange(90, 140)}.0.{rng.randrange(1000, 9999)}.0"
    ),
    "latencies": lambda rng: " ".join(str(rng.randrange(1, 3000)) for _ in range(3)),
    "two floats": lambda rng: f"{rng.random():.6f}, {rng.random():.6f}",
    "logits": lambda rng: f"{rng.gauss(0, 8):.4f}, {rng.gauss(0, 8):.4f}",
    "TLS fingerprint": lambda rng: ":".join(_hex(2)(rng) for _ in range(20)),
    "ISO timestamp": lambda rng: (
        f"20{rng.randrange(20, 30)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        f"T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
    ),
    "model name": lambda rng: rng.choice(("efficientnet_lite0_int8", "gpt-4o-mini-2024-07-18")),
    "build 123-45-6789": lambda rng: f"{_number(3)(rng)}-{_number(2)(rng)}-{_number(4)(rng)}",
}


def _luhn(digits: str) -> str:
    doubled = [int(d) * (1 + (at + 1) % 2) for at, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def _card(rng: random.Random) -> str:
    return _luhn("4" + _number(14)(rng))


def _iban(rng: random.Random) -> str:
    account = _number(18)(rng)
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


PERSONAL: Mapping[str, Make] = {
    "e-mail": lambda rng: f"{_word(rng, 8).lower()}@example.org",
    "e-mail %40": lambda rng: f"{_word(rng, 8).lower()}%40example.org",
    "phone E.164": lambda rng: f"+4915{_number(9)(rng)}",
    "phone international": lambda rng: f"+44 20 7946 {_number(4)(rng)}",
    "phone NANP": lambda rng: f"(415) 555-{_number(4)(rng)}",
    "IPv4": lambda rng: ".".join(str(rng.randrange(128, 255)) for _ in range(4)),
    "IPv6": lambda rng: "2001:db8:" + ":".join(_hex(4)(rng) for _ in range(6)),
    "card": _card,
    "IBAN": _iban,
    "SSN": lambda rng: f"{rng.randrange(100, 660)}-{_number(2)(rng)}-{_number(4)(rng)}",
    "MAC": lambda rng: ":".join(_hex(2)(rng) for _ in range(6)),
    "IMEI": lambda rng: _luhn("35" + _number(12)(rng)),
    "UUID": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "position": lambda rng: f"{rng.uniform(40, 60):.6f}, {rng.uniform(5, 30):.6f}",
    "JWT": lambda rng: f"eyJ{_word(rng, 20)}.eyJ{_word(rng, 30)}.{_word(rng, 43)}",
    "AWS": lambda rng: "AKIA" + _word(rng, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "Google": lambda rng: "AIza" + _word(rng, 35),
    "GitHub": lambda rng: "ghp_" + _word(rng, 36),
    "Slack": lambda rng: f"xoxb-{_number(12)(rng)}-{_word(rng, 24)}",
    "OpenAI": lambda rng: "sk-proj-" + _word(rng, 48),
    "Stripe": lambda rng: "sk_live_" + _word(rng, 24),
    "Authorization": lambda rng: "Bearer " + _word(rng, 32),
    "URL with query": lambda rng: f"https://example.org/x?u={_word(rng, 10)}",
    "URL with password": lambda rng: f"https://ada:{_word(rng, 10)}@example.org/",
}


def main(argv: Sequence[str] | None = None) -> None:
    """Prints both tables and the speed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--values", type=int, default=20_000)
    count = arguments.parse_args(argv).values
    detectors, rng = Detectors(), random.Random(1)
    _say(f"ordinary telemetry, {count} values each: per cent taken for something")
    for name, make in ORDINARY.items():
        values = pa.array([make(rng) for _ in range(count)])
        found = detectors.scan(values, "").found
        said = ", ".join(f"{kind} {hits.mean():.2%}" for kind, hits in found.items())
        _say(f"  {name:18} {said or '0'}")
    _say("made-up secrets, 200 in each of ten contexts: per cent found")
    for name, make in PERSONAL.items():
        texts = [context.format(make(rng)) for context in _CONTEXTS for _ in range(200)]
        hits = detectors.hits(pa.array(texts), "", strict=False)
        _say(f"  {name:18} {hits.mean():.1%}")
    for name, make in (
        ("ordinary notes", lambda n: f"checkout step {n} of the second screen"),
        ("notes with a mail address", lambda n: f"mail to user{n}@example.org"),
    ):
        values = pa.array([make(n) for n in range(count)])
        _say(f"{name}: {count / _seconds(detectors, values):,.0f} values/s")


def _seconds(detectors: Detectors, values: pa.StringArray) -> float:
    """CPU seconds of one look, the median of five."""
    taken = []
    for _ in range(5):
        begin = time.process_time()
        detectors.scan(values, "")
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
