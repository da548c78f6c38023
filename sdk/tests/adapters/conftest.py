"""The adapters are tested against a real server, as the live tests are."""

from live.conftest import installation, robin

__all__ = ["installation", "robin"]
