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
    With ``keep`` off a processor's memory is given back after each run: for images of ever new sizes, each of
    which would add to what is kept.
    """

    def __init__(
        self, model: bytes, threads: int = 0, outputs: Sequence[str] | None = None, *, keep: bool = True
    ) -> None:
        import onnxruntime

        options = session_options(threads)
        providers = [name for name in (CUDA, CPU) if name in onnxruntime.get_available_providers()]
        self._outputs = outputs
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self._input = self._session.get_inputs()[0].name
        self.on_gpu = CUDA in self._session.get_providers()
        self._run_options = onnxruntime.RunOptions()
        if not (keep or self.on_gpu):
            self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def __call__(self, images: FloatArray) -> list[FloatArray]:
        """The outputs for ``images`` [B, 3, H, W]."""
        outputs: list[FloatArray] = self._session.run(self._outputs, {self._input: images}, self._run_options)
        return outputs


def session_options(threads: int = 0) -> Any:
    """onnxruntime's options of a session; its threads wait asleep, since others have work while they wait.

    Awake, as they do by default, they take a tenth (recogniser) to a third (detector) more processor time.
    Memory is not planned by the sizes of inputs seen before, which hardly come again: it would add up.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or onnx_threads()
    options.log_severity_level = 3
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
