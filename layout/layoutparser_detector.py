"""Regions from a model of layoutparser's model zoo, for who has one of its backends installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docspec.errors import ModelError
from docspec.layout.exchange import from_layoutparser
from docspec.types import Line, Page, Region

DEFAULT_MODEL = "lp://efficientdet/PubLayNet/tf_efficientdet_d0"
INSTALL = (
    "install its backend: pip install 'layoutparser[effdet]' for lp://efficientdet models, or detectron2 "
    "(https://github.com/facebookresearch/detectron2) for lp://detectron2 models"
)


class LayoutParserDetector:
    """A layoutparser model as a detector; ``model`` is its name in the zoo or a path to its config.

    The model's weights are downloaded by layoutparser on first use. Raises ModelError, saying what to
    install, where the model's backend is missing, and where the name or the weights are no good.
    """

    def __init__(self, model: str = DEFAULT_MODEL, device: str | None = None, threshold: float = 0.5) -> None:
        self.threshold = threshold
        try:
            import layoutparser as lp

            self._model = lp.AutoLayoutModel(model, device=device)
        except ImportError as error:
            raise ModelError(f"layoutparser cannot run {model}: {INSTALL}") from error
        except (OSError, ValueError, AssertionError, RuntimeError) as error:
            raise ModelError(f"layoutparser cannot load {model}: {error}") from error
        if self._model is None:
            raise ModelError(f"layoutparser has no model {model}; full names look like {DEFAULT_MODEL}")

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """The model's regions over ``threshold``, in page points; ``lines`` are not looked at."""
        found = from_layoutparser(self._model.detect(page.image), page)
        sure = [region for region in found if region.confidence >= self.threshold]
        return [replace(region, order=i, lines=(), parent=None) for i, region in enumerate(sure)]
