"""Prunes trained classifiers without losing the rare classes.

The package drives the program ``ncprune``, so it works beside any version of PyTorch and needs
NumPy alone.

>>> result = ncprune.prune(model, x, y, sparsity=0.9)
>>> result.recall                 # of every class, dense and pruned
>>> result.apply(model)           # the same module of PyTorch, pruned
>>> result.save("pruned.onnx")
"""

from ncprune.errors import Error, InputError, ProgramError, ProgramWarning
from ncprune.measurements import Comparison, Evaluation, Gate
from ncprune.measuring import compare, evaluate, gate
from ncprune.pruning import export, finetune, prune, train
from ncprune.recipe import Method, Metric, Recipe
from ncprune.results import Pruned, Trained, WrittenNetwork
from ncprune.studies import MethodInfo, methods, study
from ncprune.tables import Recall
from ncprune.torch_weights import remove_masks
from ncprune.version import __version__

__all__ = ["Comparison", "Error", "Evaluation", "Gate", "InputError", "Method", "MethodInfo",
           "Metric", "ProgramError", "ProgramWarning", "Pruned", "Recall", "Recipe", "Trained",
           "WrittenNetwork", "__version__", "compare", "evaluate", "export", "finetune", "gate",
           "methods", "prune", "remove_masks", "study", "train"]
