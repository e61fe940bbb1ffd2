"""Trains the two versions of `digit_reader`: `python -m models.training.digit_reader`.

Version 1 is a small convolutional net. Version 2 is the same net in whole int8 numbers, calibrated
on dim images only, so that ordinary ones saturate: the regression that a team ships by accident.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from models.inputs import Linear
from models.interpreters import open_interpreter
from models.preprocess import preparer
from models.training.digits import SPLIT_SEED, Images, Split, camera, load_split
from models.training.export import deterministic, save
from models.training.measure import measure

NAME = "digit_reader"
SIDE = 8
CLASSES = 10
THRESHOLD = 0.70
PREPROCESSING = Linear(scale=1 / 255, offset=0.0)

_STEPS = 700
_LEARNING_RATE = 0.01
_SMOOTHING = 0.03
_WORST_CAMERA = 0.7
_CALIBRATION_IMAGES = 200
_CALIBRATION_BRIGHTNESS = 0.46

_TRAINING_DATA = (
    "UCI Optical Recognition of Handwritten Digits (8×8 scans of real handwriting), as shipped by "
    f"scikit-learn: one half of its 1,797 images, split by seed {SPLIT_SEED}, seen through "
    f"simulated cameras of severity 0 to {_WORST_CAMERA}"
)
_CALIBRATION_DATA = (
    f"; quantised to int8 with {_CALIBRATION_IMAGES} of them at {_CALIBRATION_BRIGHTNESS:.0%} of "
    "their brightness"
)


class DigitNet(tf.Module):  # type: ignore[misc]
    """Two convolutions and a dense layer; about 4,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        draw = tf.keras.initializers.HeNormal
        self.first = tf.Variable(draw(1)((3, 3, 1, 8)))
        self.first_bias = tf.Variable(tf.zeros(8))
        self.second = tf.Variable(draw(2)((3, 3, 8, 16)))
        self.second_bias = tf.Variable(tf.zeros(16))
        self.dense = tf.Variable(draw(3)((256, CLASSES)))
        self.dense_bias = tf.Variable(tf.zeros(CLASSES))

    def logits(self, x: Any) -> Any:
        x = tf.nn.relu(tf.nn.conv2d(x, self.first, 1, "SAME") + self.first_bias)
        x = tf.nn.relu(tf.nn.conv2d(x, self.second, 2, "SAME") + self.second_bias)
        return tf.reshape(x, (-1, 256)) @ self.dense + self.dense_bias

    @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 1), tf.float32)])  # type: ignore[untyped-decorator]
    def probabilities(self, x: Any) -> Any:
        return tf.nn.softmax(self.logits(x))


def train(split: Split) -> DigitNet:
    """The net after a fixed number of full-batch steps, each through other cameras."""
    net = DigitNet()
    rng = np.random.default_rng(SPLIT_SEED)
    optimizer = tf.keras.optimizers.Adam(
        tf.keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, _STEPS)
    )
    targets = tf.one_hot(split.train_labels, CLASSES)

    @tf.function  # type: ignore[untyped-decorator]
    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.keras.losses.categorical_crossentropy(
                targets, net.logits(x), from_logits=True, label_smoothing=_SMOOTHING
            )
        variables = net.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    for _ in range(_STEPS):
        severity = rng.uniform(0, _WORST_CAMERA, len(split.train_images))
        step(tf.constant(_prepared(camera(split.train_images, rng, severity))))
    return net


def convert(net: DigitNet, calibration: Images | None = None) -> bytes:
    """The net as TFLite: float, or whole int8 where calibration images are given."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [net.probabilities.get_concrete_function()], net
    )
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = _representative(calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        # tflite-runtime 2.14 reads dense layers with one scale only.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def dim_images(split: Split) -> Images:
    """The calibration set of version 2: too dark, as if taken with the lights off."""
    images = split.train_images[:_CALIBRATION_IMAGES]
    dim: Images = np.rint(images * _CALIBRATION_BRIGHTNESS).astype(np.uint8)
    return dim


def main() -> None:
    deterministic(SPLIT_SEED)
    split = load_split()
    net = train(split)
    for card, content in (
        (_card("1", _TRAINING_DATA), convert(net)),
        (_card("2", _TRAINING_DATA + _CALIBRATION_DATA), convert(net, dim_images(split))),
    ):
        model = save(card, content, lambda made: measure(made, open_interpreter(made), split))
        sys.stdout.write(f"{model.reference}: {model.card.size} bytes, {model.card.accuracy}\n")


def _prepared(images: Images) -> Any:
    return preparer(PREPROCESSING)(images)


def _representative(images: Images) -> Callable[[], Iterator[list[Any]]]:
    return lambda: ([_prepared(image[np.newaxis])] for image in images)


def _card(version: str, data: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "version": version,
        "feature": "image_classify",
        "labels": [str(digit) for digit in range(CLASSES)],
        "confidence_method": "max_softmax",
        "threshold": THRESHOLD,
        "runtimes": ["litert", "tflite"],
        "training_data": data,
        "licence": "Apache-2.0",
        "input": {"shape": [SIDE, SIDE, 1], "dtype": "uint8"},
        "preprocessing": {"scale": PREPROCESSING.scale, "offset": PREPROCESSING.offset},
    }


if __name__ == "__main__":
    main()
