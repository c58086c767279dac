"""Writes test/fixtures/videos.json: video files of many kinds, and the frames and times that PyAV (FFmpeg's own libraries) reads;
and turned.json: files that are to be turned and mirrored, with the colours of the four quarters as they are to be shown.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy pillow av imageio-ffmpeg
    /tmp/fidelity/bin/python test/fidelity/videos.py

Frame n is of one grey level, about 16 + 5n; `grey` has the level of each frame in the order of display. `seconds` has their
times from the first, where the container's own are those that are wanted.
"""

import base64
import io
import json
import struct
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

av.logging.set_level(av.logging.PANIC)
folder = Path(tempfile.mkdtemp())
near_lossless = ["-c:v", "libx264", "-crf", "1"]
yuv420 = [*near_lossless, "-pix_fmt", "yuv420p"]
mpeg2 = ["-c:v", "mpeg2video", "-q:v", "1"]
videos = []


def level(n):
    return 16 + 5 * n


def ffmpeg(*arguments, given=None):
    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-y", *arguments], input=given, check=True)


def make(name, frames, options, width=64, height=48, rate=10):
    pixels = b"".join(bytes([level(n)]) * (width * height * 3) for n in frames)
    target = folder / name
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate), "-i", "-"]
    ffmpeg(*source, *options, str(target), given=pixels)
    return target


def copy(name, *arguments):
    target = folder / name
    ffmpeg(*arguments, "-c", "copy", str(target))
    return target


def keep(name, file, stream=None, timed=True):
    """`stream` is the one that ffmpeg itself would take, where PyAV would take another."""
    content = file.read_bytes() if isinstance(file, Path) else file
    grey, seconds = [], []
    with av.open(io.BytesIO(content)) as container:
        chosen = container.streams.best("video") if stream is None else container.streams.video[stream]
        for frame in container.decode(chosen):
            grey.append(round(float(frame.to_ndarray(format="rgb24").mean())))
            seconds.append(frame.time)
    times = [round(time - seconds[0], 3) for time in seconds] if timed else None
    videos.append(dict(name=name, file=base64.b64encode(content).decode(), grey=grey, seconds=times))


# What changes inside the stream: parts encoded apart, their packets one after the other.

def parts(name, codec, *pieces):
    raw = b"".join(make(f"part.{codec}", frames, options, *size).read_bytes() for frames, size, options in pieces)
    (folder / f"joined.{codec}").write_bytes(raw)
    times = "setts=pts=N*0.1/TB:dts=N*0.1/TB"
    keep(name, copy(name, "-r", "10", "-i", str(folder / f"joined.{codec}"), "-bsf:v", times))


