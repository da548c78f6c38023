import pytest

import placet
from placet import _errors


def test_the_public_names_are_sorted():
    assert placet.__all__ == sorted(placet.__all__)


def test_the_public_names_are_complete():
    importable = {
        name
        for name, value in vars(placet).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("placet.")
    }

    assert set(placet.__all__) - {"__version__"} == importable | set(placet._LATER)


@pytest.mark.parametrize("name", placet.__all__)
def test_every_public_name_is_there(name):
    assert getattr(placet, name)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        placet.Cleint  # noqa: B018


def test_every_error_is_public():
    errors = {
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }

    assert errors <= set(placet.__all__)
