"""The colours keep apart for every reader, on both backgrounds."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard import theme

# How the three kinds of colour-blind eyes see linear RGB: Machado, Oliveira, Fernandes (2009),
# severity 1.0.
EYES = {
    "common": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Linear sRGB to XYZ, and the white point D65 (IEC 61966-2-1).
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])

Colour = NDArray[np.float64]


def linear(colour: str) -> Colour:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    low, high = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light: Colour) -> Colour:
    ratio = XYZ @ np.clip(light, 0, 1) / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


NAMED = {name: found for name, found in vars(theme).items() if str(found).startswith("#")}
MEANINGS = {name: colour for name, colour in NAMED.items() if name != "NEUTRAL"}
COLOURS: Sequence[str] = [
    *NAMED.values(),
    *(colour for colour, _ in theme.RELEASES),
]


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_can_be_read(mode: theme.Mode) -> None:
    for text, ground in (
        (mode.text, mode.background), (mode.text, mode.raised), (mode.accent, mode.background),
        (mode.on_accent, mode.accent),
    ):  # fmt: skip
        assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", COLOURS)
def test_a_mark_stands_out_from_either_background(colour: str, mode: theme.Mode) -> None:
    assert contrast(colour, mode.background) >= 3.0


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_is_readable_on_every_surface(mode: theme.Mode) -> None:
    assert contrast(mode.text, mode.background) >= 7.0
    assert contrast(mode.text, mode.raised) >= 7.0
    assert contrast(mode.accent, mode.background) >= 4.5


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("pair", list(combinations(MEANINGS, 2)), ids="-".join)
def test_two_meanings_are_told_apart_by_every_eye(pair: tuple[str, str], eye: str) -> None:
    one, other = (lab(EYES[eye] @ linear(MEANINGS[name])) for name in pair)
    assert float(np.linalg.norm(one - other)) >= 15.0


def test_every_decision_has_the_colour_of_a_meaning() -> None:
    assert set(theme.DECISIONS.values()) <= set(MEANINGS.values())


def test_releases_differ_by_dash_too() -> None:
    assert len({dash for _, dash in theme.RELEASES}) == len(theme.RELEASES)
    assert theme.release_style(99) == theme.RELEASES[-1]


def test_the_theme_asks_for_no_font_of_another_host() -> None:
    assert not [flag for flag in theme.flags() if "http" in flag or "url" in flag]
