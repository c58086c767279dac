"""Frames as the controller decoded them, kept in files that all ranks of a machine see: each is mapped, so the pages are shared."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .wire import GatewayError

_PREFIX = "video-r1-frames-"


@dataclass(frozen=True)
class StoredFrames:
    """RGB frames, 8 bits a channel: `count` frames of `height` rows of `width` pixels, from `offset` of a file."""

    file: str
    offset: int
    width: int
    height: int
    count: int

    @property
    def size(self) -> int:
        return self.count * self.height * self.width * 3

    def pixels(self) -> np.ndarray:
        """[count, height, width, 3] uint8, mapped."""
        try:
            return np.memmap(self.file, np.uint8, "r", self.offset, (self.count, self.height, self.width, 3))
        except (OSError, ValueError) as error:
            raise GatewayError("bad-media", f"Frames can't be read: {error}", place=self.file) from error


class FrameSpool:
    """The frames that the gateway was given. Those asked for last stay; others go when the room is needed."""

    def __init__(self, most_bytes: int = 4 * 2**30):
        _remove_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self.most_bytes = most_bytes
        self._kept: OrderedDict[str, StoredFrames] = OrderedDict()
        self._wanted: set[str] = set()
        self._files = 0

    def wanted(self, frames: list[dict]) -> list[int]:
        """Marks frames as the ones that the next requests are about; gives the numbers of those whose pixels are not here."""
        self._wanted = {one["key"] for one in frames}
        missing: list[int] = []
        for index, one in enumerate(frames):
            if one["key"] in self._kept:
                self._kept.move_to_end(one["key"])
            elif not self._from_place(one):
                missing.append(index)
        return missing

    def put(self, key: str, width: int, height: int, count: int, pixels: np.ndarray) -> None:
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
            raise GatewayError("bad-request", "pixels must be an array of u1.", place=key)
        if pixels.size != width * height * count * 3:
            raise GatewayError(
                "bad-media", f"{pixels.size} bytes are no {count} frames of {width} x {height}.", place=key
            )
        file = self._new_file()
        try:
            file.write_bytes(pixels.tobytes())
        except OSError as error:
            file.unlink(missing_ok=True)
            raise GatewayError("disk-full", f"Frames can't be kept: {error}", place=str(self.folder)) from error
        self._keep(key, StoredFrames(str(file), 0, width, height, count))

    def __getitem__(self, key: str) -> StoredFrames:
        try:
            return self._kept[key]
        except KeyError:
            raise GatewayError("bad-media", "The frames of a prompt were not sent.", place=key) from None

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _from_place(self, one: dict) -> bool:
        """A name of our own for the file: whoever keeps it may take its own away."""
        place = one.get("place")
        stored = StoredFrames("", 0, one["width"], one["height"], one["count"])
        if place is None or place["sizeBytes"] != stored.size:
            return False
        file = self._new_file()
        try:
            if os.stat(place["file"]).st_size < place["offset"] + stored.size:
                return False
            try:
                os.link(place["file"], file)
                offset = place["offset"]
            except OSError:
                with open(place["file"], "rb") as source:
                    source.seek(place["offset"])
                    file.write_bytes(source.read(stored.size))
                offset = 0
        except OSError:
            file.unlink(missing_ok=True)
            return False
        self._keep(one["key"], StoredFrames(str(file), offset, stored.width, stored.height, stored.count))
        return True

    def _new_file(self) -> Path:
        self._files += 1
        return self.folder / f"{self._files}.rgb"

    def _keep(self, key: str, stored: StoredFrames) -> None:
        if key in self._kept:
            Path(self._kept[key].file).unlink(missing_ok=True)
        self._kept[key] = stored
        total = sum(one.size for one in self._kept.values())
        for old in [name for name in self._kept if name not in self._wanted and name != key]:
            if total <= self.most_bytes:
                break
            gone = self._kept.pop(old)
            total -= gone.size
            Path(gone.file).unlink(missing_ok=True)


def _remove_leftovers() -> None:
    """What gateways left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name[len(_PREFIX) :].split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc").exists():
            shutil.rmtree(folder, ignore_errors=True)
