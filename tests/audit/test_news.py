"""What listeners are told of an event, on the database that tells them."""

from audit import trail


class TestTheNewsOfAnEvent:
    def test_are_its_subject_and_what_else_it_touches(self):
        assert trail.news_of("approval:7", 2, ["agent:1"]) == "approval:7 agent:1"

    def test_do_not_name_a_subject_for_which_nobody_can_have_waited_yet(self):
        assert trail.news_of("approval:7", 1, ["agent:1"]) == "approval:new agent:1"
