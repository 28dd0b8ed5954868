"""The folder that looks like a checkout, for releases."""

from tests.cli.conftest import checkout, outputs, refused

__all__ = ["checkout", "outputs", "refused"]
