"""A chat model behind any server that speaks the OpenAI protocol: vLLM, SGLang, llama.cpp, Ollama.

source: OpenAI API reference, "Chat completions" and its streaming. A key is read from the
environment alone, TANWEN_API_KEY, or OPENAI_API_KEY for api.openai.com, and is never shown.
"""

import json
import logging
import os
import re
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import BadRequest, ModelFailed
from rag.generators.prompted import PromptedGenerator
from rag.generators.prompts import Message
from rag.generators.splitting import Text
from rag.settings import Settings

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

KEY, OPENAI_KEY = "TANWEN_API_KEY", "OPENAI_API_KEY"
_OPENAI_HOST = "api.openai.com"
_CONTEXT_TOKENS = 8192  # where neither the settings nor the protocol tell
_CONNECT_S = 5.0
_ATTEMPTS, _FIRST_WAIT_S, _LONGEST_WAIT_S = 3, 0.5, 20.0
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
_SIDE_BY_SIDE = 8  # requests; servers batch them themselves
_SHOWN_CHARS = 200  # of what a server says went wrong
_WIDE = re.compile(r"[^\x00-\u02ff]")
_LINE_END = re.compile(r"[\r\n]")
_log = logging.getLogger(__name__)


class _Passing(Exception):
    """A fault that may be gone the next time. retry_after: seconds, as the server says."""

    def __init__(self, fault: str, retry_after: str = "") -> None:
        super().__init__(fault)
        self.retry_after = retry_after


class _WithoutQuery(logging.Filter):
    """httpx logs the URL of every request, and some servers take their key in its query."""

    def filter(self, record: logging.LogRecord) -> bool:
        import httpx

        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg
                for arg in record.args
            )
        return True


_WITHOUT_QUERY = _WithoutQuery()


