"""What a new generation takes over: the one in use, or the one before it if that is damaged."""

from pathlib import Path

from rag.building import Before
from rag.errors import IndexDamaged, IndexMissing
from rag.generations import Generation, checksum_of, generations_of, path_of, read_current
from rag.index import telling_damage
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.records import Records


def open_before(folder: Path) -> tuple[Before | None, Generation | None, str]:
    """What can be taken over, of which generation, and what is lost of the one in use."""
    try:
        read_current(folder)
        reason = ""
    except IndexMissing:
        return None, None, ""
    except IndexDamaged as error:
        reason = str(error)
    for generation in generations_of(folder):
        path = path_of(folder, generation)
        try:
            if checksum_of(path / MANIFEST) != generation.checksum:
                continue
            manifest = Manifest.load(path, index=folder)
            manifest.check_files(path, index=folder)
            with telling_damage(folder):
                before = Before(manifest, Records(path, folder))
        except IndexDamaged as error:
            reason = reason or str(error)
        else:
            lost = f"the generation before was taken over: {reason}" if reason else ""
            return before, generation, lost
    return None, None, f"nothing was kept of the old index: {reason}"
