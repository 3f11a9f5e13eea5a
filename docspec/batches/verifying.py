"""The process with the model: verifies what all workers ask, who connect to it.

Its one request, on standard input, is ``start``: the options, the listening socket that it inherits, how many
requests a worker may have with it, seconds within which something has to be answered, and which process of
its kind it is after what end of the last. It answers ``ready`` once the model is loaded, or ``error``; then
``answered`` once there has been a verdict.
"""

from __future__ import annotations

import os
import socket
import sys

from docspec.batches.messages import requests, said, speaker
from docspec.config import Config
from docspec.errors import DocspecError
from docspec.verifiers.loading import load_verifier
from docspec.verifiers.shared.host import Host


def main() -> None:
    """Serve until standard input ends."""
    say = speaker()
    start = next(requests())
    patience = float(start["patience"])

    def stuck() -> None:
        print(f"nothing was answered within {patience:g} seconds", file=sys.stderr, flush=True)
        os._exit(1)

    try:
        verifier = load_verifier(Config(**start["config"]))
    except DocspecError as error:
        say(said(error))
        return
    listening = socket.socket(fileno=start["listening"])
    host = Host(verifier, listening, start["room"], number=start["number"], death=start["death"])
    say({"ready": True})
    host.serve(patience, stuck, lambda: say({"answered": True}))


if __name__ == "__main__":
    main()
