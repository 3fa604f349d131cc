"""ONNX's own checker, with shape inference, on every .onnx file of a folder: check_models.py FOLDER"""

import pathlib
import sys

import onnx

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    print(path.name, "ok")
