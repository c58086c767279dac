"""Writes test/fixtures/pictures.json: picture files of many kinds, and the RGB pixels that Pillow and `to_rgb` make of them.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install pillow==13.0.0 numpy
    /tmp/fidelity/bin/python test/fidelity/pictures.py

`to_rgb` is what qwen-vl-utils does with what `Image.open` gives: mode RGBA on white, every other mode through convert("RGB").
`within` is how far a channel may be away: 0 but where the decoders round palettes or alpha in another way, or bring chroma
to full size in another way (AVIF).
"""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

width, height = 19, 14
y, x = np.mgrid[0:height, 0:width]
colours = np.stack([x * 13 % 256, (y * 17 + x * 2) % 256, (255 - x * 5 + y * 3) % 256], -1).astype(np.uint8)
colours[3:8, 4:11] = (220, 30, 40)
alpha = ((x * 11 + y * 19) % 256).astype(np.uint8)
deep = colours.astype(np.uint16) * 256 + ((x * 31 + y * 7) % 256)[..., None].astype(np.uint16)
rgb = Image.fromarray(colours)
rgba = Image.fromarray(np.dstack([colours, alpha]))
grey = rgb.getchannel(0)
palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=30)
larger = rgb.resize((45, 34), Image.Resampling.BICUBIC)
later = [Image.new("RGB", rgb.size, "red"), Image.new("RGB", rgb.size, "blue")]
cases = {}


def add(name, content, within=0):
    cases[name] = (content, within)


