"""Barcodes: zxing-cpp as the local model, as sure as disturbed pictures are read the same."""

import functools
import hashlib
import importlib.metadata
import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from scipy.ndimage import correlate1d

from models.answers import KEPT, Answers
from models.errors import CorruptModel, RuntimeMissing, WrongInput
from models.inputs import TensorInput
from models.preprocess import Raw
from models.registry import Model

NOTHING = "none"

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """What the model file of a decoder says.

    Each picture is read `decodes` times: as it is, and moved by up to `shift` pixels, blurred by up
    to `blur` (1: each pixel is the mean of its 3×3 neighbourhood), darkened by up to `dim` of its
    brightness, with noise of standard deviation up to `noise` of 255 levels. `try_harder` looks for
    codes too that are turned by a right angle, white on black, or finer than the picture.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    formats: Annotated[tuple[str, ...], Field(min_length=1)]
    try_harder: bool
    decodes: Annotated[int, Field(ge=2, le=64)]
    seed: Annotated[int, Field(ge=0)]
    shift: Annotated[Amount, Field(le=1)]
    blur: Annotated[Amount, Field(le=1)]
    dim: Annotated[Amount, Field(lt=1)]
    noise: Amount


@dataclass(frozen=True, kw_only=True)
class _Disturbance:
    """One way to see a picture worse, the same for every picture.

    What each pixel is of those around it, float32 [5] per axis; light; noise float32 [h, w].
    """

    down: NDArray[np.float32]
    across: NDArray[np.float32]
    light: np.float32
    noise: NDArray[np.float32]

    def __call__(self, picture: Picture) -> Picture:
        seen = correlate1d(picture, self.down, axis=0, output=np.float32, mode="nearest")
        seen = correlate1d(seen, self.across, axis=1, mode="nearest")
        seen *= self.light
        seen += self.noise
        disturbed: Picture = np.clip(np.rint(seen, out=seen), 0, 255, out=seen).astype(np.uint8)
        return disturbed


def label(format_name: str, text: str) -> str:
    """What stands for a code in scores and spans, e.g. `EAN13-bpdkjmac`, for zxing's format name.

    The letters are 32 bits of the text's SHA-256: enough to tell whether two readers agree, too few
    to get the text back. A list of likely texts tells which of them it was.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4]
    letters = "".join(chr(ord("a") + nibble) for byte in digest for nibble in divmod(byte, 16))
    return f"{format_name}-{letters}"


class BarcodeReader:
    """zxing-cpp with the settings of a model file: a `models.interpreters.Interpreter`."""

    runtime = "zxing"
    fixed_batch = False

    def __init__(self, model: Model, decoder: Decoder, threads: int) -> None:
        import zxingcpp

        spec = model.card.input
        if not isinstance(spec, TensorInput) or spec.dtype != "uint8" or not _is_grey(spec.shape):
            raise CorruptModel(
                f"{model.reference} takes {spec.kind} where a decoder takes grey pictures: state "
                "a shape of [height, width] and the dtype uint8 in its card."
            )
        self.version = importlib.metadata.version("zxing-cpp")
        self._model = model
        self._shape = spec.shape
        try:
            formats = zxingcpp.barcode_formats_from_str(",".join(decoder.formats))
        except ValueError as exc:
            raise CorruptModel(
                f"{model.reference} at {model.path}: {exc}; correct formats."
            ) from exc
        self._disturbances = _disturbances(decoder, spec.shape[:2])
        # zxing and scipy compute without Python's lock.
        self._map = map if threads == 1 else ThreadPoolExecutor(threads).map
        self._read_barcode = functools.partial(
            zxingcpp.read_barcode,
            formats=formats,
            try_rotate=decoder.try_harder,
            try_downscale=decoder.try_harder,
            try_invert=decoder.try_harder,
        )

    def prepare(self, raw: Raw) -> NDArray[Any]:
        """Pictures as they are, uint8 [n, h, w] or [n, h, w, 1]."""
        return np.asarray(raw)

    def run(self, prepared: NDArray[Any]) -> Answers:
        """Pictures, 0 black, to the codes in them; `none` where nothing is read. Raises WrongInput.

        A code's score is the share of the readings that gave it, and the highest one is the
        confidence. Each picture is answered the same whichever others stand beside it.
        """
        if prepared.dtype != np.uint8 or prepared.shape[1:] != self._shape:
            raise WrongInput(
                f"{self._model.reference} takes uint8 of shape (n, "
                f"{', '.join(str(side) for side in self._shape)}) and got {prepared.dtype} of "
                f"{prepared.shape}: decode the inputs by its card first."
            )
        pictures = np.ascontiguousarray(prepared.reshape(len(prepared), *self._shape[:2]))
        return _counted(list(self._map(self._readings, pictures)))

    def _readings(self, picture: Picture) -> list[str | None]:
        disturbed = (disturb(picture) for disturb in self._disturbances)
        return [self._read(seen) for seen in (picture, *disturbed)]

    def _read(self, picture: Picture) -> str | None:
        found = self._read_barcode(picture)
        return label(found.format.name, found.text) if found else None


