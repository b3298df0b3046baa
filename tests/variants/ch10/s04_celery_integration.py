"""Other answers to section 10.4."""

import time
from contextlib import suppress

from celery import Task, shared_task
from fastapi import BackgroundTasks
from sqlalchemy import update

from sensei.variants import right, wrong


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Forget the result backend."""
    celery = Celery("parcels", broker=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Forget what the task returns."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Leave the name of the task to Celery, which puts the module before it."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Ignore the results."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.update(task_track_started=True, task_ignore_result=True)

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Type in the price of the example."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return 400 + grams // 10

    return celery


@wrong("10.4.1", caught_by="test_q1_a_running_task_is_started")
def create_celery(url):
    """Leave the state as Celery has it by default."""
    celery = Celery("parcels", broker=url, backend=url)

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_running_task_is_started")
def create_celery(url):
    """Report a state of one's own."""
    celery = Celery("parcels", broker=url, backend=url)

    @celery.task(name="price", bind=True)
    def price(self, grams):
        self.update_state(state="RUNNING")
        return compute_price(grams)

    return celery


@right("10.4.1")
def create_celery(url):
    """Use another queue, which the worker of this app reads."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.update(task_track_started=True, task_default_queue="prices")

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_the_message_waits_in_the_broker")
def create_celery(url):
    """Take the broker in memory."""
    celery = Celery("parcels", broker="memory://", backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_the_result_is_in_the_redis_server")
def create_celery(url):
    """Keep the results in the memory of the process."""
    celery = Celery("parcels", broker=url, backend="cache+memory://")
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_two_celery_apps_have_their_own_broker")
def create_celery(url):
    """Keep the first Celery app for ever."""
    if not known:
        celery = Celery("parcels", broker=url, backend=url)
        celery.conf.task_track_started = True
        celery.task(name="price")(lambda_price)
        known.append(celery)
    return known[0]


known = []


def lambda_price(grams):
    return compute_price(grams)


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Forget to return the Celery app."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)


@right("10.4.1")
def create_celery(url):
    """Set everything in one call, and track this task alone."""
    celery = Celery("parcels")
    celery.conf.update(broker_url=url, result_backend=url)
    celery.task(compute_price, name="price", track_started=True)
    return celery


@right("10.4.1")
def create_celery(url):
    """Write the settings in a class, and the task as a shared one."""

    class Settings:
        broker_url = url
        result_backend = url
        task_track_started = True
        task_acks_late = True

    celery = Celery("quotes")
    celery.config_from_object(Settings)

    @shared_task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@right("10.4.1")
def create_celery(url):
    """Write the task as a class."""
    celery = Celery(broker=url, backend=url, task_track_started=True)

    class Price(celery.Task):
        name = "price"

        def run(self, grams):
            return compute_price(grams)

    celery.register_task(Price())
    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Type in the server of the result backend."""
    celery = Celery("parcels", broker=url, backend="redis://127.0.0.1:1/0")
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Send the task to a queue that the worker does not read."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True
    celery.conf.task_routes = {"price": {"queue": "prices"}}

    @celery.task(name="price")
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_an_error_is_not_a_price")
def create_celery(url):
    """Make a price of an error."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        try:
            return compute_price(grams)
        except Exception:
            return 0

    return celery


@wrong("10.4.1", caught_by="test_q1_an_error_is_not_a_price")
def create_celery(url):
    """Retry the task after each error."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price", autoretry_for=(Exception,), max_retries=None)
    def price(grams):
        return compute_price(grams)

    return celery


@wrong("10.4.1", caught_by="test_q1_a_worker_computes_the_price")
def create_celery(url):
    """Return the price in a dictionary."""
    celery = Celery("parcels", broker=url, backend=url)
    celery.conf.task_track_started = True

    @celery.task(name="price")
    def price(grams):
        return {"cents": compute_price(grams)}

    return celery


@right("10.4.1")
def create_celery(url):
    """Report the state by hand."""
    celery = Celery("parcels", broker=url, backend=url)

    @celery.task(name="price", bind=True)
    def price(self, grams):
        self.update_state(state="STARTED")
        return compute_price(grams)

    return celery


