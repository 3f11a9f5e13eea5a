"""PyMuPDF's layout model, loaded with what regions need and no more.

Two of its networks find regions: one sees the page's image (300 x 300 pixels), one the lines with what the
first saw of each. A third finds the cells of tables, which nobody asks it for here; it is the slowest by far
to load, and takes as long for a table as the others for the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from docspec.threads import onnx_threads

INPUT = ("text", "post-seg-image")  # lines, and pictures as the image network segments them
SMALLEST_TABLE_NETWORK = "V1"


def load_layout_model() -> Any:
    """The model; ``predict(page)`` of a PyMuPDF page gives (x0, y0, x1, y1, class) for each region.

    Raises ImportError, OSError or RuntimeError where it is not installed or broken.
    """
    from pymupdf.layout.onnx.BoxRFDGNN import BoxRFDGNN

    model = BoxRFDGNN(input_type=INPUT, use_sort=True, table_grid_model_ver=SMALLEST_TABLE_NETWORK)
    model.table_grid_extractor = None
    if model.feature_extractor is not None:
        model.feature_extractor = type(model.feature_extractor)(ImageNetwork(model.imf_model_path))
    return model


class ImageNetwork:
    """The image network as an onnxruntime session whose memory is kept from page to page.

    Its results alone are 60 MB: asked of the system anew for each page, memory takes longer than computing.
    They are valid until the next run.
    """

    def __init__(self, path: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others have work meanwhile
        options.intra_op_num_threads = onnx_threads()
        self._session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._binding = self._session.io_binding()
        self._results = {node.name: _bound(self._binding, node) for node in self._session.get_outputs()}

    def get_inputs(self) -> Sequence[Any]:
        """As the session has it."""
        return list(self._session.get_inputs())

    def get_outputs(self) -> Sequence[Any]:
        """As the session has it."""
        return list(self._session.get_outputs())

    def run(self, names: Sequence[str], inputs: Mapping[str, Any]) -> list[Any]:
        """The results called ``names``, for a single page."""
        for name, value in inputs.items():
            self._binding.bind_cpu_input(name, np.ascontiguousarray(value))
        self._session.run_with_iobinding(self._binding)
        return [self._results[name] for name in names]


def _bound(binding: Any, node: Any) -> Any:
    """An array for the result ``node`` of one page, where the session is to write it."""
    result = np.empty((1, *node.shape[1:]), dtype=np.float32)
    binding.bind_output(node.name, "cpu", 0, np.float32, result.shape, result.ctypes.data)
    return result
