"""Other answers to section 21.1."""

import asyncio
from contextlib import suppress

from sensei.variants import right, wrong


def served(subscription):
    """Return the application of 21.1.1 with this subscription type."""
    app = FastAPI()
    schema = strawberry.Schema(Query, subscription=subscription)
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    return app


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Define the subscription, and forget to pass it to the schema."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    return served(None)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Give the type another name."""

    @strawberry.type
    class Bids:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    return served(Bids)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Name the field like the given function."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def follow_bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Give the argument another name."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, number: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(number):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Declare that a result can be null."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid | None]:
            async for bid in follow_bids(lot):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Give the lot a default."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int = 7) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Declare the lot as an ID."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: strawberry.ID) -> AsyncIterator[Bid]:
            async for bid in follow_bids(int(lot)):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Send lists of bids."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[list[Bid]]:
            async for bid in follow_bids(lot):
                yield [bid]

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Replace the queries by the subscription."""

    @strawberry.type
    class Root:
        @strawberry.field
        def lots(self) -> list[int]:
            return []

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    app = FastAPI()
    schema = strawberry.Schema(Root, subscription=Subscription)
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    return app


@wrong("21.1.1", caught_by="test_q1_a_bid_is_sent_before_the_next_one_is_made")
def auction_app():
    """Collect all bids first."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            for bid in [bid async for bid in follow_bids(lot)]:
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_a_bid_is_sent_before_the_next_one_is_made")
def auction_app():
    """Send a bid when the next one is there."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            last = None
            async for bid in follow_bids(lot):
                if last is not None:
                    yield last
                last = bid
            if last is not None:
                yield last

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Follow the lot of the example."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(7):
                yield bid

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Send the first bid only."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid
                return

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Leave out a bid that equals the one before."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            last = None
            async for bid in follow_bids(lot):
                if bid != last:
                    yield bid
                last = bid

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Leave out bids of 0 euros."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                if bid.euros:
                    yield bid

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Ask for the first bid in a way that fails if there is none."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            source = follow_bids(lot)
            yield await anext(source)
            async for bid in source:
                yield bid

    return served(Subscription)


@wrong(
    "21.1.1", caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes"
)
def auction_app():
    """Begin anew when the lot is sold."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            while True:
                async for bid in follow_bids(lot):
                    yield bid
                await asyncio.sleep(60)

    return served(Subscription)


@wrong(
    "21.1.1", caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes"
)
def auction_app():
    """Return the first bid instead of yielding."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            return await anext(follow_bids(lot))

    return served(Subscription)


@wrong(
    "21.1.1", caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes"
)
def auction_app():
    """Use `for` with an async generator."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            for bid in follow_bids(lot):
                yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_each_subscription_follows_the_bids_of_its_lot")
def auction_app():
    """Share one generator between the subscribers of a lot."""
    sources = {}

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            source = sources.setdefault(lot, follow_bids(lot))
            while True:
                try:
                    yield await anext(source)
                except StopAsyncIteration:
                    return
                except RuntimeError:  # the other subscriber is waiting
                    await asyncio.sleep(0.001)

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_a_later_subscription_calls_follow_bids_again")
def auction_app():
    """Keep the bids of a lot for later subscribers."""
    known = {}

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            if lot in known:
                for bid in known[lot]:
                    yield bid
                return
            kept = []
            async for bid in follow_bids(lot):
                kept.append(bid)
                yield bid
            known[lot] = kept

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Serve the GraphQL endpoint at another path."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    app = FastAPI()
    schema = strawberry.Schema(Query, subscription=Subscription)
    app.include_router(GraphQLRouter(schema), prefix="/subscriptions")
    return app


@wrong("21.1.1", caught_by="test_q1_a_bid_is_sent_before_the_next_one_is_made")
def auction_app():
    """Serve the older protocol only."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

    app = FastAPI()
    schema = strawberry.Schema(Query, subscription=Subscription)
    router = GraphQLRouter(schema, subscription_protocols=["graphql-ws"])
    app.include_router(router, prefix="/graphql")
    return app


@wrong(
    "21.1.1", caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes"
)
def auction_app():
    """Send a hundred bids at most."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            left = 100
            async for bid in follow_bids(lot):
                yield bid
                left -= 1
                if not left:
                    break

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_each_subscription_follows_the_bids_of_its_lot")
def auction_app():
    """Let one subscriber wait for the other."""
    lock = asyncio.Lock()

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async with lock:
                async for bid in follow_bids(lot):
                    yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_a_bid_is_sent_before_the_next_one_is_made")
