"""What the bundled verifier sees of a line: what a recogniser knew before it decided, and what it decided.

The recognisers ship in the wheels of ``rapidocr`` and ``rapidocr-onnxruntime`` (models by PaddlePaddle,
Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.ocr_models import V4_RECOGNISER, V6_RECOGNISER, ModelFile, alphabet
from docspec.drafters.reading.recogniser import frames_of
from docspec.drafters.reading.sessions import Session
from docspec.verifiers.mini.cells import CellMaker, LineCells


@dataclass(frozen=True, slots=True)
class Backbone:
    """A recogniser, and the names of its tensors: the input of its classifier, and its probabilities.

    Both recognisers have 120 numbers for every 8 pixels of a line 48 pixels high before the classifier.
    """

    model: ModelFile
    features: str
    probabilities: str


BACKBONES = {
    "v4": Backbone(V4_RECOGNISER, "transpose_51.tmp_0", "softmax_11.tmp_0"),
    "v6": Backbone(V6_RECOGNISER, "p2o.pd_op.transpose.8.0", "fetch_name_0"),
}
TRAINED_ON = "v4"  # the weights in the package


class CellReader:
    """Makes cells of line images; reuse one instance (the session loads in about 0.3 s).

    ``threads`` as Session has it.
    """

    def __init__(self, threads: int = 0, backbone: Backbone = BACKBONES[TRAINED_ON]) -> None:
        model = backbone.model.path().read_bytes()
        outputs = (backbone.probabilities, backbone.features)
        self._session = Session(model + _extra_outputs(backbone.features), threads, outputs)
        self._make_cells = CellMaker(["", *alphabet(model), " "])

    def read(self, images: Sequence[NDArray[np.uint8]]) -> list[LineCells]:
        """The cells of each line image; see ``frames_of``, which also says what is raised."""
        found = {
            index: self._make_cells(features, probabilities)
            for index, (probabilities, features) in frames_of(self._session, images)
        }
        return [found[index] for index in range(len(images))]


def _extra_outputs(*names: str) -> bytes:
    """A serialized ONNX ``ModelProto`` holding only graph outputs.

    Protobuf messages merge when concatenated, so appending it to a model adds outputs without parsing it.
    """
    graph = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return _field(7, graph)


def _field(number: int, payload: bytes) -> bytes:
    length, size = b"", len(payload)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload
