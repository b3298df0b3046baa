"""Other answers to section 18.1."""

from sensei.variants import right, wrong


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "thread, Python": "turns",
        "thread, orjson": "waits",
        "thread, blake3": "parallel",
        "lines, blake3": 0,
        "error, text": TypeError,
        "error, negative": OverflowError,
    }
    return answer | differences


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, Python]")
def benefits():
    """Believe that threads of Python code run in parallel."""
    return predicted(**{"thread, Python": "parallel"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, Python]")
def benefits():
    """Believe that a Python function keeps the GIL until it returns."""
    return predicted(**{"thread, Python": "waits"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, orjson]")
def benefits():
    """Believe that Rust code always runs without the GIL."""
    return predicted(**{"thread, orjson": "parallel"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, orjson]")
def benefits():
    """Believe that the interpreter can pause Rust code."""
    return predicted(**{"thread, orjson": "turns"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, blake3]")
def benefits():
    """Believe that all threads wait for an extension."""
    return predicted(**{"thread, blake3": "waits"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[thread, blake3]")
def benefits():
    """Believe that there is no parallel work in Python at all."""
    return predicted(**{"thread, blake3": "turns"})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[lines, blake3]")
def benefits():
    """Count a line for each byte."""
    return predicted(**{"lines, blake3": 64_000_000})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[lines, blake3]")
def benefits():
    """Count the call itself."""
    return predicted(**{"lines, blake3": 1})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[lines, blake3]")
def benefits():
    """Write False, which is equal to 0."""
    return predicted(**{"lines, blake3": False})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[error, text]")
def benefits():
    """Believe that a wrong type is a wrong value."""
    return predicted(**{"error, text": ValueError})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[error, negative]")
def benefits():
    """Believe that a number that does not fit is a wrong value."""
    return predicted(**{"error, negative": ValueError})


@wrong("18.1.1", caught_by="test_q1_the_real_run_is_predicted[error, negative]")
def benefits():
    """Write a base class, which is not the class that is raised."""
    return predicted(**{"error, negative": Exception})


@right("18.1.1")
def benefits():
    """Try the calls that raise an exception."""

    def raised(call):
        try:
            call()
        except Exception as error:
            return type(error)

    answer = predicted()
    answer["error, text"] = raised(lambda: blake3("take 1"))
    answer["error, negative"] = raised(lambda: blake3().digest(length=-1))
    return answer


@right("18.1.1")
def benefits():
    """Measure the lines, and write the rest."""
    import sys

    lines = 0

    def note(frame, event, _):
        nonlocal lines
        lines += event == "line"
        return note

    before = sys.gettrace()
    call = CALLS["blake3"]
    sys.settrace(note)
    call()
    sys.settrace(before)
    return dict(predicted().items()) | {"lines, blake3": lines}


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Leave out `[build-system]`."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [build-system]
            requires = ["setuptools", "setuptools-rust"]
            build-backend = "setuptools.build_meta"

            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Name another build backend."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [build-system]
            requires = []
            build-backend = "maturin"

            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Name the build backend, and do not let pip install it."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [build-system]
            requires = ["maturin"]

            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Let pip install Maturin, and do not name it as the build backend."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_the_module_is_called_sound",
    files={
        "q2/Cargo.toml": """
            [package]
            name = "sound-archive"
            version = "1.4.0"
            edition = "2021"

            [lib]
            crate-type = ["cdylib"]
        """,
    },
)
def project_folder():
    """Leave the name of the module."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/Cargo.toml": """
            [package]
            name = "sound-archive"
            version = "1.4.0"
            edition = "2021"

            [lib]
            crate-type = ["cdylib"]
            name = "sound"

            [dependencies]
            pyo3 = "0.29"
        """,
    },
)
def project_folder():
    """Add a crate, which has to be downloaded."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            use pyo3::prelude::*;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[pyfunction]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            #[pyfunction]
            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) >= 32767).count()
            }
        """,
    },
)
def project_folder():
    """Use the macros of PyO3 without the crate."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_python_calls_the_functions[clipped-one sample]",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[no_mangle]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) >= 32767).count()
            }
        """,
    },
)
def project_folder():
    """Forget the attribute."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_python_calls_the_functions[clipped-many]",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[no_mangle]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            #[no_mangle]
            pub unsafe fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) >= 32767).count()
            }
        """,
    },
)
def project_folder():
    """Forget the calling convention."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_a_helper_is_not_visible_to_python",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            #[no_mangle]
            pub extern "C" fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[no_mangle]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            #[no_mangle]
            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) >= 32767).count()
            }
        """,
    },
)
def project_folder():
    """Export the helper, too."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_a_helper_is_not_visible_to_python",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[no_mangle]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            #[export_name = "sound_clipped"]
            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) >= 32767).count()
            }
        """,
    },
)
def project_folder():
    """Give the function another name for Python."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_python_calls_the_functions[clipped-around the limit]",
    files={
        "q2/src/lib.rs": """
            use std::slice;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[no_mangle]
            pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().map(level).max().unwrap_or(0)
            }

            #[no_mangle]
            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                let samples = slice::from_raw_parts(samples, count);
                samples.iter().filter(|one| level(one) > 32767).count()
            }
        """,
    },
)
def project_folder():
    """Count other samples."""
    return Path(__file__).with_suffix("") / "q2"