def auction_app():
    """Give up when nobody bids for ten minutes."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            source = follow_bids(lot)
            with suppress(TimeoutError, StopAsyncIteration):
                while True:
                    yield await asyncio.wait_for(anext(source), 600)

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Follow a lot only if its number is not falsy."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            if lot:
                async for bid in follow_bids(lot):
                    yield bid

    return served(Subscription)


@wrong(
    "21.1.1",
    caught_by="test_q1_each_bid_is_sent_and_then_the_subscription_completes",
)
def auction_app():
    """Follow lots with a positive number only."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            if lot >= 0:
                async for bid in follow_bids(lot):
                    yield bid

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_a_bid_is_sent_before_the_next_one_is_made")
def auction_app():
    """End when no bid comes for a moment."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            bids = follow_bids(lot)
            with suppress(StopAsyncIteration, TimeoutError):
                while True:
                    yield await asyncio.wait_for(anext(bids), 5)

    return served(Subscription)


@wrong("21.1.1", caught_by="test_q1_the_schema_has_the_subscription_and_the_query")
def auction_app():
    """Add a second field to the subscription type."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def bids(self, lot: int) -> AsyncIterator[Bid]:
            async for bid in follow_bids(lot):
                yield bid

        @strawberry.subscription
        async def sold(self, lot: int) -> AsyncIterator[bool]:
            yield True

    return served(Subscription)


@right("21.1.1")
def auction_app():
    """Return the given generator."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        def bids(self, lot: int) -> AsyncIterator[Bid]:
            return follow_bids(lot)

    return served(Subscription)


@right("21.1.1")
def auction_app():
    """Write a resolver outside of the class, with another name."""

    async def latest(lot: int) -> AsyncGenerator[Bid, None]:
        from contextlib import aclosing

        async with aclosing(follow_bids(lot)) as source:
            async for bid in source:
                yield bid

    @strawberry.type(name="Subscription")
    class Live:
        bids: AsyncGenerator[Bid, None] = strawberry.subscription(resolver=latest)

    return served(Live)


@right("21.1.1")
def auction_app():
    """Use the info, a name, and an async iteration by hand."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription(name="bids")
        async def on_bid(self, info: strawberry.Info, lot: int) -> AsyncIterator[Bid]:
            source = follow_bids(lot)
            with suppress(StopAsyncIteration):
                while True:
                    bid = await anext(source)
                    yield Bid(bidder=bid.bidder, euros=bid.euros)

    return served(Subscription)


def next_message(subscription_id, data):
    """Return a message with the data of a result."""
    return {"id": subscription_id, "type": "next", "payload": {"data": data}}


@wrong(
    "21.1.2",
    caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results[second]",
)
async def serve_subscription(subscription_id, results, send):
    """Write the loop alone."""
    async for data in results:
        await send(next_message(subscription_id, data))
    await send({"id": subscription_id, "type": "complete"})


