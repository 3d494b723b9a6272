"""A blocking iterator, drawn in a thread of its own, so that who waits for it can leave.

Gradio can't end a plain generator while it waits for a language model: whoever asks it to stop
waits too, and with them everybody else, since it holds the server's lock meanwhile.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import closing, suppress
from typing import Any, TypeVar

_Value = TypeVar("_Value")
_END = object()


async def draw_afar(values: Generator[_Value, None, None]) -> AsyncGenerator[_Value, None]:
    """The values as they come; raises what the generator raises.

    When this is closed or cancelled, the generator is closed in its thread at its next value.
    """
    loop = asyncio.get_running_loop()
    drawn: asyncio.Queue[Any] = asyncio.Queue()
    left = threading.Event()

    def tell(value: object) -> None:
        with suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(drawn.put_nowait, value)

    def draw() -> None:
        last: object = _END
        try:
            with closing(values):
                for value in values:
                    if left.is_set():
                        return
                    tell(value)
        except BaseException as error:  # raised where it is waited for
            last = _Raised(error)
        tell(last)

    threading.Thread(target=draw, name="answering", daemon=True).start()
    try:
        while (value := await drawn.get()) is not _END:
            if isinstance(value, _Raised):
                raise value.error
            yield value
    finally:
        left.set()


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
