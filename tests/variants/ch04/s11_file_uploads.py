"""Other answers to section 4.11."""

import hashlib
import itertools
import os
import secrets
import tempfile
from typing import Annotated

from fastapi import Depends, File, Form, Request
from fastapi.responses import JSONResponse
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from sensei.variants import right, wrong


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved[type]")
def covers_app() -> FastAPI:
    """Believe the type that the client sends."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        if cover.content_type not in SIGNATURES.values():
            raise HTTPException(415)
        save_cover(number, await cover.read())
        return {"type": cover.content_type}

    return app


@wrong("4.11.1", caught_by="test_q1_another_file_returns_415[text]")
def covers_app() -> FastAPI:
    """Look at the suffix of the name as well, and let one of them be enough."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None and not cover.filename.endswith((".png", ".jpg")):
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved[name]")
def covers_app() -> FastAPI:
    """Ask for the right suffix as well."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None or cover.filename.endswith(".txt"):
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved")
def covers_app() -> FastAPI:
    """Read the first bytes for the type, and save the rest."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        media_type = image_type(await cover.read(8))
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, await cover.read())
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved")
def covers_app() -> FastAPI:
    """Forget the `await` before `read`."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = cover.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved[jpeg]")
def covers_app() -> FastAPI:
    """Read at most one megabyte."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read(1024 * 1024)
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved[png]")
def covers_app() -> FastAPI:
    """Strip the content."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = (await cover.read()).strip()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_each_request_saves_its_own_cover")
def covers_app() -> FastAPI:
    """Do not save a cover twice."""
    app, saved = FastAPI(), set()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        if (number, content) not in saved:
            saved.add((number, content))
            save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_another_error_does_not_return_415")
def covers_app() -> FastAPI:
    """Return 415 for each error."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        try:
            content = await cover.read()
            media_type = image_type(content)
            if media_type is None:
                raise ValueError("no image")
            save_cover(number, content)
            return {"type": media_type}
        except Exception:
            raise HTTPException(415) from None

    return app


@wrong("4.11.1", caught_by="test_q1_another_file_returns_415")
def covers_app() -> FastAPI:
    """Save the file before the check."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        save_cover(number, content)
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_another_file_returns_415")
def covers_app() -> FastAPI:
    """Return 422 for a file that is not an image."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(422)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_a_form_without_the_file_returns_422")
def covers_app() -> FastAPI:
    """Let the file be optional."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile | None = None):
        content = await cover.read() if cover else b""
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_image_type_decides")
def covers_app() -> FastAPI:
    """Compare the signatures without `image_type`."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        for signature, media_type in SIGNATURES.items():
            if content.startswith(signature):
                save_cover(number, content)
                return {"type": media_type}
        raise HTTPException(415)

    return app


@wrong("4.11.1", caught_by="test_q1_each_request_saves_its_own_cover")
def covers_app() -> FastAPI:
    """Use the number of the example."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    async def upload_cover(number: int, cover: UploadFile):
        content = await cover.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(7, content)
        return {"type": media_type}

    return app


@wrong("4.11.1", caught_by="test_q1_an_image_is_saved")
def covers_app() -> FastAPI:
    """Take the number of the book as a text."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    def upload_cover(number: str, cover: UploadFile):
        content = cover.file.read()
        media_type = image_type(content)
        if media_type is None:
            raise HTTPException(415)
        save_cover(number, content)
        return {"type": media_type}

    return app


@right("4.11.1")
def covers_app() -> FastAPI:
    """Get the content as bytes."""
    app = FastAPI()

    @app.put("/books/{number}/cover")
    def upload_cover(number: int, cover: Annotated[bytes, File()]) -> dict[str, str]:
        if media_type := image_type(cover[:8]):
            save_cover(number, cover)
            return {"type": media_type}
        raise HTTPException(415)

    return app


@right("4.11.1")
def covers_app() -> FastAPI:
    """Check in a dependency, go back to the start, and read the file as a thread."""
    app = FastAPI()

    def image(cover: UploadFile = File(...)) -> tuple[str, bytes]:
        media_type = image_type(cover.file.read(8))
        if media_type is None:
            raise HTTPException(status_code=415)
        cover.file.seek(0)
        return media_type, cover.file.read()

    @app.put("/books/{number}/cover")
    def upload_cover(number: int, image: tuple = Depends(image)):
        save_cover(number=number, content=image[1])
        return JSONResponse({"type": image[0]})

    return app


