"""Every error that docspec raises on purpose: named by cause, one line, saying what to do."""


class DocspecError(Exception):
    """The base of all errors that docspec raises on purpose.

    >>> try:
    ...     document = docspec.parse("missing.pdf")
    ... except docspec.DocspecError as error:
    ...     print(error)
    missing.pdf: no such file; expected a PDF or an image (...)
    """


class UsageError(DocspecError):
    """An option or argument has a value that cannot be used.

    >>> docspec.Config(max_batch=0)
    Traceback (most recent call last):
    docspec.errors.UsageError: max_batch must be at least 1, not 0
    """


class InputError(DocspecError):
    """An input cannot be read.

    >>> issubclass(docspec.CorruptInput, docspec.InputError)
    True
    """


class InputNotFound(InputError):
    """A path does not exist, or a folder holds no document.

    >>> docspec.parse("missing.pdf")
    Traceback (most recent call last):
    docspec.errors.InputNotFound: missing.pdf: no such file; ...
    """


class UnsupportedInput(InputError):
    """The file is of a kind that docspec does not read.

    >>> docspec.parse(b"some text")
    Traceback (most recent call last):
    docspec.errors.UnsupportedInput: document: not a kind of file that docspec reads; ...
    """


class CorruptInput(InputError):
    """The file is of a known kind but damaged beyond repair, empty, or without pages.

    >>> docspec.parse(b"")
    Traceback (most recent call last):
    docspec.errors.CorruptInput: document: the file is empty; ...
    """


class PasswordRequired(InputError):
    """The document is encrypted and no password was given.

    >>> docspec.parse("secret.pdf")
    Traceback (most recent call last):
    docspec.errors.PasswordRequired: secret.pdf: encrypted; ...
    """


class WrongPassword(InputError):
    """The document is encrypted and the password does not open it.

    >>> docspec.parse("secret.pdf", password="guess")
    Traceback (most recent call last):
    docspec.errors.WrongPassword: secret.pdf: the password does not open it
    """


class PageError(DocspecError):
    """One page cannot be processed; the others go on.

    Results have its message in ``PageResult.error``, and all of a document's in ``Document.errors``.

    >>> docspec.parse("paper.pdf").errors
    ()
    """


class ModelError(DocspecError):
    """A model cannot be loaded or used: missing, damaged, of an unsupported family.

    >>> docspec.Parser(verifier=".")  # a folder without a checkpoint
    Traceback (most recent call last):
    docspec.errors.ModelError: ...
    """


class ImageRefused(ModelError):
    """A model's own image processor does not take an image: of a shape or size that it does not know.

    The region keeps its draft, and its verdict has the message.

    >>> issubclass(docspec.ImageRefused, docspec.ModelError)
    True
    """


class PassFailed(ModelError):
    """A forward pass of a loaded model failed (an error of the device, say).

    What was in that pass has a failed verdict, and its pages have the message as their error.

    >>> issubclass(docspec.PassFailed, docspec.ModelError)
    True
    """


class OutputError(DocspecError):
    """A result cannot be written.

    >>> docspec.parse("paper.pdf").save("paper.pdf/paper.md")
    Traceback (most recent call last):
    docspec.errors.OutputError: paper.pdf/paper.md: cannot be written: ...
    """


def first_line(error: Exception) -> str:
    """An error's message, or its name where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
