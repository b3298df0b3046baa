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

    - "thread": when the call begins, another thread is ready to run Python code. When
      does it run? Write "parallel" if it runs at the same time as the call, "turns" if
      the call is paused meanwhile, or "waits" if it runs only after the call.
    - "lines": how many lines of Python code does the interpreter execute during the
      call? For "Python", it is more than 4 million.
    - "error": which exception class is raised, such as `KeyError`? "text" is the call
      `blake3("take 1")`. "negative" is the call `blake3().digest(length=-1)`; the
      length is a `u64` in Rust, an integer that is never negative.
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

    The folder `s01_integrating_rust/q2`, beside this file, is a Rust project with the
    files `pyproject.toml`, `Cargo.toml` and `src/lib.rs`. In each of them, one step of
    the workflow is missing. Complete the files. The function here stays as it is.

    - In `pyproject.toml`: pip builds the project with Maturin. The table
      `[build-system]` says so; without it, pip uses setuptools.
    - In `Cargo.toml`: the module is called `sound`. The table `[lib]` gives it a name;
      without one, it is `sound_archive`. The package keeps its name, `sound-archive`.
    - In `src/lib.rs`: Python can call `clipped`, in the same way as `peak`. It cannot
      call `level`, which is a helper in Rust.

    Given:
        PyO3 is a crate, which Cargo has to download. The tests run without a network.
        So this project uses the bindings `cffi` of Maturin, which need no crate.
        With `cffi`, `#[no_mangle]` and `extern "C"` make a function callable from
        Python. With PyO3, `#[pyfunction]` and `#[pymodule]` do. The other steps are the
        same.
        Without Rust (https://rustup.rs), the tests of this koan are skipped.

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

    The two functions above are written in Rust, and take long. While one of them runs,
    the application does not respond to any other request. Repair the endpoints of
    `/fingerprints` and `/catalogues`. Their responses stay as they are.

    - Call `fingerprint` in another thread of this process.
    - Call `count_entries` in a process of `pool`.
    - While the functions run, for any number of requests (say, 60), the application
      responds to other requests.
    - In each application, up to two calls of `fingerprint` run at the same time, and
      never more. A further request waits for as long as needed, and blocks no thread
      meanwhile. A request that still sends its body does not count.
    - This is also true after `fingerprint` has raised an exception. A panic in Rust
      raises one that is a `BaseException`, and not an `Exception`.

    Given:
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
