#!/usr/bin/env python3
"""Writes the pictures of tests/data/images, and what torchvision on Pillow makes of them to
tests/golden/images.json: bytes before ToTensor(), as a digest and the first values, and numbers
after Normalize(). Needs Debian's python3-torchvision: /usr/bin/python3 reference/images.py
"""
import ctypes
import hashlib
import json
import pathlib

import numpy
from PIL import Image, ImageOps
from torchvision import transforms
from torchvision.transforms import InterpolationMode

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
FOLDER = TESTS / "data" / "images"
FILTERS = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR,
           "bicubic": InterpolationMode.BICUBIC}
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def picture(height, width, channels, seed):
    """Edges and noise, which show every difference of a filter."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[:height, :width]
    waves = 127 + 120 * numpy.sin(x[..., None] / 2.3 + y[..., None] / 3.1 + numpy.arange(channels))
    values = numpy.where(random.random((height, width, 1)) < 0.2, 255 * (waves > 127), waves)
    values = values.clip(0, 255).astype(numpy.uint8)
    return Image.fromarray(values if channels > 1 else values[..., 0])


def save_ycck(image, file):
    """A JPEG file of luminance, colour and black, which Pillow does not write; TurboJPEG does."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    library.tjCompress2.argtypes = ([ctypes.c_void_p, ctypes.c_char_p] + 4 * [ctypes.c_int]
                                    + [ctypes.c_void_p] * 2 + 3 * [ctypes.c_int])
    inverted = bytes(255 - value for value in image.convert("CMYK").tobytes())
    data, size = ctypes.c_void_p(), ctypes.c_ulong()
    cmyk, sampling_444, quality = 11, 0, 95
    assert library.tjCompress2(library.tjInitCompress(), inverted, image.width, 0, image.height, cmyk,
                               ctypes.byref(data), ctypes.byref(size), sampling_444, quality, 0) == 0
    file.write_bytes(ctypes.string_at(data, size.value))


def make_files():
    FOLDER.mkdir(exist_ok=True)
    colour = picture(23, 37, 3, 1)
    colour.save(FOLDER / "colour.png")
    picture(41, 17, 1, 2).save(FOLDER / "grey.png")
    smooth = picture(16, 24, 3, 3).resize((24, 16)).resize((12, 8), Image.BILINEAR)
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        smooth.save(FOLDER / f"exif{orientation}.jpg", quality=90, exif=exif)
    exif[0x0112] = 6
    smooth.save(FOLDER / "exif6.png", exif=exif)
    smooth.save(FOLDER / "exif6.webp", exif=exif, quality=80)
    smooth.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=95)
    save_ycck(smooth, FOLDER / "ycck.jpg")
    smooth.convert("L").save(FOLDER / "grey.jpg", quality=90)
    smooth.save(FOLDER / "lossy.webp", quality=80)
    smooth.save(FOLDER / "lossless.webp", lossless=True)
    smooth.save(FOLDER / "rgb.bmp")
    smooth.convert("P", palette=Image.ADAPTIVE, colors=16).save(FOLDER / "palette.bmp")
    smooth.convert("L").save(FOLDER / "grey.bmp")
    smooth.convert("1").save(FOLDER / "bits.bmp")
    smooth.convert("RGBA").save(FOLDER / "rgba.bmp")
    smooth.save(FOLDER / "raw.tif")
    smooth.save(FOLDER / "lzw.tif", compression="tiff_lzw")
    smooth.convert("L").save(FOLDER / "deflate.tif", compression="tiff_adobe_deflate")
    smooth.convert("P").save(FOLDER / "palette.tif")
    smooth.save(FOLDER / "turned.tif", tiffinfo={274: 6})
    smooth.save(FOLDER / "pages.tif", save_all=True, append_images=[smooth.rotate(180)])
    smooth.save(FOLDER / "frames.webp", save_all=True, append_images=[smooth.rotate(180)], lossless=True)


def opened(name, turn=True):
    image = Image.open(FOLDER / name)
    if turn and not name.endswith(".tif"):  # Pillow turns TIFF files when it opens them
        image = ImageOps.exif_transpose(image)
    return image if image.mode == "L" else image.convert("L" if image.mode == "1" else "RGB")


def digest(image):
    values = numpy.asarray(image)
    return {"height": image.height, "width": image.width, "channels": len(image.getbands()),
            "first": values.reshape(-1)[:6].tolist(),
            "sha256": hashlib.sha256(values.tobytes()).hexdigest()[:16]}


def geometry_cases():
    """[file, resize, crop, filter]: up and down, odd sizes, padding."""
    for name in ("colour.png", "grey.png"):
        for kind in FILTERS:
            for resize in ([9], [23], [31], [64], [10, 50], [51, 11], [1], [23, 37]):
                yield name, resize, None, kind
        for crop in ([10, 10], [11, 14], [60, 20], [20, 61], [64, 63]):
            yield name, None, crop, "bilinear"
        yield name, [20], [16, 16], "bicubic"
        yield name, [15], [18, 14], "bilinear"


def main():
    make_files()
    wanted = {"files": {}, "stored": {}, "geometry": [], "normalised": []}
    for file in sorted(FOLDER.iterdir()):
        wanted["files"][file.name] = digest(opened(file.name))
    for orientation in range(1, 9):
        name = f"exif{orientation}.jpg"
        wanted["stored"][name] = digest(opened(name, turn=False))
    for name, resize, crop, kind in geometry_cases():
        image = opened(name)
        if resize:
            image = transforms.Resize(resize[0] if len(resize) == 1 else resize, FILTERS[kind])(image)
        if crop:
            image = transforms.CenterCrop(crop)(image)
        wanted["geometry"].append({"file": name, "resize": resize or [], "crop": crop or [],
                                   "interpolation": kind, **digest(image)})
    for kind in ("bilinear", "bicubic"):
        change = transforms.Compose([
            transforms.Resize(12, FILTERS[kind]), transforms.CenterCrop(8), transforms.ToTensor(),
            transforms.Normalize(*IMAGENET)])
        wanted["normalised"].append(
            {"interpolation": kind, "values": [round(float(v), 7) for v in change(opened("colour.png")).flatten()]})
    lines = json.dumps(wanted, separators=(",", ":")).replace('},"', '},\n"').replace("},{", "},\n{")
    (TESTS / "golden" / "images.json").write_text(lines + "\n")


main()
