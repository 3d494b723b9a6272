"""What a user may choose; entry points make one `Settings` and pass down the fields needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Backend = Literal["torch", "onnx", "openvino"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

DEFAULT_INDEX = Path("indexes/default")
DEFAULT_CHUNK_CHARS = 400  # where lexical recall levelled off in evals/LOG.md
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Settings:
    """embedder, generator: a name in `EMBEDDERS` / `GENERATORS`, or a model name or folder.

    embedder "" is the one an index was built with, and "embedded" for a new index. generator may
    also be the base URL of a server that speaks the OpenAI protocol; `model` is then the name of a
    model there, "" for the only one it has. judge: "lexical", or an NLI cross-encoder by name or
    folder. reranker: a name in `RERANKERS`, or a cross-encoder by name or folder. downloads:
    whether a language model, judge or reranker that isn't on this machine may be fetched.
    context_tokens: of the language model; 0 for the model's own, and 8192 for a server.
    answer_tokens: at most, 700 being a long answer of eight statements. timeout_s: how long a
    server may be silent.
    chunk_chars: aim for the length of a chunk; None is what an index was built with, and
    DEFAULT_CHUNK_CHARS for a new one. batch_size: texts that a model embeds at once.
    store: a name in `STORES`, "milvus", or "" to choose by count; uri: where that Milvus is.
    ray: "" to read and embed in this process, "local" to spread it over this machine by Ray, or
    the address of a Ray cluster. device: "cpu", "cuda" or "" for whichever is there. backend: what
    runs an embedding model that isn't ours: "torch", "onnx" or "openvino".
    """

    embedder: str = ""
    generator: str = "embedded"
    chunk_chars: int | None = None
    batch_size: int = 64
    device: str = ""
    backend: Backend = "torch"
    store: str = ""
    uri: str = ""
    model: str = ""
    judge: str = "lexical"
    reranker: str = "embedded"
    downloads: bool = False
    context_tokens: int = 0
    answer_tokens: int = 700
    timeout_s: float = 60.0
    ray: str = ""


def data_file(name: str) -> Path:
    """A table that ships with the program: beside the code once installed, else in `corpus/`."""
    installed = _PACKAGE / "data" / name
    return installed if installed.exists() else _PACKAGE.parent / "corpus" / name
