import types

import placet
from placet import _errors


def test_the_public_names_are_sorted():
    assert placet.__all__ == sorted(placet.__all__)


def test_the_public_names_are_complete():
    importable = {
        name
        for name, value in vars(placet).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert set(placet.__all__) - {"__version__"} == importable


def test_every_error_is_public():
    errors = {
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }

    assert errors <= set(placet.__all__)
