import pytest

from approvals.models import ApprovalTemplate, CheckpointVersion

pytestmark = pytest.mark.django_db
POLICY = "checkpoints:\n- {name: refunds, title: Refunds}\ntemplates: []\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


class TestLoadPolicy:
    def test_publishes_and_says_what_it_did(self, run, file):
        done = run("load_policy", str(file))

        assert done.answer == {
            "changes": [
                {"kind": "checkpoint", "name": "refunds", "change": "published", "version": 1}
            ]
        }
        assert CheckpointVersion.objects.get().state == "live"

    def test_leaves_drafts_if_asked_to(self, run, file):
        assert run("load_policy", str(file), "--draft").answer["changes"][0]["change"] == "drafted"

    def test_reads_stdin(self, run):
        assert run("load_policy", "-", stdin=POLICY).code == 0

    def test_loads_the_shipped_starter(self, run):
        assert run("load_policy", "--starter").code == 0
        assert ApprovalTemplate.objects.filter(state="off").count() == 2

    def test_says_every_fault_in_words(self, run):
        done = run("load_policy", "-", stdin="checkpoints: [{name: a, trigger: x, stage: y}]")

        assert (done.code, done.text) == (1, "")
        assert "checkpoints[0] a: stage: " in done.words
        assert "checkpoints[0] a: trigger: line 1, column 1" in done.words

    @pytest.mark.parametrize("arguments", [[], ["x.yaml", "--starter"], ["/nowhere/policy.yaml"]])
    def test_wants_one_file_that_is_there(self, run, arguments):
        assert run("load_policy", *arguments).code == 2

    def test_wants_text(self, run, tmp_path):
        (tmp_path / "policy.yaml").write_bytes(b"\xff\xfe")

        assert run("load_policy", str(tmp_path / "policy.yaml")).code == 2


def test_dump_policy_prints_what_load_policy_took(run, file):
    run("load_policy", str(file))

    assert run("dump_policy").text == POLICY