@wrong("4.11.2", caught_by="test_q2_the_application_stops_reading_a_large_body")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Check the size of the file only."""
    app = FastAPI()

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        content = await scan.read()
        if len(content) > max_file:
            raise HTTPException(413)
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": len(content)}

    return app


@wrong("4.11.2", caught_by="test_q2_the_application_stops_reading_a_large_body")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Read the file in pieces and stop, when the server has read it all."""
    app = FastAPI()

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        start, size = b"", 0
        while piece := await scan.read(100):
            start, size = start or piece, size + len(piece)
            if size > max_file:
                raise HTTPException(413)
        if image_type(start) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": size}

    return app


@wrong("4.11.2", caught_by="test_q2_the_application_stops_reading_a_large_body")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Check `Content-Length` in a dependency, which runs after the form is read."""

    def check(request: Request) -> None:
        if int(request.headers.get("content-length", 0)) > max_body:
            raise HTTPException(413)

    app = FastAPI(dependencies=[Depends(check)])

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        content = await scan.read()
        if len(content) > max_file:
            raise HTTPException(413)
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": len(content)}

    return app


@wrong(
    "4.11.2",
    caught_by="test_q2_the_application_stops_reading_a_large_body[chunked-limits0]",
)
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Check `Content-Length` in a middleware, which a client can leave out."""
    app = FastAPI()

    @app.middleware("http")
    async def check(request: Request, call_next):
        if int(request.headers.get("content-length", 0)) > max_body:
            return JSONResponse({"detail": "too large"}, 413)
        return await call_next(request)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        content = await scan.read()
        if len(content) > max_file:
            raise HTTPException(413)
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": len(content)}

    return app


@wrong("4.11.2", caught_by="test_q2_a_larger_file_returns_413")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Limit the body only."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_a_file_up_to_the_limit_returns_201")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Limit the body to the size of the file."""
    app = FastAPI(max_body_size=max_file)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_a_larger_file_returns_413")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Use the limit for the text fields of a form, which does not count files."""
    app = FastAPI(
        max_body_size=max_body, form_limits={"max_part_size": max_file, "max_files": 1}
    )

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_a_file_up_to_the_limit_returns_201")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Refuse a file of exactly the limit."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size >= max_file:
            raise HTTPException(413)
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_a_file_up_to_the_limit_returns_201")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Return the size of the first bytes."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            raise HTTPException(413)
        start = await scan.read(64)
        if image_type(start) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": len(start)}

    return app


@wrong("4.11.2", caught_by="test_q2_another_type_returns_415[gif]")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Allow each image."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            raise HTTPException(413)
        if image_type(await scan.read(8)) is None:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_another_type_returns_415")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Believe the type that the client sends."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            raise HTTPException(413)
        if scan.content_type not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_the_name_of_the_file_does_not_matter")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Ask for a suffix as well."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            raise HTTPException(413)
        is_known = scan.filename.endswith(tuple(SUFFIXES.values()))
        if not is_known or image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@wrong("4.11.2", caught_by="test_q2_the_limit_of_the_body_is_exact")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Refuse a body of exactly the limit."""
    app = FastAPI(max_body_size=max_body - 1)

    @app.post("/scans", status_code=201)
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            raise HTTPException(413)
        if image_type(await scan.read(8)) not in SUFFIXES:
            raise HTTPException(415)
        return {"size": scan.size}

    return app


@right("4.11.2")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Check the type first, and count the bytes of the content."""
    app = FastAPI(max_body_size=max_body)

    @app.post("/scans", status_code=201)
    def upload_scan(scan: UploadFile):
        content = scan.file.read(max_file + 1)
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        if len(content) > max_file:
            raise HTTPException(413)
        return {"size": len(content)}

    return app


