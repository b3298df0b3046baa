"""The tests of section 4.11."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    stand_in,
)

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
GIF = b"GIF89a"
# A file as a client sends it: its name, its content, and what it says its type is.
File = tuple[str, bytes, str]


def send(
    app: ASGIApp, method: str, path: str, before: str = "", **what: Any
) -> httpx2.Response:
    """Return the response of `app` to one request.

    If the request raises an exception, the message begins with `before`.
    """
    with client(app) as http:
        response: httpx2.Response = attempt(
            f"{before}`{method} {path}`", http.request, method, path, **what
        )
    return response


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


@pytest.fixture
def saved(answers) -> list[tuple[object, object]]:
    """What `save_cover` of 4.11.1 gets."""
    got: list[tuple[object, object]] = []
    stand_in(
        answers.save_cover, lambda number, content: got.append((number, bytes(content)))
    )
    return got


COVERS: dict[str, tuple[File, str]] = {
    "png": (("cover.png", PNG + b" p\0 \r\n", "image/png"), "image/png"),
    "jpeg": (("cover.jpg", JPEG + b"j" * 2_000_000, "image/jpeg"), "image/jpeg"),
    "gif": (("cover", GIF, "application/octet-stream"), "image/gif"),
    "name": (("cover.txt", PNG + b"n" * 70_000, "text/plain"), "image/png"),
    "type": (("cover.png", JPEG, "image/png"), "image/jpeg"),
}


@pytest.mark.parametrize(("cover", "type_"), COVERS.values(), ids=COVERS)
def test_q1_an_image_is_saved(answers, saved, cover, type_):
    app = fastapi_app(answers.covers_app(), "covers_app()")

    path = "/books/7/cover"
    response = send(app, "PUT", path, files={"cover": cover})
    assert seen(response) == (200, {"type": type_}), (
        f"`PUT {path}` sent the image {in_words(cover[1][:8])}... as {cover[0]!r} with "
        f"the type {cover[2]!r}. The response was {in_words(seen(response))}. The "
        f'docstring asks for 200 and {{"type": "{type_}"}}. Look at what you give '
        "to `image_type`."
    )
    numbers = [number for number, _ in saved]
    assert numbers == [7], (
        f"A cover was sent for book 7. The numbers of `save_cover` were {numbers!r}. "
        "The docstring asks for one call with the number 7. Look at the call, and at "
        "the type of the path parameter."
    )
    # pytest would compare and show the whole content, which takes it seconds.
    is_whole = saved == [(7, cover[1])]
    assert is_whole, (
        f"A cover of {len(cover[1])} bytes was sent for book 7. `save_cover` got "
        f"{in_words([(number, len(content)) for number, content in saved])} (number "
        "and size). The docstring asks for one call with the whole content. Look at "
        "where you read the file."
    )


def test_q1_each_request_saves_its_own_cover(answers, saved):
    app = fastapi_app(answers.covers_app(), "covers_app()")

    sent = [(3, PNG + b"a"), (4, JPEG + b"b"), (3, PNG + b"a")]
    types = [
        json_or_text(
            send(app, "PUT", f"/books/{number}/cover", files={"cover": ("x", content)})
        )
        for number, content in sent
    ]
    assert (saved, types) == (
        sent,
        [{"type": "image/png"}, {"type": "image/jpeg"}, {"type": "image/png"}],
    ), (
        f"Covers for the books 3, 4 and 3 were sent: {in_words(sent)}. `save_cover` "
        f"got {in_words(saved)}. The docstring asks to save each one with the number "
        "of its book, also if it was saved before."
    )


def test_q1_another_error_does_not_return_415(answers):
    def save_cover(number: int, content: bytes) -> None:
        raise RuntimeError("The database is gone.")

    stand_in(answers.save_cover, save_cover)
    app = fastapi_app(answers.covers_app(), "covers_app()")

    files = {"cover": ("cover.png", PNG)}
    got = outcome(lambda: seen(send(app, "PUT", "/books/7/cover", files=files)))
    status = got[0] if isinstance(got, tuple) else 500
    assert status == 500, (
        "A PNG image was sent, and the test let `save_cover` raise a RuntimeError. The "
        f"response was {in_words(got)}. The docstring asks for 415 only if the file is "
        "not an image. So this error becomes a 500. Look at your `except`."
    )


def test_q1_image_type_decides(answers, saved):
    stand_in(
        answers.image_type,
        lambda content: "image/webp" if content.startswith(b"RIFF") else None,
    )
    app = fastapi_app(answers.covers_app(), "covers_app()")

    got = [
        send(app, "PUT", "/books/5/cover", files={"cover": ("cover.png", content)})
        for content in (b"RIFF....WEBP", PNG)
    ]
    statuses = [one.status_code for one in got]
    assert (statuses, json_or_text(got[0])) == ([200, 415], {"type": "image/webp"}), (
        "The test let `image_type` know WebP only. For a WebP and a PNG image the "
        f"responses were {in_words([seen(one) for one in got])}. The docstring asks "
        "that `image_type` decides. Look at what your code compares."
    )


NO_IMAGES: dict[str, File] = {
    "text": ("photo.png", b"This is no image.", "image/png"),
    "page": ("cover.jpg", b"<script>alert(1)</script>" + PNG, "image/jpeg"),
    "empty": ("cover.gif", b"", "image/gif"),
    "cut": ("cover.png", PNG[:7], "image/png"),
}


@pytest.mark.parametrize("file", NO_IMAGES.values(), ids=NO_IMAGES)
def test_q1_another_file_returns_415(answers, saved, file):
    app = fastapi_app(answers.covers_app(), "covers_app()")

    status = send(app, "PUT", "/books/7/cover", files={"cover": file}).status_code
    assert (status, saved) == (415, []), (
        f"The file {file[0]!r} with the content {in_words(file[1])} is not an image. "
        f"The status code was {status}, and `save_cover` got {in_words(saved)}. The "
        "docstring asks for 415, and nothing is saved."
    )


@pytest.mark.parametrize(
    "what",
    [{}, {"data": {"title": "Emma"}}, {"files": {"photo": ("cover.png", PNG)}}],
    ids=["no-body", "no-file", "other-field"],
)
def test_q1_a_form_without_the_file_returns_422(answers, saved, what):
    app = fastapi_app(answers.covers_app(), "covers_app()")

    status = send(app, "PUT", "/books/7/cover", **what).status_code
    assert (status, saved) == (422, []), (
        f"A request with {in_words(what or 'no body')} has no file `cover`. The status "
        f"code was {status}, and `save_cover` got {in_words(saved)}. The docstring "
        "asks for 422. Look at the parameter for the file: it has to be required."
    )


LIMITS = [(1000, 3000), (50_000, 60_000)]


def scans(answers, limits: tuple[int, int]) -> FastAPI:
    """Return the application of 4.11.2; another one exists that has other limits."""
    max_file, max_body = limits
    app = answers.scans_app(max_file, max_body)
    answers.scans_app(max_file // 2, max_body // 2)
    return fastapi_app(app, "scans_app(max_file, max_body)")


BOUNDARY = "boundary"


def form(content: bytes, size: int = 0, name: str = "scan.png") -> bytes:
    """Return a form with the file `scan`, filled up to `size` bytes with a note."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    file = f'{head}scan"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    body = file.encode() + content + f'\r\n{head}note"\r\n\r\n'.encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    return body + b"n" * (size - len(body) - len(end)) + end