@wrong(
    "21.1.2",
    caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results[second]",
)
async def serve_subscription(subscription_id, results, send):
    """Close the generator after an `Exception`, which a cancellation is not."""
    try:
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})
    except Exception:
        await results.aclose()
        raise


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Close the generator after a cancellation only."""
    try:
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})
    except asyncio.CancelledError:
        await results.aclose()
        raise


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Let another task close the generator, and do not wait for it."""
    try:
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})
    finally:
        closing = asyncio.create_task(results.aclose())
        closing.add_done_callback(lambda task: task.cancelled() or task.exception())


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Suppress that the client is gone."""
    async with aclosing(results):
        with suppress(OSError):
            async for data in results:
                await send(next_message(subscription_id, data))
            await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[complete]")
async def serve_subscription(subscription_id, results, send):
    """Do not look at the outcome of the last message."""
    async with aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))
        with suppress(Exception):
            await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Skip a result that cannot be sent."""
    async with aclosing(results):
        async for data in results:
            try:
                await send(next_message(subscription_id, data))
            except KeyError:
                continue
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Send in a task group, which raises a group of exceptions."""
    async with aclosing(results):
        async for data in results:
            async with asyncio.TaskGroup() as group:
                group.create_task(send(next_message(subscription_id, data)))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_results_passes_through")
async def serve_subscription(subscription_id, results, send):
    """Send the `complete` in every case."""
    try:
        async with aclosing(results):
            async for data in results:
                await send(next_message(subscription_id, data))
    finally:
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_results_passes_through")
async def serve_subscription(subscription_id, results, send):
    """Complete after an exception of the generator."""
    async with aclosing(results):
        with suppress(Exception):
            async for data in results:
                await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_results_passes_through")
async def serve_subscription(subscription_id, results, send):
    """Send an exception as a message of the type `error`."""
    async with aclosing(results):
        try:
            async for data in results:
                await send(next_message(subscription_id, data))
        except Exception as error:
            payload = [{"message": str(error)}]
            await send({"id": subscription_id, "type": "error", "payload": payload})
            raise
        await send({"id": subscription_id, "type": "complete"})


@wrong(
    "21.1.2",
    caught_by="test_q2_a_cancellation_while_results_waits_closes_it",
)
async def serve_subscription(subscription_id, results, send):
    """Take a cancellation for the end of the generator."""
    async with aclosing(results):
        with suppress(asyncio.CancelledError):
            async for data in results:
                await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong(
    "21.1.2",
    caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results",
)
async def serve_subscription(subscription_id, results, send):
    """Return after a cancellation."""
    async with aclosing(results):
        try:
            async for data in results:
                await send(next_message(subscription_id, data))
            await send({"id": subscription_id, "type": "complete"})
        except asyncio.CancelledError:
            return


@wrong("21.1.2", caught_by="test_q2_a_cancellation_while_results_waits_closes_it")
async def serve_subscription(subscription_id, results, send):
    """Take the results in another task, and leave it alone."""
    queue = asyncio.Queue(maxsize=1)

    async def take():
        async for data in results:
            await queue.put(data)
            await queue.join()
        await queue.put(None)

    taking = asyncio.create_task(take())
    while (data := await queue.get()) is not None:
        await send(next_message(subscription_id, data))
        queue.task_done()
    await taking
    await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_a_result_is_taken_after_the_one_before_was_sent")
async def serve_subscription(subscription_id, results, send):
    """Collect all results first."""
    async with aclosing(results):
        for data in [data async for data in results]:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_a_slow_client_stops_its_generator_and_no_other")
async def serve_subscription(subscription_id, results, send):
    """Send each message in a task of its own."""
    sending = []
    async with aclosing(results):
        async for data in results:
            message = next_message(subscription_id, data)
            sending.append(asyncio.create_task(send(message)))
        await asyncio.gather(*sending)
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_a_slow_client_stops_its_generator_and_no_other")
async def serve_subscription(subscription_id, results, send):
    """Give up a slow client."""
    async with aclosing(results):
        async for data in results:
            await asyncio.wait_for(send(next_message(subscription_id, data)), 60)
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_a_cancellation_while_results_waits_closes_it")
async def serve_subscription(subscription_id, results, send):
    """Give up a generator without results."""
    async with aclosing(results):
        while True:
            try:
                data = await asyncio.wait_for(anext(results), 60)
            except (StopAsyncIteration, TimeoutError):
                break
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong(
    "21.1.2", caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results"
)
async def serve_subscription(subscription_id, results, send):
    """Shield the loop from the cancellation."""

    async def run():
        async with aclosing(results):
            async for data in results:
                await send(next_message(subscription_id, data))
            await send({"id": subscription_id, "type": "complete"})

    await asyncio.shield(run())


@wrong("21.1.2", caught_by="test_q2_results_is_closed_when_its_clean_up_takes_an_hour")
async def serve_subscription(subscription_id, results, send):
    """Give up closing the generator when it takes long."""
    try:
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(results.aclose(), 5)


@right("21.1.2")
async def serve_subscription(subscription_id, results, send):
    """Send the same dict again, with other data."""
    message = {"id": subscription_id, "type": "next", "payload": {}}
    async with aclosing(results) as source:
        async for message["payload"]["data"] in source:
            await send(message)
    await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_a_result_is_taken_after_the_one_before_was_sent")
async def serve_subscription(subscription_id, results, send):
    """Take the next result while this one is sent."""
    nothing = object()
    async with aclosing(results):
        data = await anext(results, nothing)
        while data is not nothing:
            message = next_message(subscription_id, data)
            _, data = await asyncio.gather(send(message), anext(results, nothing))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry")
async def serve_subscription(subscription_id, results, send):
    """Forget to await."""
    async with aclosing(results):
        async for data in results:
            send(next_message(subscription_id, data)).close()
        send({"id": subscription_id, "type": "complete"}).close()


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry")
async def serve_subscription(subscription_id, results, send):
    """Forget the `complete`."""
    async with aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry[three]")
async def serve_subscription(subscription_id, results, send):
    """Send the data as the payload."""
    async with aclosing(results):
        async for data in results:
            await send({"id": subscription_id, "type": "next", "payload": data})
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry[one]")
async def serve_subscription(subscription_id, results, send):
    """Use the type of the older protocol."""
    async with aclosing(results):
        async for data in results:
            payload = {"data": data}
            await send({"id": subscription_id, "type": "data", "payload": payload})
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry[three]")
async def serve_subscription(subscription_id, results, send):
    """Complete after each result."""
    async with aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))
            await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_the_messages_are_those_of_strawberry[none]")
async def serve_subscription(subscription_id, results, send):
    """Complete only if there was a result."""
    count = 0
    async with aclosing(results):
        async for data in results:
            count += 1
            await send(next_message(subscription_id, data))
        if count:
            await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_each_message_has_the_id_of_its_subscription")
async def serve_subscription(subscription_id, results, send):
    """Write the id of the example."""
    async with aclosing(results):
        async for data in results:
            await send(next_message("s1", data))
        await send({"id": "s1", "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_each_message_has_the_id_of_its_subscription")
async def serve_subscription(subscription_id, results, send):
    """Leave the id out of the `complete`."""
    async with aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"type": "complete"})


@wrong("21.1.2", caught_by="test_q2_each_message_has_the_id_of_its_subscription")
async def serve_subscription(subscription_id, results, send):
    """Send the price of the example only."""
    async with aclosing(results):
        async for data in results:
            price = {"price": data.get("price")}
            await send(next_message(subscription_id, price))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_empty_result_and_an_equal_one_are_sent")
async def serve_subscription(subscription_id, results, send):
    """Take an empty result for the end."""
    async with aclosing(results):
        while data := await anext(results, None):
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_empty_result_and_an_equal_one_are_sent")
async def serve_subscription(subscription_id, results, send):
    """Leave out a result that equals the one before."""
    last = None
    async with aclosing(results):
        async for data in results:
            if data != last:
                await send(next_message(subscription_id, data))
            last = data
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_empty_result_and_an_equal_one_are_sent")
async def serve_subscription(subscription_id, results, send):
    """Skip a result without a value."""
    async with aclosing(results):
        async for data in results:
            if None not in data.values():
                await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Take an exception of `send` for the end of the generator."""
    async with aclosing(results):
        with suppress(StopAsyncIteration):
            while True:
                data = await anext(results)
                await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[second]")