def shipments(add_shipment, make_task):
    """Return a `shipments_app` with this task and this endpoint."""

    def shipments_app(celery, engine):
        app = FastAPI()
        order = make_task(celery, engine)

        @app.post("/shipments", status_code=202)
        def endpoint(shipment: ShipmentIn, tasks: BackgroundTasks):
            return add_shipment(shipment, engine, order, tasks)

        return app

    return shipments_app


def good_task(celery, engine):
    @celery.task(name="order")
    def order(shipment_id):
        with Session(engine) as session:
            shipment = session.get_one(Shipment, shipment_id)
            if shipment.pickup is None:
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

    return order


def good_endpoint(shipment, engine, order, tasks):
    with Session(engine) as session:
        row = Shipment(address=shipment.address)
        session.add(row)
        session.commit()
        order.delay(row.id)
        return {"id": row.id}


@wrong("10.4.2", caught_by="test_q2_the_task_is_sent_after_the_commit")
def shipments_app(celery, engine):
    """Send the task before the commit."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.flush()
            order.delay(row.id)
            session.commit()
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_task_is_sent_after_the_commit")
def shipments_app(celery, engine):
    """Send the task in the block of `session.begin()`, which commits at its end."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session, session.begin():
            row = Shipment(address=shipment.address)
            session.add(row)
            session.flush()
            order.delay(row.id)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_task_is_sent_after_the_commit")
def shipments_app(celery, engine):
    """Flush, and never commit."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.flush()
            order.delay(row.id)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_failed_commit_sends_no_message")
def shipments_app(celery, engine):
    """Send the task in a `finally`, even if the commit fails."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.flush()
            number = row.id
            try:
                session.commit()
            finally:
                order.delay(number)
            return {"id": number}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_message_has_the_id_alone")
def shipments_app(celery, engine):
    """Return the number of shipments instead of the ID."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            order.delay(row.id)
            return {"id": session.query(Shipment).count()}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Send the object of the ORM."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            order.delay(row)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Run the task in the endpoint, as a call."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            order(row.id)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_endpoint_does_not_wait")
def shipments_app(celery, engine):
    """Wait for the result of the task."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            number = row.id
        order.delay(number).get()
        return {"id": number}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_endpoint_does_not_wait")
def shipments_app(celery, engine):
    """Wait a second for the result at most."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            with suppress(Exception):
                order.delay(row.id).get(timeout=1)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_endpoint_does_not_wait")
def shipments_app(celery, engine):
    """Look at the state until the task has ended."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            result = order.delay(row.id)
            while result.state != "SUCCESS":
                time.sleep(0.01)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_endpoint_does_not_wait")