def save(name, image, kind, within=0, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    add(name, file.getvalue(), within)


def exif(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return tags


# PNG
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, depth, colour_type, rows, interlaced=False, before=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    parts = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    add(name, b"\x89PNG\r\n\x1a\n" + parts)


def plain_rows(samples):
    return b"".join(b"\0" + row.tobytes() for row in samples)


def interlaced_rows(samples):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    return b"".join(plain_rows(samples[top::down, left::right]) for left, top, right, down in passes)


for name, image in dict(rgb=rgb, rgba=rgba, grey=grey, palette=palette, bits=grey.convert("1")).items():
    save(f"png {name}", image, "PNG")
save("png grey with alpha", rgba.convert("LA"), "PNG")
save("png palette, one index transparent", palette, "PNG", transparency=3)
save("png palette, alpha for each index", palette, "PNG", transparency=bytes(range(0, 240, 8)))
save("png rgb, one colour transparent", rgb, "PNG", transparency=(220, 30, 40))
save("png palette of 4 bits", rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=13), "PNG", bits=4)
save("png turned by EXIF", rgb, "PNG", exif=exif(6))
save("png animated", rgb, "PNG", save_all=True, append_images=later)
save("png animated, default picture apart", rgb, "PNG", save_all=True, append_images=later, default_image=True)
png("png rgb of 16 bits", 16, 2, plain_rows(deep.astype(">u2")))
png("png grey of 16 bits", 16, 0, plain_rows(deep[..., 0].astype(">u2")))
png("png grey of 16 bits, dark", 16, 0, plain_rows((deep[..., 0] // 300).astype(">u2")))
png("png grey with alpha of 16 bits", 16, 4, plain_rows(np.dstack([deep[..., 0], alpha * np.uint16(257)]).astype(">u2")))
png("png rgba of 16 bits", 16, 6, plain_rows(np.dstack([deep, alpha * np.uint16(257)]).astype(">u2")))
png("png interlaced", 8, 2, interlaced_rows(colours), interlaced=True)
png("png interlaced rgba of 16 bits", 16, 6, interlaced_rows(np.dstack([deep, alpha * np.uint16(257)]).astype(">u2")), interlaced=True)
png("png with gamma", 8, 2, plain_rows(colours), before=chunk(b"gAMA", struct.pack(">I", 100000)))

# JPEG
for name, options in {
    "4:4:4": dict(subsampling=0),
    "4:2:2": dict(subsampling=1),
    "4:2:0": dict(subsampling=2),
    "progressive": dict(progressive=True),
    "quality 30": dict(quality=30),
    "restart markers": dict(restart_marker_blocks=2),
    "rgb inside": dict(keep_rgb=True),
}.items():
    save(f"jpeg {name}", larger, "JPEG", **options)
save("jpeg grey", larger.convert("L"), "JPEG")
save("jpeg cmyk", larger.convert("CMYK"), "JPEG")
for orientation in range(1, 9):
    save(f"jpeg turned by EXIF {orientation}", larger, "JPEG", exif=exif(orientation))
still = cases["jpeg 4:2:0"][0]
add("jpeg with a film behind it", still + b"\0\0\0\x18ftypmp42" + bytes(300))
add("jpeg with short application fields", still[:2] + b"\xff\xe1\0\4\1\2\xff\xee\0\3\1" + still[2:])
save("jpeg of several pictures", larger, "MPO", save_all=True, append_images=[larger.rotate(180)])

# WebP
save("webp lossy", larger, "WEBP", quality=60)
save("webp lossless", rgb, "WEBP", lossless=True)
save("webp lossless with alpha", rgba, "WEBP", lossless=True)
save("webp lossy with alpha", rgba, "WEBP", quality=80)
save("webp animated", rgb, "WEBP", save_all=True, append_images=later, lossless=True)
save("webp animated with alpha", rgba, "WEBP", save_all=True, append_images=[later[0].convert("RGBA")], lossless=True)
save("webp turned by EXIF", larger, "WEBP", exif=exif(6))

# TIFF
for compression in ("raw", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "jpeg"):
    save(f"tiff {compression}", rgb, "TIFF", compression=compression)
for compression in ("group3", "group4"):
    save(f"tiff {compression}", grey.convert("1"), "TIFF", compression=compression)
for name, image in dict(rgba=rgba, grey=grey, cmyk=rgb.convert("CMYK"), bits=grey.convert("1"), floating=grey.convert("F")).items():
    save(f"tiff {name}", image, "TIFF", compression="tiff_lzw")
save("tiff grey with alpha", rgba.convert("LA"), "TIFF")
save("tiff palette", palette, "TIFF", within=1)
save("tiff big-endian", rgb, "TIFF", big_endian=True)
save("tiff of several pages", rgb, "TIFF", save_all=True, append_images=later)
save("tiff in tiles", rgb, "TIFF", compression="tiff_deflate", tiffinfo={322: 16, 323: 16})
save("tiff grey of 16 bits", Image.fromarray(deep[..., 0]), "TIFF")
save("tiff grey of 16 bits, dark, big-endian", Image.fromarray(deep[..., 0] // 300), "TIFF", big_endian=True)


def tiff(name, samples, photometric, extra=(), order="<", within=0, orientation=1, planes_apart=False):
    bits = samples.dtype.itemsize * 8
    channels = samples.shape[2]
    layers = [samples[..., i] for i in range(channels)] if planes_apart else [samples]
    data = b"".join(layer.astype(samples.dtype.newbyteorder(order)).tobytes() for layer in layers)
    size = len(data) // len(layers)
    places = [8 + i * size for i in range(len(layers))]
    fields = {256: [width], 257: [height], 258: [bits] * channels, 259: [1], 262: [photometric], 273: places, 274: [orientation]}
    fields |= {277: [channels], 278: [height], 279: [size] * len(layers), 284: [2 if planes_apart else 1]}
    fields |= {338: list(extra)} if extra else {}
    directory = 8 + len(data) + len(data) % 2
    beyond, entries = b"", b""
    for tag, values in sorted(fields.items()):
        packed = struct.pack(order + "H" * len(values), *values)
        if len(packed) > 4:
            place = directory + 2 + 12 * len(fields) + 4 + len(beyond)
            beyond += packed + bytes(len(packed) % 2)
            packed = struct.pack(order + "I", place)
        entries += struct.pack(order + "HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    content = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, directory) + data.ljust(directory - 8, b"\0")
    add(name, content + struct.pack(order + "H", len(fields)) + entries + bytes(4) + beyond, within)


for order, word in (("<", "little"), (">", "big")):
    tiff(f"tiff rgb of 16 bits, {word}-endian", deep, 2, order=order)
    tiff(f"tiff rgba of 16 bits, {word}-endian", np.dstack([deep, alpha * np.uint16(257)]), 2, (2,), order)
covered = np.dstack([(colours * (alpha[..., None] / 255)).round().astype(np.uint8), alpha])
tiff("tiff with associated alpha", covered, 2, (1,), within=1)
tiff("tiff with a fourth channel that is no alpha", np.dstack([colours, alpha]), 2, (0,))
tiff("tiff with planes apart", colours, 2, planes_apart=True)
for orientation in range(1, 9):
    tiff(f"tiff turned {orientation}", colours, 2, orientation=orientation)

# GIF
save("gif", palette, "GIF")
save("gif transparent", palette, "GIF", transparency=3)
save("gif interlaced", palette, "GIF", interlace=1)
save("gif animated", rgb, "GIF", save_all=True, append_images=later)


def small_gif(name, transparent):
    """A picture of 5x4 on a screen of 19x14, at 3, 2."""
    patch = Image.new("P", (5, 4), 1)
    patch.putpalette([10, 60, 200, 250, 120, 30, 90, 90, 0, 0, 200, 0])
    patch.putpixel((1, 1), 2)
    file = io.BytesIO()
    patch.save(file, "GIF", optimize=False, **(dict(transparency=2) if transparent else {}))
    content = bytearray(file.getvalue())
    content[6:10] = struct.pack("<HH", width, height)
    image = content.index(b"\x2c" + bytes(4) + struct.pack("<HH", 5, 4))
    content[image + 1 : image + 5] = struct.pack("<HH", 3, 2)
    add(name, bytes(content))


small_gif("gif smaller than its screen", False)
small_gif("gif smaller than its screen, transparent", True)

# BMP
for name, image in dict(rgb=rgb, palette=palette, bits=grey.convert("1"), grey=grey).items():
    save(f"bmp {name}", image, "BMP")
below = np.dstack([colours[..., ::-1], alpha])[::-1].tobytes()


def bmp(name, header_bytes, compression, masks, data=below, bits=32):
    header = struct.pack("<IiiHHIIiiII", header_bytes, width, height, 1, bits, compression, len(data), 2835, 2835, 0, 0)
    fields = struct.pack(f"<{len(masks)}I", *masks).ljust(header_bytes - 40, b"\0")
    add(name, struct.pack("<2sIHHI", b"BM", 54 + len(fields) + len(data), 0, 0, 54 + len(fields)) + header + fields + data)


rgb_masks = (0xFF0000, 0xFF00, 0xFF)
bmp("bmp of four bytes a pixel", 40, 0, ())
bmp("bmp with alpha", 124, 3, (*rgb_masks, 0xFF000000))
bmp("bmp with masks and no alpha", 108, 3, (*rgb_masks, 0))

# The rest
save("jpeg 2000", rgb, "JPEG2000")
save("jpeg 2000 lossy", larger, "JPEG2000", quality_mode="rates", quality_layers=[20], irreversible=True)
save("jpeg 2000 grey", grey, "JPEG2000")
save("jpeg 2000 with alpha", rgba, "JPEG2000")
save("jpeg 2000 grey with alpha", rgba.convert("LA"), "JPEG2000")
save("jpeg 2000 codestream", rgb, "JPEG2000", no_jp2=True)
save("ppm", rgb, "PPM")
save("pgm", grey, "PPM")
save("pbm", grey.convert("1"), "PPM")
save("avif", Image.new("RGB", (44, 32), (200, 90, 30)), "AVIF", within=3)
save("avif turned", Image.new("RGB", (44, 32), (200, 90, 30)), "AVIF", within=3, exif=exif(6))


def to_rgb(image):
    if image.mode != "RGBA":
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, (255, 255, 255))
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def text(content):
    return base64.b64encode(content).decode()


pictures = []
for name, (content, within) in cases.items():
    with Image.open(io.BytesIO(content)) as opened:
        mode = opened.mode
        shown = to_rgb(opened)
    pictures.append(dict(name=name, file=text(content), mode=mode, width=shown.width, height=shown.height, within=within, rgb=text(shown.tobytes())))
sizes = [(28, 28), (56, 42), (45, 20), (30, 34), (140, 112), (1, 1), (90, 68)]
resized = dict(
    source=dict(width=larger.width, height=larger.height, rgb=text(larger.tobytes())),
    targets=[dict(width=w, height=h, rgb=text(larger.resize((w, h)).tobytes())) for w, h in sizes],
)
target = Path(__file__).parent.parent / "fixtures" / "pictures.json"
target.write_text(json.dumps(dict(pictures=pictures, resized=resized), separators=(",", ":")).replace("},{", "},\n{") + "\n")
print(target, len(pictures), "pictures", target.stat().st_size, "bytes")
