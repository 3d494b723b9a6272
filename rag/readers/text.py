"""Plain text in whatever encoding -> one Document; the other readers decode their bytes here."""

import codecs
import re
from pathlib import Path

from rag.errors import ReadError
from rag.language import detect_language
from rag.readers.labels import describe, find_outline, first_line, first_title
from rag.types import Document

_BOMS = (  # UTF-32 before UTF-16, whose mark begins the same
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOM = "\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MAX_CONTROL_SHARE = 0.01
_SAMPLE_BYTES = 1 << 18
_SAMPLE_CHARS = 1 << 16
_DAMAGED_UTF8_BYTES = (
    30  # so many bytes beyond ASCII are valid UTF-8 by chance in no other encoding
)
# Chinese written as GB18030 is nearly all GB2312, and these are a sixth of its characters.
_MIN_GB2312_SHARE = 0.9
_MAX_KANA_SHARE = 0.1  # EUC-JP is valid GB18030 too and keeps its kana
_COMMON_HAN = frozenset("的一是在不了有和人这中大为上个国以要到地会可发年同工业能部家进等化建设")
_MIN_COMMON_SHARE = 0.035  # no 300 characters of the compilation have under 0.037
# Beyond ASCII, what French, German, Italian, Portuguese and Spanish are written with.
_WESTERN = frozenset("çêëîïôœûùâàéèäöüßñáíóúãõìòÇÊÎÔŒÛÙÂÀÉÈÄÖÜÑÁÍÓÚÃÕ¿¡«»“”‘’–—…°§ºª·€\xa0")
_ASCII = frozenset(map(chr, range(128)))
_EAST_ASIAN = (("euc_jp", "ja"), ("cp949", "ko"))  # charset-normalizer takes these for Chinese
_MANY_HAN = 100  # with fewer, the common ones may be missing by chance


def recognises(path: Path, head: bytes) -> bool:
    """Anything that is text; whether its suffix is known is no matter."""
    return is_text(head)


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read the file as one Document; its text is the file's, with \\n for the ends of lines."""
    text = decode(path)
    title = first_title(first_line(text), path.stem) or path.stem
    return (describe(text, path, source, title=title, sections=find_outline([], text)),)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file can be text in an encoding that `decode` knows."""
    if any(head.startswith(mark) for mark, _ in _BOMS):
        return True
    return b"\0" not in head and not _is_binary(head.decode("latin-1"))


def decode(path: Path) -> str:
    """The text of a file, as `decode_bytes` gives it."""
    return decode_bytes(path.read_bytes(), path)


def decode_bytes(data: bytes, path: Path, *, declared: str = "") -> str:
    """The text without byte-order mark, \\r\\n and \\r as \\n, otherwise as it stands.

    declared: the encoding that the file names; believed if the bytes fit it and aren't UTF-8.
    Raises ReadError, naming `path`, for what is blank or no text.
    """
    text = _strictly(data, _encoding(data, path, declared), path).removeprefix(_BOM)
    if "\0" in text or _is_binary(text[:_SAMPLE_CHARS]):
        raise ReadError(f"{path} is a binary file, not text; export its text as UTF-8.")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text or text.isspace():
        raise ReadError(f"{path} holds no text, only white space; name a file with text in it.")
    return text


def _encoding(data: bytes, path: Path, declared: str) -> str:
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), "")
    if marked:
        return marked
    if b"\0" in data:
        raise ReadError(
            f"{path} is a binary file or UTF-16 without a byte-order mark; save it as UTF-8."
        )
    if _is_utf8(data, path):
        return "utf-8"
    if declared and _fits(data, declared):
        return declared
    return "gb18030" if _is_gb18030(data) else _guessed(data, path)


def _is_utf8(data: bytes, path: Path) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        valid = data[: error.start]
        if len(valid) - len(valid.decode("utf-8").encode("ascii", "ignore")) < _DAMAGED_UTF8_BYTES:
            return False
        raise ReadError(
            f"{path} is UTF-8 but damaged at byte {error.start:,}; mend it: "
            f"`iconv -c -f utf-8 -t utf-8 '{path}' > mended.txt`."
        ) from error
    return True


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _is_gb18030(data: bytes) -> bool:
    """Whether the bytes are valid GB18030 and what they say looks Chinese."""
    if not _fits(data, "gb18030"):
        return False
    sample = [c for c in data[:_SAMPLE_BYTES].decode("gb18030", "ignore") if c > "\x7f"]
    simple = len("".join(sample).encode("gb2312", "ignore")) / 2
    kana = sum("\u3041" <= c <= "\u30fa" for c in sample)
    if simple < _MIN_GB2312_SHARE * len(sample) or kana > _MAX_KANA_SHARE * len(sample):
        return False
    han = [c for c in sample if "\u4e00" <= c <= "\u9fff"]
    common = sum(c in _COMMON_HAN for c in han)
    return len(han) < _MANY_HAN or common >= _MIN_COMMON_SHARE * len(han)


def _guessed(data: bytes, path: Path) -> str:
    from charset_normalizer import from_bytes  # slow to load, seldom needed

    for encoding, language in _EAST_ASIAN:
        if _fits(data, encoding) and detect_language(data.decode(encoding)) == language:
            return encoding
    if _fits(data, "cp1252") and _WESTERN.issuperset(set(data.decode("cp1252")) - _ASCII):
        return "cp1252"
    sample = data[:_SAMPLE_BYTES]
    if len(data) > len(sample):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    guess = from_bytes(sample).best()
    if guess is None:
        raise ReadError(f"{path} is text in no encoding that can be told; save it as UTF-8.")
    return guess.encoding


def _strictly(data: bytes, encoding: str, path: Path) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{path} is {encoding} but damaged at byte {error.start:,}; save it as UTF-8."
        ) from error


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text)) > _MAX_CONTROL_SHARE * len(text)
