import io
import json
import stat
import tarfile

import pytest

from hitl_site.backups import archive
from hitl_site.backups.archive import FileExists, NotABackup


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "a-database"
    file.write_bytes(b"rows" * 1000)
    return file


@pytest.fixture
def backup(tmp_path, database):
    path = tmp_path / "backup.tar.gz"
    archive.write(path, about={"made_at": "today"}, files={"database": database})
    return path


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def forged(path, manifest, **files):
    with tarfile.open(path, "w:gz") as made:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **files}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


def listing(sha256="0" * 64, size=4):
    return {"format": 1, "files": {"database": {"sha256": sha256, "bytes": size}}}


def test_gives_back_what_was_put_in(backup, database, into):
    assert archive.manifest_of(backup)["made_at"] == "today"
    assert archive.extract(backup, into)["database"].read_bytes() == database.read_bytes()


def test_is_for_its_owner_alone(backup, into):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.extract(backup, into)["database"].stat().st_mode) == 0o600


def test_overwrites_nothing(backup, database):
    before = backup.read_bytes()

    with pytest.raises(FileExists):
        archive.write(backup, about={}, files={"database": database})

    assert backup.read_bytes() == before


def test_leaves_no_half_of_a_file(tmp_path):
    with pytest.raises(OSError, match="gone"):
        archive.write(tmp_path / "b.tar.gz", about={}, files={"database": tmp_path / "gone"})

    assert list(tmp_path.iterdir()) == []


def test_notices_a_file_that_was_changed(tmp_path, into):
    path = forged(tmp_path / "b.tar.gz", listing(), database=b"rows")

    with pytest.raises(NotABackup, match="database is not what was backed up"):
        archive.extract(path, into)


def test_writes_no_more_than_the_manifest_says(tmp_path, into):
    path = forged(tmp_path / "b.tar.gz", listing(size=4), database=b"rows" * 100_000)

    with pytest.raises(NotABackup, match="longer than the manifest says"):
        archive.extract(path, into)


@pytest.mark.parametrize(
    "manifest",
    [
        {"format": 2, "files": {}},
        {"format": 1, "files": {"../outside": {"sha256": "", "bytes": 0}}},
        {"format": 1, "files": {"/etc/outside": {"sha256": "", "bytes": 0}}},
        [],
    ],
)
def test_refuses_a_manifest_it_does_not_understand(tmp_path, manifest):
    with pytest.raises(NotABackup):
        archive.manifest_of(forged(tmp_path / "b.tar.gz", manifest))


def test_refuses_a_link_in_the_place_of_a_file(tmp_path, into):
    path = tmp_path / "b.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        content = json.dumps(listing()).encode()
        manifest = tarfile.TarInfo("manifest.json")
        manifest.size = len(content)
        made.addfile(manifest, io.BytesIO(content))
        link = tarfile.TarInfo("database")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)

    with pytest.raises(NotABackup, match="not a plain file"):
        archive.extract(path, into)


@pytest.mark.parametrize("content", [b"", b"words", b"\x1f\x8b\x08\x00broken"])
def test_refuses_what_is_no_archive(tmp_path, content):
    path = tmp_path / "b.tar.gz"
    path.write_bytes(content)

    with pytest.raises(NotABackup):
        archive.manifest_of(path)


def test_refuses_a_truncated_archive(backup, into):
    backup.write_bytes(backup.read_bytes()[:-30])

    with pytest.raises(NotABackup):
        archive.extract(backup, into)