async def serve_subscription(subscription_id, results, send):
    """Return when the client has left."""
    from fastapi import WebSocketDisconnect

    async with aclosing(results):
        with suppress(WebSocketDisconnect):
            async for data in results:
                await send(next_message(subscription_id, data))
            await send({"id": subscription_id, "type": "complete"})


@wrong("21.1.2", caught_by="test_q2_an_exception_of_send_closes_results[first]")
async def serve_subscription(subscription_id, results, send):
    """Throw an exception of `send` into the generator."""
    async with aclosing(results):
        async for data in results:
            try:
                await send(next_message(subscription_id, data))
            except Exception as error:
                await results.athrow(error)
        await send({"id": subscription_id, "type": "complete"})


one_at_a_time = asyncio.Lock()


@wrong("21.1.2", caught_by="test_q2_a_slow_client_stops_its_generator_and_no_other")
async def serve_subscription(subscription_id, results, send):
    """Serve one subscription at a time."""
    async with one_at_a_time, aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


@wrong(
    "21.1.2", caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results"
)
async def serve_subscription(subscription_id, results, send):
    """Shield each message from the cancellation."""
    async with aclosing(results):
        async for data in results:
            await asyncio.shield(send(next_message(subscription_id, data)))
        await asyncio.shield(send({"id": subscription_id, "type": "complete"}))