@right(
    "18.1.2",
    files={
        "q2/Cargo.toml": """
            [package]
            name = "sound-archive"
            version = "1.4.0"
            edition = "2021"

            [lib]
            crate-type = ["cdylib"]
        """,
        "q2/pyproject.toml": """
            [build-system]
            requires = ["maturin>=1.0"]
            build-backend = "maturin"

            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
            module-name = "sound"
        """,
    },
)
def project_folder():
    """Name the module in the settings of Maturin."""
    return Path(__file__).with_suffix("") / "q2"


@right(
    "18.1.2",
    files={
        "q2/Cargo.toml": """
            [package]
            name = "sound-archive"
            version = "1.4.0"
            edition = "2024"

            [lib]
            crate-type = ["cdylib"]
            name = "sound"
        """,
        "q2/src/lib.rs": """
            use std::slice;

            fn level(sample: &i16) -> u16 {
                sample.unsigned_abs()
            }

            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn clipped(samples: *const i16, count: usize) -> usize {
                unsafe { slice::from_raw_parts(samples, count) }
                    .iter()
                    .filter(|one| level(one) >= 32767)
                    .count()
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
                if count == 0 {
                    return 0;
                }
                let samples = unsafe { slice::from_raw_parts(samples, count) };
                let mut highest = 0;
                for sample in samples {
                    highest = highest.max(level(sample));
                }
                highest
            }
        """,
    },
)
def project_folder():
    """Write the attribute of the newer edition, a loop, and a check of the count."""
    return Path(__file__).with_suffix("") / "q2"


def with_endpoints(fingerprint_of, entries_of):
    """Return the application with these bodies of the two endpoints."""
    app = FastAPI()

    @app.post("/fingerprints")
    async def create_fingerprint(request: Request) -> dict[str, str]:
        return {"blake3": await fingerprint_of(await request.body())}

    @app.post("/catalogues")
    async def create_catalogue(request: Request) -> dict[str, int]:
        return {"entries": await entries_of(await request.body())}

    @app.get("/formats")
    def list_formats() -> list[str]:
        return ["flac", "wav"]

    return app


def limited(turns):
    """Return the function that computes a fingerprint in its turn."""

    async def fingerprint_of(recording):
        async with turns:
            return await run_in_threadpool(fingerprint, recording)

    return fingerprint_of


def pooled(pool):
    """Return the function that counts entries in the pool."""

    async def entries_of(catalogue):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, count_entries, catalogue)

    return entries_of


