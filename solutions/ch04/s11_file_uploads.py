"""4.11  File uploads.

A browser sends a file as a part of a form. FastAPI reads the form and passes the file
to the endpoint. Everything about the file comes from the client: its name, its type,
its size and its content. So the endpoint checks it before it stores it.
Notes: content/docs/fastapi/requests/file-uploads.md
"""

import shutil
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.staticfiles import StaticFiles

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF89a": "image/gif",
}


def image_type(content: bytes) -> str | None:
    """Return the media type of an image, or None if this is not an image.

    The first eight bytes of the content are enough.
    """
    for signature, media_type in SIGNATURES.items():
        if content.startswith(signature):
            return media_type
    return None


def save_cover(number: int, content: bytes) -> None:
    """Save the cover of the book with this number in the database of the shop."""


def covers_app() -> FastAPI:
    """4.11.1  Write a FastAPI endpoint to upload and validate an image file.

    The owner of a bookshop uploads the cover of a book. Write the endpoint
    `PUT /books/{number}/cover`. The request is a form with the file `cover`.

    - If the file is an image, call `save_cover` with the number of the book and the
      whole content of the file. Return the media type of the image as `type`.
    - `image_type` decides by the content of the file. The name and the `Content-Type`
      of the file do not matter.
    - If the file is not an image, the response is 415. If the form has no field
      `cover`, the response is 422. In both cases nothing is saved.

    Example:
        PUT /books/7/cover  cover: a PNG image           ->  200  {"type": "image/png"}
        PUT /books/7/cover  cover: a text, "photo.png"   ->  415
    """
    app = FastAPI()

    # region answer
    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile) -> dict[str, str]:
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415, "This file is not an image.")
        save_cover(number, content)
        return {"type": media_type}

    # endregion

    return app


SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}


def scans_app(max_file: int, max_body: int) -> FastAPI:
    """4.11.2  How do you limit file size and type in FastAPI file uploads?

    Customers upload scans of old books. Create an application with the endpoint
    `POST /scans`. The request is a form with the file `scan`.

    - If the file has at most `max_file` bytes, the response is 201 with its number of
      bytes as `size`. If it has more, the response is 413.
    - If the body of the request has more than `max_body` bytes, the response is 413,
      and the application does not read the rest of the body. This also holds if the
      request has no `Content-Length`.
    - Only PNG and JPEG are allowed. If the `image_type` of the content is not one of
      the keys of `SUFFIXES`, the response is 415. If the file is too large as well, you
      can return 413 or 415.

    Given:
        The body is the file and some text around it. So `max_body` is larger than
        `max_file`.
        FastAPI reads the whole body before it calls the endpoint.

    Example:
        The application is scans_app(max_file=1000, max_body=2000).
        POST /scans  scan: a PNG image of 1000 bytes  ->  201  {"size": 1000}
        POST /scans  scan: a PNG image of 1001 bytes  ->  413
    """
    # region answer
    # In words: FastAPI stores the whole upload in memory or in a temporary file before
    # the endpoint runs. So the limit that protects the server is `max_body_size`: it
    # counts the bytes as they arrive. The endpoint then checks the exact size of the
    # file, and its type by its first bytes, because the client chooses the name and the
    # `Content-Type`.
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile) -> dict[str, int]:
        size = scan.size or 0
        if size > max_file:
            raise HTTPException(413, f"At most {max_file} bytes.")
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415, "Only PNG and JPEG images are allowed.")
        return {"size": size}

    return app
    # endregion


def uploads_app(folder: Path) -> FastAPI:
    """4.11.3  What are the security considerations for handling file uploads?

    Customers upload pictures of themselves with their books. The application stores
    the files in `folder`, and shows them to everybody at `/pictures`. Today a customer
    can write a file anywhere on the server: the name `../app.py` is enough. A customer
    can also replace the picture of somebody else, or upload a page with a script.
    Change the endpoint.

    - Store each picture in a new file in `folder`. Choose a name that no other file
      has, and return it as `name`.
    - The name ends with the suffix for the content: find its `image_type`, and look it
      up in `SUFFIXES`. If it is not there, the response is 415, and nothing is stored.
    - If the file cannot be created or written, because the disk is full for example,
      Python raises an OSError. Then the response is 507, and no part of the file stays
      on the disk. Do not return 507 for another error.

    Example:
        POST /pictures  picture: a PNG image, "me.html"  ->  201  {"name": "8f0c.png"}
    """
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile) -> dict[str, str]:
        # region answer
        # In words: Everything in an upload comes from somebody you do not know. A name
        # can lead out of the folder or replace another file, and its suffix decides
        # what a browser does with the file. So the server chooses name and suffix. An
        # upload can also fail in the middle: then the server removes what it wrote.
        suffix = SUFFIXES.get(image_type(picture.file.read(8)) or "")
        if suffix is None:
            raise HTTPException(415, "Only PNG and JPEG images are allowed.")
        picture.file.seek(0)
        path = folder / f"{uuid4()}{suffix}"
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(picture.file, file)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507, "The picture cannot be stored now.") from None
        return {"name": path.name}
        # stub: path = folder / (picture.filename or "")
        # stub: with path.open("wb") as file:
        # stub:     shutil.copyfileobj(picture.file, file)
        # stub: return {"name": path.name}
        # endregion

    app.mount("/pictures", StaticFiles(directory=folder))
    return app