class Upload:
    """An application whose client sends `body` as an upload that takes a while.

    `read` is how many bytes of the body the application has read. If `is_chunked`, the
    request has no `Content-Length`.
    """

    chunk = 500

    def __init__(self, app: ASGIApp, body: bytes, is_chunked: bool = True) -> None:
        self._app, self._body, self._is_chunked = app, body, is_chunked
        self.read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with this body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        length = str(len(self._body)).encode()
        headers = [
            (b"content-type", content_type.encode()),
            (b"transfer-encoding", b"chunked")
            if self._is_chunked
            else (b"content-length", length),
        ]
        over = False

        async def read() -> Message:
            nonlocal over
            if over:
                return await receive()
            body = self._body[self.read : self.read + self.chunk]
            self.read += len(body)
            over = self.read >= len(self._body)
            return {"type": "http.request", "body": body, "more_body": not over}

        await self._app({**scope, "headers": headers}, read, send)

    def response(self) -> tuple[int, Any]:
        """Send the upload; return the status code and the body of the response."""
        return seen(send(self, "POST", "/scans"))


@pytest.mark.parametrize("limits", LIMITS)
def test_q2_a_file_up_to_the_limit_returns_201(answers, limits):
    app = scans(answers, limits)

    limit = limits[0]
    images = [PNG, JPEG, PNG.ljust(limit - 1, b"x"), JPEG.ljust(limit, b"x")]
    got = [Upload(app, form(image)).response() for image in images]
    sizes = [len(image) for image in images]
    expected = [(201, {"size": size}) for size in sizes]
    assert got == expected, (
        f"`max_file` is {limit}. Images with {sizes} bytes were sent. The "
        f"responses were {in_words(got)}. The docstring asks for 201 and the size of "
        "the file for each."
    )