@wrong(
    "18.1.3",
    caught_by="test_q3_other_requests_get_responses_during_a_fingerprint",
)
def archive_app(pool):
    """Call the function in the event loop, in its turn."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        async with turns:
            return fingerprint(recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_other_requests_get_responses_during_a_fingerprint",
)
def archive_app(pool):
    """Compute the fingerprints in the pool, too."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        async with turns:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(pool, fingerprint, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """Start a thread for each request."""

    async def fingerprint_of(recording):
        return await asyncio.to_thread(fingerprint, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """Let three run at the same time."""
    return with_endpoints(limited(asyncio.Semaphore(3)), pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """Create a semaphore for each request."""

    async def fingerprint_of(recording):
        async with asyncio.Semaphore(2):
            return await run_in_threadpool(fingerprint, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_requests_that_wait_for_their_turn_block_no_thread",
)
def archive_app(pool):
    """Wait for the turn inside the thread."""
    import threading

    turns = threading.Semaphore(2)

    def in_turn(recording):
        with turns:
            return fingerprint(recording)

    async def fingerprint_of(recording):
        return await run_in_threadpool(in_turn, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_requests_that_wait_for_their_turn_block_no_thread",
)
def archive_app(pool):
    """Wait for the turn inside a thread of asyncio's own pool."""
    import threading

    turns = threading.BoundedSemaphore(2)

    def in_turn(recording):
        with turns:
            return fingerprint(recording)

    async def fingerprint_of(recording):
        return await asyncio.to_thread(in_turn, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong("18.1.3", caught_by="test_q3_other_endpoints_do_not_wait_for_the_turn")
def archive_app(pool):
    """Count entries in the same turns."""
    turns = asyncio.Semaphore(2)

    async def entries_of(catalogue):
        async with turns:
            return await pooled(pool)(catalogue)

    return with_endpoints(limited(turns), entries_of)


@wrong("18.1.3", caught_by="test_q3_the_turn_ends_with_an_exception[Panic('index')]")
def archive_app(pool):
    """End the turn after an `Exception` only."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        await turns.acquire()
        try:
            result = await run_in_threadpool(fingerprint, recording)
        except Exception:
            turns.release()
            raise
        turns.release()
        return result

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong("18.1.3", caught_by="test_q3_the_turn_ends_with_an_exception[Panic('index')]")
def archive_app(pool):
    """Turn a panic into a fingerprint."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        async with turns:
            try:
                return await run_in_threadpool(fingerprint, recording)
            except BaseException:
                return "unknown"

    return with_endpoints(fingerprint_of, pooled(pool))


TURNS = None


@wrong("18.1.3", caught_by="test_q3_each_application_has_turns_of_its_own")
def archive_app(pool):
    """Share the turns between all applications."""
    global TURNS
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync

    TURNS = TURNS or CapacityLimiter(2)

    async def fingerprint_of(recording):
        return await run_sync(fingerprint, recording, limiter=TURNS)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[12]")
def archive_app(pool):
    """Count the entries in a thread."""

    async def entries_of(catalogue):
        return await run_in_threadpool(count_entries, catalogue)

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[0]")
def archive_app(pool):
    """Wait for the pool in the event loop."""

    async def entries_of(catalogue):
        return pool.submit(count_entries, catalogue).result()

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[1]")
def archive_app(pool):
    """Forget that the pool belongs to the caller."""

    async def entries_of(catalogue):
        with pool:
            return await pooled(pool)(catalogue)

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[1]")
def archive_app(pool):
    """Count the entries in the default executor, which has threads."""
    return with_endpoints(limited(asyncio.Semaphore(2)), pooled(None))


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[12]")
def archive_app(pool):
    """Start another pool."""

    async def entries_of(catalogue):
        with ProcessPoolExecutor(1) as other:
            return await pooled(other)(catalogue)

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong(
    "18.1.3",
    caught_by="test_q3_other_requests_get_responses_during_a_fingerprint",
)
def archive_app(pool):
    """Start a thread, and wait for it in the event loop."""
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(2)

    async def fingerprint_of(recording):
        return threads.submit(fingerprint, recording).result()

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """End the turn before the thread has ended."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        async with turns:
            computing = asyncio.create_task(asyncio.to_thread(fingerprint, recording))
        return await computing

    return with_endpoints(fingerprint_of, pooled(pool))


@right("18.1.3")
def archive_app(pool):
    """Use AnyIO's limiter, and wrap the future of the pool."""
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync

    turns = CapacityLimiter(2)

    async def fingerprint_of(recording):
        return await run_sync(fingerprint, recording, limiter=turns)

    async def entries_of(catalogue):
        return await asyncio.wrap_future(pool.submit(count_entries, catalogue))

    return with_endpoints(fingerprint_of, entries_of)


@right("18.1.3")
def archive_app(pool):
    """Use a pool of two threads."""
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(2)

    async def fingerprint_of(recording):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, fingerprint, recording)

    async def entries_of(catalogue):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, partial(count_entries, catalogue))

    return with_endpoints(fingerprint_of, entries_of)


