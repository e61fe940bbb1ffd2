"""Core ML models, described from their specification; Core ML itself runs on macOS only.

The field numbers are those of https://github.com/apple/coremltools/tree/main/mlmodel/format
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from models.artifact import Artifact
from models.errors import CorruptModel

_MANIFEST = "Manifest.json"
_DATA = PurePosixPath("Data")

_KINDS = {
    200: "pipelineClassifier",
    201: "pipelineRegressor",
    202: "pipeline",
    300: "glmRegressor",
    301: "supportVectorRegressor",
    302: "treeEnsembleRegressor",
    303: "neuralNetworkRegressor",
    304: "bayesianProbitRegressor",
    500: "neuralNetwork",
    501: "itemSimilarityRecommender",
    502: "mlProgram",
    555: "customModel",
    556: "linkedModel",
    560: "classConfidenceThresholding",
    610: "nonMaximumSuppression",
    2000: "textClassifier",
    2001: "wordTagger",
    2002: "visionFeaturePrint",
    2003: "soundAnalysisPreprocessing",
    2004: "gazetteer",
    2005: "wordEmbedding",
    2006: "audioFeaturePrint",
    3000: "serializedModel",
}
_CLASSIFIERS = {
    400: "glmClassifier",
    401: "supportVectorClassifier",
    402: "treeEnsembleClassifier",
    403: "neuralNetworkClassifier",
    404: "kNearestNeighborsClassifier",
}
# Of each message those fields that a card has a use for; a name in capitals is a message.
_FIELDS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "Model": {
        1: ("version", "int32"),
        2: ("description", "Description"),
        **{number: (name, "Nothing") for number, name in _KINDS.items()},
        **{number: (name, "Classifier") for number, name in _CLASSIFIERS.items()},
    },
    "Nothing": {},
    "Classifier": {100: ("labels", "Strings")},
    "Strings": {1: ("values", "string*")},
    "Description": {
        1: ("input", "Feature*"),
        10: ("output", "Feature*"),
        100: ("metadata", "Metadata"),
    },
    "Metadata": {1: ("description", "string"), 3: ("author", "string"), 4: ("licence", "string")},
    "Feature": {1: ("name", "string"), 3: ("type", "Type")},
    "Type": {
        1: ("integer", "Nothing"),
        2: ("double", "Nothing"),
        3: ("string", "Nothing"),
        4: ("image", "Image"),
        5: ("array", "Array"),
        6: ("dictionary", "Nothing"),
        7: ("sequence", "Nothing"),
        8: ("state", "Nothing"),
    },
    "Image": {1: ("width", "int64"), 2: ("height", "int64"), 3: ("colours", "int32")},
    "Array": {1: ("shape", "int64*"), 2: ("dtype", "int32")},
}
_GREY = (10, 40)
_DTYPES = {65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8", 65552: "float16"}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """An input or output: its `type` in Core ML; shape and dtype of pictures and arrays."""

    name: str
    type: str
    shape: tuple[int, ...] = ()
    dtype: str | None = None


@dataclass(frozen=True, kw_only=True)
class CoreMLFile:
    """`kind` is a neuralNetwork, an mlProgram …; `labels` are empty where it states none."""

    kind: str
    specification: int
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    labels: tuple[str, ...]
    description: str | None
    licence: str | None


def read_coreml(artifact: Artifact, where: str) -> CoreMLFile:
    """The specification of a `.mlmodel` file or a `.mlpackage` folder.

    Raises CorruptModel, which calls it `where`.
    """
    try:
        model = _message_class("Model").FromString(_specification(artifact, where))
    except DecodeError as exc:
        raise CorruptModel(f"{where} is not a Core ML model: export it again.") from exc
    kinds = [field.name for field, _ in model.ListFields() if field.number >= min(_KINDS)]
    if not kinds or not model.description.input:
        raise CorruptModel(f"{where} is not a Core ML model that takes anything: export it again.")
    classifier = kinds[0] in _CLASSIFIERS.values()
    labels = getattr(model, kinds[0]).labels.values if classifier else ()
    metadata = model.description.metadata
    return CoreMLFile(
        kind=kinds[0],
        specification=model.version,
        inputs=tuple(_feature(feature) for feature in model.description.input),
        outputs=tuple(_feature(feature) for feature in model.description.output),
        labels=tuple(labels),
        description=metadata.description or None,
        licence=metadata.licence or None,
    )


def _specification(artifact: Artifact, where: str) -> bytes:
    """The file itself, or the one that the manifest of a package calls its root."""
    if "" in artifact.files:
        return artifact.files[""]
    try:
        manifest = orjson.loads(artifact.files[_MANIFEST])
        root = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
        return artifact.files[str(_DATA / root)]
    except (KeyError, TypeError, orjson.JSONDecodeError) as exc:
        raise CorruptModel(
            f"{where} is not a Core ML package: its {_MANIFEST} names no specification that is "
            "there; export it again."
        ) from exc


def _feature(feature: Any) -> Feature:
    kinds = [field.name for field, _ in feature.type.ListFields()]
    match kinds[0] if kinds else "unknown":
        case "image":
            image = feature.type.image
            shape = (image.height, image.width, 1 if image.colours in _GREY else 3)
            return Feature(name=feature.name, type="image", shape=shape, dtype="uint8")
        case "array":
            array = feature.type.array
            dtype = _DTYPES.get(array.dtype)
            return Feature(name=feature.name, type="array", shape=tuple(array.shape), dtype=dtype)
        case other:
            return Feature(name=feature.name, type=other)


@functools.cache
def _message_class(name: str) -> Any:
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"coreml.{name}"))


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="coreml.proto", package="coreml", syntax="proto3"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (label, written) in fields.items():
            form = written.rstrip("*")
            field = message.field.add(name=label, number=number)
            field.label = kinds.LABEL_REPEATED if written.endswith("*") else kinds.LABEL_OPTIONAL
            field.type = getattr(kinds, f"TYPE_{form.upper()}", kinds.TYPE_MESSAGE)
            if field.type == kinds.TYPE_MESSAGE:
                field.type_name = f".coreml.{form}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
