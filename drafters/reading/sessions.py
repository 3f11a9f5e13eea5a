"""Neural networks of ONNX files, run by onnxruntime: on a GPU where it is built for one, or on the processor.

OpenVINO was tried: it takes 0.78 of the time for PP-OCRv4's models, but 1.1 times as long for PP-OCRv6's
recogniser, where most of the time goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docspec.threads import onnx_threads

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"

FloatArray = NDArray[np.float32]


class Session:
    """A ``model``, an ONNX file's content, ready to run; ``threads`` 0 are those of ``onnx_threads``.

    ``outputs`` are the names of what it gives, by default what the file says; ``on_gpu`` says where it runs.
    """

    def __init__(self, model: bytes, threads: int = 0, outputs: Sequence[str] | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or onnx_threads()
        options.log_severity_level = 3
        providers = [name for name in (CUDA, CPU) if name in onnxruntime.get_available_providers()]
        self._outputs = outputs
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self._input = self._session.get_inputs()[0].name
        self.on_gpu = CUDA in self._session.get_providers()

    def __call__(self, images: FloatArray) -> list[FloatArray]:
        """The outputs for ``images`` [B, 3, H, W]."""
        outputs: list[FloatArray] = self._session.run(self._outputs, {self._input: images})
        return outputs
