"""Every error that docspec raises on purpose: named by cause, one line, saying what to do."""


class DocspecError(Exception):
    """Base of all errors below."""


class UsageError(DocspecError):
    """An option or argument has a value that cannot be used."""


class InputError(DocspecError):
    """An input cannot be read."""


class InputNotFound(InputError):
    """A path does not exist, or a folder holds no document."""


class UnsupportedInput(InputError):
    """The file is of a kind that docspec does not read."""


class CorruptInput(InputError):
    """The file is of a known kind but damaged beyond repair, empty, or without pages."""


class PasswordRequired(InputError):
    """The document is encrypted and no password was given."""


class WrongPassword(InputError):
    """The document is encrypted and the password does not open it."""


class PageError(DocspecError):
    """One page cannot be processed; the others go on."""


class ModelError(DocspecError):
    """A model cannot be loaded or used: missing, damaged, of an unsupported family."""


class ImageRefused(ModelError):
    """A model's own image processor does not take an image: of a shape or size that it does not know."""


class PassFailed(ModelError):
    """A forward pass of a loaded model failed (an error of the device, say)."""


class OutputError(DocspecError):
    """A result cannot be written."""
