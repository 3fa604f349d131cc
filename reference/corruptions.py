"""Corruptions of pictures by scipy.ndimage: writes tests/golden/corruptions.json. Needs Debian's python3-scipy."""
import json
import pathlib

import numpy as np
from scipy import ndimage

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "corruptions.json"


def picture(channels, height, width):
    c, i, j = np.indices((channels, height, width))
    return ((7 * i + 3 * j + 5 * c + i * j) % 17) / 16


def by_channel(x, change):
    return np.stack([change(channel) for channel in x])


def gaussian_blur(x, sigma):
    return by_channel(x, lambda p: ndimage.gaussian_filter(p, sigma, mode="nearest", truncate=4))


def disk(radius, rim):
    side, ksize = (8, 3) if radius <= 8 else (radius, 5)
    places = np.arange(-side, side + 1)
    flat = (places[:, None] ** 2 + places[None] ** 2 <= radius ** 2).astype(float)
    distance = np.arange(ksize) - ksize // 2
    weights = np.exp(-distance ** 2 / (2 * rim ** 2))
    weights /= weights.sum()
    flat /= flat.sum()
    smooth = ndimage.correlate1d(flat, weights, 0, mode="nearest")
    return ndimage.correlate1d(smooth, weights, 1, mode="nearest")


def defocus_blur(x, radius, rim):
    return by_channel(x, lambda p: ndimage.correlate(p, disk(radius, rim), mode="nearest"))


def seen_at(p, rows, columns, **how):
    return ndimage.map_coordinates(p, [rows, columns], order=1, **how)


def magnified(p, factor):
    i, j = np.indices(p.shape)
    a, b = (p.shape[0] - 1) / 2, (p.shape[1] - 1) / 2
    return seen_at(p, (i - a) / factor + a, (j - b) / factor + b, mode="nearest")


def zoom_blur(x, end, step):
    factors = np.arange(1, end - 1e-9, step)
    return by_channel(x, lambda p: (p + sum(magnified(p, f) for f in factors)) / (len(factors) + 1))


def smeared(x, angle, radius, sigma):
    """One-sided: the mean of the pixels on from here in the direction of the angle."""
    t = np.arange(2 * radius + 1)
    weights = np.exp(-t ** 2 / (2 * sigma ** 2))
    weights /= weights.sum()
    i, j = np.indices(x.shape[1:])

    def change(p):
        rows = [np.clip(i + np.round(s * np.sin(angle)).astype(int), 0, p.shape[0] - 1) for s in t]
        columns = [np.clip(j + np.round(s * np.cos(angle)).astype(int), 0, p.shape[1] - 1) for s in t]
        return sum(w * p[r, c] for w, r, c in zip(weights, rows, columns))

    return by_channel(x, change)


def brightness(x, added):
    """By way of hue, saturation and value."""
    import colorsys
    if len(x) == 1:
        return np.minimum(x + added, 1)
    out = np.empty_like(x)
    for i, j in np.ndindex(x.shape[1:]):
        h, s, v = colorsys.rgb_to_hsv(*x[:, i, j])
        out[:, i, j] = colorsys.hsv_to_rgb(h, s, min(v + added, 1))
    return out


def contrast(x, left):
    return by_channel(x, lambda p: (p - p.mean()) * left + p.mean())


def pixelate(x, share):
    """A box filter down to the share of the side, the nearest of its pixels up again."""
    def change(p):
        blocks = [max(1, int(n * share)) for n in p.shape]
        out = np.empty_like(p)
        fine = 60  # a place is cut so finely that boxes need not end between pixels
        boxes = np.kron(p, np.ones((fine, fine)))
        for i, j in np.ndindex(p.shape):
            at = [min(int((k + .5) * b / n), b - 1) for k, b, n in zip((i, j), blocks, p.shape)]
            box = [slice(round(a * n * fine / b), round((a + 1) * n * fine / b))
                   for a, b, n in zip(at, blocks, p.shape)]
            out[i, j] = boxes[tuple(box)].mean()
        return out
    return by_channel(x, change)


def main():
    cases = [  # name, scale, severity, function, strengths
        ("gaussian-blur", "cifar-c", 1, gaussian_blur, (.4,)), ("gaussian-blur", "mnist-c", 5, gaussian_blur, (6,)),
        ("defocus-blur", "cifar-c", 5, defocus_blur, (1.5, .1)), ("defocus-blur", "mnist-c", 5, defocus_blur, (10, .5)),
        ("zoom-blur", "cifar-c", 5, zoom_blur, (1.26, .01)), ("zoom-blur", "mnist-c", 5, zoom_blur, (1.31, .03)),
        ("brightness", "cifar-c", 2, brightness, (.1,)), ("brightness", "mnist-c", 5, brightness, (.5,)),
        ("contrast", "cifar-c", 5, contrast, (.15,)), ("contrast", "mnist-c", 1, contrast, (.4,)),
        ("pixelate", "cifar-c", 4, pixelate, (.75,)), ("pixelate", "mnist-c", 5, pixelate, (.25,)),
    ]
    shapes = [(1, 1, 1), (1, 5, 7), (3, 6, 4), (1, 12, 12)]
    rows = [{"name": name, "scale": scale, "severity": severity, "shape": shape,
             "result": np.clip(function(picture(*shape), *strengths), 0, 1).flatten().round(7).tolist()}
            for name, scale, severity, function, strengths in cases for shape in shapes]
    smears = [{"angle": angle, "radius": radius, "sigma": sigma,
               "result": smeared(picture(3, 6, 9), angle, radius, sigma).flatten().round(7).tolist()}
              for angle, radius, sigma in [(.3, 6, 1), (-.7, 9, 2.5), (2.0, 15, 8)]]
    GOLDEN.write_text(json.dumps({"tables": rows, "smears": smears}) + "\n")


main()
