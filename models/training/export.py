"""From a trained net to a model in the registry: the file, its card, and figures measured on it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from models.card import read_card
from models.registry import BUNDLED_ROOT, CARD_FILE, Model

FILE = "model.tflite"
LABELS_FILE = "labels.txt"
Card = Mapping[str, Any]


def deterministic(seed: int) -> None:
    """The same weights each time on one machine."""
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(seed)


def convert_small(module: Any, function: Any) -> bytes:
    """The net as TFLite with its weights in int8, computing on floats."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # tflite-runtime 2.14 reads dense layers with one scale only.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def save(
    card: Card,
    content: bytes,
    figures: Callable[[Model], Mapping[str, float]],
    *,
    labels: tuple[str, ...] | None = None,
    root: Path = BUNDLED_ROOT,
) -> Model:
    """Writes the file and its card, with `figures` of the file as written.

    `labels` go into a file of their own where they are given.
    """
    folder = root / card["name"] / card["version"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(content)
    said = dict(card) | {"file": FILE, "digest": _digest(content), "size": len(content)}
    if labels is not None:
        listed = "".join(f"{label}\n" for label in labels).encode()
        (folder / LABELS_FILE).write_bytes(listed)
        said |= {"labels_file": LABELS_FILE, "labels_digest": _digest(listed)}
    card_file = folder / CARD_FILE
    card_file.write_text(_toml(said | {"accuracy": {}}), encoding="utf-8")
    accuracy = figures(Model(card=read_card(card_file), path=folder / FILE))
    card_file.write_text(_toml(said | {"accuracy": accuracy}), encoding="utf-8")
    return Model(card=read_card(card_file), path=folder / FILE)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _toml(card: Card) -> str:
    plain = {key: value for key, value in card.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in card.items() if isinstance(value, Mapping)}
    parts = [_lines(plain), *(f"[{name}]\n{_lines(table)}" for name, table in tables.items())]
    return "\n".join(parts)


def _lines(table: Mapping[str, Any]) -> str:
    # These strings, numbers and lists are written alike in JSON and TOML.
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
    return "".join(lines)
