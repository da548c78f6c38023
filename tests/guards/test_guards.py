"""The short form: the catalogue is true, and some of its guards are missed. `make check-guards`
takes all of them away, one after the other."""

import pytest

from tests.guards.catalogue import GUARDS
from tests.guards.running import ROOT, Copy, Gone, without

SOME = ("a-tier-below", "who-owns-the-agent", "enough-people")


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_catalogue_says(guard):
    source = (ROOT / guard.path).read_text(encoding="utf-8")

    assert without(guard, source) != source
    compile(without(guard, source), guard.path, "exec")
    assert all((ROOT / test.partition("::")[0]).exists() for test in guard.tests)


def test_no_two_have_one_name():
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


def test_a_guard_that_is_gone_is_told():
    with pytest.raises(Gone, match="a-tier-below"):
        without(next(each for each in GUARDS if each.name == "a-tier-below"), "")


def test_some_are_missed_when_they_are_taken_away(tmp_path):
    copy = Copy(tmp_path)
    chosen = [guard for guard in GUARDS if guard.name in SOME]

    assert copy.is_green([test for guard in chosen for test in guard.tests])
    assert {guard.name: copy.without(guard) for guard in chosen} == dict.fromkeys(SOME, "missed")