def shipments_app(celery, engine):
    """Let a background task of FastAPI do the work."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            tasks.add_task(order, row.id)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_message_has_the_id_alone")
def shipments_app(celery, engine):
    """Send the address along."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id, address):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup is None:
                    shipment.pickup = order_pickup(shipment.address)
                    session.commit()

        return order

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            order.delay(row.id, address=row.address)
            return {"id": row.id}

    return shipments(add, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_task_reads_the_address_when_it_runs")
def shipments_app(celery, engine):
    """Keep the address in the process."""
    addresses = {}

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup is None:
                    shipment.pickup = order_pickup(addresses[shipment_id])
                    session.commit()

        return order

    def add(shipment, engine, order, tasks):
        body = good_endpoint(shipment, engine, order, tasks)
        addresses[body["id"]] = shipment.address
        return body

    return shipments(add, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Forget the commit in the task."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup is None:
                    shipment.pickup = order_pickup(shipment.address)

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Forget to store the pickup."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup is None:
                    return order_pickup(shipment.address)

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong(
    "10.4.2",
    caught_by="test_q2_a_shipment_to_the_same_address_has_its_own_pickup",
)
def shipments_app(celery, engine):
    """Store the pickup in all shipments to the address."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup is None:
                    same = Shipment.address == shipment.address
                    pickup = order_pickup(shipment.address)
                    session.execute(update(Shipment).where(same).values(pickup=pickup))
                    session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_second_delivery_orders_nothing")
def shipments_app(celery, engine):
    """Order with each run."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_second_delivery_orders_nothing")
def shipments_app(celery, engine):
    """Look at the pickup only after ordering one."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                number = order_pickup(shipment.address)
                if shipment.pickup is None:
                    shipment.pickup = number
                    session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_second_delivery_orders_nothing")
def shipments_app(celery, engine):
    """Raise for a shipment that has a pickup."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup:
                    raise ValueError("There is a pickup.")
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_second_delivery_orders_nothing")
def shipments_app(celery, engine):
    """Try again later if there is a pickup."""

    def task(celery, engine):
        @celery.task(name="order", bind=True, default_retry_delay=1)
        def order(self, shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                if shipment.pickup:
                    raise self.retry()
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong(
    "10.4.2",
    caught_by="test_q2_a_shipment_to_the_same_address_has_its_own_pickup",
)
def shipments_app(celery, engine):
    """Look for a pickup by the address."""

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                same = Shipment.address == shipment.address
                pickups = session.query(Shipment.pickup).where(same)
                if not any(pickup for (pickup,) in pickups):
                    shipment.pickup = order_pickup(shipment.address)
                    session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_endpoint_does_not_wait")
def shipments_app(celery, engine):
    """Look at the row until it has a pickup."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            order.delay(row.id)
            while row.pickup is None:
                time.sleep(0.01)
                session.refresh(row)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_run_after_a_failed_run_orders_the_pickup")
def shipments_app(celery, engine):
    """Remember the shipments in the process, before the pickup is ordered."""
    done = set()

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            if shipment_id in done:
                return
            done.add(shipment_id)
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_run_after_a_failed_run_orders_the_pickup")
def shipments_app(celery, engine):
    """Use one session for all runs, so that a row stays as it was read first."""
    session = Session(engine)

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            shipment = session.get_one(Shipment, shipment_id)
            if shipment.pickup is None:
                shipment.pickup = order_pickup(shipment.address)
                session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_a_pickup_in_the_database_is_seen")
def shipments_app(celery, engine):
    """Remember in the process, so that a worker that starts again orders again."""
    done = set()

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            if shipment_id in done:
                return
            with Session(engine) as session:
                shipment = session.get_one(Shipment, shipment_id)
                shipment.pickup = order_pickup(shipment.address)
                session.commit()
            done.add(shipment_id)

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Let FastAPI run the function in this process, without the broker."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            session.commit()
            tasks.add_task(order, row.id)
            return {"id": row.id}

    return shipments(add, good_task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Work with the session of the endpoint."""
    session = Session(engine)

    def task(celery, engine):
        @celery.task(name="order")
        def order(shipment_id):
            for row in session.identity_map.values():
                if row.id == shipment_id and row.pickup is None:
                    row.pickup = order_pickup(row.address)
                    session.commit()

        return order

    return shipments(good_endpoint, task)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Define the task in the endpoint, so that another process does not know it."""

    def add(shipment, engine, order, tasks):
        return good_endpoint(shipment, engine, good_task(celery, engine), tasks)

    return shipments(add, lambda celery, engine: None)(celery, engine)


@wrong("10.4.2", caught_by="test_q2_the_worker_orders_the_pickup")
def shipments_app(celery, engine):
    """Write a shared task, which the threads of the server send elsewhere."""

    def task(celery, engine):
        @shared_task(name="order")
        def order(shipment_id):
            return good_task(celery, engine).run(shipment_id)

        return order

    return shipments(good_endpoint, task)(celery, engine)


@right("10.4.2")
def shipments_app(celery, engine):
    """Write the task as a class of the module."""

    def task(celery, engine):
        return celery.register_task(OrderPickup(engine))

    return shipments(good_endpoint, task)(celery, engine)


class OrderPickup(Task):
    name = "order"

    def __init__(self, engine):
        self.engine = engine

    def run(self, shipment_id):
        with Session(self.engine) as session:
            shipment = session.get(Shipment, shipment_id, with_for_update=True)
            if shipment.pickup is None:
                shipment.pickup = order_pickup(shipment.address)
            session.commit()
            return shipment.pickup


@right("10.4.2")
def shipments_app(celery, engine):
    """Send the task after the block of `session.begin()`, by its name."""

    def add(shipment, engine, order, tasks):
        with Session(engine) as session, session.begin():
            row = Shipment(address=shipment.address)
            session.add(row)
            session.flush()
            number = row.id
        celery.send_task("order", kwargs={"shipment_id": number})
        return {"id": number}

    return shipments(add, good_task)(celery, engine)


@right("10.4.2")
def shipments_app(celery, engine):
    """Try again after an error, and ignore a message for a shipment with a pickup."""
    from celery.exceptions import Ignore

    def task(celery, engine):
        @celery.task(bind=True, autoretry_for=(ConnectionError,), default_retry_delay=0)
        def order(self, shipment_id):
            with Session(engine) as session, session.begin():
                shipment = session.get(Shipment, shipment_id, with_for_update=True)
                if shipment.pickup:
                    raise Ignore
                shipment.pickup = order_pickup(shipment.address)

        return order

    return shipments(good_endpoint, task)(celery, engine)


@right("10.4.2")
def shipments_app(celery, engine):
    """Send the task in a background task of FastAPI, and update with SQL."""
    from sqlalchemy import select, update

    def task(celery, engine):
        @celery.task(name="order", acks_late=True)
        def order(shipment_id):
            one = Shipment.id == shipment_id
            with engine.begin() as connection:
                found = connection.execute(
                    select(Shipment.address).where(one, Shipment.pickup.is_(None))
                ).scalar_one_or_none()
            if found is not None:
                pickup = order_pickup(found)
                with engine.begin() as connection:
                    connection.execute(
                        update(Shipment).where(one).values(pickup=pickup)
                    )

        return order

    def add(shipment, engine, order, tasks):
        with Session(engine, expire_on_commit=False) as session:
            row = Shipment(**shipment.model_dump())
            session.add(row)
            session.commit()
        tasks.add_task(order.delay, row.id)
        return {"id": row.id}

    return shipments(add, task)(celery, engine)


GOOD = {
    "no URL": "RabbitMQ",
    "messages: Redis": 3,
    "messages: memory": 0,
    "runs: 50 minutes, acks_late": 1,
    "runs: 70 minutes, acks_late": 2,
    "runs: 70 minutes": 1,
}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[no URL]")
def brokers():
    """Believe that Celery takes Redis by default."""
    return GOOD | {"no URL": "Redis"}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[no URL]")
def brokers():
    """Believe that Celery works in memory by default."""
    return GOOD | {"no URL": "memory"}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[messages: Redis]")
def brokers():
    """Believe that a message needs a worker that listens."""
    return GOOD | {"messages: Redis": 0}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[messages: memory]")
def brokers():
    """Believe that processes share the memory."""
    return GOOD | {"messages: memory": 3}


@wrong(
    "10.4.3", caught_by="test_q3_the_broker_is_predicted[runs: 70 minutes, acks_late]"
)
def brokers():
    """Believe that a message is delivered once."""
    return GOOD | {"runs: 70 minutes, acks_late": 1}


@wrong(
    "10.4.3", caught_by="test_q3_the_broker_is_predicted[runs: 50 minutes, acks_late]"
)
def brokers():
    """Believe that each message without acknowledgement goes to the idle worker."""
    return GOOD | {"runs: 50 minutes, acks_late": 2}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[runs: 70 minutes]")
def brokers():
    """Believe that the visibility timeout holds for acknowledged messages, too."""
    return GOOD | {"runs: 70 minutes": 2}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[runs: 70 minutes]")
def brokers():
    """Answer with yes."""
    return GOOD | {"runs: 70 minutes": True}


@wrong("10.4.3", caught_by="test_q3_the_broker_is_predicted[runs: 70 minutes]")
def brokers():
    """Leave a prediction out."""
    return {
        blank: value for blank, value in GOOD.items() if blank != "runs: 70 minutes"
    }


@right("10.4.3")
def brokers():
    """Build the predictions."""
    runs = {"50 minutes, acks_late": 1, "70 minutes, acks_late": 2, "70 minutes": 1}
    found = dict(zip(["Redis", "memory"], [3, 0], strict=True))
    return {
        "no URL": "".join(["Rabbit", "MQ"]),
        **{f"messages: {name}": count for name, count in found.items()},
        **{f"runs: {name}": count for name, count in runs.items()},
    }


@right("10.4.3")
def brokers():
    """Compute the runs from the visibility timeout."""
    hour = 60
    predictions = {"no URL": "RabbitMQ", "messages: Redis": 3, "messages: memory": 0}
    for minutes in (50, 70):
        predictions[f"runs: {minutes} minutes, acks_late"] = 1 + minutes // hour
    predictions["runs: 70 minutes"] = 1
    return predictions