@right("18.1.3")
def archive_app(pool):
    """Acquire and release by hand, and call `asyncio.to_thread`."""
    turns = asyncio.BoundedSemaphore(2)

    async def fingerprint_of(recording):
        await turns.acquire()
        try:
            return await asyncio.to_thread(fingerprint, recording)
        finally:
            turns.release()

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [build-system]
            requires = ["maturin>=2"]
            build-backend = "maturin"

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Ask for a Maturin that does not exist."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """Give up after a minute of waiting."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        try:
            await asyncio.wait_for(turns.acquire(), 60)
        except TimeoutError:
            return "busy"
        try:
            return await run_in_threadpool(fingerprint, recording)
        finally:
            turns.release()

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_the_turn_ends_with_an_exception[ValueError('no audio')]",
)
def archive_app(pool):
    """End the turn twice after an exception."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        await turns.acquire()
        try:
            return await run_in_threadpool(fingerprint, recording)
        except Exception:
            turns.release()
            raise
        finally:
            turns.release()

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong(
    "18.1.3",
    caught_by="test_q3_a_request_that_still_sends_its_body_does_not_count",
)
def archive_app(pool):
    """Read the body between the check and the count."""
    app = with_endpoints(pooled(pool), pooled(pool))
    app.router.routes = [
        one for one in app.router.routes if one.path != "/fingerprints"
    ]
    running = 0

    @app.post("/fingerprints")
    async def create_fingerprint(request: Request) -> dict[str, str]:
        nonlocal running
        while running >= 2:
            await asyncio.sleep(0.001)
        recording = await request.body()
        running += 1
        try:
            return {"blake3": await run_in_threadpool(fingerprint, recording)}
        finally:
            running -= 1

    return app


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[0]")
def archive_app(pool):
    """Wait for the pool in a thread, which `/formats` then waits for."""

    async def entries_of(catalogue):
        counting = pool.submit(count_entries, catalogue)
        return await run_in_threadpool(counting.result)

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[12]")
def archive_app(pool):
    """Parse in the pool, and count here."""
    import orjson

    async def entries_of(catalogue):
        loop = asyncio.get_running_loop()
        return len(await loop.run_in_executor(pool, orjson.loads, catalogue))

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@right("18.1.3")
def archive_app(pool):
    """Open a pool of two threads in the lifespan."""
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import asynccontextmanager

    threads = None

    @asynccontextmanager
    async def lifespan(app):
        nonlocal threads
        with ThreadPoolExecutor(2) as threads:
            yield

    async def fingerprint_of(recording):
        return await asyncio.wrap_future(threads.submit(fingerprint, recording))

    app = with_endpoints(fingerprint_of, pooled(pool))
    app.router.lifespan_context = lifespan
    return app


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [build-system]
            requires = ["maturin", "cffi"]
            build-backend = "maturin"

            [project]
            name = "sound-archive"
            dynamic = ["version"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Move the dependency to those of the build."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.3",
    caught_by="test_q3_two_fingerprints_at_most_are_computed_at_the_same_time",
)
def archive_app(pool):
    """Wait for the turn in the event loop."""
    import threading

    turns = threading.Semaphore(2)

    async def fingerprint_of(recording):
        with turns:
            return await run_in_threadpool(fingerprint, recording)

    return with_endpoints(fingerprint_of, pooled(pool))


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[1]")
def archive_app(pool):
    """Wait for the pool in the threads that compute fingerprints."""
    turns = asyncio.Semaphore(2)

    async def fingerprint_of(recording):
        async with turns:
            return await asyncio.to_thread(fingerprint, recording)

    async def entries_of(catalogue):
        return await asyncio.to_thread(pool.submit(count_entries, catalogue).result)

    return with_endpoints(fingerprint_of, entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[12]")
def archive_app(pool):
    """Give up after a minute of counting."""

    async def entries_of(catalogue):
        try:
            return await asyncio.wait_for(pooled(pool)(catalogue), 60)
        except TimeoutError:
            return 0

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@right("18.1.3")
def archive_app(pool):
    """Try for a turn again and again, and look whether the pool is done."""
    import threading

    turns = threading.Semaphore(2)

    async def fingerprint_of(recording):
        while not turns.acquire(blocking=False):
            await asyncio.sleep(0.005)
        try:
            return await run_in_threadpool(fingerprint, recording)
        finally:
            turns.release()

    async def entries_of(catalogue):
        counting = pool.submit(count_entries, catalogue)
        while not counting.done():
            await asyncio.sleep(0.005)
        return counting.result()

    return with_endpoints(fingerprint_of, entries_of)


@wrong(
    "18.1.2",
    caught_by="test_q2_the_package_keeps_its_name",
    files={
        "q2/Cargo.toml": """
            [package]
            name = "sound"
            version = "1.4.0"
            edition = "2021"

            [lib]
            crate-type = ["cdylib"]
            name = "sound"
        """,
    },
)
def project_folder():
    """Give the package the name of the module."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "18.1.2",
    caught_by="test_q2_maturin_builds_the_wheel",
    files={
        "q2/pyproject.toml": """
            [build-system]
            requires = ["maturin"]
            build-backend = "maturin.build_meta"

            [project]
            name = "sound-archive"
            dynamic = ["version"]
            dependencies = ["cffi"]

            [tool.maturin]
            bindings = "cffi"
        """,
    },
)
def project_folder():
    """Write the build backend in the way of setuptools."""
    return Path(__file__).with_suffix("") / "q2"


