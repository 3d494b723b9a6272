"""Files that a visitor saves: made here, handed over as data, so that nothing is left on disk."""

import base64

# Runs in the browser: turns a parcel into a download.
DELIVER = """(parcel) => {
  if (!parcel) return;
  const bytes = Uint8Array.from(atob(parcel.base64), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: parcel.type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: parcel.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}"""
_TYPES = {".md": "text/markdown", ".csv": "text/csv", ".png": "image/png"}
_MARK = "\ufeff"  # without it Excel takes a CSV for the system's old encoding


def text_parcel(name: str, text: str) -> dict[str, str]:
    """A UTF-8 file; a table begins with a byte-order mark."""
    return bytes_parcel(name, ((_MARK if name.endswith(".csv") else "") + text).encode("utf-8"))


def bytes_parcel(name: str, content: bytes) -> dict[str, str]:
    kind = _TYPES["." + name.rsplit(".", 1)[-1]]
    return {"name": name, "type": kind, "base64": base64.b64encode(content).decode("ascii")}
