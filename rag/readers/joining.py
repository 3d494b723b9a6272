"""Lines broken by a layout -> running text: Chinese and Japanese need no space, others do."""

import re

# Han, kana and the punctuation set among them, full-width or half-width.
_CJK = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—·"
_IS_CJK = re.compile(f"[{_CJK}]")
_BROKEN_CJK = re.compile(rf"(?<=[{_CJK}])[ \t\r]*\n\s*(?=[{_CJK}])")
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")


def between(left: str, right: str) -> str:
    """What to put where a line ended between two texts: "" beside a CJK character, else a space."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return ""
    return "" if _IS_CJK.match(left[-1]) or _IS_CJK.match(right[0]) else " "


def squeeze(text: str) -> str:
    """One line: white space single and none at the ends; line breaks between CJK characters go."""
    return _SPACES.sub(" ", _BROKEN_CJK.sub("", text)).strip()