first, rest = range(0, 13), range(13, 40)
plain = [*yuv420, "-bf", "0"]
parts("size.mkv", "h264", (first, (64, 48), plain), (rest, (96, 64), plain))
parts("turned.flv", "h264", (first, (64, 48), plain), (rest, (48, 64), plain))
parts("chroma.ts", "h264", (first, (64, 48), plain), (rest, (64, 48), [*near_lossless, "-pix_fmt", "yuv444p", "-bf", "0"]))
parts("depth.flv", "h264", (first, (64, 48), plain), (rest, (64, 48), [*near_lossless, "-pix_fmt", "yuv420p10le", "-bf", "0"]))
parts("sizes.mkv", "h264", *[(range(5 * i, 5 * i + 5), (64 + 16 * (i % 3), 48 + 16 * (i % 2)), plain) for i in range(8)])
hevc = ["-c:v", "libx265", "-crf", "1", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none:bframes=0:repeat-headers=1"]
parts("size-hevc.mkv", "hevc", (first, (64, 48), hevc), (rest, (96, 64), hevc))
for codec, encoder in dict(vp8="libvpx", vp9="libvpx-vp9").items():
    options = ["-c:v", encoder, "-crf", "4", "-b:v", "1M", "-auto-alt-ref", "0", "-lag-in-frames", "0"]
    pieces = [make("part.ivf", *piece).read_bytes() for piece in ((first, options), (rest, options, 96, 64))]
    packets, place = b"", 0
    for piece in pieces:
        at = 32
        while at < len(piece):
            size = struct.unpack_from("<I", piece, at)[0]
            packets += piece[at : at + 4] + struct.pack("<Q", place) + piece[at + 12 : at + 12 + size]
            at, place = at + 12 + size, place + 1
    (folder / "joined.ivf").write_bytes(pieces[0][:32] + packets)
    keep(f"size-{codec}.webm", copy(f"size-{codec}.webm", "-i", str(folder / "joined.ivf")))

# Animations, as Pillow writes them: delays that differ, frames smaller than the picture, its alpha.
whole = [Image.new("RGB", (64, 48), (level(n),) * 3) for n in range(40)]
whole[0].save(folder / "delays.gif", save_all=True, append_images=whole[1:], duration=[50 + 30 * (n % 4) for n in range(40)])
keep("delays.gif", folder / "delays.gif", timed=False)
whole[0].save(folder / "still.apng", format="PNG", save_all=True, append_images=whole[1:], duration=100)
keep("animated.apng", folder / "still.apng", timed=False)

# Rates that vary, edit lists, fragments, pictures that AVI repeats.
uneven = ["-vf", "setpts='(N+floor(N/7)*3)/(10*TB)'", "-fps_mode"]
keep("uneven.mp4", make("uneven.mp4", range(40), [*uneven, "passthrough", *yuv420]))
keep("repeats.avi", make("repeats.avi", range(40), ["-vf", "setpts='(N*3)/(10*TB)'", "-fps_mode", "vfr", "-c:v", "mpeg4", "-q:v", "1"]))
groups = make("groups.mp4", range(40), [*yuv420, "-g", "12", "-bf", "3"])
keep("trimmed.mov", copy("trimmed.mov", "-ss", "0.75", "-i", str(groups)))
keep("trimmed-both.mp4", copy("trimmed-both.mp4", "-ss", "0.75", "-to", "2.5", "-i", str(groups)))
keep("late.mp4", copy("late.mp4", "-itsoffset", "0.5", "-i", str(groups)))
keep("fragments.mp4", make("fragments.mp4", range(40), [*yuv420, "-movflags", "frag_keyframe+empty_moov", "-g", "10"]))
keep("packed.avi", make("packed.avi", range(40), ["-c:v", "libxvid", "-q:v", "1", "-bf", "2"]), timed=False)

# Joined end to end, taken up in the middle, and with packets lost between two pictures.
halves = [make(f"half{i}.ts", frames, yuv420, *size).read_bytes() for i, (frames, size) in enumerate(((first, (64, 48)), (rest, (96, 64))))]
keep("joined.ts", halves[0] + halves[1], timed=False)
halves = [make(f"half{i}.mpg", frames, mpeg2, rate=25).read_bytes() for i, frames in enumerate((range(20), range(20, 40)))]
keep("joined.mpg", halves[0] + halves[1], timed=False)
stream = make("stream.ts", range(40), [*yuv420, "-g", "8", "-bf", "2"]).read_bytes()
keep("middle.ts", stream[len(stream) // 188 // 3 * 188 :], timed=False)
open_groups = ["-c:v", "libx265", "-crf", "1", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none:keyint=10:open-gop=1"]
opened = make("open.mkv", range(40), open_groups)
keep("open-cut.mp4", copy("open-cut.mp4", "-ss", "1.2", "-i", str(opened)), timed=False)
refresh = make("refresh.mkv", range(40), [*yuv420, "-x264-params", "intra-refresh=1:keyint=10"])
keep("refresh-cut.mkv", copy("refresh-cut.mkv", "-ss", "1.5", "-i", str(refresh), "-copyinkf"), timed=False)

# Several streams: the larger one, though it is the second.
small, large = make("small.mp4", range(10), yuv420), make("large.mp4", range(40), yuv420, 128, 96)
both = ["-i", str(small), "-i", str(large), "-map", "0", "-map", "1", "-disposition:v:0", "0", "-disposition:v:1", "0"]
keep("two-streams.mkv", copy("two-streams.mkv", *both), stream=1)

# Turned and mirrored: red, green, blue, white as stored, by rows; turned against the clock first, then mirrored.
quarters = np.array([["R", "G"], ["B", "W"]])
colours = dict(R=(250, 0, 0), G=(0, 250, 0), B=(0, 0, 250), W=(250, 250, 250))
picture = np.array([[colours[letter] for letter in row] for row in quarters], np.uint8).repeat(32, 0).repeat(48, 1)
stored = folder / "stored.mp4"
source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-r", "10", "-i", "-"]
ffmpeg(*source, *near_lossless, "-pix_fmt", "yuv444p", str(stored), given=picture.tobytes() * 4)
turned = []
for angle in (0, 90, 180, 270):
    for mirror, axis in dict(plain=None, hflip=1, vflip=0).items():
        shown = np.rot90(quarters, angle // 90)
        shown = shown if axis is None else np.flip(shown, axis)
        name = f"{angle}-{mirror}.{'mkv' if mirror == 'plain' else 'mp4'}"
        options = ["-display_rotation", str(angle), *([] if axis is None else [f"-display_{mirror}"])]
        file = copy(name, *options, "-i", str(stored)).read_bytes()
        turned.append(dict(name=name, file=base64.b64encode(file).decode(), quarters="".join(shown.flat), upright=angle % 180 == 0))

fixtures = Path(__file__).parent.parent / "fixtures"
for name, content in dict(videos=videos, turned=turned).items():
    target = fixtures / f"{name}.json"
    target.write_text(json.dumps(content, separators=(",", ":")).replace("},{", "},\n{") + "\n")
    print(target, [video["name"] for video in content], target.stat().st_size, "bytes")
