"""The folder that looks like a checkout, for releases."""

from tests.cli.conftest import checkout, outputs, refused
from tests.release.published import validated

__all__ = ["checkout", "outputs", "refused", "validated"]
