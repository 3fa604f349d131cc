"""The version of the package, which is also that of the program."""

__version__ = "0.2.0"