@wrong("18.1.3", caught_by="test_q3_a_broken_catalogue_is_an_error_of_the_server")
def archive_app(pool):
    """Refuse a broken catalogue with 422."""
    from fastapi import HTTPException

    async def entries_of(catalogue):
        try:
            return await pooled(pool)(catalogue)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_a_broken_catalogue_is_an_error_of_the_server")
def archive_app(pool):
    """Count no entries in a broken catalogue."""

    async def entries_of(catalogue):
        (counted,) = await asyncio.gather(
            pooled(pool)(catalogue), return_exceptions=True
        )
        return 0 if isinstance(counted, Exception) else counted

    return with_endpoints(limited(asyncio.Semaphore(2)), entries_of)


@wrong("18.1.3", caught_by="test_q3_entries_are_counted_in_the_pool[12]")
def archive_app(pool):
    """Let FastAPI read the body, which parses one that is called JSON."""
    from typing import Annotated

    from fastapi import Body

    app, turns = FastAPI(), asyncio.Semaphore(2)

    @app.post("/fingerprints")
    async def create_fingerprint(recording: Annotated[bytes, Body()]):
        return {"blake3": await limited(turns)(recording)}

    @app.post("/catalogues")
    async def create_catalogue(catalogue: Annotated[bytes, Body()]):
        return {"entries": await pooled(pool)(catalogue)}

    app.get("/formats")(lambda: ["flac", "wav"])
    return app
