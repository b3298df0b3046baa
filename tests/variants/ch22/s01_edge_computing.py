"""Other answers to section 22.1."""

import asyncio
import threading
import uuid
from contextlib import asynccontextmanager
from types import SimpleNamespace

from fastapi import BackgroundTasks, HTTPException, Request

from sensei.variants import right, wrong


def lift_app(cloud, measure, read, summarize):
    """Create the node of 22.1.1 from functions for its endpoints."""
    app = FastAPI()

    @app.post("/wind", status_code=204)
    def measure_wind(wind: Wind) -> None:
        measure(wind.kmh)

    @app.get("/lift")
    def read_lift():
        return {"runs": read()}

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        cloud.post("/summaries", json=summarize()).raise_for_status()

    return app


@wrong("22.1.1", caught_by="test_q1_only_the_summary_sends_a_request")
def lift_node(cloud, limit):
    """Send each measurement as well, and go on without a connection."""
    measured = []

    def measure(kmh):
        measured.append(kmh)
        try:
            cloud.post("/wind", json={"kmh": kmh})
        except httpx.HTTPError:
            pass

    return lift_app(
        cloud,
        measure,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.1", caught_by="test_q1_only_the_summary_sends_a_request")
def lift_node(cloud, limit):
    """Ask the cloud first, and answer from the local data as a fallback."""
    measured = []

    def read():
        try:
            return cloud.get("/wind").json()["kmh"] <= limit
        except (httpx.HTTPError, KeyError):
            return bool(measured) and measured[-1] <= limit

    return lift_app(
        cloud,
        measured.append,
        read,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides[1000000-winds0-runs0]",
)
def lift_node(cloud, limit):
    """Store measurements in the node, and ask the cloud for the latest."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: cloud.get("/wind").raise_for_status().json()["kmh"] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[60-winds2-runs2]",
)
def lift_node(cloud, limit):
    """Stop at the limit."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] < limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[45-winds3-runs3]",
)
def lift_node(cloud, limit):
    """Write the limit of the example."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= 60,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[60-winds1-runs1]",
)
def lift_node(cloud, limit):
    """Compare the highest measurement."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and max(measured) <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides[1000000-winds0-runs0]",
)
def lift_node(cloud, limit):
    """Let the lift run before the first measurement."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: not measured or measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides[1000000-winds0-runs0]",
)
def lift_node(cloud, limit):
    """Do not think of the time before the first measurement."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[0-winds4-runs4]",
)
def lift_node(cloud, limit):
    """Take a calm for a missing measurement."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: any(measured[-1:]) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.1", caught_by="test_q1_each_summary_is_about_all_measurements")
def lift_node(cloud, limit):
    """Begin anew after each summary."""
    measured = []

    def summarize():
        summary = {"count": len(measured), "max": max(measured)}
        measured.clear()
        return summary

    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        summarize,
    )


@wrong(
    "22.1.1", caught_by="test_q1_measurements_without_a_connection_are_in_the_summary"
)
def lift_node(cloud, limit):
    """Begin anew after each summary, but keep the latest measurement."""
    measured, latest = [], []

    def measure(kmh):
        measured.append(kmh)
        latest[:] = [kmh]

    def summarize():
        summary = {"count": len(measured), "max": max(measured)}
        measured.clear()
        return summary

    return lift_app(
        cloud,
        measure,
        lambda: bool(latest) and latest[0] <= limit,
        summarize,
    )


@wrong("22.1.1", caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds0]")
def lift_node(cloud, limit):
    """Send all values too."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured), "values": measured},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds3]",
)
def lift_node(cloud, limit):
    """Send the latest measurement as the maximum."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": measured[-1]},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds4]",
)
def lift_node(cloud, limit):
    """Keep each value once."""
    measured = []

    def measure(kmh):
        if kmh in measured:
            measured.remove(kmh)
        measured.append(kmh)

    return lift_app(
        cloud,
        measure,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong(
    "22.1.1",
    caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds5]",
)
def lift_node(cloud, limit):
    """Keep the last ten measurements."""
    measured = deque(maxlen=10)
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


everything = []


@wrong("22.1.1", caught_by="test_q1_each_node_has_its_own_measurements")
def lift_node(cloud, limit):
    """Keep the measurements of all nodes in one list of the module."""
    return lift_app(
        cloud,
        everything.append,
        lambda: bool(everything) and everything[-1] <= limit,
        lambda: {"count": len(everything), "max": max(everything)},
    )


@wrong("22.1.1", caught_by="test_q1_only_the_summary_sends_a_request")
def lift_node(cloud, limit):
    """Send one request for each measurement when the summary is requested."""
    measured = []

    def summarize():
        for kmh in measured:
            cloud.post("/wind", json={"kmh": kmh})
        return {"count": len(measured), "max": max(measured)}

    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        summarize,
    )


@wrong("22.1.1", caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds0]")
def lift_node(cloud, limit):
    """Send a form."""
    measured = []
    app = lift_app(
        SimpleNamespace(post=lambda path, json: cloud.post(path, data=json)),
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )
    return app


@right("22.1.1")
def lift_node(cloud, limit):
    """Keep three numbers instead of all values."""
    app = FastAPI()
    latest = highest = None
    count = 0

    @app.post("/wind", status_code=204)
    def measure(wind: Wind) -> None:
        nonlocal latest, highest, count
        latest = wind.kmh
        highest = wind.kmh if highest is None else max(highest, wind.kmh)
        count += 1

    @app.get("/lift")
    def read_lift():
        return {"runs": latest is not None and latest <= limit}

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        cloud.post("/summaries", json={"max": highest, "count": count})

    return app


@right("22.1.1")
def lift_node(cloud, limit):
    """Keep the values in the state of the application, with async endpoints."""
    app = FastAPI()
    app.state.winds = []

    @app.post("/wind", status_code=204)
    async def measure(wind: Wind, request: Request) -> None:
        request.app.state.winds.append(wind)

    @app.get("/lift")
    async def read_lift(request: Request) -> dict[str, bool]:
        if not request.app.state.winds:
            return {"runs": False}
        return {"runs": request.app.state.winds[-1].kmh <= limit}

    @app.post("/summary", status_code=204)
    async def send_summary(request: Request) -> None:
        winds = [one.kmh for one in request.app.state.winds]
        content = {"count": len(winds), "max": float(max(winds))}
        request = cloud.build_request("POST", "/summaries", json=content)
        cloud.send(request)

    return app


@right("22.1.1")
def lift_node(cloud, limit):
    """Keep the values in SQLite."""
    db = (
        sqlite3.connect(":memory:", check_same_thread=False, autocommit=True)
        if (
            sqlite3.sqlite_version_info
            and hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL")
        )
        else sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    )
    db.execute("CREATE TABLE wind (number INTEGER PRIMARY KEY, kmh INTEGER)")

    @asynccontextmanager
    async def lifespan(_):
        yield
        db.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/wind", status_code=204)
    def measure(wind: Wind) -> None:
        db.execute("INSERT INTO wind (kmh) VALUES (?)", (wind.kmh,))

    @app.get("/lift")
    def read_lift():
        newest = "SELECT kmh <= ? FROM wind ORDER BY number DESC LIMIT 1"
        row = db.execute(newest, (limit,)).fetchone()
        return {"runs": row is not None and row[0] == 1}

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        count, top = db.execute("SELECT count(*), max(kmh) FROM wind").fetchone()
        cloud.request("POST", "summaries", json={"count": count, "max": top})

    return app


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "gateway": [30, 40, 50],
        "gateway, restarted": [],
        "server, restarted": [10, 20, 30, 40, 50],
        "cdn, snow": [80, 80],
        "cdn, ticket": ["Anna", "Ben"],
        "cdn, offline": [200, 504],
    }
    return answer | differences


@wrong("22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[gateway]")
def predictions():
    """Believe that a full deque drops new values."""
    return predicted(gateway=[10, 20, 30])


@wrong("22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[gateway]")
def predictions():
    """Overlook the maximum length."""
    return predicted(gateway=[10, 20, 30, 40, 50])


@wrong("22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[gateway]")
def predictions():
    """Give the newest value first."""
    return predicted(gateway=[50, 40, 30])


@wrong(
    "22.1.2",
    caught_by="test_q2_the_response_of_the_node_is_predicted[gateway, restarted]",
)
def predictions():
    """Believe that memory survives a restart."""
    return predicted(**{"gateway, restarted": [30, 40, 50]})


@wrong(
    "22.1.2",
    caught_by="test_q2_the_response_of_the_node_is_predicted[server, restarted]",
)
def predictions():
    """Believe that the limit of the memory holds for the disk."""
    return predicted(**{"server, restarted": [30, 40, 50]})


@wrong(
    "22.1.2",
    caught_by="test_q2_the_response_of_the_node_is_predicted[server, restarted]",
)
def predictions():
    """Believe that a restart empties the file."""
    return predicted(**{"server, restarted": []})


@wrong("22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[cdn, snow]")
def predictions():
    """Believe that a cache hears of a change."""
    return predicted(**{"cdn, snow": [80, 95]})


@wrong("22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[cdn, ticket]")
def predictions():
    """Believe that `max-age` is enough for a shared cache."""
    return predicted(**{"cdn, ticket": ["Anna", "Anna"]})


@wrong(
    "22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[cdn, offline]"
)
def predictions():
    """Believe that the CDN edge cannot answer without the application."""
    return predicted(**{"cdn, offline": [504, 504]})


@wrong(
    "22.1.2", caught_by="test_q2_the_response_of_the_node_is_predicted[cdn, offline]"
)
def predictions():
    """Believe that the CDN edge has stored the ticket."""
    return predicted(**{"cdn, offline": [200, 200]})


@right("22.1.2")
def predictions():
    """Write tuples, ranges and names of statuses."""
    from http import HTTPStatus

    return predicted(
        gateway=(30, 40, 50),
        **{
            "gateway, restarted": (),
            "server, restarted": list(range(10, 60, 10)),
            "cdn, offline": (HTTPStatus.OK, HTTPStatus.GATEWAY_TIMEOUT),
        },
    )


@right("22.1.2")
def predictions():
    """Run the gateway, and think about the rest."""
    from fastapi.testclient import TestClient

    app = wind_app(None)
    http = TestClient(app)
    for kmh in (10, 20, 30, 40, 50):
        http.post("/wind", json={"kmh": kmh})
    restarted = TestClient(wind_app(None))
    return predicted(
        gateway=http.get("/wind").json(),
        **{"gateway, restarted": restarted.get("/wind").json()},
    )


def new_gate(file, record, sync):
    """Create the node of 22.1.3 from functions for its endpoints."""
    app = FastAPI()
    with transaction(file) as db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS outbox"
            " (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, skier TEXT)"
        )

    @app.post("/entries", status_code=204)
    def record_entry(entry: Entry) -> None:
        record(entry.skier)

    @app.post("/sync", status_code=204)
    def sync_entries() -> None:
        sync()

    return app


def insert(file, skier, key=None):
    """Store an entry."""
    with transaction(file) as db:
        db.execute(
            "INSERT INTO outbox (id, skier) VALUES (?, ?)", (key or str(uuid4()), skier)
        )


def stored(file, order="number"):
    """Return the stored entries."""
    with transaction(file) as db:
        return db.execute(f"SELECT id, skier FROM outbox ORDER BY {order}").fetchall()


def delete(file, key):
    """Delete an entry."""
    with transaction(file) as db:
        db.execute("DELETE FROM outbox WHERE id = ?", (key,))


def send(cloud, key, skier):
    """Send an entry."""
    cloud.post("/entries", json={"id": key, "skier": skier}).raise_for_status()


@wrong("22.1.3", caught_by="test_q3_an_entry_is_stored_and_not_sent[connected]")
def gate_node(file, cloud):
    """Send at once, and store what cannot be sent."""

    def record(skier):
        key = str(uuid4())
        try:
            send(cloud, key, skier)
        except httpx.HTTPError:
            insert(file, skier, key)

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, record, sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_before_the_cloud_has_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Do not think of a broken connection."""

    def sync():
        for key, skier in stored(file):
            send(cloud, key, skier)
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[503]")
def gate_node(file, cloud):
    """Do not look at the status."""

    def sync():
        for key, skier in stored(file):
            try:
                cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[307]")