def open_barcode_reader(model: Model, threads: int) -> BarcodeReader:
    """The decoder of a model, which reads as many pictures at a time as it has threads.

    Raises RuntimeMissing, CorruptModel, and what `Model.content` raises.
    """
    content = model.content()
    try:
        table = tomllib.loads(content.decode("utf-8"))
        # In JSON mode a strict validator takes an array for a tuple.
        decoder = TypeAdapter(Decoder).validate_json(json.dumps(table, default=str))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise CorruptModel(f"{model.reference} at {model.path} is not TOML ({exc}).") from exc
    except ValidationError as exc:
        faults = ", ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}" for fault in exc.errors()
        )
        raise CorruptModel(
            f"{model.reference} at {model.path} is not the settings of a decoder: {faults}."
        ) from exc
    try:
        return BarcodeReader(model, decoder, threads)
    except ImportError as exc:
        raise RuntimeMissing(
            f"{model.reference} cannot run on zxing, which is missing here: install it with "
            "`pip install zxing-cpp`."
        ) from exc


def _is_grey(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)


def _disturbances(decoder: Decoder, shape: tuple[int, ...]) -> list[_Disturbance]:
    rng = np.random.default_rng(decoder.seed)
    found = []
    for _ in range(decoder.decodes - 1):
        blur = float(rng.uniform(0, decoder.blur))
        found.append(
            _Disturbance(
                down=_weights(float(rng.uniform(-decoder.shift, decoder.shift)), blur),
                across=_weights(float(rng.uniform(-decoder.shift, decoder.shift)), blur),
                light=np.float32(1 - rng.uniform(0, decoder.dim)),
                noise=rng.normal(0, rng.uniform(0, decoder.noise), shape).astype(np.float32),
            )
        )
    return found


def _weights(pixels: float, blur: float) -> NDArray[np.float32]:
    """Of the pixels two before to two after, for one moved by linear interpolation and blurred."""
    around = np.array([blur / 3, 1 - 2 * blur / 3, blur / 3])
    moved = np.interp(np.arange(-2, 3) - pixels, (-1, 0, 1), (0, 1, 0))
    return np.convolve(moved, around, mode="same").astype(np.float32)


def _counted(readings: Sequence[Sequence[str | None]]) -> Answers:
    """Answers of the k readings of each picture; of equally frequent codes the first is best."""
    ranks = [Counter(code for code in codes if code).most_common(KEPT) for codes in readings]
    vocabulary = [NOTHING, *sorted({code for rank in ranks for code, _ in rank})]
    places = {code: place for place, code in enumerate(vocabulary)}
    best = np.full((len(readings), KEPT), -1, dtype=np.int32)
    best[:, 0] = places[NOTHING]
    scores = np.zeros((len(readings), KEPT), dtype=np.float32)
    for row, rank in enumerate(ranks):
        for column, (code, times) in enumerate(rank):
            best[row, column] = places[code]
            scores[row, column] = times / len(readings[row])
    confidence = scores[:, 0].astype(np.float64)
    return Answers(vocabulary=vocabulary, best=best, scores=scores, confidence=confidence)
