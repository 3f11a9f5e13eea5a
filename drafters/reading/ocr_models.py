"""The OCR models inside the wheels of ``rapidocr`` and ``rapidocr-onnxruntime`` (PaddlePaddle, Apache-2.0).

Only their files are used: what the packages do with them throws away what drafts need.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_ALPHABET = b"\n\tcharacter\x12"  # how the metadata's entry begins: key, value


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An ONNX file inside an installed package: its import name, its name on the index, and the file."""

    module: str
    package: str
    name: str

    def path(self) -> Path:
        """Where it is.

        Raises:
            FileNotFoundError: the package or its model file is missing.
        """
        spec = find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError(f"{self.module} is not installed: pip install {self.package}")
        path = Path(spec.submodule_search_locations[0], "models", self.name)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: pip install --force-reinstall {self.package}")
        return path


@dataclass(frozen=True, slots=True)
class OcrModels:
    """What finds text, and what reads it.

    ``loses`` says that the recogniser prefers nothing to spaces and hyphens that it has seen, so that they
    have to be put back. For PP-OCRv4's that is worth 0.8 of a mean accepted length of 9.0 on English regions
    (spaces) and 0.2 (hyphens between figures); PP-OCRv6's has 9.46 as it reads, 9.41 with spaces put back.

    ``features`` is what the recogniser's file calls what it knew before it decided (the input of its
    classifier, 120 numbers a frame), for who reads on from there; empty where nobody does.
    """

    detector: ModelFile
    recogniser: ModelFile
    loses: bool = False
    features: str = ""


_V4, _V6 = ("rapidocr_onnxruntime", "rapidocr-onnxruntime"), ("rapidocr", "rapidocr")
V4_DETECTOR = ModelFile(*_V4, "ch_PP-OCRv4_det_infer.onnx")
V4_RECOGNISER = ModelFile(*_V4, "ch_PP-OCRv4_rec_infer.onnx")
V6_RECOGNISER = ModelFile(*_V6, "PP-OCRv6_rec_small.onnx")

# With PP-OCRv6's detector, mean accepted length on English regions is 8.8 instead of 9.4, on others the same.
V6 = OcrModels(V4_DETECTOR, V6_RECOGNISER, features="p2o.pd_op.transpose.8.0")
V4 = OcrModels(V4_DETECTOR, V4_RECOGNISER, loses=True)


def alphabet(model: bytes) -> list[str]:
    """The characters that a recogniser's classes stand for, the blank and the space at its ends aside.

    They are an entry ``character`` of the ONNX file's metadata: a length of seven bits a byte, then lines.
    """
    at = model.rindex(_ALPHABET) + len(_ALPHABET)
    size = shift = 0
    while True:
        size |= (model[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if model[at - 1] < 128:
            return model[at : at + size].decode().splitlines()


def with_output(model: bytes, name: str) -> bytes:
    """``model``, an ONNX file's content, with an inner tensor as one more output.

    Protobuf messages merge when concatenated: a message that holds nothing but the output is appended.
    """
    return model + _field(7, _field(12, _field(1, name.encode())))  # ModelProto.graph.output.name


def _field(number: int, payload: bytes) -> bytes:
    length, size = b"", len(payload)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload
