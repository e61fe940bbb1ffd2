"""The cloud's reader of barcodes: the same decoder with all the time it needs."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

from demo.bodies import read_picture
from demo.cloud_models import Answer
from models.barcode import NOTHING, label
from models.training.barcodes import FORMATS, HEIGHT, WIDTH

_FINER = 2


class CloudBarcodes:
    """Reads a picture as it is, finer and smoothed, with two ways to tell black from white; the
    answer is what most of them read."""

    name = "zxing_thorough"
    version = "2026.11"
    card = (
        "zxing-cpp, which was written and not trained, on the picture as it is, at twice its size "
        "and smoothed, with two binarizers, turned codes included."
    )

    def __init__(self) -> None:
        self._formats = zxingcpp.barcode_formats_from_str(",".join(FORMATS))

    def answer(self, body: bytes) -> Answer:
        """The code in a picture. Raises BadBody."""
        pixels = np.frombuffer(read_picture(body, HEIGHT, WIDTH), np.uint8)
        tries = list(self._tries(Image.fromarray(pixels.reshape(HEIGHT, WIDTH))))
        read = Counter(found for found in tries if found)
        if not read:
            return Answer(label=NOTHING, confidence=0.0)
        ((best, times),) = read.most_common(1)
        return Answer(label=best, confidence=times / len(tries))

    def _tries(self, picture: Image.Image) -> Iterator[str | None]:
        size = (WIDTH * _FINER, HEIGHT * _FINER)
        finer = picture.resize(size, Image.Resampling.BICUBIC)
        smoother = finer.filter(ImageFilter.GaussianBlur(1.5))
        near, far = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
        ways = ((picture, near), (finer, near), (finer, far), (smoother, near), (smoother, far))
        for seen, binarizer in ways:
            found = zxingcpp.read_barcode(seen, formats=self._formats, binarizer=binarizer)
            yield label(found.format.name, found.text) if found else None
