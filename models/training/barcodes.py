"""Barcodes as a phone's camera sees them: turned, cut off, blurred, in a glare."""

import random
from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Picture = NDArray[np.uint8]

HEIGHT, WIDTH = 112, 224
FORMATS = ("EAN13", "QRCode", "Code128")

_PAPER = 235
_MARGIN = 0.92  # of the picture that an upright code fills
_SCALE = 4  # pixels a module, before it is seen by a camera
_FINER = 2  # than the picture, on the way there: each pixel is the mean of what it covers

_LENS = 0.3  # pixels that even a good one blurs

# At severity 1.
_TURN = 30.0  # degrees, either way
_SMALLER = 0.3  # at most
_ASIDE = 0.35  # of the picture's half, at most, so that a part of the code is cut off
_BLUR = 1.8  # pixels, at most
_GLARE = 0.7  # chance of a reflection
_DIM = 0.65  # lost contrast, at most
_NOISE = 20.0  # standard deviation, of 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """What a barcode says, in which of FORMATS."""

    format: str
    text: str


def make_codes(count: int, seed: int) -> list[Code]:
    """`count` codes of goods, links and parts, the same ones for the same seed."""
    rng = random.Random(seed)
    return [_code(rng, FORMATS[number % len(FORMATS)]) for number in range(count)]


def draw(code: Code) -> Picture:
    """The code as printed, uint8 [h, w], with its quiet zone."""
    written = zxingcpp.create_barcode(code.text, zxingcpp.BarcodeFormat[code.format])
    printed: Picture = np.array(written.to_image(scale=_SCALE))
    return printed


def photograph(printed: Picture, rng: random.Random, severity: float) -> Picture:
    """A printed code through a camera, uint8 [HEIGHT, WIDTH], 0 black.

    `severity` is between 0 (upright, whole, sharp) and 1. The same state of `rng` gives the same
    result.
    """
    seen = _framed(printed, rng, severity)
    seen = seen.filter(ImageFilter.GaussianBlur(_LENS + severity * _BLUR * rng.random()))
    values = np.asarray(seen, dtype=np.float32)
    contrast = 1 - severity * _DIM * rng.random()
    values = 128 + (values - 128) * contrast
    if rng.random() < severity * _GLARE:
        values = values + _reflection(rng)
    noise = np.random.default_rng(rng.getrandbits(64)).standard_normal(values.shape, np.float32)
    values = values + np.float32(severity * _NOISE) * noise
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _code(rng: random.Random, format: str) -> Code:
    match format:
        case "EAN13":
            return Code(format=format, text=_checked(f"40{rng.randrange(10**10):010d}"))
        case "QRCode":
            return Code(format=format, text=f"https://example.com/p/{rng.randrange(10**6)}")
        case _:
            return Code(format=format, text=f"{rng.choice('ABKLR')}{rng.randrange(10**5):05d}")


def _checked(digits: str) -> str:
    """Twelve digits with their check digit (ISO/IEC 15420)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _framed(printed: Picture, rng: random.Random, severity: float) -> Image.Image:
    """The code turned, at its distance and place in the picture, on paper."""
    height, width = printed.shape
    angle = np.deg2rad(severity * _TURN * rng.uniform(-1, 1))
    fit = _MARGIN * min(WIDTH / width, HEIGHT / height) * (1 - severity * _SMALLER * rng.random())
    x = WIDTH / 2 * (1 + severity * _ASIDE * rng.uniform(-1, 1))
    y = HEIGHT / 2 * (1 + severity * _ASIDE * rng.uniform(-1, 1))
    # From a pixel of the picture, finer, to one of the print.
    cosine, sine = np.cos(angle) / fit / _FINER, np.sin(angle) / fit / _FINER
    x, y = x * _FINER, y * _FINER
    matrix = (
        *(cosine, sine, width / 2 - cosine * x - sine * y),
        *(-sine, cosine, height / 2 + sine * x - cosine * y),
    )
    seen = Image.fromarray(np.minimum(printed, _PAPER)).transform(
        (WIDTH * _FINER, HEIGHT * _FINER),
        Image.Transform.AFFINE,
        matrix,
        resample=Image.Resampling.BILINEAR,
        fillcolor=_PAPER,
    )
    return seen.reduce(_FINER)


def _reflection(rng: random.Random) -> NDArray[np.float32]:
    """A bright spot, float32 [HEIGHT, WIDTH]."""
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    away = np.hypot(x - rng.uniform(0, WIDTH), y - rng.uniform(0, HEIGHT))
    spot: NDArray[np.float32] = 200 * np.exp(-((away / rng.uniform(12, 45)) ** 2))
    return spot