def gate_node(file, cloud):
    """Take a redirect for success."""

    def sync():
        for key, skier in stored(file):
            try:
                response = cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.HTTPError:
                return
            if response.is_error:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[409]")
def gate_node(file, cloud):
    """Take 409 for "known already"."""

    def sync():
        for key, skier in stored(file):
            try:
                response = cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.HTTPError:
                return
            if not response.is_success and response.status_code != 409:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_is_sent_until_the_cloud_accepts_it")
def gate_node(file, cloud):
    """Drop what the cloud refuses for good."""

    def sync():
        for key, skier in stored(file):
            try:
                response = cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.HTTPError:
                return
            if not response.is_success and response.status_code != 422:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sent_entry_is_deleted[200]")
def gate_node(file, cloud):
    """Take 201 alone for success."""

    def sync():
        for key, skier in stored(file):
            try:
                response = cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.HTTPError:
                return
            if response.status_code != 201:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[503]")
def gate_node(file, cloud):
    """Go on with the next entry."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                continue
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_before_the_cloud_has_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Try for ever."""

    def sync():
        for key, skier in stored(file):
            while True:
                try:
                    send(cloud, key, skier)
                except httpx.HTTPError:
                    continue
                break
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Try a second time at once."""

    def sync():
        for key, skier in stored(file):
            for last in (False, True):
                try:
                    send(cloud, key, skier)
                    break
                except httpx.ConnectError:
                    return
                except httpx.HTTPStatusError:
                    return
                except httpx.HTTPError:
                    if last:
                        return
                    delete(file, key)
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Know only of a connection that cannot be made."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except (httpx.ConnectError, httpx.TimeoutException, httpx.HTTPStatusError):
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_timeout_ends_the_sync")
def gate_node(file, cloud):
    """Do not know of timeouts."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except (
                httpx.NetworkError,
                httpx.RemoteProtocolError,
                httpx.HTTPStatusError,
            ):
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[409]")
def gate_node(file, cloud):
    """Do not know that `RequestError` is not about statuses."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.RequestError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_an_entry_stays_in_the_outbox_until_the_cloud_has_it",
)
def gate_node(file, cloud):
    """Delete first, and store again what could not be sent."""

    def sync():
        rows = stored(file)
        with transaction(file) as db:
            db.execute("DELETE FROM outbox")
        for sent, (key, skier) in enumerate(rows):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                for one, name in rows[sent:]:
                    insert(file, name, one)
                return

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Delete an entry before it is sent."""

    def sync():
        for key, skier in stored(file):
            delete(file, key)
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_does_not_wait_for_a_sync")
def gate_node(file, cloud):
    """Delete all rows at the end."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
        with transaction(file) as db:
            db.execute("DELETE FROM outbox")

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_does_not_wait_for_a_sync")
def gate_node(file, cloud):
    """Send in one transaction."""

    def sync():
        with transaction(file) as db:
            rows = db.execute("SELECT id, skier FROM outbox ORDER BY number").fetchall()
            for key, skier in rows:
                try:
                    send(cloud, key, skier)
                except httpx.HTTPError:
                    return
                db.execute("DELETE FROM outbox WHERE id = ?", (key,))

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_does_not_wait_for_a_sync")
def gate_node(file, cloud):
    """Share a lock."""
    lock = threading.Lock()

    def record(skier):
        with lock:
            insert(file, skier)

    def sync():
        with lock:
            for key, skier in stored(file):
                try:
                    send(cloud, key, skier)
                except httpx.HTTPError:
                    return
                delete(file, key)

    return new_gate(file, record, sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[503]")
def gate_node(file, cloud):
    """Create the UUID when the entry is sent."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, str(uuid4()), skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_each_entry_has_a_uuid_of_its_own")
