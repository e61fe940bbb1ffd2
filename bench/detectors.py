"""How often the detectors take ordinary telemetry for something personal, how much of what is
personal they find, and how many values they look at in a second.

What is personal is made up here, in ten contexts: an upper bound of what they find in the field, no
figure of it. Ends with 1 where more is taken for something than may be, beyond chance.

    python -m bench.detectors [--values N]
"""

import argparse
import base64
import math
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

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

# Per cent that patterns with check digits alone took for something, and that may be; else none.
ALLOWED: Mapping[str, Mapping[str, float]] = {
    "trace_id": {"card": 0.01, "imei": 0.03},
    "traceparent": {"card": 0.01, "imei": 0.03},
    "sha256": {"imei": 0.07},
    "UUIDv4": {"uuid": 100, "card": 0.03},
    "15-digit integer": {"imei": 9.8, "card": 0.65},
    "16-digit integer": {"card": 2.7},
    "version 1.2.3.4": {"ipv4": 100},
    "two floats": {"position": 90},
    "logits": {"position": 100},
    "build 123-45-6789": {"ssn": 100},
}


def _luhn(digits: str) -> str:
    doubled = [int(d) * (1 + (at + 1) % 2) for at, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def _card(rng: random.Random) -> str:
    return _luhn("4" + _number(14)(rng))


def _iban(rng: random.Random) -> str:
    account = _number(18)(rng)
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


def _mail(rng: random.Random) -> str:
    return f"{_word(rng, 8).lower()}@example.org"


def _fours(text: str, mark: str) -> str:
    return mark.join(text[at : at + 4] for at in range(0, len(text), 4))


PERSONAL: Mapping[str, Make] = {
    "e-mail": _mail,
    "phone E.164": lambda rng: f"+4915{_number(9)(rng)}",
    "phone international": lambda rng: f"+44 20 7946 {_number(4)(rng)}",
    "phone NANP": lambda rng: f"(415) 555-{_number(4)(rng)}",
    "phone national": lambda rng: f"0171 {_number(7)(rng)}",
    "phone national, named": lambda rng: f"phone 0171 {_number(7)(rng)}",
    "IPv4": lambda rng: ".".join(str(rng.randrange(128, 255)) for _ in range(4)),
    "IPv6": lambda rng: "2001:db8:" + ":".join(_hex(4)(rng) for _ in range(6)),
    "card": _card,
    "card, spaces": lambda rng: _fours(_card(rng), " "),
    "card, hyphens": lambda rng: _fours(_card(rng), "-"),
    "IBAN": _iban,
    "IBAN, spaces": lambda rng: _fours(_iban(rng), " "),
    "SSN": lambda rng: f"{rng.randrange(100, 660)}-{_number(2)(rng)}-{_number(4)(rng)}",
    "MAC": lambda rng: ":".join(_hex(2)(rng) for _ in range(6)),
    "MAC, hyphens": lambda rng: "-".join(_hex(2)(rng) for _ in range(6)),
    "IMEI": lambda rng: _luhn("35" + _number(12)(rng)),
    "UUID": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "position": lambda rng: f"{rng.uniform(40, 60):.6f}, {rng.uniform(5, 30):.6f}",
    "position, named": lambda rng: f"lat={rng.uniform(40, 60):.5f} lon={rng.uniform(5, 30):.5f}",
    "position, 2 decimals": lambda rng: f"{rng.uniform(40, 60):.2f}, {rng.uniform(5, 30):.2f}",
    "JWT": lambda rng: f"eyJ{_word(rng, 20)}.eyJ{_word(rng, 30)}.{_word(rng, 43)}",
    "JWE": lambda rng: f"eyJ{_word(rng, 20)}.." + ".".join(_word(rng, 16) for _ in range(3)),
    "AWS": lambda rng: "AKIA" + _word(rng, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "Google": lambda rng: "AIza" + _word(rng, 35),
    "GitHub": lambda rng: "ghp_" + _word(rng, 36),
    "Slack": lambda rng: f"xoxb-{_number(12)(rng)}-{_word(rng, 24)}",
    "OpenAI": lambda rng: "sk-proj-" + _word(rng, 48),
    "Anthropic": lambda rng: "sk-ant-api03-" + _word(rng, 48),
    "Hugging Face": lambda rng: "hf_" + _word(rng, 34, _B62[:52]),
    "Stripe": lambda rng: "sk_live_" + _word(rng, 24),
    "GitLab": lambda rng: "glpat-" + _word(rng, 20),
    "private key": lambda rng: f"-----BEGIN EC PRIVATE KEY-----\n{_word(rng, 64)}",
    "Authorization": lambda rng: "Bearer " + _word(rng, 32),
    "password": lambda rng: "password=" + _word(rng, 9),
    "URL with query": lambda rng: f"https://example.org/x?u={_word(rng, 10)}",
    "URL with password": lambda rng: f"https://ada:{_word(rng, 10)}@example.org/",
    "URL with id": lambda rng: f"https://example.org/users/{_number(8)(rng)}",
}

HIDDEN: Mapping[str, Callable[[str], str]] = {
    "percent signs": lambda text: quote(text, safe="").replace("-", "%2D").replace(".", "%2E"),
    "percent signs, twice": lambda text: quote("".join(f"%{ord(c):02x}" for c in text)),
    "JSON escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "HTML entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64, twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text),
    "zero width": "\u200b".join,
    "letters apart": " ".join,
}


TEXTS: Mapping[str, Callable[[int], str]] = {
    "ordinary notes": lambda n: f"checkout step {n} of the second screen",
    "messages of errors": lambda n: f"SocketTimeoutException after {n} ms at 10.0.{n % 9}.7:443",
    "notes with a mail address": lambda n: f"mail to user{n}@example.org",
}
NAMES: Mapping[str, Callable[[int], str]] = {
    "names": lambda n: f"doc_classify-v{n}",
    "versions": lambda n: f"2.{n}.0-rc.1+{n}",
}


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the tables and the speed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--values", type=int, default=20_000)
    count = arguments.parse_args(argv).values
    detectors = Detectors()
    good = _false_alarms(detectors, count)
    _recall(detectors, min(count, 2_000))
    _speed(detectors, count)
    sys.exit(0 if good else 1)


def _false_alarms(detectors: Detectors, count: int) -> bool:
    rng = random.Random(1)
    _say(f"ordinary telemetry, {count} values each: per cent taken for something, and that may be")
    good = True
    for name, make in ORDINARY.items():
        found = detectors.scan(pa.array([make(rng) for _ in range(count)]), "").found
        allowed = ALLOWED.get(name, {})
        rates = {kind: 100 * float(hits.mean()) for kind, hits in found.items()}
        over = [k for k, rate in rates.items() if rate > _bound(allowed.get(k, 0), count)]
        good &= not over
        _say(f"  {name:20} {_listed(rates):28} {_listed(allowed):28} {'OVER' if over else ''}")
    return good


def _bound(allowed: float, count: int) -> float:
    """What may be, and three standard errors: the values are drawn."""
    share = allowed / 100
    return allowed + 300 * math.sqrt(share * (1 - share) / count)


def _listed(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {rate:.2f}" for kind, rate in rates.items()) or "0"


def _recall(detectors: Detectors, count: int) -> None:
    rng = random.Random(2)
    _say(f"made-up secrets, {count // 10} in each of ten contexts: per cent found, an upper bound")
    for name, make in PERSONAL.items():
        _say(f"  {name:22} {_found(detectors, [make(rng) for _ in range(count)]):6.1%}")
    _say("the same, hidden: e-mail, card")
    for name, hide in HIDDEN.items():
        rates = [
            _found(detectors, [hide(make(rng)) for _ in range(count // 4)])
            for make in (_mail, _card)
        ]
        _say(f"  {name:22} {rates[0]:6.1%} {rates[1]:6.1%}")


def _found(detectors: Detectors, secrets: Sequence[str]) -> float:
    """The share of `secrets` that are no longer in what is kept of the text they stood in."""
    texts = [_CONTEXTS[at % len(_CONTEXTS)].format(one) for at, one in enumerate(secrets)]
    kept = detectors.scan(pa.array(texts), "").values.to_pylist()
    gone = [text is None or one not in text for text, one in zip(kept, secrets, strict=True)]
    return gone.count(True) / len(gone)


def _speed(detectors: Detectors, count: int) -> None:
    for name, text in TEXTS.items():
        values = pa.array([text(n) for n in range(count)])
        taken = _seconds(partial(detectors.scan, values, "note"))
        _say(f"{name}: {count / taken:,.0f} values/s")
    for name, text in NAMES.items():
        values = pa.array([text(n) for n in range(count)])
        taken = _seconds(partial(detectors.hits, values, "version", strict=True))
        _say(f"{name}, at the strictest: {count / taken:,.0f} values/s")
    few = pa.array(["doc_classify", "2.5.0", "Pixel 8 Pro", "production"])
    taken = _seconds(lambda: [detectors.hits(few, "name", strict=True) for _ in range(200)])
    _say(f"four names, at the strictest: {taken / 200 * 1e6:.0f} µs")


def _seconds(work: Callable[[], object]) -> float:
    """CPU seconds of it, the median of five."""
    taken = []
    for _ in range(5):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def _say(line: str) -> None:
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
