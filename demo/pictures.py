"""What the phones photograph: held-out handwritten digits, as each camera sees them."""

from collections.abc import Sequence

import numpy as np

from demo.phone import Shot
from models.training.digits import camera, load_split


class Pictures:
    """The digits that no model has learnt from."""

    def __init__(self, seed: int) -> None:
        split = load_split()
        self._seed = seed
        self._images = split.test_images
        self._truths = [str(digit) for digit in split.test_labels.tolist()]

    def __len__(self) -> int:
        return len(self._images)

    def shots(self, roll: int, images: Sequence[int], severities: Sequence[float]) -> list[Shot]:
        """Pictures number `images` through cameras of `severities`, the same for the same roll."""
        rng = np.random.default_rng([self._seed, roll])
        seen = camera(self._images[list(images)], rng, np.array(severities, dtype=np.float64))
        return [
            Shot(picture=picture, truth=self._truths[image])
            for picture, image in zip(seen, images, strict=True)
        ]
