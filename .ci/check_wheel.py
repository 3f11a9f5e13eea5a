"""Whether a wheel holds every tracked module and the package data: ``check_wheel.py CHECKOUT WHEEL``."""

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

HOMES = {
    "docspec": "docspec",
    **{name: f"docspec/{name}" for name in ("drafters", "verifiers", "layout", "bench")},
}
DATA = (
    "docspec/py.typed",
    "docspec/report_page.css",
    "docspec/report_page.js",
    "docspec/verifiers/mini/MODEL_CARD.md",
)
WEIGHTS = "docspec/verifiers/mini/weights/"
LEFT_OUT = "docspec/verifiers/mini/training/"  # how the weights were made needs what users need not install


def main(checkout: str, wheel: str) -> None:
    """Exit with a line for each file that is missing."""
    listing = subprocess.run(["git", "-C", checkout, "ls-files"], capture_output=True, text=True, check=True)
    tracked = [PurePosixPath(line) for line in listing.stdout.splitlines()]
    expected = {
        str(PurePosixPath(HOMES[path.parts[0]], *path.parts[1:]))
        for path in tracked
        if path.parts[0] in HOMES and (path.suffix == ".py" or "weights" in path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        present = set(archive.namelist())
        size = sum(entry.compress_size for entry in archive.infolist()) / 1e6
    expected = {name for name in expected if not name.startswith(LEFT_OUT)}
    missing = sorted((expected | set(DATA)) - present)
    inside = ("docspec/", "docspec_vlm-")
    foreign = sorted(name for name in present if not name.startswith(inside) or name.startswith(LEFT_OUT))
    problems = [f"missing: {name}" for name in missing] + [f"not for the wheel: {name}" for name in foreign]
    if not any(name.startswith(WEIGHTS) and name.endswith(".safetensors") for name in present):
        problems.append(f"missing: the mini's weights in {WEIGHTS}")
    if problems:
        sys.exit("\n".join(problems))
    print(f"the wheel is complete: {len(present)} files, {size:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
