"""A model behind OpenAI-compatible servers: as many requests in flight as they take, answers as they come."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL.Image import Image as Picture

from docspec.config import Config
from docspec.errors import DocspecError, ImageRefused, ModelError, first_line
from docspec.verifiers.family import Family
from docspec.verifiers.served.chat import MODELS, PATH, answer_of, body_of, card_of
from docspec.verifiers.served.exchange import Exchanges, Refused, Unreachable
from docspec.verifiers.served.question import Answer, Question
from docspec.verifiers.served.servers import NoServer, Patience, Server, Servers

NO_DRAFTS = "takes no drafts: not accelerated"
OTHER_PROMPT = "its chat template writes other prompts than the model's own"


class Client:
    """Servers at ``urls`` that have the model of ``family``, each asked for ``config.max_batch`` at a time.

    Raises ModelError where none of them answers or one refuses: a wrong key, another model.
    """

    def __init__(
        self, family: Family, config: Config, urls: Sequence[str], key: str, patience: Patience | None = None
    ) -> None:
        self.family = family
        self.config = config
        self.key = key
        self.patience = patience or Patience()
        self.known = [Server(url) for url in urls]
        self.reading = threading.Lock()  # the tokenizer is no thread's alone
        self._greet()

    @property
    def device(self) -> str:
        """Each server, with what is wrong: that it fails, takes no drafts, or writes other prompts."""
        return ", ".join(map(_described, self.known))

    def session(self) -> _Requests:
        """Requests in flight."""
        return _Requests(self, self._servers())

    def release(self) -> None:
        """Nothing is kept."""

    def _servers(self) -> Servers:
        return Servers(self.known, self.config.max_batch, self.patience)

    def _greet(self) -> None:
        """Ask every server for its model, so that what is wrong is said before anything is read."""
        exchanges, servers = Exchanges(self.key), self._servers()
        for server in self.known:
            server.in_flight += 1
            try:
                server.card = card_of(exchanges.get(server.url, MODELS), self.family.name)
            except Refused as error:
                raise ModelError(f"{server.url}: {error}") from None
            except Unreachable as error:
                servers.failed(server, str(error), error.seconds)
            else:
                servers.answered(server)
        if all(server.card is None for server in self.known):
            raise ModelError(f"no server can be reached: {servers.reasons()}")


class _Requests:
    """The requests of one call of ``verify``, a thread for each that is in flight."""

    def __init__(self, client: Client, servers: Servers) -> None:
        self.client = client
        self.servers = servers
        self.room = len(servers.all) * servers.rows
        self._exchanges = Exchanges(client.key)
        self._threads = ThreadPoolExecutor(self.room, thread_name_prefix="docspec-served")
        self._answers: queue.SimpleQueue[tuple[int, Answer | Exception]] = queue.SimpleQueue()

    def ask(self, number: int, question: Question) -> None:
        self._threads.submit(self._work, number, question)

    def answers(self, patience: float) -> list[tuple[int, Answer | Exception]]:
        found = []
        try:
            found.append(self._answers.get(timeout=patience))
            while True:
                found.append(self._answers.get_nowait())
        except queue.Empty:
            return found

    def close(self) -> None:
        """Breaks off what is in flight; a server then drops it."""
        self.servers.stop()
        self._exchanges.break_off()
        self._threads.shutdown(cancel_futures=True)

    def _work(self, number: int, question: Question) -> None:
        try:
            answer: Answer | Exception = self._answer(question)
        except Exception as error:  # noqa: BLE001 whatever it is, it is this request's alone: its page says so
            answer = error if isinstance(error, DocspecError) else ModelError(_told(error))
        self._answers.put((number, answer))

    def _answer(self, question: Question) -> Answer:
        """Asks one server after the other, until one answers or refuses."""
        family = self.client.family
        try:
            png = _png(family.profile.sized(question.image, question.category))
        except ValueError as error:
            raise ImageRefused(first_line(error)) from error
        last = ""
        for _ in range(self.client.patience.tries):
            try:
                server = self.servers.take()
            except NoServer as error:
                raise ModelError(f"no server answers any more: {error}") from None
            try:
                answer = self._asked(server, question, png)
            except Unreachable as error:
                last = f"{server.url} ({error})"
                self.servers.failed(server, str(error), error.seconds)
            except BaseException as error:
                self.servers.answered(server)
                if isinstance(error, Refused):
                    raise ModelError(f"{server.url} refuses it: {error}") from None
                raise
            else:
                self.servers.answered(server)
                return answer
        failing = self.servers.reasons() or last
        raise ModelError(f"no answer after {self.client.patience.tries} tries: {failing}")

    def _asked(self, server: Server, question: Question, png: bytes) -> Answer:
        family = self.client.family
        if server.card is None:
            server.card = card_of(self._exchanges.get(server.url, MODELS), family.name)
        body = body_of(question, png, server.card, family, self.client.config.max_new_tokens)
        reply = self._exchanges.post(server.url, PATH, body)
        try:
            answer = answer_of(reply)
        except ValueError as error:
            raise Unreachable(str(error)) from None
        if question.drafts and answer.stats.tokens:
            server.speculates = answer.speculated
        self._check_prompt(server, question, reply.get("prompt_token_ids"))
        return answer

    def _check_prompt(self, server: Server, question: Question, ids: list[int] | None) -> None:
        """Once for each prompt, whether a server's chat template writes it as the profile does."""
        profile = self.client.family.profile
        prompt = profile.prompt_for(question.category)
        if ids is None or prompt in server.checked:
            return
        server.checked.add(prompt)
        with self.client.reading:
            own = profile.inputs(question.image, question.category)["input_ids"][0].tolist()
        server.other_prompt |= own != ids


def _described(server: Server) -> str:
    notes = [server.reason] if server.reason else []
    if server.speculates is False or (server.card is not None and not server.card.vllm):
        notes.append(NO_DRAFTS)
    if server.other_prompt:
        notes.append(OTHER_PROMPT)
    return f"{server.url} ({'; '.join(notes)})" if notes else server.url


def _png(picture: Picture) -> bytes:
    """Without loss, and quickly: servers are near."""
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _told(error: Exception) -> str:
    return f"the model could not be asked: {type(error).__name__}: {error}"