class ServerChat:
    """One model of one server; nothing is asked of it before the first question."""

    def __init__(self, url: str, settings: Settings, *, key: str = "") -> None:
        """url: the protocol's base, mostly ending in /v1. Raises BadRequest for none."""
        import httpx

        given = httpx.URL(url.rstrip("/"))
        if not given.host:
            raise BadRequest(
                f"{url!r} names no server; give its base URL, e.g. http://localhost:8000/v1."
            )
        logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)
        self._settings = settings
        self._secrets = tuple(filter(None, (key, given.password)))
        self._url = given.copy_with(username=None, password=None, query=None)
        self.name = str(self._url)
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.timeout_s, connect=_CONNECT_S),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            auth=(given.username, given.password) if given.userinfo else None,
            params=given.params,
        )

    @property
    def budget(self) -> int:
        window = self._settings.context_tokens or _CONTEXT_TOKENS
        return window - self._settings.answer_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """At most as many, whatever the model's tokenizer: a token a wide character and half a
        token any other, for the protocol doesn't tell.
        """
        text = "".join(message["content"] for message in messages)
        wide = len(_WIDE.findall(text))
        return wide + (len(text) - wide) // 2 + 8 * len(messages)

    def stream(self, messages: Sequence[Message]) -> Text:
        """As in Chat. What fails before the first word is tried again, later nothing is."""
        body = {
            "model": self.model,
            "messages": list(messages),
            "stream": True,
            "temperature": 0,
            "max_tokens": self._settings.answer_tokens,
        }
        response = self._send("POST", "/chat/completions", body)
        try:
            cut = yield from self._read(response)
        finally:
            response.close()
        return cut

    def reply_all(self, conversations: Sequence[Sequence[Message]]) -> Iterator[tuple[str, bool]]:
        if not conversations:
            return
        self.model  # noqa: B018 - asked for once, not by each thread
        threads = ThreadPoolExecutor(_SIDE_BY_SIDE)
        try:
            yield from threads.map(self._reply, conversations)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def model(self) -> str:
        """The model named in the settings, or the only one the server has."""
        if self._settings.model:
            return self._settings.model
        response = self._send("GET", "/models")
        try:
            named = [str(row["id"]) for row in json.loads(response.read())["data"]]
        except (ValueError, LookupError, TypeError) as error:
            raise self._failed("its models can't be listed; name one: --model NAME") from error
        finally:
            response.close()
        if len(named) != 1:
            shown = ", ".join(named[:10]) or "none"
            raise BadRequest(f"{self.name} has the models {shown}; name one: --model NAME.")
        return named[0]

    def _reply(self, messages: Sequence[Message]) -> tuple[str, bool]:
        pieces = []
        stream = self.stream(messages)
        while True:
            try:
                pieces.append(next(stream))
            except StopIteration as end:
                return "".join(pieces), bool(end.value)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> "httpx.Response":
        """An open response with status 200; passing faults are tried three times in all."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_wait_s,
            retry=retry_if_exception_type(_Passing),
            before_sleep=lambda state: _log.info(
                "%s: try %d failed", self.name, state.attempt_number
            ),
            sleep=time.sleep,
            reraise=True,
        )
        try:
            response: httpx.Response = attempts(self._try, method, path, body)
        except _Passing as error:
            raise self._failed(str(error)) from error
        return response

    def _try(self, method: str, path: str, body: dict[str, Any] | None) -> "httpx.Response":
        """One request; raises _Passing for what may be gone the next time, else ModelFailed."""
        import httpx

        request = self._client.build_request(method, f"{self._url}{path}", json=body)
        try:
            response = self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as error:
            _log.info("%s: can't be reached (%s)", self.name, type(error).__name__)
            raise _Passing(f"it can't be reached ({error or type(error).__name__})") from error
        except httpx.TimeoutException as error:  # tried again, it would take as long again
            _log.info("%s: silent for %g s", self.name, self._settings.timeout_s)
            raise self._failed(f"it was silent for {self._settings.timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise self._failed(f"{type(error).__name__}: {error}") from error
        if response.status_code == httpx.codes.OK:
            return response
        _log.info("%s: status %d", self.name, response.status_code)
        try:
            fault = self._fault(response)
        finally:
            response.close()
        if response.status_code in _PASSING:
            raise _Passing(fault, response.headers.get("retry-after", ""))
        raise self._failed(fault)

    def _read(self, response: "httpx.Response") -> Generator[str, None, bool]:
        import httpx

        cut = ended = False
        try:
            if "event-stream" not in response.headers.get("content-type", ""):
                text, cut = _said(json.loads(response.read()), "message")
                if text:
                    yield text
                return cut
            for line in _lines(response):
                if not line.startswith("data:"):
                    continue
                data = line[5:].strip()
                if data == "[DONE]":
                    return cut
                event = json.loads(data)
                if isinstance(event, dict) and event.get("error"):
                    raise self._failed(f"it says {json.dumps(event['error'])[:_SHOWN_CHARS]}")
                text, stopped = _said(event, "delta")
                cut, ended = cut or stopped, ended or _is_last(event)
                if text:
                    yield text
        except httpx.TimeoutException as error:
            _log.info("%s: fell silent for %g s", self.name, self._settings.timeout_s)
            raise self._failed(f"it fell silent for {self._settings.timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise self._failed(f"it broke off ({type(error).__name__})") from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._failed("its reply is not of the OpenAI protocol") from error
        if not ended:
            raise self._failed("it broke off before the answer's end")
        return cut

    def _fault(self, response: "httpx.Response") -> str:
        """Status and the server's own words, and what to do about the commonest."""
        try:
            text = response.read().decode("utf-8", "replace")
        except Exception:  # the status says enough
            text = ""
        said = " ".join(text.split())[:_SHOWN_CHARS]
        hints = {
            401: f"set {KEY} in the environment",
            403: f"set {KEY} in the environment",
            404: "give the base URL, mostly ending in /v1, and a model it has: --model NAME",
        }
        hint = hints.get(response.status_code, "")
        return f"status {response.status_code} {said}" + (f"; {hint}" if hint else "")

    def _failed(self, fault: str) -> ModelFailed:
        return ModelFailed(
            f"the language model at {self.name} failed: {self._shown(fault)}; see that the server "
            "runs, or use the default: --generator embedded."
        )

    def _shown(self, text: str) -> str:
        """Without the key and the password of the URL, whoever said them."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _lines(response: "httpx.Response") -> Iterator[str]:
    """What stands between ends of lines; httpx also cuts at U+2028, which JSON may hold.

    source: HTML Standard, "Server-sent events", 9.2.5.
    """
    rest = ""
    for text in response.iter_text():
        *lines, rest = _LINE_END.split(rest + text)
        yield from lines
    yield rest


def _said(event: Any, part: str) -> tuple[str, bool]:  # noqa: ANN401 - any JSON
    """(text, whether the length cut it off) of a reply or one event of its stream."""
    choices = event["choices"]
    if not choices:  # the last event of some servers holds the usage alone
        return "", False
    choice = choices[0]
    text = (choice.get(part) or {}).get("content") or ""
    if not isinstance(text, str):
        raise TypeError("content is no text")
    return text, choice.get("finish_reason") == "length"


def _is_last(event: Any) -> bool:  # noqa: ANN401 - any JSON
    return bool(event["choices"]) and event["choices"][0].get("finish_reason") is not None


def _wait_s(state: "RetryCallState") -> float:
    """What the server asks to be waited, 20 s at most; else half a second, then two."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, _Passing) else ""
    own_s = _FIRST_WAIT_S * 4.0 ** (state.attempt_number - 1)
    return min(float(asked) if asked.isdecimal() else own_s, _LONGEST_WAIT_S)


def load_server(settings: Settings) -> PromptedGenerator:
    """The server at the base URL `settings.generator`; nothing is sent yet.

    Raises BadRequest for what is no URL, which is not shown: it may hold a password.
    """
    import httpx

    try:
        url, _ = urlsplit(settings.generator), httpx.URL(settings.generator)
    except (ValueError, httpx.InvalidURL) as error:
        raise BadRequest(
            f"the URL of the language model can't be read ({error}); give its server's base URL, "
            "e.g. --generator http://localhost:8000/v1."
        ) from error
    is_openai = url.scheme == "https" and url.hostname == _OPENAI_HOST
    key = os.environ.get(KEY) or (os.environ.get(OPENAI_KEY, "") if is_openai else "")
    return PromptedGenerator(ServerChat(settings.generator, settings, key=key))
