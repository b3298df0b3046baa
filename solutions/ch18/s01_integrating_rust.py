"""18.1  Integrating Rust extensions with FastAPI.

A Rust extension is a Python module that is compiled from Rust. PyO3 connects Rust and
Python, and Maturin builds the wheel that pip installs. The package `blake3` was made
with both, and `orjson` is written in Rust, too.
Notes: content/docs/fastapi-with-rust/integrating-rust.md
"""

# region answer
import asyncio

# stub:
# endregion
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import orjson
from blake3 import blake3
from fastapi import FastAPI, Request

# region answer
from fastapi.concurrency import run_in_threadpool

# stub:
# endregion
from sensei import ___


def loudest(recording: bytes) -> int:
    """Return the highest sample of a recording. This function is written in Python."""
    highest = 0
    for sample in recording:
        if sample > highest:
            highest = sample
    return highest


CALLS: dict[str, Callable[[], object]] = {
    "Python": partial(loudest, bytes(2_000_000)),
    "orjson": partial(orjson.loads, b"[" + b"0," * 500_000 + b"0]"),
    "blake3": partial(blake3, bytes(64_000_000)),
}


def benefits() -> dict[str, object]:
    """18.1.1  What are the benefits of using Rust extensions for CPU-bound tasks in a
    Python application?

    `CALLS` above has three CPU-bound calls. The first one runs a Python function. The
    other two run functions that are written in Rust. Predict what happens when they
    run on CPython with the GIL.

    - "thread": another thread is ready to run Python code when the call begins. Write
      "parallel" if it runs at the same time as the call. Write "turns" if the thread
      runs while the call pauses. Write "waits" if it runs only after the call.
    - "lines": the number of lines of Python code that the interpreter executes during
      the call. For "Python", it is more than 4 million.
    - "error": the exception class that a call raises, such as `KeyError`. The calls are
      `blake3("take 1")` for "text" and `blake3().digest(length=-1)` for "negative". In
      Rust, the length is a `u64`, an integer that is never negative.
    """
    # region answer
    # In words: A Rust extension is machine code: the interpreter executes no line of
    # Python for it, so it is fast. It can release the GIL, as blake3 does, and then
    # other threads run on other cores at the same time. That is not automatic: orjson
    # keeps the GIL, and all other threads wait. Wrong arguments are exceptions, because
    # PyO3 checks and converts them; they do not crash the process.
    return {
        "thread, Python": "turns",
        "thread, orjson": "waits",
        "thread, blake3": "parallel",
        "lines, blake3": 0,
        "error, text": TypeError,
        "error, negative": OverflowError,
    }
    # stub: return {
    # stub:     "thread, Python": ___,
    # stub:     "thread, orjson": ___,
    # stub:     "thread, blake3": ___,
    # stub:     "lines, blake3": ___,
    # stub:     "error, text": ___,
    # stub:     "error, negative": ___,
    # stub: }
    # endregion


def project_folder() -> Path:
    """18.1.2  Describe the general workflow for creating a Python extension in Rust
    using PyO3 and Maturin.

    The folder `s01_integrating_rust/q2`, beside this file, is a Rust project. In each
    of its three files, one step of the workflow is missing. Add these steps. Name,
    version and dependencies of the project and of the package stay as they are, and so
    does the function here.

    - pip builds the project with Maturin. Add the table `[build-system]` to
      `pyproject.toml`. Without it, pip uses setuptools.
    - The module is called `sound`. Without a name in the table `[lib]` of
      `Cargo.toml`, Maturin takes the name of the package. That is an error here,
      because the name of a module has no minus.
    - Python can call `clipped` of `src/lib.rs` in the same way as `peak`. It cannot
      call `level`, which is a helper for the Rust code.

    Given:
        This project uses the bindings `cffi` of Maturin. With them, `#[no_mangle]` and
        `extern "C"` make a function callable from Python.
        With PyO3, `#[pyfunction]` and `#[pymodule]` do. The other steps are the same.
        Cargo would have to download PyO3, but the tests run without a network.
        The tests of this koan are skipped if Rust (https://rustup.rs) is missing.

    Example:
        from sound import ffi, lib
        samples = ffi.new("int16_t[]", [3, -32768, 32767])
        lib.peak(samples, 3)     ->  32768
        lib.clipped(samples, 3)  ->  2
    """
    # region answer
    # In words: `maturin new` creates the project: `Cargo.toml` describes the Rust
    # library, `pyproject.toml` names Maturin as the build backend, and `src/lib.rs` has
    # the functions. With PyO3, `#[pyfunction]` and `#[pymodule]` make them visible to
    # Python. `maturin develop` compiles and installs into your virtual environment
    # while you work; `maturin build --release` makes the wheel that you publish.
    # stub:
    # endregion
    return Path(__file__).with_suffix("") / "q2"


def fingerprint(recording: bytes) -> str:
    """Return the fingerprint of a recording. The Rust code releases the GIL."""
    return blake3(recording).hexdigest()


def count_entries(catalogue: bytes) -> int:
    """Return how many entries a catalogue has. The Rust code keeps the GIL."""
    return len(orjson.loads(catalogue))


def archive_app(pool: ProcessPoolExecutor) -> FastAPI:
    """18.1.3  How should long-running Rust functions be called from async FastAPI
    endpoints?

    The two functions above are written in Rust and take long. While one of them runs,
    the application does not respond to any other request. Repair the endpoints of
    `/fingerprints` and `/catalogues`. Their responses stay as they are, also
    when a function raises an exception.

    - Call `fingerprint` in another thread of this process.
    - Call `count_entries` in a process of `pool`.
    - In each application, two calls of `fingerprint` can run at the same time, and
      never more than two. A request whose body is still arriving does not count.
    - Further requests wait for as long as needed, and occupy no thread while they wait.
      When a call returns or raises any exception, the next request gets its turn.
    - While 60 requests to one endpoint run or wait, the other endpoints respond.

    Given:
        A panic in Rust raises a `BaseException` that is not an `Exception`.
        While Rust code keeps the GIL, no other thread of its process runs Python code.
        `pool` belongs to the caller, who starts it and shuts it down.

    Example:
        POST /fingerprints  b"..."     ->  {"blake3": "8d1a..."}
        POST /catalogues    b"[1, 2]"  ->  {"entries": 2}
    """
    app = FastAPI()

    # region answer
    # In words: A Rust function that releases the GIL runs in a thread, and the event
    # loop goes on. If it keeps the GIL, only another process helps. A thread or a
    # process for each request would be too many for the cores, so a semaphore of the
    # event loop limits how many calls run at the same time.
    turns = asyncio.Semaphore(2)

    # stub:
    # endregion
    @app.post("/fingerprints")
    async def create_fingerprint(request: Request) -> dict[str, str]:
        recording = await request.body()
        # region answer
        async with turns:
            return {"blake3": await run_in_threadpool(fingerprint, recording)}
        # stub: return {"blake3": fingerprint(recording)}
        # endregion

    @app.post("/catalogues")
    async def create_catalogue(request: Request) -> dict[str, int]:
        catalogue = await request.body()
        # region answer
        loop = asyncio.get_running_loop()
        return {"entries": await loop.run_in_executor(pool, count_entries, catalogue)}
        # stub: return {"entries": count_entries(catalogue)}
        # endregion

    @app.get("/formats")
    def list_formats() -> list[str]:
        return ["flac", "wav"]

    return app
