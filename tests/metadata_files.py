"""Metadata as the TFLite metadata tools write it, table by table of its schema.

https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs
"""

from collections.abc import Sequence

import flatbuffers
from flatbuffers import number_types

_NORMALIZATION, _AXIS_LABELS = 1, 2


def metadata(
    *,
    description: str | None = None,
    licence: str | None = None,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    labels_file: str | None = None,
) -> bytes:
    """ModelMetadata of one subgraph with one input and one output."""
    build = flatbuffers.Builder(256)
    texts = {
        slot: build.CreateString(text)
        for slot, text in ((0, "own"), (1, description), (5, licence))
        if text is not None
    }
    taken = _normalised(build, mean, std)
    given = _labelled(build, labels_file)
    inputs, outputs = _tables(build, [taken]), _tables(build, [given])
    build.StartObject(8)
    build.PrependUOffsetTRelativeSlot(2, inputs, 0)
    build.PrependUOffsetTRelativeSlot(3, outputs, 0)
    graphs = _tables(build, [build.EndObject()])
    build.StartObject(8)
    for slot, text in texts.items():
        build.PrependUOffsetTRelativeSlot(slot, text, 0)
    build.PrependUOffsetTRelativeSlot(3, graphs, 0)
    build.Finish(build.EndObject(), file_identifier=b"M001")
    return bytes(build.Output())


def _normalised(build: flatbuffers.Builder, mean: Sequence[float], std: Sequence[float]) -> int:
    floats = _floats(build, mean), _floats(build, std)
    build.StartObject(2)
    for slot, vector in enumerate(floats):
        build.PrependUOffsetTRelativeSlot(slot, vector, 0)
    options = build.EndObject()
    build.StartObject(2)
    build.PrependInt8Slot(0, _NORMALIZATION, 0)
    build.PrependUOffsetTRelativeSlot(1, options, 0)
    units = _tables(build, [build.EndObject()])
    build.StartObject(7)
    build.PrependUOffsetTRelativeSlot(4, units, 0)
    return int(build.EndObject())


def _labelled(build: flatbuffers.Builder, labels_file: str | None) -> int:
    files = []
    if labels_file is not None:
        name = build.CreateString(labels_file)
        build.StartObject(5)
        build.PrependUOffsetTRelativeSlot(0, name, 0)
        build.PrependInt8Slot(2, _AXIS_LABELS, 0)
        files.append(build.EndObject())
    vector = _tables(build, files)
    build.StartObject(7)
    build.PrependUOffsetTRelativeSlot(6, vector, 0)
    return int(build.EndObject())


def _tables(build: flatbuffers.Builder, tables: Sequence[int]) -> int:
    build.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        build.PrependUOffsetTRelative(table)
    return int(build.EndVector())


def _floats(build: flatbuffers.Builder, values: Sequence[float]) -> int:
    build.StartVector(number_types.Float32Flags.bytewidth, len(values), 4)
    for value in reversed(values):
        build.PrependFloat32(value)
    return int(build.EndVector())
