"""Shared set-up: helper modules beside the tests can be imported, torch keeps to one thread."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