@wrong(
    "21.1.2",
    caught_by="test_q2_a_cancellation_while_a_message_is_sent_closes_results[complete]",
)
async def serve_subscription(subscription_id, results, send):
    """Do not look at how the `complete` ends."""
    async with aclosing(results):
        async for data in results:
            await send(next_message(subscription_id, data))
    done = asyncio.ensure_future(send({"id": subscription_id, "type": "complete"}))
    with suppress(asyncio.CancelledError):
        await done


@right("21.1.2")
async def serve_subscription(subscription_id, results, send):
    """Close the generator in `finally`."""
    try:
        async for data in results:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})
    finally:
        await results.aclose()


@right("21.1.2")
async def serve_subscription(subscription_id, results, send):
    """Ask for each result by hand."""
    try:
        while True:
            try:
                data = await results.__anext__()
            except StopAsyncIteration:
                break
            payload = {"data": data}
            await send({"type": "next", "payload": payload, "id": subscription_id})
    except BaseException:
        await results.aclose()
        raise
    await send(dict(type="complete", id=subscription_id))


@right("21.1.2")
async def serve_subscription(subscription_id, results, send):
    """Register the closing on an exit stack."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        stack.push_async_callback(results.aclose)
        nothing = object()
        while (data := await anext(results, nothing)) is not nothing:
            await send(next_message(subscription_id, data))
        await send({"id": subscription_id, "type": "complete"})


def worker(redis, following, bidding=None):
    """Return the application of 21.1.3 with these resolvers."""

    async def publish(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", euros)
        return euros

    @strawberry.type(name="Mutation")
    class Mutation:
        bid: int = strawberry.mutation(resolver=bidding or publish)

    @strawberry.type(name="Subscription")
    class Subscription:
        prices: AsyncGenerator[int, None] = strawberry.subscription(resolver=following)

    @asynccontextmanager
    async def lifespan(app):
        async with redis:
            yield

    schema = strawberry.Schema(Query, mutation=Mutation, subscription=Subscription)
    app = FastAPI(lifespan=lifespan)
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    return app


def listen(redis):
    """Return a resolver that listens to Redis as the solution does."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    yield await current_price(lot)
                else:
                    yield int(message["data"])

    return prices


@wrong("21.1.3", caught_by="test_q3_a_bid_reaches_the_subscribers_of_every_worker")
def prices_app(redis):
    """Keep the queues in the memory, and publish as well."""
    queues = []

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", euros)
        for of_lot, queue in queues:
            if of_lot == lot:
                queue.put_nowait(euros)
        return euros

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()
        queues.append((lot, queue))
        try:
            yield await current_price(lot)
            while True:
                yield await queue.get()
        finally:
            queues.remove((lot, queue))

    return worker(redis, prices, bid)


@wrong("21.1.3", caught_by="test_q3_a_bid_reaches_the_subscribers_of_every_worker")
def prices_app(redis):
    """Use Redis, and keep the queues: at its own worker each price is sent twice."""
    queues = []

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", euros)
        for of_lot, queue in queues:
            if of_lot == lot:
                queue.put_nowait(euros)
        return euros

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()
        queues.append((lot, queue))
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"lot:{lot}")
            await channel.get_message(timeout=None)
            yield await current_price(lot)

            async def pump():
                async for message in channel.listen():
                    queue.put_nowait(int(message["data"]))

            pumping = asyncio.create_task(pump())
            try:
                while True:
                    yield await queue.get()
            finally:
                pumping.cancel()
                queues.remove((lot, queue))

    return worker(redis, prices, bid)


