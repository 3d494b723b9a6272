"""The words of the page in Chinese and English: which to use, and how to change them in place."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr
    from gradio.components.base import Component
    from gradio.i18n import I18nData

Labels = Mapping[str, str]

COOKIE = "tanwen_language"  # set by the switch, so that the page opens in it the next time
_PREFIX = "tanwen_"  # Gradio's own words have bare names


@cache
def load_labels() -> dict[str, Labels]:
    """The words of the interface, by language: "zh" and "en" hold the same keys."""
    labels: dict[str, Labels] = json.loads(
        Path(__file__).with_name("labels.json").read_text(encoding="utf-8")
    )
    return labels


def choose_language(chosen: str, accept_language: str) -> str:
    """What the switch was set to, or Chinese for a browser that asks for it first or for nothing;
    else English."""
    if chosen in load_labels():
        return chosen
    first = accept_language.strip().lower()
    return "zh" if not first or first.startswith("zh") else "en"


def language_of(request: "gr.Request") -> str:
    cookie = request.cookies.get(COOKIE, "")
    return choose_language(cookie, request.headers.get("accept-language", ""))


def merge(first: dict[Any, Any], second: dict[Any, Any]) -> dict[Any, Any]:
    """Updates of components, both where both change one; a value that isn't an update is its
    value."""
    merged = {component: _update(value) for component, value in first.items()}
    for component, value in second.items():
        merged[component] = {**merged.get(component, {}), **_update(value)}
    return merged


def _update(value: Any) -> dict[str, Any]:  # noqa: ANN401
    import gradio as gr

    is_update = isinstance(value, dict) and value.get("__type__") == "update"
    update: dict[str, Any] = value if is_update else gr.update(value=value)
    return update


class Words:
    """Makes components whose words follow the browser's language, and later the switch.

    texts: by language, what each name stands for; HTML where a component shows HTML.
    """

    def __init__(self, texts: Mapping[str, Labels]) -> None:
        self._texts = texts
        self._followers: list[tuple[Component, dict[str, str]]] = []

    def make(
        self,
        kind: "Callable[..., Any]",
        named: dict[str, str],
        **given: Any,  # noqa: ANN401 - whatever the component takes
    ) -> Any:  # noqa: ANN401
        """`kind(**given)` with properties that are words: named = {property: name of the word}."""
        component = kind(**given, **{prop: self._word(name) for prop, name in named.items()})
        self._followers.append((component, named))
        return component

    @property
    def components(self) -> "list[Component]":
        return [component for component, _ in self._followers]

    def switch(self, language: str) -> "dict[Component, dict[str, Any]]":
        """The updates that put every component made here into a language."""
        import gradio as gr

        texts = self._texts[language]
        return {
            component: {**gr.update(), **{prop: texts[name] for prop, name in named.items()}}
            for component, named in self._followers
        }

    def translations(self) -> dict[str, dict[str, str]]:
        """What the words stand for by browser language; any other language gets English."""
        used = {name for _, named in self._followers for name in named.values()}
        words = {
            language: {f"{_PREFIX}{name}": texts[name] for name in sorted(used)}
            for language, texts in self._texts.items()
        }
        return words | dict.fromkeys(("zh-CN", "zh-TW", "zh-HK"), words["zh"])

    @staticmethod
    def _word(name: str) -> "I18nData":
        import gradio as gr

        return gr.I18n()(f"{_PREFIX}{name}")
