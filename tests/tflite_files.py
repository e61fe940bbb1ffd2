"""TFLite files made by hand, byte for byte as a test needs them, with the format's own schema."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Op = schema.BuiltinOperator
Type = schema.TensorType
_TYPES = {"float32": Type.FLOAT32, "int8": Type.INT8, "int32": Type.INT32, "uint8": Type.UINT8}


class Builder:
    """One subgraph, tensor by tensor and operator by operator."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        # Buffer 0 stands for none.
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.model.metadata = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: int = Type.FLOAT32,
        *,
        value: NDArray[Any] | None = None,
        free: Sequence[int] = (),
        steps: tuple[float, int] | None = None,
    ) -> int:
        """Its index; the axes `free` have no fixed size, `steps` are scale and zero point."""
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = name, dtype, list(shape)
        if free:
            tensor.shapeSignature = [-1 if at in free else side for at, side in enumerate(shape)]
        if steps:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [steps[0]], [steps[1]]
        tensor.buffer = 0 if value is None else self._buffer(value.tobytes())
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(
        self,
        code: int,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 1,
        custom: str | None = None,
        options: tuple[int, object] | None = None,
    ) -> None:
        kind = schema.OperatorCodeT()
        kind.builtinCode, kind.version, kind.customCode = code, version, custom
        kind.deprecatedBuiltinCode = min(code, 127)
        self.model.operatorCodes.append(kind)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options:
            operator.builtinOptionsType, operator.builtinOptions = options
        self.graph.operators.append(operator)

    def dense(self, source: int, target: int, weights: NDArray[np.float32], **more: Any) -> None:
        """target = source @ weights; weights are [inputs, outputs]."""
        kept = np.ascontiguousarray(weights.T)
        held = self.tensor(f"weights {target}", kept.shape, value=kept)
        options = schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT()
        self.operator(Op.FULLY_CONNECTED, [source, held, -1], [target], options=options, **more)

    def softmax(self, source: int, target: int) -> None:
        found = schema.SoftmaxOptionsT()
        found.beta = 1.0
        self.operator(
            Op.SOFTMAX, [source], [target], options=(schema.BuiltinOptions.SoftmaxOptions, found)
        )

    def reshape(self, source: int, target: int, shape: Sequence[int]) -> None:
        held = self.tensor("shape", [len(shape)], Type.INT32, value=np.array(shape, np.int32))
        found = schema.ReshapeOptionsT()
        found.newShape = list(shape)
        options = schema.BuiltinOptions.ReshapeOptions, found
        self.operator(Op.RESHAPE, [source, held], [target], options=options)

    def metadata(self, name: str, content: bytes) -> None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, self._buffer(content)
        self.model.metadata.append(entry)

    def _buffer(self, content: bytes) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def file(
        self, inputs: Sequence[int], outputs: Sequence[int], files: Mapping[str, str] | None = None
    ) -> bytes:
        """The finished file; `files` are packed behind it, as the metadata tools do."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        packer = flatbuffers.Builder(1024)
        packer.Finish(self.model.Pack(packer), file_identifier=b"TFL3")
        content = bytes(packer.Output())
        if not files:
            return content
        packed = io.BytesIO(content)
        with zipfile.ZipFile(packed, "a") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return packed.getvalue()


def classifier(
    weights: NDArray[np.float32],
    *,
    softmax: bool = True,
    free: bool = True,
    files: Mapping[str, str] | None = None,
    metadata: Mapping[str, bytes] | None = None,
) -> bytes:
    """softmax(x @ weights) as a file; weights float32 [inputs, outputs]."""
    build = Builder()
    taken, given = weights.shape
    axes = (0,) if free else ()
    x = build.tensor("x", [1, taken], free=axes)
    logits = build.tensor("logits", [1, given], free=axes)
    build.dense(x, logits, weights)
    last = logits
    if softmax:
        last = build.tensor("probabilities", [1, given], free=axes)
        build.softmax(logits, last)
    for name, content in (metadata or {}).items():
        build.metadata(name, content)
    return build.file([x], [last], files)