@wrong("21.1.3", caught_by="test_q3_a_bid_reaches_the_subscribers_of_every_worker")
def prices_app(redis):
    """Use a list in Redis as a queue: each price reaches one subscriber."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", euros)
        await redis.lpush(f"lot:{lot}", euros)
        return euros

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        yield await current_price(lot)
        while True:
            _, price = await redis.brpop(f"lot:{lot}")
            yield int(price)

    return worker(redis, prices, bid)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Poll the database instead of listening."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        last = await current_price(lot)
        yield last
        while True:
            await asyncio.sleep(0.005)
            if (price := await current_price(lot)) != last:
                yield price
                last = price

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_a_price_is_not_missed_while_the_current_price_is_read",
)
def prices_app(redis):
    """Read the current price first, then subscribe."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        yield await current_price(lot)
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_the_first_result_is_the_current_price")
def prices_app(redis):
    """Take the confirmation of Redis for a price."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Send a price only if it is higher than the one before."""
    listening = listen(redis)

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        last = -1
        async for price in listening(lot):
            if price > last:
                last = price
                yield price

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Send the newest price, and skip those before."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"lot:{lot}")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                while (later := await channel.get_message(timeout=0.01)) is not None:
                    message = later
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Read the price from the database when a message comes."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for _ in channel.listen():
                yield await current_price(lot)

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Leave out a price that equals the current one."""
    listening = listen(redis)

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        last = None
        async for price in listening(lot):
            if price != last:
                yield price
            last = price

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_price_is_sent_after_an_hour_of_silence")
def prices_app(redis):
    """Read the data of a message that has not come."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"lot:{lot}")
            await channel.get_message(timeout=1.0)
            yield await current_price(lot)
            while True:
                message = await channel.get_message(timeout=1.0)
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_price_is_sent_after_an_hour_of_silence")
def prices_app(redis):
    """End when nothing comes for a minute."""
    listening = listen(redis)

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        source = listening(lot)
        with suppress(TimeoutError, StopAsyncIteration):
            while True:
                yield await asyncio.wait_for(anext(source), 60)

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_other_lots_are_not_sent")
def prices_app(redis):
    """Subscribe to a pattern."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.psubscribe(f"lot:{lot}*")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_bid_reaches_the_subscribers_of_every_worker")
def prices_app(redis):
    """Use the channel of the example."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe("lot:7")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_another_program_are_sent_in_order")
def prices_app(redis):
    """Use another channel, in both places."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"prices:{lot}", euros)
        return euros

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"prices:{lot}")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices, bid)


@wrong("21.1.3", caught_by="test_q3_one_subscriber_leaves_and_the_others_stay")
def prices_app(redis):
    """Share one subscription in Redis between all subscribers."""
    channel = redis.pubsub(ignore_subscribe_messages=True)

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            yield await current_price(lot)
            while True:
                message = await channel.get_message(timeout=0.01)
                if message is not None:
                    yield int(message["data"])
        finally:
            await channel.aclose()

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_the_subscription_in_redis_ends_with_that_of_the_client[left]",
)
def prices_app(redis):
    """Never unsubscribe."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        yield await current_price(lot)
        async for message in channel.listen():
            yield int(message["data"])

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_the_subscription_in_redis_ends_with_that_of_the_client[unsubscribed]",
)
def prices_app(redis):
    """Close after the loop, which never ends."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        yield await current_price(lot)
        async for message in channel.listen():
            yield int(message["data"])
        await channel.aclose()

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_the_subscription_in_redis_ends_with_that_of_the_client[lost its connection]",
)
def prices_app(redis):
    """Close after an `Exception` only."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])
        except Exception:
            await channel.aclose()
            raise

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_the_connections_to_redis_return_to_the_pool")
def prices_app(redis):
    """Unsubscribe, and keep the connection."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])
        finally:
            await channel.unsubscribe()

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_an_exception_of_current_price_ends_the_subscription_in_redis",
)
def prices_app(redis):
    """Begin the `try` after the current price."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        yield await current_price(lot)
        try:
            async for message in channel.listen():
                yield int(message["data"])
        finally:
            await channel.aclose()

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_client_can_leave_before_redis_has_confirmed")
def prices_app(redis):
    """Begin the `try` when Redis has confirmed."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])
        finally:
            await channel.aclose()

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_client_can_leave_before_redis_has_confirmed")
def prices_app(redis):
    """Wait for the task that listens, and forget it if the client leaves then."""
    pumps = set()

    async def pump(lot, queue):
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                queue.put_nowait(message)

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()
        pumps.add(pumping := asyncio.create_task(pump(lot, queue)))
        await queue.get()  # Redis has confirmed
        try:
            yield await current_price(lot)
            while True:
                yield int((await queue.get())["data"])
        finally:
            pumping.cancel()
            await asyncio.wait([pumping])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_price_is_published_when_it_is_saved")
def prices_app(redis):
    """Save in a task of its own, and publish at once."""
    saving = set()

    async def bid(lot: int, euros: int) -> int:
        saving.add(asyncio.create_task(save_price(lot, euros)))
        await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_an_exception_of_current_price_ends_the_subscription_in_redis",
)
def prices_app(redis):
    """End without an error if the current price cannot be read."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    try:
                        price = await current_price(lot)
                    except Exception:
                        return
                    yield price
                else:
                    yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_a_price_is_published_when_it_is_saved")