@pytest.mark.parametrize("limits", LIMITS)
def test_q2_a_larger_file_returns_413(answers, limits):
    app = scans(answers, limits)

    sizes = [limits[0] + 1, limits[0] + 1000]
    got = [Upload(app, form(PNG.ljust(size, b"x"))).response() for size in sizes]
    assert [status for status, _ in got] == [413, 413], (
        f"`max_file` is {limits[0]}. Images with {sizes} bytes were sent, in bodies "
        f"smaller than `max_body`. The responses were {in_words(got)}. The docstring "
        "asks for 413. Look at how you check the size of the file."
    )


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_q2_the_application_stops_reading_a_large_body(answers, limits, is_chunked):
    app = scans(answers, limits)

    size, max_body = 5 * limits[1], limits[1]
    upload = Upload(app, form(PNG.ljust(size, b"x")), is_chunked)
    status, _ = upload.response()
    is_stopped = upload.read <= max_body + upload.chunk
    assert (status, is_stopped) == (413, True), (
        f"`max_body` is {max_body}. A body of more than {size} bytes was sent "
        f"{'without' if is_chunked else 'with'} a `Content-Length`. The status code "
        f"was {status}, and the application read {upload.read} bytes. The docstring "
        "asks for 413, and not to read the rest."
    )


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_q2_the_limit_of_the_body_is_exact(answers, is_chunked):
    app = scans(answers, (1000, 3000))

    got = [
        Upload(app, form(PNG, size), is_chunked).response()[0] for size in (3000, 3001)
    ]
    assert got == [201, 413], (
        "`max_body` is 3000. Two forms with a small image and a long note had 3000 and "
        f"3001 bytes. The status codes were {got}. The docstring asks for 201, and for "
        "413 if the body has more than `max_body` bytes."
    )


def test_q2_a_large_file_of_another_type_is_refused(answers):
    app = scans(answers, (1000, 3000))

    got = Upload(app, form(GIF.ljust(1001, b"x"))).response()
    assert got[0] in (413, 415), (
        "`max_file` is 1000. A GIF image of 1001 bytes was sent. The response was "
        f"{in_words(got)}. The docstring asks for 413 or 415."
    )


@pytest.mark.parametrize(
    "content",
    [GIF + b"x" * 90, b"This is no image.", b"", b"x" + PNG],
    ids=["gif", "text", "empty", "late"],
)
def test_q2_another_type_returns_415(answers, content):
    app = scans(answers, (1000, 3000))

    got = Upload(app, form(content)).response()
    assert got[0] == 415, (
        f"A file with the content {in_words(content)} was sent as 'scan.png' with the "
        f"type 'image/png'. The response was {in_words(got)}. The docstring asks for "
        "415: PNG and JPEG are allowed, and the content decides."
    )


