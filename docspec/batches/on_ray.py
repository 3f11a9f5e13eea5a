"""Documents read on a Ray cluster: each worker is an actor with a Site, on whichever node has room.

Actors and not Ray Data: who leads has to know of each page that is done, to say where its document goes on
after a loss, and to keep one journal with all other ways to run a batch. Ray Data would read a lost block
again from its beginning, and knows of no leases. Only requests and counts pass through Ray; documents, pages
and results go between the nodes and the store, which all of them have to reach.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docspec
from docspec.batches.manifest import OPTIONS
from docspec.batches.messages import Message, error_of, said
from docspec.batches.process import Gone, Lost
from docspec.batches.site import Place, Settings, Site, Unusable, search_path
from docspec.batches.sources import is_address
from docspec.batches.store import open_store
from docspec.errors import DocspecError, ModelError, OutputError, UsageError

MOMENT = 1.0  # seconds that a leader waits for its place before it looks whether the run is over
GLANCE = 0.5  # seconds between looks whether the run was stopped
REACH = 10.0  # seconds for a cluster's address to answer
TRIES = 5  # actors in a row that do not even start
ROOM = 600.0  # seconds without a single actor of a run after which it is given up


class Actor:
    """What runs on a node. Errors are answers: Ray would wrap them, and lose what caused them."""

    def __init__(self, output: str, settings: Settings) -> None:
        self.output, self.settings = output, settings
        self._scratch = tempfile.TemporaryDirectory(prefix="docspec-")
        self._site: Site | None = None

    def about(self) -> tuple[str, bool]:
        """docspec's version here, and whether the output is seen from here."""
        if is_address(self.output):
            return docspec.__version__, open_store(self.output).read(OPTIONS) is not None
        return docspec.__version__, Path(self.output, OPTIONS).exists()

    def is_there(self) -> bool:
        """Whether it still is."""
        return True

    def answers(self, request: Message) -> Iterator[Message]:
        """As of Site, errors as well."""
        try:
            if self._site is None:
                place = Path(self._scratch.name, "site")
                self._site = Site(open_store(self.output), self.settings, place, lambda: False)
            yield from self._site.answers(request)
        except Lost as loss:
            yield {"lost": str(loss)}
        except Unusable as unusable:
            yield {"unusable": said(unusable.error)}
        except DocspecError as error:
            yield said(error)


class Cluster:
    """A Ray cluster, as far as a run needs it. ``first`` is when its first worker was asked for."""

    def __init__(self, ray: Any, output: str, settings: Settings) -> None:
        self.ray, self.settings = ray, settings
        self.output = output if is_address(output) else str(Path(output).resolve())
        self.found_room = False
        self.first = time.monotonic()

    def actor(self) -> Any:
        """A new one, which Ray gives a place when there is one."""
        config = self.settings.config
        own_gpu = config.server is None and config.device.startswith("cuda")
        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": int(own_gpu)}
        if (path := search_path()) is not None:
            options["runtime_env"] = {"env_vars": {"PYTHONPATH": path}}
        return self.ray.remote(**options)(Actor).remote(self.output, self.settings)


class RaySite:
    """A place for a leader: one actor at a time, another one where it is lost.

    For use from one thread. ``stopping`` says whether the run is to end.
    """

    def __init__(self, cluster: Cluster, stopping: Callable[[], bool]) -> None:
        self.cluster, self.ray, self.stopping = cluster, cluster.ray, stopping
        self._actor: Any = None
        self._about: Any = None  # what a new actor says of itself, until it has
        self._broken = 0  # actors in a row that never said it

    def ready(self) -> bool:
        if self._actor is None:
            self._actor = self.cluster.actor()
            self._about = self._actor.about.remote()
        asked = self._about or self._actor.is_there.remote()
        try:
            if not self.ray.wait([asked], timeout=MOMENT)[0]:
                self._give_up()
                return False
            answer = self.ray.get(asked)
        except self.ray.exceptions.RayError as error:
            self._broken += self._about is not None
            self.end()
            if self._broken >= TRIES:
                why = " ".join(str(error).split())
                raise Unusable(ModelError(f"a worker cannot be started by Ray: {why}")) from error
            return False
        if self._about is not None:
            self._check(*answer)
            self._about, self._broken, self.cluster.found_room = None, 0, True
        return True

    def _give_up(self) -> None:
        """Raises Unusable where the cluster has no room for anybody."""
        if not self.cluster.found_room and time.monotonic() - self.cluster.first > ROOM:
            has = {name: amount for name, amount in self.ray.cluster_resources().items() if name.isupper()}
            raise Unusable(ModelError(f"Ray had no room for a worker in {ROOM:.0f} seconds; it has {has}"))

    def _check(self, version: str, sees: bool) -> None:
        if version != self.cluster.settings.version:
            own = self.cluster.settings.version
            raise Unusable(
                ModelError(f"a node of Ray has docspec {version}, this is {own}: install the same")
            )
        if not sees:
            output = self.cluster.output
            raise Unusable(OutputError(f"{output}: a node of Ray does not see it: all have to share it"))

    def answers(self, request: Message) -> Iterator[Message]:
        if not is_address(request["source"]):
            request = request | {"source": os.path.abspath(request["source"])}
        stream = self._actor.answers.options(num_returns="streaming").remote(request)
        try:
            while True:
                while not self.ray.wait([stream], timeout=GLANCE)[0]:
                    if self.stopping():
                        raise Gone("the run was ended")
                try:
                    reference = next(stream)
                except StopIteration:
                    return
                answer = self.ray.get(reference)
                if "lost" in answer:
                    raise Lost(answer["lost"])
                if "unusable" in answer:
                    raise Unusable(error_of(answer["unusable"], ModelError))
                if "error" in answer:
                    raise error_of(answer)
                yield answer
        except self.ray.exceptions.RayTaskError:
            raise  # a mistake in the program
        except self.ray.exceptions.RayError:
            self.end()
            raise Gone("its node, or its process there, was lost") from None
        except GeneratorExit:  # what is being done is wanted no more
            self.end()
            raise
        except Gone:
            self.end()
            raise

    def end(self) -> None:
        if self._actor is not None:
            self.ray.kill(self._actor)
            self._actor = self._about = None


def _reach(address: str) -> None:
    """Raises OSError where nobody listens at ``HOST:PORT``: Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()


@contextmanager
def on_ray(
    address: str, output: str, settings: Settings, workers: int, stopping: Callable[[], bool]
) -> Iterator[list[Place]]:
    """Places on the cluster at ``address``; ``local`` starts one on this machine.

    A connection that this process has already is used, and stays. Raises UsageError.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError(f"Ray needs pip install 'docspec-vlm[ray]': {error}") from error
    had = ray.is_initialized()
    try:
        if not had:
            _reach(address)
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{address}: no Ray cluster can be reached: {error}") from error
    try:
        cluster = Cluster(ray, output, settings)
        yield [RaySite(cluster, stopping) for _ in range(workers)]
    finally:
        if not had:
            ray.shutdown()