def gate_node(file, cloud):
    """Make the UUID of the skier's name."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            with transaction(file) as db:
                db.execute(
                    "DELETE FROM outbox WHERE number ="
                    " (SELECT min(number) FROM outbox WHERE id = ?)",
                    (key,),
                )

    def record(skier):
        insert(file, skier, str(uuid.uuid5(uuid.NAMESPACE_DNS, skier)))

    return new_gate(file, record, sync)


@wrong("22.1.3", caught_by="test_q3_each_entry_has_a_uuid_of_its_own")
def gate_node(file, cloud):
    """Count the entries of the node."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    def record(skier):
        with transaction(file) as db:
            row = db.execute("SELECT seq FROM sqlite_sequence").fetchone()
        number = row[0] if row else 0
        insert(file, skier, str(uuid.UUID(int=number + 1)))

    return new_gate(file, record, sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[many]")
def gate_node(file, cloud):
    """Send in the order of the UUIDs."""

    def sync():
        for key, skier in stored(file, "id"):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[many]")
def gate_node(file, cloud):
    """Send the newest entry first."""

    def sync():
        for key, skier in stored(file, "number DESC"):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[many]")
def gate_node(file, cloud):
    """Send one entry with each sync."""

    def sync():
        for key, skier in stored(file)[:1]:
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[many]")
def gate_node(file, cloud):
    """Send all entries in one request."""

    def sync():
        rows = stored(file)
        entries = [{"id": key, "skier": skier} for key, skier in rows]
        try:
            cloud.post("/entries", json=entries).raise_for_status()
        except httpx.HTTPError:
            return
        for key, _ in rows:
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_is_stored_and_not_sent[connected]")
def gate_node(file, cloud):
    """Write values into the text of the SQL."""

    def record(skier):
        with transaction(file) as db:
            db.execute(
                f"INSERT INTO outbox (id, skier) VALUES ('{uuid4()}', '{skier}')"
            )

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, record, sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_is_stored_and_not_sent[connected]")
def gate_node(file, cloud):
    """Keep the entries in memory."""
    entries = deque()

    def sync():
        while entries:
            try:
                send(cloud, *entries[0])
            except httpx.HTTPError:
                return
            entries.popleft()

    return new_gate(file, lambda skier: entries.append((str(uuid4()), skier)), sync)


@wrong("22.1.3", caught_by="test_q3_a_sent_entry_is_deleted[201]")
def gate_node(file, cloud):
    """Forget to delete."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sent_entry_is_deleted[201]")
def gate_node(file, cloud):
    """Mark what was sent in memory instead of deleting it."""
    sent = set()

    def sync():
        for key, skier in stored(file):
            if key in sent:
                continue
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            sent.add(key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_does_not_wait_for_a_sync")
def gate_node(file, cloud):
    """Send in an async endpoint, which blocks the event loop."""
    app = new_gate(file, lambda skier: insert(file, skier), lambda: None)
    app.router.routes.pop()

    @app.post("/sync", status_code=204)
    async def sync() -> None:
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return app


@right("22.1.3")
def gate_node(file, cloud):
    """Read one row at a time, and delete it by its number."""

    def sync():
        while True:
            with transaction(file) as db:
                row = db.execute("SELECT * FROM outbox ORDER BY number").fetchone()
            if row is None:
                return
            number, key, skier = row
            try:
                sent = cloud.post("/entries", json={"id": key, "skier": skier})
            except httpx.TransportError:
                return
            if not sent.is_success:
                return
            with transaction(file) as db:
                db.execute("DELETE FROM outbox WHERE number = ?", (number,))

    return new_gate(file, lambda skier: insert(file, skier, uuid4().hex), sync)


@wrong(
    "22.1.3", caught_by="test_q3_an_entry_stays_in_the_outbox_until_the_cloud_has_it"
)
def gate_node(file, cloud):
    """Delete all that was sent in one transaction."""

    def sync():
        sent = []
        try:
            for key, skier in stored(file):
                send(cloud, key, skier)
                sent.append((key,))
        except (httpx.RequestError, httpx.HTTPStatusError):
            pass
        finally:
            with transaction(file) as db:
                db.executemany("DELETE FROM outbox WHERE id = ?", sent)

    return new_gate(file, lambda skier: insert(file, skier, str(uuid.uuid1())), sync)


@right("22.1.3")
def gate_node(file, cloud):
    """Send in a thread of an async endpoint."""
    app = new_gate(file, lambda skier: insert(file, skier), lambda: None)
    app.router.routes.pop()

    @app.post("/sync", status_code=204)
    async def sync() -> None:
        for key, skier in stored(file):
            body = {"id": key, "skier": skier}
            try:
                sent = await asyncio.to_thread(cloud.post, "/entries", json=body)
                sent.raise_for_status()
            except httpx.HTTPError:
                break
            delete(file, key)

    return app


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Delete by the name of the skier."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            with transaction(file) as db:
                db.execute("DELETE FROM outbox WHERE skier = ?", (skier,))

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_a_long_outbox")
def gate_node(file, cloud):
    """Send a page of the outbox."""

    def sync():
        for key, skier in stored(file)[:100]:
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@right("22.1.3")
def gate_node(file, cloud):
    """Read numbers, set a timeout, and handle each exception."""

    def sync():
        with transaction(file) as db:
            for number, key, skier in [*db.execute("SELECT * FROM outbox ORDER BY 1")]:
                entry = {"skier": skier, "id": key}
                try:
                    sent = cloud.post("entries", json=entry, timeout=1)
                except Exception:
                    break
                if sent.status_code // 100 != 2:
                    break
                db.execute("DELETE FROM outbox WHERE number = ?", (number,))
                db.commit()

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[503]")
def gate_node(file, cloud):
    """Delete only after all entries were sent."""

    def sync():
        rows = stored(file)
        try:
            for key, skier in rows:
                send(cloud, key, skier)
        except httpx.HTTPError:
            return
        for key, _ in rows:
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_the_outbox_survives_a_restart")
def gate_node(file, cloud):
    """Write to the table, and send from memory."""
    entries = deque()

    def record(skier):
        key = str(uuid4())
        insert(file, skier, key)
        entries.append((key, skier))

    def sync():
        while entries:
            try:
                send(cloud, *entries[0])
            except httpx.HTTPError:
                return
            delete(file, entries.popleft()[0])

    return new_gate(file, record, sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_before_the_cloud_has_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Return 503 without a connection."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                raise HTTPException(503) from None
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync",
)
def gate_node(file, cloud):
    """Believe that `NetworkError` is each error of the connection."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except (httpx.NetworkError, httpx.TimeoutException, httpx.HTTPStatusError):
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_each_entry_has_a_uuid_of_its_own")
def gate_node(file, cloud):
    """Create one UUID for the node."""
    node = str(uuid4())

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier, node), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[many]")
def gate_node(file, cloud):
    """Remove blanks around a name."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier.strip()), sync)


@wrong("22.1.3", caught_by="test_q3_a_cut_before_the_cloud_has_the_entry_ends_the_sync")
def gate_node(file, cloud):
    """Put an entry that failed behind the others."""

    def sync():
        for key, skier in stored(file):
            delete(file, key)
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                insert(file, skier, key)
                return

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[60-winds1-runs1]",
)
def lift_node(cloud, limit):
    """Compare the average."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and sum(measured) / len(measured) <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.1", caught_by="test_q1_only_the_summary_sends_a_request")
