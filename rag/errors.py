"""What can go wrong for a caller; each message says what was found, what was needed, what to run.

RagError
├── ReadError       a file can't be read as a document
├── WriteError      an index or a report can't be written where it was asked for
├── IndexMissing    there is no index at the folder named
├── IndexDamaged    an index file is missing, altered or of another format version
├── IndexMismatch   the index and the embedder or the vectors don't fit together
├── EngineMissing   a search engine or a cluster isn't installed or doesn't answer
├── ModelMissing    a model named in the settings is not on this machine
├── ModelFailed     a language model, or the server that runs it, breaks off or can't be reached
└── BadRequest      a question or an argument can't be used
"""

_SHOWN_CHARS = 160


class RagError(Exception):
    """Base of every error a caller may see; the command line prints it as one line."""


class ReadError(RagError):
    pass


class WriteError(RagError):
    pass


class IndexMissing(RagError):
    pass


class IndexDamaged(RagError):
    pass


class IndexMismatch(RagError):
    pass


class EngineMissing(RagError):
    pass


class ModelMissing(RagError):
    pass


class ModelFailed(RagError):
    pass


class BadRequest(RagError):
    pass


def first_line(error: Exception) -> str:
    """Of what a library says, to be shown in a message of ours; its kind if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_SHOWN_CHARS]