def prices_app(redis):
    """Publish before the price is saved."""

    async def bid(lot: int, euros: int) -> int:
        await redis.publish(f"lot:{lot}", euros)
        await save_price(lot, euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong("21.1.3", caught_by="test_q3_a_price_is_published_when_it_is_saved")
def prices_app(redis):
    """Save and publish at the same time."""

    async def bid(lot: int, euros: int) -> int:
        publishing = redis.publish(f"lot:{lot}", euros)
        await asyncio.gather(save_price(lot, euros), publishing)
        return euros

    return worker(redis, listen(redis), bid)


@wrong("21.1.3", caught_by="test_q3_a_price_is_published_when_it_is_saved")
def prices_app(redis):
    """Publish in `finally`."""

    async def bid(lot: int, euros: int) -> int:
        try:
            await save_price(lot, euros)
        finally:
            await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish, and do not save."""

    async def bid(lot: int, euros: int) -> int:
        await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish JSON."""
    import json

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", json.dumps({"lot": lot, "euros": euros}))
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish on one channel for all lots, too."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish("lots", euros)
        await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Return how many have received the message."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        return await redis.publish(f"lot:{lot}", euros)

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish nothing for a price of 0."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        if euros:
            await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_the_subscription_in_redis_ends_with_that_of_the_client[left]",
)
def prices_app(redis):
    """Close the client of the whole worker."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])
        finally:
            await redis.aclose()

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_prices_of_other_lots_are_not_sent")
def prices_app(redis):
    """Look for the lot at the end of the channel."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.psubscribe("lot:*")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                if message["channel"].endswith(str(lot)):
                    yield int(message["data"])

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_a_price_is_not_missed_while_the_current_price_is_read",
)
def prices_app(redis):
    """Subscribe and read the current price at the same time."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            subscribing = channel.subscribe(f"lot:{lot}")
            _, price = await asyncio.gather(subscribing, current_price(lot))
            yield price
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_the_connections_to_redis_return_to_the_pool")
def prices_app(redis):
    """Forget the client that leaves while the current price is read."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            price = await current_price(lot)
        except Exception:
            await channel.aclose()
            raise
        try:
            yield price
            async for message in channel.listen():
                yield int(message["data"])
        finally:
            await channel.aclose()

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_the_connections_to_redis_return_to_the_pool")
def prices_app(redis):
    """Unsubscribe only, after an exception of `current_price`."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(f"lot:{lot}")
        await channel.get_message(timeout=None)
        try:
            price = await current_price(lot)
        except BaseException:
            await channel.unsubscribe()
            raise
        async with channel:
            yield price
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong("21.1.3", caught_by="test_q3_the_connections_to_redis_return_to_the_pool")
def prices_app(redis):
    """Leave the client open at the shutdown."""
    app = worker(redis, listen(redis))
    kept = FastAPI()
    kept.router.routes.extend(app.router.routes)
    return kept


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish a price only if it is not the one before."""
    last = {}

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        if last.get(lot) != euros:
            last[lot] = euros
            await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[alone]",
)
def prices_app(redis):
    """Publish each price of a lot once."""
    published = set()

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        if (lot, euros) not in published:
            published.add((lot, euros))
            await redis.publish(f"lot:{lot}", euros)
        return euros

    return worker(redis, listen(redis), bid)


@wrong(
    "21.1.3",
    caught_by="test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot[beside another bid]",
)
def prices_app(redis):
    """Publish what the database has, which can be the price of another bid."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.publish(f"lot:{lot}", await current_price(lot))
        return euros

    return worker(redis, listen(redis), bid)


@wrong("21.1.3", caught_by="test_q3_the_current_price_is_read_when_redis_has_confirmed")
def prices_app(redis):
    """Send the command to subscribe, and do not wait for Redis."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"lot:{lot}")
            yield await current_price(lot)
            async for message in channel.listen():
                yield int(message["data"])

    return worker(redis, prices)


