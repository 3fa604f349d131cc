"""Masks of torch.nn.utils.prune: writes tests/golden/torch_masks.json.

Two layers whose weights come from a formula that the test repeats, no two of the same size.
"""
import json
import pathlib

import numpy as np
import torch
from torch.nn.utils import prune

from solvers import numbers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "torch_masks.json"
SHAPES = ((20, 30), (10, 20))


def layers():
    made, before = [], 0
    for rows, columns in SHAPES:
        made.append(torch.nn.Linear(columns, rows))
        apart = np.arange(before, before + rows * columns).reshape(rows, columns) / 2**20
        made[-1].weight.data = torch.tensor(numbers(rows, columns, 401, 173, 29) + apart).float()
        before += rows * columns
    return made


def each(method, *arguments, **keywords):
    """What a function of torch.nn.utils.prune masks of every layer by itself."""
    def masks(amount):
        return [method(layer, "weight", *arguments, amount=amount, **keywords).weight_mask
                for layer in layers()]
    return masks


def all_layers(amount):
    made = layers()
    prune.global_unstructured([(layer, "weight") for layer in made], prune.L1Unstructured,
                              amount=amount)
    return [layer.weight_mask for layer in made]


def main():
    methods = {"magnitude": all_layers,
               "magnitude-uniform": each(prune.l1_unstructured),
               "l1-norm": each(prune.ln_structured, n=1, dim=0),
               "l2-norm": each(prune.ln_structured, n=2, dim=0),
               "random": each(prune.random_unstructured)}  # only how many
    golden = {"shapes": SHAPES, "masks": []}
    torch.manual_seed(0)
    for amount in (0.4, 0.6, 0.9):
        for name, masks in methods.items():
            golden["masks"].append({
                "method": name, "sparsity": amount,
                "layers": [["".join(str(int(value)) for value in row) for row in mask]
                           for mask in masks(amount)]})
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
