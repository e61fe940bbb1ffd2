"""Scanned handwritten digits, split into what models learn from and what they never see.

The images are the test part of the UCI "Optical Recognition of Handwritten Digits" set, as
scikit-learn ships it: https://archive.ics.uci.edu/dataset/80
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]

SPLIT_SEED = 2026
_LEVEL = 255 / 16

# At severity 1.
_SHIFT = 1.0  # pixels, either way
_BLUR = 0.6  # share of the 3×3 neighbourhood
_DIM = 0.4  # lost brightness, at most
_NOISE = 44.0  # standard deviation, of 255


@dataclass(frozen=True, kw_only=True)
class Split:
    """Images uint8 [n, 8, 8, 1], 0 (paper) to 255 (ink), and their digits int64 [n]."""

    train_images: Images
    train_labels: NDArray[np.int64]
    test_images: Images
    test_labels: NDArray[np.int64]


def load_split(seed: int = SPLIT_SEED) -> Split:
    """The digits in two halves, the same ones for the same seed. Needs scikit-learn."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * _LEVEL).astype(np.uint8)[..., np.newaxis]
    labels = digits.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(labels))
    train, test = np.array_split(order, 2)
    return Split(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


def camera(
    images: Images, rng: np.random.Generator, severity: float | NDArray[np.float64]
) -> Images:
    """The same images as a worse camera sees them: shifted, blurred, dimmed, noisy.

    `images` is uint8 [n, 8, 8, 1]; `severity` is between 0 (unchanged) and 1, one for all or one
    per image. The same state of `rng` gives the same result.
    """
    count = len(images)
    strength = np.broadcast_to(np.asarray(severity, dtype=np.float64), (count,))[:, None, None]
    seen = images[..., 0].astype(np.float64)
    for axis in (1, 2):
        seen = _shifted(seen, strength * rng.uniform(-_SHIFT, _SHIFT, (count, 1, 1)), axis)
    seen += strength * _BLUR * (_box_blurred(seen) - seen)
    seen *= 1 - strength * rng.uniform(0, _DIM, (count, 1, 1))
    seen += strength * rng.normal(0, _NOISE, seen.shape)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)[..., np.newaxis]


def _shifted(
    images: NDArray[np.float64], pixels: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    """Linear interpolation along one axis [n, 8, 8], paper beyond the edge; pixels [n, 1, 1]."""
    side = images.shape[axis]
    pad = int(np.ceil(_SHIFT))
    widths = [(0, 0), (0, 0), (0, 0)]
    widths[axis] = (pad, pad + 1)
    padded = np.pad(images, widths)
    whole = np.floor(pixels).astype(np.int64)
    steps = np.arange(side).reshape((1, side, 1) if axis == 1 else (1, 1, side))
    at = np.broadcast_to(steps + whole + pad, images.shape)
    near: NDArray[np.float64] = np.take_along_axis(padded, at, axis)
    far: NDArray[np.float64] = np.take_along_axis(padded, at + 1, axis)
    return near + (pixels - whole) * (far - near)


def _box_blurred(images: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1)])
    side = images.shape[1]
    total = np.zeros_like(images)
    for y in range(3):
        for x in range(3):
            total += padded[:, y : y + side, x : x + side]
    return total / 9
