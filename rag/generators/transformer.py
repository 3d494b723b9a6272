"""Any transformers chat model, by hub name or local folder, on CPU or CUDA.

Replies are greedy, so a question has one answer. One at a time is streamed; many at once go
through continuous batching on a GPU, and through batches of prompts of like length on a CPU.
source: transformers documentation, "Continuous batching", "Text generation" (streamers).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from rag.errors import ModelFailed, ModelMissing, first_line
from rag.generators.prompted import PromptedGenerator
from rag.generators.prompts import Message
from rag.generators.splitting import Text
from rag.settings import Settings

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_MEMORY_SHARE = 0.8  # of the GPU's free memory that continuous batching may take for its cache
_LOCK_S = 0.05  # how often a question that waits for the model looks whether it was given up
_UNBOUNDED = 1_000_000  # some tokenizers give a length of 1e30 for "not known"
_log = logging.getLogger(__name__)


class TransformerChat:
    """A causal language model with a chat template; one conversation or batch at a time."""

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        *,
        name: str,
        settings: Settings,
        continuous: bool = False,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._settings = settings
        self._continuous = continuous
        self._lock = Lock()
        self.name = name

    @property
    def budget(self) -> int:
        own = getattr(self._model.config.get_text_config(), "max_position_embeddings", _UNBOUNDED)
        told = min(self._tokenizer.model_max_length, _UNBOUNDED)
        window = min(self._settings.context_tokens or _UNBOUNDED, own, told)
        return int(window) - self._settings.answer_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._ids(messages))

    def stream(self, messages: Sequence[Message]) -> Text:
        """As in Chat; the model works in a thread of its own, which ends with the iterator."""
        from transformers import TextIteratorStreamer

        # Typed in the library without its own generate's arguments.
        streamer: Any = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        stop = Event()
        outcome: list[Any] = []

        def work() -> None:
            try:
                while not self._lock.acquire(timeout=_LOCK_S):
                    if stop.is_set():
                        return
                try:
                    outcome.append(self._generate([self._ids(messages)], streamer, stop)[0])
                finally:
                    self._lock.release()
            except Exception as error:  # shown where the text is read
                outcome.append(error)
            finally:
                streamer.on_finalized_text("", stream_end=True)

        worker = Thread(target=work, daemon=True)
        worker.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            stop.set()
            worker.join()
        if isinstance(outcome[0], Exception):
            raise self._failed(outcome[0]) from outcome[0]
        return self._is_cut(outcome[0])

    def reply_all(self, conversations: Sequence[Sequence[Message]]) -> Iterator[tuple[str, bool]]:
        prompts = [self._ids(messages) for messages in conversations]
        if not prompts:
            return
        try:
            with self._lock:
                replies = self._side_by_side(prompts)
        except Exception as error:
            raise self._failed(error) from error
        for ids in replies:
            text = self._tokenizer.decode(ids, skip_special_tokens=True)
            yield str(text), self._is_cut(ids)

    def _side_by_side(self, prompts: list[list[int]]) -> list[list[int]]:
        if self._continuous and hasattr(self._model, "generate_batch"):
            try:
                return self._continuously(prompts)
            except Exception as error:  # its interface is young, and not for every model
                _log.warning("%s: no continuous batching (%s); padded batches", self.name, error)
        return self._in_batches(prompts)

    def _continuously(self, prompts: list[list[int]]) -> list[list[int]]:
        from transformers import ContinuousBatchingConfig

        batch: Any = self._model.generate_batch
        found = batch(
            inputs=prompts,
            generation_config=self._config,
            continuous_batching_config=ContinuousBatchingConfig(max_memory_percent=_MEMORY_SHARE),
            progress_bar=False,
        )
        outputs = list(found.values())
        faults = [output.error for output in outputs if output.error]
        if faults or len(outputs) != len(prompts):
            missing = len(prompts) - len(outputs)
            raise ModelFailed(str(faults[0]) if faults else f"{missing} replies are missing")
        return [list(output.generated_tokens) for output in outputs]

    def _in_batches(self, prompts: list[list[int]]) -> list[list[int]]:
        """Longest first, so that what doesn't fit into memory shows at once and halves the rest."""
        import torch

        order = sorted(range(len(prompts)), key=lambda row: -len(prompts[row]))
        replies: list[list[int]] = [[] for _ in prompts]
        size, at = self._settings.batch_size, 0
        while at < len(order):
            rows = order[at : at + size]
            try:
                found = self._generate([prompts[row] for row in rows])
            except torch.OutOfMemoryError:
                if len(rows) == 1:
                    raise
                size = (len(rows) + 1) // 2
                _log.warning("%s: out of memory; now %d prompts at once", self.name, size)
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                continue
            for row, ids in zip(rows, found, strict=True):
                replies[row] = ids
            at += len(rows)
        return replies

    def _generate(
        self, prompts: list[list[int]], streamer: object = None, stop: Event | None = None
    ) -> list[list[int]]:
        """New tokens of each prompt, up to and with the end token."""
        import torch
        from transformers import StoppingCriteriaList

        width = max(map(len, prompts))
        pad = int(self._config.pad_token_id or 0)
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        criteria: list[Any] = [_stopping(stop)] if stop else []
        with torch.inference_mode():
            found: Any = self._model.generate(  # type: ignore[operator]
                input_ids=ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=self._config,
                streamer=streamer,
                stopping_criteria=StoppingCriteriaList(criteria),
            )
        return [self._ended(row) for row in found[:, width:].tolist()]

    def _ended(self, ids: list[int]) -> list[int]:
        """Without the padding after the end token."""
        end = next((at for at, token in enumerate(ids) if token in self._ends), len(ids) - 1)
        return ids[: end + 1]

    def _is_cut(self, ids: list[int]) -> bool:
        return not ids or ids[-1] not in self._ends

    def _ids(self, messages: Sequence[Message]) -> list[int]:
        """The prompt's tokens; a control token in a passage stays plain text if that is offered."""
        chat = [dict(message) for message in messages]
        ask: Callable[..., Any] = self._tokenizer.apply_chat_template
        options = {
            "add_generation_prompt": True,
            "tokenize": True,
            "return_dict": False,
            "sanitize_control_tokens": True,  # from transformers 5; before, nobody reads it
        }
        try:
            return list(ask(chat, **options, enable_thinking=False))
        except Exception:  # a template without a system role raises a bare error of its own
            joined = "\n\n".join(message["content"] for message in messages)
            return list(ask([{"role": "user", "content": joined}], **options))

    @cached_property
    def _config(self) -> "GenerationConfig":
        from transformers import GenerationConfig

        make: Callable[..., GenerationConfig] = GenerationConfig
        ends = sorted(self._ends)
        pad = self._tokenizer.pad_token_id
        return make(
            do_sample=False,
            num_beams=1,
            max_new_tokens=self._settings.answer_tokens,
            eos_token_id=ends,
            pad_token_id=pad if pad is not None else (ends or [0])[0],
        )

    @cached_property
    def _ends(self) -> frozenset[int]:
        """Tokens that end a reply: the model's, which may be several, and the tokenizer's."""
        own: Any = getattr(self._model.generation_config, "eos_token_id", None)
        listed = own if isinstance(own, list) else [own]
        return frozenset(t for t in (*listed, self._tokenizer.eos_token_id) if t is not None)

    def _failed(self, error: Exception) -> ModelFailed:
        return ModelFailed(
            f"the language model {self.name} failed ({type(error).__name__}: {first_line(error)});"
            " try a smaller model, fewer passages, or the default: --generator embedded."
        )


