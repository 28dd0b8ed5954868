"""CLI-Tuner: fine-tune a model to write one safe Bash command, with Axolotl, and prove what was done."""

__version__ = "0.1.0"
