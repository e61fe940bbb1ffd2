"""What a `.tflite` file says of itself: tensors, signature, operators, metadata, packed files."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flatbuffers
from flatbuffers import number_types

from models.errors import CorruptModel

# Packed files beyond it are no label files.
_PACKED_BYTES = 2**20
# What following an offset to nowhere ends in.
_DAMAGED = (struct.error, IndexError, TypeError, ValueError, AttributeError, OverflowError)
_NORMALIZATION = 1
_AXIS_LABELS = 2
# What may stand between a softmax and the output without changing what the scores are.
_PASSING = ("RESHAPE", "SQUEEZE", "DEQUANTIZE", "QUANTIZE")


@dataclass(frozen=True, kw_only=True)
class TensorFacts:
    """An input or output as exported: -1 for a side that is free."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What the metadata of a model says, None where it says nothing.

    The model sees (raw - mean) / std; the packed `labels_file` annotates the output.
    """

    description: str | None = None
    licence: str | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    labels_file: str | None = None


@dataclass(frozen=True, kw_only=True)
class TFLiteFile:
    """`last_operator` makes the output, `runtime` is the first release that runs the model."""

    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    signature: str | None
    last_operator: str | None
    runtime: str | None
    metadata: Metadata
    labels: tuple[str, ...]


def read_tflite(content: bytes, where: str) -> TFLiteFile:
    """Reads a file. Raises CorruptModel, which calls it `where`, for one that is damaged."""
    try:
        return _read(content)
    except _DAMAGED as exc:
        raise CorruptModel(
            f"{where} is damaged within its structure: restore it or export it again."
        ) from exc


def _read(content: bytes) -> TFLiteFile:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    inputs = [int(at) for at in _numbers(graph, "Inputs")]
    outputs = [int(at) for at in _numbers(graph, "Outputs")]
    held = dict(_metadata_buffers(model))
    metadata = _metadata(held.get("TFLITE_METADATA", b""))
    return TFLiteFile(
        inputs=tuple(_tensor(graph.Tensors(at), schema) for at in inputs),
        outputs=tuple(_tensor(graph.Tensors(at), schema) for at in outputs),
        signature=_signature(model),
        last_operator=_producer(model, graph, outputs[0], schema) if outputs else None,
        runtime=held.get("min_runtime_version", b"").rstrip(b"\0").decode("latin-1") or None,
        metadata=metadata,
        labels=_labels(content, metadata.labels_file),
    )


def _numbers(table: Any, name: str) -> list[int]:
    return [getattr(table, name)(at) for at in range(getattr(table, f"{name}Length")())]


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def _tensor(tensor: Any, schema: Any) -> TensorFacts:
    signature = _numbers(tensor, "ShapeSignature")
    return TensorFacts(
        shape=tuple(int(side) for side in signature or _numbers(tensor, "Shape")),
        dtype=_names(schema.TensorType).get(tensor.Type(), "unknown").lower(),
    )


def _signature(model: Any) -> str | None:
    """The first signature as `key(inputs) -> outputs`."""
    if not model.SignatureDefsLength():
        return None
    found = model.SignatureDefs(0)
    sides = (
        ", ".join(
            getattr(found, side)(at).Name().decode("utf-8", "replace")
            for at in range(getattr(found, f"{side}Length")())
        )
        for side in ("Inputs", "Outputs")
    )
    key = (found.SignatureKey() or b"").decode("utf-8", "replace")
    return "{}({}) -> {}".format(key, *sides)


def _producer(model: Any, graph: Any, tensor: int, schema: Any) -> str | None:
    """The operator that makes a tensor, through those that pass scores on unchanged."""
    makers = {
        int(made): graph.Operators(at)
        for at in range(graph.OperatorsLength())
        for made in _numbers(graph.Operators(at), "Outputs")
    }
    while tensor in makers:
        # Each maker once: what a damaged file says may go round in a circle.
        operator = makers.pop(tensor)
        code = model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = _names(schema.BuiltinOperator).get(number, f"operator {number}")
        if name not in _PASSING:
            return (code.CustomCode() or b"").decode("utf-8", "replace") or name
        tensor = int(operator.Inputs(0))
    return None


def _metadata_buffers(model: Any) -> Iterator[tuple[str, bytes]]:
    for at in range(model.MetadataLength()):
        entry = model.Metadata(at)
        buffer = model.Buffers(entry.Buffer())
        content = b"" if buffer.DataIsNone() else bytes(buffer.DataAsNumpy())
        yield (entry.Name() or b"").decode("utf-8", "replace"), content


class _Table:
    """A table of the metadata schema, field by field in its order.

    https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs
    """

    def __init__(self, table: flatbuffers.table.Table) -> None:
        self._table = table

    def _at(self, field: int) -> int:
        offset = self._table.Offset(4 + 2 * field)
        return int(self._table.Pos + offset) if offset else 0

    def text(self, field: int) -> str | None:
        at = self._at(field)
        return self._table.String(at).decode("utf-8") if at else None

    def byte(self, field: int) -> int:
        at = self._at(field)
        return int(self._table.Get(number_types.Int8Flags, at)) if at else 0

    def table(self, field: int) -> "_Table":
        return self._indirect(self._at(field))

    def tables(self, field: int) -> Iterator["_Table"]:
        for at in self._vector(field):
            yield self._indirect(at)

    def floats(self, field: int) -> tuple[float, ...]:
        values = (self._table.Get(number_types.Float32Flags, at) for at in self._vector(field))
        return tuple(float(value) for value in values)

    def _vector(self, field: int) -> range:
        """Where the items of four bytes each stand."""
        offset = self._table.Offset(4 + 2 * field)
        if not offset:
            return range(0)
        start = self._table.Vector(offset)
        return range(start, start + 4 * self._table.VectorLen(offset), 4)

    def _indirect(self, at: int) -> "_Table":
        table = self._table
        return _Table(flatbuffers.table.Table(table.Bytes, table.Indirect(at)))


def _metadata(content: bytes) -> Metadata:
    """Nothing where there is none, or where it is damaged: it only proposes."""
    if not content:
        return Metadata()
    try:
        root = struct.unpack_from("<I", content)[0]
        model = _Table(flatbuffers.table.Table(bytearray(content), root))
        graph = next(model.tables(3), None)
        taken = next(graph.tables(2), None) if graph else None
        given = next(graph.tables(3), None) if graph else None
        mean, std = _normalization(taken) if taken else ((), ())
        return Metadata(
            description=model.text(1),
            licence=model.text(5),
            mean=mean,
            std=std,
            labels_file=_labels_file(given) if given else None,
        )
    except _DAMAGED:
        return Metadata()


def _normalization(tensor: _Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    for unit in tensor.tables(4):
        if unit.byte(0) == _NORMALIZATION:
            options = unit.table(1)
            return options.floats(0), options.floats(1)
    return (), ()


def _labels_file(tensor: _Table) -> str | None:
    return next((file.text(0) for file in tensor.tables(6) if file.byte(2) == _AXIS_LABELS), None)


def _labels(content: bytes, name: str | None) -> tuple[str, ...]:
    """The lines of the packed file `name`, or of the only text packed; nothing where there is none.

    The files are a zip behind the model: https://ai.google.dev/edge/litert/conversion/tensorflow/metadata
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts = [entry for entry in archive.infolist() if entry.filename.endswith(".txt")]
            chosen = [entry for entry in texts if entry.filename == name] or texts
            if len(chosen) != 1 or chosen[0].file_size > _PACKED_BYTES:
                return ()
            return tuple(archive.read(chosen[0]).decode("utf-8").splitlines())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, *_DAMAGED):
        return ()
