"""What the comparisons share: how a contender is run, and the setting that is not PyTorch's own."""

import os
import subprocess

# The same three settings of the allocator that configure_runtime makes.
ALLOCATOR_TUNED = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1073741824"
    ":glibc.malloc.trim_threshold=2147483647:glibc.malloc.top_pad=67108864"
}


def script(name):
    """The command of a PyTorch script in this folder, run by the system's Python."""
    return ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), name)]


def output(command, threads, environment=None):
    """What a run with that many OpenMP threads writes to standard output."""
    return subprocess.run(
        [str(c) for c in command],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)} | (environment or {}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def numbers(command, threads, environment=None):
    """The numbers that a run writes to standard output."""
    return [float(word) for word in output(command, threads, environment).split()]
