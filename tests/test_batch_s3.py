"""A batch on S3: requests to moto's server, where it is installed. What decides is the conditional write."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_pdfs import make_pdf
from test_batch import parts, run, was_read

from docspec.batches.leases import FOLDER, Leases, Owner
from docspec.batches.store import RemoteStore

__all__ = ["parts"]  # a fixture

pytestmark = pytest.mark.slow

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty bucket of a server that runs here."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    name = request.node.name.replace("_", "-")  # servers of one process share their buckets
    s3fs.S3FileSystem().mkdir(name)
    yield f"s3://{name}"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


def test_one_of_many_creates_an_object(bucket: str) -> None:
    """Of eight that want one name at once, one gets it."""
    store = RemoteStore(f"{bucket}/out")
    for number in range(5):
        won: list[bool] = []

        def want(name: str = f"lease/{number}", won: list[bool] = won) -> None:
            won.append(store.create(name, b"mine"))

        threads = [threading.Thread(target=want) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(won) == {True: 1, False: 7}
        assert store.read(f"lease/{number}") == b"mine"


def test_a_lease_is_taken_over_by_one(bucket: str) -> None:
    """Who shows no life loses it, to one of two who want it."""
    now = [0.0]
    first, second, third = (
        Leases(RemoteStore(f"{bucket}/out"), Owner("there", 1, 0.0, name), clock=lambda: now[0], expiry=60)
        for name in "abc"
    )
    assert first.take("k")
    assert not second.take("k")
    assert not third.take("k")
    now[0] += 61
    assert [second.take("k"), third.take("k")] == [True, False]
    assert not first.holds("k")
    second.release("k")
    assert RemoteStore(f"{bucket}/out").names(FOLDER) == []


def test_an_archive_on_s3(parts: Path, bucket: str, tmp_path: Path) -> None:
    """Two runs share it, each page is read once, a third finds all done, and nothing but results is left."""
    files, name = s3fs.S3FileSystem(), bucket.removeprefix("s3://")
    for number in range(6):
        pdf = make_pdf(tmp_path / f"{number}.pdf", [f"SLOW {number}.{page} ends." for page in range(3)])
        files.put_file(str(pdf), f"{name}/in/deep/{number}.pdf")
    reports = []

    def work() -> None:
        reports.append(run([f"{bucket}/in"], f"{bucket}/out"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.exit_code for report in reports] == [0, 0]
    assert set(was_read(parts).values()) == {1}
    assert sum(report.pages for report in reports) == 18
    files.invalidate_cache()
    assert files.cat_file(f"{name}/out/deep/3.md") == b"SLOW 3.0 ends.\n\nSLOW 3.1 ends.\n\nSLOW 3.2 ends.\n"
    again = run([f"{bucket}/in/**/*.pdf", f"{bucket}/in/deep/1.pdf"], f"{bucket}/out")
    assert (again.pages, again.skipped) == (0, 6)
    left = [str(key) for key in files.find(f"{name}/out")]
    left = [key for key in left if "/pages/" in key or "/leases/" in key]
    assert not left