def test_q2_the_name_of_the_file_does_not_matter(answers):
    app = scans(answers, (1000, 3000))

    got = [
        Upload(app, form(content + b"x" * 92, name=name)).response()
        for content, name in ((PNG, "scan.gif"), (PNG, "scan"), (JPEG, "a.exe"))
    ]
    expected = [(201, {"size": size}) for size in (100, 100, 96)]
    assert got == expected, (
        "Two PNG images and a JPEG image were sent as 'scan.gif', 'scan' and 'a.exe'. "
        f"The responses were {in_words(got)}. The docstring asks for 201: the "
        "`image_type` of the content decides."
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of 4.11.3. Beside it is an `app.py`, and a place for other files."""
    (tmp_path / "app.py").write_text("print('the shop')")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "ana.png").write_bytes(PNG + b"Ana")
    return folder


def files_near(folder: Path) -> dict[str, bytes]:
    """Return the content of each file in the folder and beside it, by its path."""
    paths = (path for path in folder.parent.rglob("*") if path.is_file())
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in paths
    }


def pictures(answers, folder: Path) -> FastAPI:
    """Return the application of 4.11.3."""
    return fastapi_app(answers.uploads_app(folder), "uploads_app(folder)")


def upload(
    app: FastAPI, name: str, content: bytes, before: str = ""
) -> tuple[int, Any]:
    """Return the status code and the body of the response to an upload.

    If the request raises an exception, the message begins with `before`.
    """
    files = {"picture": (name, content, "text/html")}
    return seen(send(app, "POST", "/pictures", before, files=files))


NAMES = {
    "parent": "../app.py",
    "absolute": "{0}/app.py",
    "beside": "../new.png",
    "same": "ana.png",
    "folder": "pictures/me.png",
    "dots": "..",
    "long": "n" * 300 + ".png",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_q3_a_picture_becomes_a_new_file_in_the_folder(answers, folder, name):
    app, before = pictures(answers, folder), files_near(folder)

    name = name.format(folder.parent)
    content = PNG + name.encode()
    status, body = upload(app, name, content)
    new = {path: one for path, one in files_near(folder).items() if path not in before}
    changed = [path for path in before if files_near(folder).get(path) != before[path]]
    own = body.get("name") if isinstance(body, dict) else None
    assert (status, changed, new) == (201, [], {f"pictures/{own}": content}), (
        f"{content[:20]!r} was uploaded as {name[:30]!r}. The response was "
        f"{in_words((status, body))}. Changed files: {in_words(changed)}; new files: "
        f"{in_words(new)}. The docstring asks for 201 and one new file in `folder` "
        "with the returned name and the whole content."
    )


def test_q3_each_picture_has_a_file_of_its_own(answers, folder):
    before = len(list(folder.iterdir()))
    apps = [pictures(answers, folder) for _ in range(2)]

    contents = [PNG + b"a", PNG + b"b", PNG + b"b", JPEG + b"c"]
    names = []
    for content in contents:
        for app in apps:
            _, body = upload(app, "me.png", content)
            names.append(str(body.get("name") if isinstance(body, dict) else body))
    got = [send(apps[0], "GET", f"/pictures/{name}").content for name in names]
    count = len(list(folder.iterdir())) - before
    assert (len(set(names)), count) == (8, 8), (
        "Eight pictures with the name 'me.png' were uploaded, some with the same "
        f"content, to two processes. The names were {in_words(names)}, and `folder` "
        f"has {count} new files. The docstring asks for a new name for each file."
    )
    assert got == [content for content in contents for _ in apps], (
        "`GET /pictures/{name}` does not return the uploaded content for each of the "
        "eight names. The docstring asks to store the file. Look at where you read "
        "the file."
    )


def test_q3_a_new_picture_replaces_no_other_one(answers, folder):
    app = pictures(answers, folder)
    for content in (PNG + b"a", PNG + b"b", JPEG + b"c", PNG + b"d"):
        upload(app, "me.png", content)
    (folder / "ana.png").unlink()
    before = files_near(folder)

    status, body = upload(app, "me.png", PNG + b"new")
    after = files_near(folder)
    changed = [path for path in before if after.get(path) != before[path]]
    assert (status, changed, len(after) - len(before)) == (201, [], 1), (
        "Four pictures were uploaded, and another picture of `folder` was deleted. "
        f"The response to the next upload was {in_words((status, body))}. Changed or "
        f"missing files: {in_words(changed)}. The docstring asks for a new file, with "
        "a name that no other file has."
    )


@pytest.mark.parametrize("name", ["me.html", "me.svg", "me", "me.png.php"])
def test_q3_the_suffix_comes_from_the_content(answers, folder, name):
    app = pictures(answers, folder)

    got = []
    for content in (PNG + b"<script>", JPEG + b"<script>"):
        _, body = upload(app, name, content)
        own = body.get("name") if isinstance(body, dict) else None
        response = send(app, "GET", f"/pictures/{own}")
        got.append((Path(str(own)).suffix, response.headers.get("content-type")))
    assert got == [(".png", "image/png"), (".jpg", "image/jpeg")], (
        f"A PNG and a JPEG image were uploaded as {name!r}. Their suffixes, and the "
        f"types that a browser gets, were {got}. The docstring asks for the suffix of "
        "the content in `SUFFIXES`."
    )


@pytest.mark.parametrize(
    "content",
    [b"<script>alert(1)</script>", GIF + b"x", b"", b"x" + PNG],
    ids=["page", "gif", "empty", "late"],
)
def test_q3_another_type_returns_415(answers, folder, content):
    app, before = pictures(answers, folder), files_near(folder)

    status, body = upload(app, "me.png", content)
    new = [path for path in files_near(folder) if path not in before]
    assert (status, new) == (415, []), (
        f"A file with the content {in_words(content)} was uploaded as 'me.png'. The "
        f"response was {in_words((status, body))}, and the new files are {new}. The "
        "docstring asks for 415, and nothing is stored."
    )


@pytest.mark.parametrize("size", [1_000_000, 1_100_000], ids=["memory", "disk"])
def test_q3_a_large_picture_is_stored_whole(answers, folder, size):
    app, before = pictures(answers, folder), files_near(folder)

    content = PNG.ljust(size, b"x") + b"the end"
    status, body = upload(app, "../app.py", content)
    after = files_near(folder)
    sizes = {path: len(one) for path, one in after.items() if path not in before}
    own = body.get("name") if isinstance(body, dict) else None
    assert (status, sizes) == (201, {f"pictures/{own}": len(content)}), (
        f"A picture of {len(content)} bytes was uploaded. The response was "
        f"{in_words((status, body))}, and the new files and sizes are "
        f"{in_words(sizes)}. The docstring asks for one new file with the content."
    )


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let the system refuse to write more than `limit` bytes to a file."""
    if sys.platform == "win32":
        pytest.skip("this system cannot limit the size of a file")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Python writes a small file when it is closed.
@pytest.mark.parametrize(
    ("size", "limit"), [(900_000, 300_000), (6000, 4000)], ids=["large", "small"]
)
def test_q3_a_full_disk_returns_507_and_keeps_no_part(answers, folder, size, limit):
    app, before = pictures(answers, folder), files_near(folder)

    content = PNG.ljust(size, b"x")
    with full_disk(limit):
        status, body = upload(
            app,
            "me.png",
            content,
            f"The test let writing fail after {limit} of {size} bytes. The docstring "
            "asks for 507. But ",
        )
    after = files_near(folder)
    sizes = {path: len(one) for path, one in after.items() if path not in before}
    assert (status, sizes) == (507, {}), (
        f"The test let writing fail after {limit} of {size} bytes. The response was "
        f"{in_words((status, body))}, and the new files and sizes are "
        f"{in_words(sizes)}. The docstring asks for 507, and no part of the file stays."
    )
    missing = [path for path in before if path not in after]
    assert missing == [], (
        f"The test let writing fail after {limit} of {size} bytes. After that the "
        f"files {missing} were missing. The docstring asks that no part of the new "
        "file stays. These files are not part of it."
    )
    assert upload(app, "me.png", content)[0] == 201, (
        "After a disk was full, the next upload did not return 201. The docstring asks "
        "for 507 only if writing fails."
    )


def test_q3_a_file_that_cannot_be_created_returns_507(answers, folder):
    app = pictures(answers, folder)

    (folder / "ana.png").unlink()
    folder.rmdir()
    status, body = upload(
        app,
        "me.png",
        PNG,
        "The test removed `folder`, so no file can be created in it. The docstring "
        "asks for 507. But ",
    )
    is_stored = isinstance(body, dict) and (folder / str(body.get("name"))).is_file()
    assert status == 507 or (status == 201 and is_stored), (
        "The test removed `folder`, so no file can be created in it. The response was "
        f"{in_words((status, body))}. The docstring asks for 507 if the file cannot be "
        "created. Look at what is inside of your `try`."
    )


def test_q3_an_error_of_reading_does_not_return_507(answers, folder, monkeypatch):
    def read(self, size: int = -1, *more: object) -> bytes:
        # The first bytes of the picture can be read.
        if 0 <= size <= 64:
            return real(self, size)
        raise ValueError("This is no OSError.")

    app, real = pictures(answers, folder), tempfile.SpooledTemporaryFile.read
    refused = upload(app, "me.png", b"This is no image.")[0]
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "read", read)

    got = outcome(lambda: upload(app, "me.png", PNG + b"x"))
    status = got[0] if isinstance(got, tuple) else 500
    assert (refused, status != 507) == (415, True), (
        f"A text returned {refused}. Then the test let the reading of a PNG image "
        f"raise a ValueError. The response was {in_words(got)}. The docstring asks for "
        "415, and for 507 only after an OSError. Look at your `except`."
    )


def test_q3_another_error_does_not_return_507(answers, folder):
    def image_type(content: bytes) -> str | None:
        raise RuntimeError("This is no OSError.")

    stand_in(answers.image_type, image_type)
    app = pictures(answers, folder)

    got = outcome(lambda: upload(app, "me.png", PNG))
    status = got[0] if isinstance(got, tuple) else 500
    assert status == 500, (
        "The test let `image_type` raise a RuntimeError. The response was "
        f"{in_words(got)}. The docstring asks to look at the `image_type`, and for 507 "
        "only if the file cannot be written. So this error becomes a 500."
    )
