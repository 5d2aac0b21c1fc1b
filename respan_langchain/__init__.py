"""A drop-in LangChain callback that turns real traffic into Respan eval datasets."""

__version__ = "0.1.0"