def lift_node(cloud, limit):
    """Send a summary after each ten measurements as well."""
    measured = []

    def measure(kmh):
        measured.append(kmh)
        if len(measured) % 10 == 0:
            content = {"count": len(measured), "max": max(measured)}
            cloud.post("/summaries", json=content)

    return lift_app(
        cloud,
        measure,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.1", caught_by="test_q1_only_the_summary_sends_a_request")
def lift_node(cloud, limit):
    """Ask the cloud before the first measurement."""
    measured = []

    def read():
        if measured:
            return measured[-1] <= limit
        try:
            return cloud.get("/wind").raise_for_status().json()["kmh"] <= limit
        except httpx.HTTPError:
            return False

    return lift_app(
        cloud,
        measured.append,
        read,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.1", caught_by="test_q1_an_invalid_measurement_is_refused[body1]")
def lift_node(cloud, limit):
    """Take the body as a dict, without the bounds."""
    app, measured = FastAPI(), []

    @app.post("/wind", status_code=204)
    def measure(wind: dict[str, int]) -> None:
        measured.append(wind["kmh"])

    @app.get("/lift")
    def read_lift():
        return {"runs": bool(measured) and measured[-1] <= limit}

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        cloud.post("/summaries", json={"count": len(measured), "max": max(measured)})

    return app


@wrong("22.1.1", caught_by="test_q1_a_summary_that_fails_is_one_request")
def lift_node(cloud, limit):
    """Send the summary up to three times."""
    app, measured = FastAPI(), []
    node = lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        dict,
    )

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        summary = {"count": len(measured), "max": max(measured)}
        for _ in range(3):
            try:
                cloud.post("/summaries", json=summary).raise_for_status()
                return
            except httpx.HTTPError:
                pass

    app.include_router(node.router)
    return app


KEPT: dict[int, list[int]] = {}


@wrong("22.1.1", caught_by="test_q1_each_node_has_its_own_measurements")
def lift_node(cloud, limit):
    """Keep the measurements of a limit."""
    measured = KEPT.setdefault(limit, [])
    return lift_app(
        cloud,
        measured.append,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[300]")
def gate_node(file, cloud):
    """Take 300 for a success."""

    def sync():
        for key, skier in stored(file):
            sent = cloud.post("/entries", json={"id": key, "skier": skier})
            if sent.status_code > 300:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_another_status_ends_the_sync[307]")
def gate_node(file, cloud):
    """Follow redirects."""

    def sync():
        for key, skier in stored(file):
            body = {"id": key, "skier": skier}
            sent = cloud.post("/entries", json=body, follow_redirects=True)
            if sent.is_error:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong(
    "22.1.3",
    caught_by="test_q3_each_failure_of_the_connection_ends_the_sync",
)
def gate_node(file, cloud):
    """Handle one type of timeout."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except (
                httpx.NetworkError,
                httpx.ReadTimeout,
                httpx.ProtocolError,
                httpx.HTTPStatusError,
            ):
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_is_sent_until_the_cloud_accepts_it")
def gate_node(file, cloud):
    """Give an entry up after five failures."""
    failures: dict[str, int] = {}

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                failures[key] = failures.get(key, 0) + 1
                if failures[key] < 5:
                    return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_a_sync_returns_after_it_has_sent")
def gate_node(file, cloud):
    """Send in a thread, and return at once."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    def start():
        threading.Thread(target=sync).start()

    return new_gate(file, lambda skier: insert(file, skier), start)


@wrong("22.1.3", caught_by="test_q3_an_entry_that_is_not_stored_is_not_confirmed")
def gate_node(file, cloud):
    """Hide an error of the database."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    def record(skier):
        try:
            insert(file, skier)
        except sqlite3.Error:
            pass

    return new_gate(file, record, sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_that_is_not_stored_is_not_confirmed")
def gate_node(file, cloud):
    """Store in a background task."""

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    app = new_gate(file, lambda skier: None, sync)
    app.router.routes[:] = app.router.routes[:-2] + app.router.routes[-1:]

    @app.post("/entries", status_code=204)
    def record(entry: Entry, tasks: BackgroundTasks) -> None:
        tasks.add_task(insert, file, entry.skier)

    return app


@wrong(
    "22.1.1",
    caught_by="test_q1_without_a_connection_the_latest_measurement_decides"
    "[1000000-winds0-runs0]",
)
def lift_node(cloud, limit):
    """Begin with a measurement that is higher than each limit of the example."""
    measured = []
    return lift_app(
        cloud,
        measured.append,
        lambda: (measured or [999])[-1] <= limit,
        lambda: {"count": len(measured), "max": max(measured)},
    )


@wrong("22.1.3", caught_by="test_q3_a_sync_sends_each_entry_the_oldest_first[none]")
def gate_node(file, cloud):
    """Ask first whether the cloud is there."""

    def sync():
        try:
            cloud.head("/")
        except httpx.HTTPError:
            return
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, lambda skier: insert(file, skier), sync)


@wrong("22.1.3", caught_by="test_q3_an_entry_is_stored_and_not_sent[connected]")
def gate_node(file, cloud):
    """Tell the cloud that an entry waits."""

    def record(skier):
        insert(file, skier)
        try:
            cloud.post("/waiting")
        except httpx.HTTPError:
            pass

    def sync():
        for key, skier in stored(file):
            try:
                send(cloud, key, skier)
            except httpx.HTTPError:
                return
            delete(file, key)

    return new_gate(file, record, sync)


@wrong(
    "22.1.1",
    caught_by="test_q1_the_summary_has_the_number_and_the_maximum[winds5]",
)
def lift_node(cloud, limit):
    """Count all measurements, and keep the last hundred."""
    measured, numbers = deque(maxlen=100), []

    def measure(kmh):
        measured.append(kmh)
        numbers.append(len(numbers))

    return lift_app(
        cloud,
        measure,
        lambda: bool(measured) and measured[-1] <= limit,
        lambda: {"count": len(numbers), "max": max(measured)},
    )