@right("4.11.2")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Limit the body of this endpoint, and get the content as bytes."""
    app = FastAPI()

    @app.post("/scans", status_code=201, max_body_size=max_body)
    def upload_scan(scan: Annotated[bytes, File()], note: Annotated[str, Form()] = ""):
        if len(scan) > max_file:
            raise HTTPException(413)
        if not (image_type(scan) or "").endswith(("png", "jpeg")):
            raise HTTPException(415)
        return {"size": len(scan)}

    return app


@right("4.11.2")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Use Starlette's middleware, and dependencies for the checks."""

    def small(scan: UploadFile) -> UploadFile:
        size = scan.file.seek(0, os.SEEK_END)
        scan.file.seek(0)
        if size > max_file:
            raise HTTPException(413)
        return scan

    def image(scan: Annotated[UploadFile, Depends(small)]) -> UploadFile:
        if image_type(scan.file.read()) not in ("image/png", "image/jpeg"):
            raise HTTPException(415)
        return scan

    app = FastAPI()
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=max_body)

    @app.post("/scans", status_code=201)
    def upload_scan(scan: Annotated[UploadFile, Depends(image)]):
        return {"size": scan.file.tell()}

    return app


@right("4.11.2")
def scans_app(max_file: int, max_body: int) -> FastAPI:
    """Count the bytes in an ASGI middleware of your own."""
    app = FastAPI()

    class Limit:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            size = 0

            async def counted():
                nonlocal size
                message = await receive()
                size += len(message.get("body", b""))
                if size > max_body:
                    raise HTTPException(413)
                return message

            await self.app(scope, counted, send)

    app.add_middleware(Limit)

    @app.post("/scans")
    async def upload_scan(scan: UploadFile):
        if scan.size > max_file:
            return JSONResponse({}, 413)
        if image_type(await scan.read()) not in SUFFIXES:
            return JSONResponse({}, 415)
        return JSONResponse({"size": scan.size}, 201)

    return app


@wrong("4.11.3", caught_by="test_q3_a_picture_becomes_a_new_file_in_the_folder[same]")
def uploads_app(folder: Path) -> FastAPI:
    """Use the last part of the client's name."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / (Path(picture.filename).stem[:40] + suffix)
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_picture_becomes_a_new_file_in_the_folder[same]")
def uploads_app(folder: Path) -> FastAPI:
    """Refuse a name that leads out of the folder, and use every other one."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        path = (folder / picture.filename).resolve().with_suffix(suffix or "")
        if suffix is None or not path.is_relative_to(folder.resolve()):
            raise HTTPException(415)
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_picture_becomes_a_new_file_in_the_folder[long]")
def uploads_app(folder: Path) -> FastAPI:
    """Put a new part before the client's name."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}-{Path(picture.filename).name}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_the_suffix_comes_from_the_content")
def uploads_app(folder: Path) -> FastAPI:
    """Keep the suffix of the client's name."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{Path(picture.filename).suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_the_suffix_comes_from_the_content")
def uploads_app(folder: Path) -> FastAPI:
    """Give every picture the suffix `.png`."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        if image_type(content) not in SUFFIXES:
            raise HTTPException(415)
        path = folder / f"{uuid4()}.png"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_each_picture_has_a_file_of_its_own")
def uploads_app(folder: Path) -> FastAPI:
    """Count the pictures of this process."""
    app, numbers = FastAPI(), itertools.count(1)

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{next(numbers)}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_each_picture_has_a_file_of_its_own")
def uploads_app(folder: Path) -> FastAPI:
    """Name the file by its content, so that equal pictures share one."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{hashlib.sha256(content).hexdigest()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_picture_becomes_a_new_file_in_the_folder")
def uploads_app(folder: Path) -> FastAPI:
    """Copy from behind the first bytes."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        suffix = SUFFIXES.get(image_type(picture.file.read(8)))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            with path.open("xb") as file:
                shutil.copyfileobj(picture.file, file)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_another_type_returns_415")
def uploads_app(folder: Path) -> FastAPI:
    """Store the file before the check."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content), ".bin")
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        if suffix == ".bin":
            raise HTTPException(415)
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_full_disk_returns_507_and_keeps_no_part")
def uploads_app(folder: Path) -> FastAPI:
    """Leave the part of the file that was written."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_full_disk_returns_507_and_keeps_no_part")
def uploads_app(folder: Path) -> FastAPI:
    """Remove the part, and let the error become a 500."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_full_disk_returns_507_and_keeps_no_part")
