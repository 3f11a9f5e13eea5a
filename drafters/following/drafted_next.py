"""What a draft has next, found token by token: the same for the same output, however that was written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.draft_tokens import Codec


class DraftedNext:
    """The token that ``draft`` has where an output has got to.

    A cursor proposes by what has been learned from other outputs too, and finds its way back once a step.
    Here neither counts: the place is looked for after each token, in this draft alone, so that what is
    weighed against the verifier's choice depends on the draft and the output and on nothing else.
    """

    def __init__(self, draft: str, codec: Codec, end_token: int | None) -> None:
        self._given = draft, codec, end_token
        self._cursor: DraftCursor | None = None  # made when first asked: most acceptance rules never do
        self._seen: list[int] = []

    def follow(self, output: Sequence[int], unwritten: Collection[int] = ()) -> None:
        """Go to the end of ``output``, past ``unwritten`` tokens, which no draft has.

        Cheap where ``output`` goes on from the one before, anew from the beginning where it does not.
        """
        if self._cursor is None or len(self._seen) > len(output):
            draft, codec, end_token = self._given
            self._cursor, self._seen = DraftCursor([draft], codec, end_token), []
        for token in output[len(self._seen) :]:
            self.advance(token, unwritten)

    def advance(self, token: int, unwritten: Collection[int] = ()) -> None:
        """Take the output's next token."""
        assert self._cursor is not None
        if token not in unwritten:
            self._cursor.drafted()  # looks for the way back, if it was lost, before more is written
            self._cursor.advance([token])
        self._seen.append(token)

    @property
    def token(self) -> int | None:
        """The draft's next token, its end token included; None where the output is nowhere in the draft."""
        assert self._cursor is not None
        return self._cursor.drafted()
