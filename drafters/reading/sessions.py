"""Neural networks of ONNX files, run by onnxruntime or, on a processor where it is installed, by OpenVINO."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"

FloatArray = NDArray[np.float32]


class Session(Protocol):
    """One model, ready to run; ``on_gpu`` says where."""

    on_gpu: bool

    def __call__(self, images: FloatArray) -> list[FloatArray]:
        """The outputs for ``images`` [B, 3, H, W]."""
        ...


def open_session(model: bytes, threads: int = 0, outputs: Sequence[str] | None = None) -> Session:
    """A session of ``model``, an ONNX file's content; ``threads`` 0 means all cores.

    ``outputs`` are the names of what it gives, by default what the file says. OpenVINO runs what has the
    file's own outputs, unless a GPU is there for onnxruntime.
    """
    if outputs is None and find_spec("openvino") and not _has_gpu():
        return OpenVinoSession(model, threads)
    return OnnxSession(model, threads, outputs)


class OnnxSession:
    """A model in onnxruntime, on a GPU where there is one."""

    def __init__(self, model: bytes, threads: int = 0, outputs: Sequence[str] | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        providers = [name for name in (CUDA, CPU) if name in onnxruntime.get_available_providers()]
        self._outputs = outputs
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self._input = self._session.get_inputs()[0].name
        self.on_gpu = CUDA in self._session.get_providers()

    def __call__(self, images: FloatArray) -> list[FloatArray]:
        """See Session."""
        outputs: list[FloatArray] = self._session.run(self._outputs, {self._input: images})
        return outputs


class OpenVinoSession:
    """A model in OpenVINO, on the processor."""

    on_gpu = False

    def __init__(self, model: bytes, threads: int = 0) -> None:
        import openvino

        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads or os.cpu_count() or 1,
        }
        core = openvino.Core()
        self._request: Any = core.compile_model(
            core.read_model(model), "CPU", settings
        ).create_infer_request()

    def __call__(self, images: FloatArray) -> list[FloatArray]:
        """See Session."""
        return [np.array(value) for value in self._request.infer([images]).values()]


def _has_gpu() -> bool:
    import onnxruntime

    return CUDA in onnxruntime.get_available_providers()