def uploads_app(folder: Path) -> FastAPI:
    """Write to a temporary file first, and leave it if the disk is full."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(content)
            shutil.move(file.name, path)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_large_picture_is_stored_whole[memory]")
def uploads_app(folder: Path) -> FastAPI:
    """Write one block only."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read(640_000)
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_new_picture_replaces_no_other_one")
def uploads_app(folder: Path) -> FastAPI:
    """Count the files in the folder, where one can be deleted."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{len(list(folder.iterdir())) + 1}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_new_picture_replaces_no_other_one")
def uploads_app(folder: Path) -> FastAPI:
    """Count the files in the folder, and remove a file that exists already."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{len(list(folder.iterdir())) + 1}{suffix}"
        try:
            with path.open("xb") as file:
                file.write(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_full_disk_returns_507_and_keeps_no_part[small]")
def uploads_app(folder: Path) -> FastAPI:
    """Catch the error of `write`, and not the one of `close`."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        with path.open("xb") as file:
            try:
                file.write(content)
            except OSError:
                path.unlink(missing_ok=True)
                raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_an_error_of_reading_does_not_return_507")
def uploads_app(folder: Path) -> FastAPI:
    """Return 507 for each error while the file is written."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        suffix = SUFFIXES.get(image_type(picture.file.read(8)))
        if suffix is None:
            raise HTTPException(415)
        picture.file.seek(0)
        path = folder / f"{uuid4()}{suffix}"
        try:
            with path.open("xb") as file:
                shutil.copyfileobj(picture.file, file)
        except Exception:
            path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_file_that_cannot_be_created_returns_507")
def uploads_app(folder: Path) -> FastAPI:
    """Remove a file that may not exist."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink()
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_a_full_disk_returns_507_and_keeps_no_part[large]")
def uploads_app(folder: Path) -> FastAPI:
    """Remove all that is in the folder."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        path = folder / f"{uuid4()}{suffix}"
        try:
            path.write_bytes(content)
        except OSError:
            for part in folder.glob("*"):
                part.unlink()
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@wrong("4.11.3", caught_by="test_q3_another_error_does_not_return_507")
def uploads_app(folder: Path) -> FastAPI:
    """Return 507 for each error."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        path = None
        try:
            content = picture.file.read()
            suffix = SUFFIXES.get(image_type(content))
            if suffix is None:
                raise HTTPException(415)
            path = folder / f"{uuid4()}{suffix}"
            path.write_bytes(content)
        except HTTPException:
            raise
        except Exception:
            if path:
                path.unlink(missing_ok=True)
            raise HTTPException(507) from None
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@right("4.11.3")
def uploads_app(folder: Path) -> FastAPI:
    """Read everything, and write in an async endpoint."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    async def upload_picture(picture: Annotated[bytes, File()]):
        match image_type(picture):
            case "image/png" | "image/jpeg" as media_type:
                name = secrets.token_urlsafe(16) + SUFFIXES[media_type]
            case _:
                return JSONResponse({"detail": "no picture"}, 415)
        try:
            (folder / name).write_bytes(picture)
        except OSError:
            if os.path.exists(folder / name):
                os.remove(folder / name)
            return JSONResponse({"detail": "disk full"}, 507)
        return {"name": name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@right("4.11.3")
def uploads_app(folder: Path) -> FastAPI:
    """Write to a temporary file of the folder, and rename it when it is complete."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    async def upload_picture(picture: UploadFile):
        start = await picture.read(8)
        suffix = SUFFIXES.get(image_type(start))
        if suffix is None:
            raise HTTPException(415)
        path, part = folder / f"{secrets.token_hex()}{suffix}", None
        try:
            part = tempfile.NamedTemporaryFile(dir=folder, delete=False)
            with part:
                part.write(start)
                while block := await picture.read(65536):
                    part.write(block)
            os.replace(part.name, path)
        except OSError as error:
            if part:
                os.unlink(part.name)
            raise HTTPException(507) from error
        return {"name": path.name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app


@right("4.11.3")
def uploads_app(folder: Path) -> FastAPI:
    """Let `tempfile` choose the name."""
    app = FastAPI()

    @app.post("/pictures", status_code=201)
    def upload_picture(picture: UploadFile):
        content = picture.file.read()
        suffix = SUFFIXES.get(image_type(content))
        if suffix is None:
            raise HTTPException(415)
        name = ""
        try:
            handle, name = tempfile.mkstemp(suffix, dir=folder)
            with open(handle, "wb") as file:
                file.write(content)
        except OSError:
            if name:
                Path(name).unlink()
            raise HTTPException(507)
        return {"name": Path(name).name}

    app.mount("/pictures", StaticFiles(directory=folder))
    return app