def _stopping(stop: Event) -> "Any":  # noqa: ANN401 - its class exists once transformers is loaded
    import torch
    from transformers import StoppingCriteria

    class Stopped(StoppingCriteria):
        """Ends every sequence once whoever reads the text has gone."""

        def __call__(
            self, input_ids: "torch.Tensor", scores: object, **_: object
        ) -> "torch.Tensor":
            return torch.full((len(input_ids),), stop.is_set(), device=input_ids.device)

    return Stopped()


def load_chat_model(settings: Settings) -> PromptedGenerator:
    """Load `settings.generator` from a folder or the local model cache; half precision on CUDA.

    Asks the hub for nothing unless `settings.downloads`; raises ModelMissing naming the remedy.
    """
    name = settings.generator
    if not (settings.downloads or Path(name).exists() or _is_cached(name)):
        raise ModelMissing(
            f"language model {name!r} is neither a folder nor in the local model cache; fetch it: "
            f"`hf download {name}`, allow it here: --download, or use the default: "
            "--generator embedded."
        )
    try:
        model, tokenizer = _open(name, settings)
    except Exception as error:  # the hub client and the loaders raise many types
        raise ModelMissing(
            f"language model {name!r} can't be opened ({first_line(error)}); fetch it anew: "
            f"`hf download {name}`, or use the default: --generator embedded."
        ) from error
    if not tokenizer.chat_template:
        raise ModelMissing(
            f"{name!r} has no chat template, so it is no chat model; name one that is, or use the "
            "default: --generator embedded."
        )
    short = Path(name).resolve().name if Path(name).is_dir() else name
    chat = TransformerChat(
        model,
        tokenizer,
        name=short,
        settings=settings,
        continuous=model.device.type == "cuda",
    )
    return PromptedGenerator(chat)


def _open(name: str, settings: Settings) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    here = not settings.downloads or Path(name).exists() or _is_cached(name)
    tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=here)
    model = AutoModelForCausalLM.from_pretrained(
        name, local_files_only=here, dtype=_dtype(settings.device)
    )
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    placed: Any = model
    return placed.to(device).eval(), tokenizer


def _dtype(device: str) -> "torch.dtype | str":
    """bfloat16 on CUDA, float16 where a GPU lacks it; on a CPU what the weights are stored in."""
    import torch

    if (device or "cuda").startswith("cuda") and torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return "auto"


def _is_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except HFValidationError:
        return False