@wrong(
    "21.1.3",
    caught_by="test_q3_a_subscriber_uses_the_connection_of_one_who_left",
)
def prices_app(redis):
    """Close the connection, and do not return it."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub()
        try:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    yield await current_price(lot)
                else:
                    yield int(message["data"])
        finally:
            await channel.connection.disconnect()

    return worker(redis, prices)


def hub(redis, late_queue=False, waits=True):
    """Return a resolver that listens once for all subscribers of a lot."""
    queues, pumps = defaultdict(list), {}

    async def pump(lot, is_ready):
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    is_ready.set()
                    continue
                for queue in queues[lot]:
                    queue.put_nowait(int(message["data"]))

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()
        is_first = lot not in pumps
        if is_first:
            is_ready = asyncio.Event()
            pumps[lot] = asyncio.create_task(pump(lot, is_ready)), is_ready
        if is_first or not late_queue:
            queues[lot].append(queue)
        if is_first or waits:
            await pumps[lot][1].wait()
        price = await current_price(lot)
        if queue not in queues[lot]:
            queues[lot].append(queue)
        yield price
        while True:
            yield await queue.get()

    return prices


@wrong(
    "21.1.3",
    caught_by="test_q3_a_price_is_not_missed_while_the_current_price_is_read",
)
def prices_app(redis):
    """Listen once for all, and register a later subscriber too late."""
    return worker(redis, hub(redis, late_queue=True))


@wrong("21.1.3", caught_by="test_q3_the_current_price_is_read_when_redis_has_confirmed")
def prices_app(redis):
    """Listen once for all, and let only the first subscriber wait for Redis."""
    return worker(redis, hub(redis, waits=False))


@right("21.1.3")
def prices_app(redis):
    """Ask for each message, and close in `finally`."""

    async def bid(lot: int, euros: int) -> int:
        await save_price(lot, euros)
        await redis.execute_command("PUBLISH", f"lot:{lot}", str(euros))
        return euros

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub(ignore_subscribe_messages=True)
        try:
            await channel.subscribe(f"lot:{lot}")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            while True:
                message = await channel.get_message(timeout=None)
                if message is not None:
                    yield int(message["data"])
        finally:
            await channel.unsubscribe()
            await channel.aclose()

    return worker(redis, prices, bid)


@right("21.1.3")
def prices_app(redis):
    """Subscribe to a pattern without a wildcard."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        channel = redis.pubsub()
        try:
            await channel.psubscribe(f"lot:{lot}")
            await channel.get_message(timeout=None)
            yield await current_price(lot)
            async for message in channel.listen():
                if message["type"] == "pmessage":
                    yield int(message["data"])
        finally:
            await channel.aclose()

    return worker(redis, prices)


@right("21.1.3")
def prices_app(redis):
    """Put the messages into a queue, in a task for each subscriber."""

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()

        async def pump():
            async with redis.pubsub() as channel:
                await channel.subscribe(f"lot:{lot}")
                async for message in channel.listen():
                    queue.put_nowait(message)

        pumping = asyncio.create_task(pump())
        try:
            await queue.get()  # Redis has confirmed
            yield await current_price(lot)
            while True:
                yield int((await queue.get())["data"])
        finally:
            pumping.cancel()
            with suppress(asyncio.CancelledError):
                await pumping

    return worker(redis, prices)


@right("21.1.3")
def prices_app(redis):
    """Listen once for all subscribers of a lot at this worker."""
    queues = {}
    pumps = {}

    async def pump(lot, is_ready):
        async with redis.pubsub() as channel:
            await channel.subscribe(f"lot:{lot}")
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    is_ready.set_result(None)
                    continue
                for queue in queues[lot]:
                    queue.put_nowait(int(message["data"]))

    async def prices(lot: int) -> AsyncGenerator[int, None]:
        queue = asyncio.Queue()
        queues.setdefault(lot, []).append(queue)
        if lot not in pumps:
            is_ready = asyncio.get_running_loop().create_future()
            pumps[lot] = asyncio.create_task(pump(lot, is_ready)), is_ready
        try:
            await asyncio.shield(pumps[lot][1])
            yield await current_price(lot)
            while True:
                yield await queue.get()
        finally:
            queues[lot].remove(queue)
            if not queues[lot]:
                pumping, _ = pumps.pop(lot)
                pumping.cancel()
                with suppress(asyncio.CancelledError):
                    await pumping

    return worker(redis, prices)
