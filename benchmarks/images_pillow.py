#!/usr/bin/env python3
"""What benchmark_images measures, with Pillow and torchvision: benchmarks/images_pillow.py FILE"""
import io
import sys
import time

from PIL import Image, ImageOps
from torchvision import transforms

PICTURES = 100
jpeg = open(sys.argv[1], "rb").read()
for name, change in (
        ("resize=224x224", transforms.Resize((224, 224))),
        ("resize=256&crop=224", transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)]))):
    start = time.process_time()
    for _ in range(PICTURES):
        change(ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg))).convert("RGB"))
    print(f"{name}: {PICTURES / (time.process_time() - start):.0f} pictures per second")
