"""A family of models that does to its process what a page's colour says, and a package that offers it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from docspec.types import Category, Image
from docspec.verifiers.profiles.qwen_vl import QwenVL

ENTRY_POINTS = "[docspec.profiles]\nqwen2_vl = model_parts:HazardProfile\n"
COLOURS = {"crash": (1.0, 0.0, 0.0), "hang": (0.0, 1.0, 0.0), "refuse": (0.0, 0.0, 1.0)}


class HazardProfile(QwenVL):
    """Qwen2-VL's, but for pages of some colours."""

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """The model's inputs, if the process lives to see them."""
        what = what_is(image)
        if what == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang":
            time.sleep(600)
        if what == "refuse":
            raise ValueError("too blue")
        return super().inputs(image, category)


def what_is(image: Image) -> str:
    """What an image of a page's colour is to do; empty where that is nothing."""
    corner = tuple((image[0, 0] > 128).astype(float))
    return next((name for name, colour in COLOURS.items() if colour == corner), "")
