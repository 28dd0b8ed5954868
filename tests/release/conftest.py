"""The folder that looks like a checkout, for releases, and signed releases."""

from tests.cli.conftest import checkout, outputs, refused
from tests.release.published import validated
from tests.release.signed import world

__all__ = ["checkout", "outputs", "refused", "validated", "world"]
