"""Other answers to section 3.2."""

from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from threading import Lock

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import insert as any_insert
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import scoped_session
from sqlalchemy.pool import NullPool, StaticPool

from sensei.variants import right, wrong


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_committed")
def users_app(engine):
    """Flush instead of committing."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            row = User(**user.model_dump())
            session.add(row)
            session.flush()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_the_response_is_201_with_the_id_from_the_database")
def users_app(engine):
    """Return the object after its session is closed."""
    app = FastAPI()

    @app.post("/users", status_code=201, response_model=UserOut)
    def create_user(user: UserIn):
        with Session(engine) as session:
            row = User(**user.model_dump())
            session.add(row)
            session.commit()
        return row

    return app


@wrong("3.2.1", caught_by="test_q1_the_response_is_201_with_the_id_from_the_database")
def users_app(engine):
    """Keep the default status code."""
    app = FastAPI()

    @app.post("/users")
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            row = User(**user.model_dump())
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_the_response_is_201_with_the_id_from_the_database")
def users_app(engine):
    """Count the rows to find the id."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            session.add(User(**user.model_dump()))
            session.commit()
            number = len(session.scalars(select(User)).all())
            return UserOut(id=number, **user.model_dump())

    return app


@wrong("3.2.1", caught_by="test_q1_every_request_has_its_own_session")
def users_app(engine):
    """Use one session for the application."""
    session = Session(engine)
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        try:
            row = User(**user.model_dump())
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)
        finally:
            session.close()

    return app


@wrong("3.2.1", caught_by="test_q1_the_session_is_closed")
def users_app(engine):
    """Let the session go out of scope."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        session = Session(engine)
        row = User(**user.model_dump())
        session.add(row)
        session.commit()
        return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_the_session_is_closed[after an error]")
def users_app(engine):
    """Close the session in the last line, which an error skips."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        session = Session(engine)
        row = User(**user.model_dump())
        session.add(row)
        session.commit()
        created = UserOut.model_validate(row)
        session.close()
        return created

    return app


@wrong("3.2.1", caught_by="test_q1_a_body_that_is_not_a_user_returns_422[a null name]")
def users_app(engine):
    """Take the body as a dict."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: dict) -> UserOut:
        with Session(engine) as session:
            row = User(**user)
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_committed")
def users_app(engine):
    """Take the values as query parameters."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(name: str, email: EmailStr) -> UserOut:
        with Session(engine) as session:
            row = User(name=name, email=email)
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_committed")
def users_app(engine):
    """Return the user who has this address already."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            same = select(User).where(User.email == user.email)
            row = session.scalars(same).first()
            if row is None:
                row = User(**user.model_dump())
                session.add(row)
                session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_committed")
def users_app(engine):
    """Strip the name."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            row = User(name=user.name.strip(), email=user.email)
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_each_application_uses_its_own_database")
def users_app(engine):
    """Keep the engine in a global variable."""
    globals()["users_engine"] = engine
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(users_engine) as session:
            row = User(**user.model_dump())
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_committed")
def users_app(engine):
    """Save the e-mail address in lower case."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            row = User(name=user.name, email=user.email.lower())
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_the_response_is_201_with_the_id_from_the_database")
def users_app(engine):
    """Compute the next id from the largest one."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            last = session.scalar(select(User.id).order_by(User.id.desc()).limit(1))
            row = User(id=(last or 0) + 1, **user.model_dump())
            session.add(row)
            session.commit()
            return UserOut.model_validate(row)

    return app


@wrong("3.2.1", caught_by="test_q1_the_response_is_201_with_the_id_from_the_database")
def users_app(engine):
    """Read the new user again by its address."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> UserOut:
        with Session(engine) as session:
            session.add(User(**user.model_dump()))
            session.commit()
            query = select(User).where(User.email == user.email)
            return UserOut.model_validate(session.scalars(query).first())

    return app


@right("3.2.1")
def users_app(engine):
    """Open the session in a dependency, and return the object."""
    new_session = sessionmaker(engine)

    def open_session():
        session = new_session()
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()

    @app.post("/users", response_model=UserOut, status_code=201)
    def create_user(user: UserIn, session: Session = Depends(open_session)):
        row = User(name=user.name, email=user.email)
        session.add(row)
        session.commit()
        session.refresh(row)
        return row

    return app


@right("3.2.1")
def users_app(engine):
    """Use an async endpoint, `begin`, and an INSERT with RETURNING."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    async def create_user(user: UserIn) -> UserOut:
        with sessionmaker(engine).begin() as session:
            new = any_insert(User).values(**user.model_dump()).returning(User.id)
            return UserOut(id=session.scalars(new).one(), **user.model_dump())

    return app


@right("3.2.1")
def users_app(engine):
    """Keep the values after the commit, and return the object."""
    app = FastAPI()

    @app.post("/users", status_code=201, response_model=UserOut)
    def create_user(user: UserIn):
        with Session(engine, expire_on_commit=False) as session:
            row = User(**user.model_dump())
            session.add(row)
            session.commit()
        return row

    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_returns_to_the_pool[error-500]")
def create_app(url):
    """Close the session in the line after `yield`."""
    engine = create_engine(url)

    def open_session():
        session = Session(engine)
        yield session
        session.close()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_returns_to_the_pool")
def create_app(url):
    """Return the session instead of yielding it."""
    engine = create_engine(url)
    app = FastAPI()
    add_endpoints(app, lambda: Session(engine))
    return app


@wrong("3.2.2", caught_by="test_q2_later_requests_use_the_same_connection")
def create_app(url):
    """Create an engine for every request."""

    def open_session():
        engine = create_engine(url)
        with Session(engine) as session:
            yield session
        engine.dispose()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_later_requests_use_the_same_connection")
def create_app(url):
    """Turn the pool off."""
    engine = create_engine(url, poolclass=NullPool)

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_every_request_gets_a_new_session")
def create_app(url):
    """Use one session, and close it after each request."""
    engine = create_engine(url)
    session = Session(engine)

    def open_session():
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_requests_at_the_same_time_use_different_connections")
def create_app(url):
    """Use a `scoped_session`, which belongs to a thread."""
    engine = create_engine(url)
    local = scoped_session(sessionmaker(engine))

    def open_session():
        try:
            yield local()
        finally:
            local.remove()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_requests_at_the_same_time_use_different_connections")
def create_app(url):
    """Use one connection, because the database is SQLite."""
    engine = create_engine(
        url, connect_args={"check_same_thread": False}, poolclass=StaticPool
    )

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_endpoint_reads_the_database_at_the_url")
def create_app(url):
    """Keep the engine in a global variable."""
    global engine
    engine = create_engine(url)

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_endpoint_reads_the_database_at_the_url")
def create_app(url):
    """Pass a sessionmaker as the dependency."""
    app = FastAPI()
    add_endpoints(app, sessionmaker(create_engine(url)))
    return app


@wrong("3.2.2", caught_by="test_q2_the_endpoint_reads_the_database_at_the_url")
def create_app(url):
    """Pass a context manager as the dependency."""
    engine = create_engine(url)

    @contextmanager
    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_returns_to_the_pool[conflict-409]")
def create_app(url):
    """Swallow the error of the endpoint."""
    engine = create_engine(url)

    def open_session():
        with Session(engine) as session:
            try:
                yield session
            except Exception:
                session.rollback()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_returns_to_the_pool[cancelled-500]")
def create_app(url):
    """Close the session after each `Exception`, but not after a cancellation."""
    engine = create_engine(url)

    def open_session():
        session = Session(engine)
        try:
            yield session
        except Exception:
            session.close()
            raise
        session.close()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@right("3.2.2")
def create_app(url):
    """Create the engine in the lifespan, and find the factory through the request."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_engine(url, pool_size=3, connect_args={"timeout": 1})
        app.state.new_session = sessionmaker(bind=engine, expire_on_commit=False)
        try:
            yield
        finally:
            engine.dispose()

    async def open_session(request: Request):
        with closing(request.app.state.new_session()) as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@right("3.2.2")
def create_app(url):
    """Use a callable object, with `try` and `finally`."""

    class OpenSession:
        def __init__(self):
            self.new_session = sessionmaker(create_engine(url), autoflush=False)

        def __call__(self):
            session = self.new_session()
            try:
                yield session
            except Exception:
                session.rollback()
                raise
            finally:
                session.close()

    app = FastAPI()
    add_endpoints(app, OpenSession())
    return app


@wrong("3.2.3", caught_by="test_q3_the_card_of_another_order_makes_no_difference")
def paying_app(engine):
    """Create a sessionmaker, but call it once."""
    app = FastAPI()
    session_local = sessionmaker(engine)
    session = session_local()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        try:
            pay(order.reference)
        except CardRefused:
            session.rollback()
            raise HTTPException(402) from None
        session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_the_card_of_another_order_makes_no_difference")
def paying_app(engine):
    """Close the one session after each request."""
    app = FastAPI()
    shared = Session(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        with shared as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            try:
                pay(order.reference)
            except CardRefused:
                session.rollback()
                raise HTTPException(402) from None
            session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_the_card_of_another_order_makes_no_difference")
def paying_app(engine):
    """Keep one session, and handle one request after the other."""
    app = FastAPI()
    lock = Lock()
    shared = Session(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        if not lock.acquire(timeout=1):
            raise HTTPException(503)
        with closing(shared) as session, ExitStack() as stack:
            stack.callback(lock.release)
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            try:
                pay(order.reference)
            except CardRefused:
                session.rollback()
                raise HTTPException(402) from None
            session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_the_card_of_another_order_makes_no_difference")
def paying_app(engine):
    """Block the event loop in an async endpoint."""
    app = FastAPI()
    session_local = sessionmaker(engine)

    @app.post("/orders", status_code=201)
    async def place_order(order: OrderIn) -> None:
        with session_local() as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            try:
                pay(order.reference)
            except CardRefused:
                raise HTTPException(402) from None
            session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_the_connection_returns_to_the_pool")
def paying_app(engine):
    """Open a session for each request, and never close it."""
    app = FastAPI()
    session_local = sessionmaker(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        session = session_local()
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        try:
            pay(order.reference)
        except CardRefused:
            session.rollback()
            raise HTTPException(402) from None
        session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_an_order_whose_payment_fails_is_not_saved_later")
def paying_app(engine):
    """Commit in `finally`."""
    app = FastAPI()
    session_local = sessionmaker(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        with session_local() as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            try:
                pay(order.reference)
            except CardRefused:
                session.rollback()
                raise HTTPException(402) from None
            finally:
                session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_the_connection_returns_to_the_pool")
def paying_app(engine):
    """Charge the card before looking for the book."""
    app = FastAPI()
    session_local = sessionmaker(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        try:
            pay(order.reference)
        except CardRefused:
            raise HTTPException(402) from None
        with session_local() as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            session.commit()

    return app


@wrong("3.2.3", caught_by="test_q3_an_order_whose_payment_fails_is_not_saved_later")
def paying_app(engine):
    """Look the price up, and forget it."""
    app = FastAPI()
    session_local = sessionmaker(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        with session_local() as session:
            price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=0))
            try:
                pay(order.reference)
            except CardRefused:
                raise HTTPException(402) from None
            session.commit()

    return app


@right("3.2.3")
def paying_app(engine):
    """Open a session for each request without a factory, and flush before paying."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        with Session(engine) as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            session.flush()
            try:
                pay(order.reference)
            except CardRefused:
                session.rollback()
                raise HTTPException(402) from None
            session.commit()

    return app


@right("3.2.3")
def paying_app(engine):
    """Use no connection while the card is charged."""
    session_local = sessionmaker(bind=engine, expire_on_commit=False)
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        with session_local() as session:
            price = price_of(session, order.isbn)
        try:
            pay(order.reference)
        except CardRefused:
            raise HTTPException(402) from None
        with session_local.begin() as session:
            session.add(Order(**order.model_dump(), price=price))

    return app


@right("3.2.3")
def paying_app(engine):
    """Use a `scoped_session` in the endpoint's own thread, and remove it."""
    registry = scoped_session(sessionmaker(engine))
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        try:
            price = price_of(registry(), order.isbn)
            registry.add(Order(**order.model_dump(), price=price))
            pay(order.reference)
            registry.commit()
        except CardRefused:
            raise HTTPException(402) from None
        finally:
            registry.remove()

    return app


@right("3.2.3")
def paying_app(engine):
    """Use a dependency."""
    SessionLocal = sessionmaker(engine)

    def get_db():
        db = SessionLocal()
        try:
            yield db
        finally:
            db.close()

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, db: Session = Depends(get_db)) -> None:
        price = price_of(db, order.isbn)
        db.add(Order(**order.model_dump(), price=price))
        try:
            pay(order.reference)
        except CardRefused as error:
            raise HTTPException(402) from error
        db.commit()

    return app


@wrong("3.2.4", caught_by="test_q4_another_program_saves_the_isbn_at_the_same_time")
def books_app(engine):
    """Look for the isbn with a SELECT."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            session.commit()
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_another_program_saves_the_isbn_at_the_same_time")
def books_app(engine):
    """Look for the isbn with a SELECT, one request at a time."""
    app = FastAPI()
    lock = Lock()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with lock, Session(engine) as session:
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            session.commit()
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_another_database_error_returns_500")
def books_app(engine):
    """Return 409 for every exception."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            row = Book(**book.model_dump())
            session.add(row)
            try:
                session.commit()
            except Exception:
                raise HTTPException(409)
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_another_database_error_returns_500")
def books_app(engine):
    """Catch the base class of SQLAlchemy's exceptions."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            try:
                row = Book(**book.model_dump())
                session.add(row)
                session.commit()
                return BookOut.model_validate(row)
            except SQLAlchemyError:
                session.rollback()
                raise HTTPException(409)

    return app


@wrong("3.2.4", caught_by="test_q4_the_connection_returns_to_the_pool[409]")
def books_app(engine):
    """Close the session only if nothing fails."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        session = Session(engine)
        row = Book(**book.model_dump())
        session.add(row)
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(409)
        created = BookOut.model_validate(row)
        session.close()
        return created

    return app


@wrong("3.2.4", caught_by="test_q4_a_taken_isbn_returns_409")
def books_app(engine):
    """Put only `add` into the `try`."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            row = Book(**book.model_dump())
            try:
                session.add(row)
            except IntegrityError:
                raise HTTPException(409)
            session.commit()
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_a_taken_isbn_returns_409")
def books_app(engine):
    """Use `merge`, which updates the book that is there."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            known = session.scalar(select(Book.id).filter_by(isbn=book.isbn))
            row = session.merge(Book(id=known, **book.model_dump()))
            session.commit()
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_the_response_is_201_with_the_saved_book")
def books_app(engine):
    """Strip the title."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            row = Book(isbn=book.isbn, title=book.title.strip(), price=book.price)
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_the_response_is_201_with_the_saved_book")
def books_app(engine):
    """Return 409 also for a title that is taken."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            same = select(Book.id).where(Book.title == book.title)
            if session.scalars(same).first() is not None:
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_the_isbn_of_a_deleted_book_is_free")
def books_app(engine):
    """Remember the isbns."""
    app = FastAPI()
    known = set()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            if book.isbn in known:
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
            known.add(book.isbn)
            return BookOut.model_validate(row)

    return app


@wrong("3.2.4", caught_by="test_q4_the_response_is_201_with_the_saved_book")
def books_app(engine):
    """Compute the next id from the largest one."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            last = session.scalar(select(Book.id).order_by(Book.id.desc()).limit(1))
            row = Book(id=(last or 0) + 1, **book.model_dump())
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
            return BookOut.model_validate(row)

    return app


@right("3.2.4")
def books_app(engine):
    """Flush and validate inside `begin`, with `try` around all of it."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        try:
            with Session(engine) as session, session.begin():
                row = Book(**book.model_dump())
                session.add(row)
                session.flush()
                return BookOut.model_validate(row)
        except IntegrityError as error:
            raise HTTPException(409, "taken") from error

    return app


@right("3.2.4")
def books_app(engine):
    """Use ON CONFLICT DO NOTHING in an async endpoint."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    async def create_book(book: BookIn) -> BookOut:
        new = insert(Book).values(**book.model_dump()).on_conflict_do_nothing()
        with Session(engine) as session, session.begin():
            number = session.scalar(new.returning(Book.id))
        if number is None:
            raise HTTPException(409)
        return BookOut(id=number, **book.model_dump())

    return app


@right("3.2.4")
def books_app(engine):
    """Lock the table, then look for the isbn."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> BookOut:
        with Session(engine) as session:
            session.execute(text("LOCK TABLE books IN EXCLUSIVE MODE"))
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            session.commit()
            return BookOut.model_validate(row)

    return app


@right("3.2.4")
def books_app(engine):
    """Look for the isbn first, and let a handler return 409."""
    app = FastAPI()

    @app.exception_handler(IntegrityError)
    def conflict(request: Request, error: IntegrityError):
        return JSONResponse({"detail": "taken"}, 409)

    @app.post("/books", status_code=201, response_model=BookOut)
    def create_book(book: BookIn):
        with Session(engine, expire_on_commit=False) as session:
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            row = Book(**book.model_dump())
            session.add(row)
            session.commit()
        return row

    return app


@wrong("3.2.5", caught_by="test_q5_objects_keep_their_values_after_a_commit")
def session_factory(shop, catalogue):
    """Leave `expire_on_commit` as it is."""
    return sessionmaker(shop, binds={Book: catalogue}, autoflush=False)


@wrong("3.2.5", caught_by="test_q5_a_query_sends_no_pending_objects")
def session_factory(shop, catalogue):
    """Leave `autoflush` as it is."""
    return sessionmaker(shop, binds={Book: catalogue}, expire_on_commit=False)


@wrong("3.2.5", caught_by="test_q5_the_endpoint_of_selling_app_works")
def session_factory(shop, catalogue):
    """Keep the default settings."""
    return sessionmaker(shop, binds={Book: catalogue})


@wrong("3.2.5", caught_by="test_q5_each_class_is_in_its_database[Book]")
def session_factory(shop, catalogue):
    """Use one engine for all classes."""
    return sessionmaker(bind=shop, expire_on_commit=False, autoflush=False)


@wrong("3.2.5", caught_by="test_q5_each_class_is_in_its_database[User]")
def session_factory(shop, catalogue):
    """Name only the classes that the endpoint uses."""
    return sessionmaker(
        binds={Book: catalogue, Order: shop}, expire_on_commit=False, autoflush=False
    )


@wrong("3.2.5", caught_by="test_q5_each_call_returns_a_new_session")
def session_factory(shop, catalogue):
    """Return a `scoped_session`."""
    return scoped_session(
        sessionmaker(
            shop, binds={Book: catalogue}, expire_on_commit=False, autoflush=False
        )
    )


@wrong("3.2.5", caught_by="test_q5_each_call_returns_a_new_session")
def session_factory(shop, catalogue):
    """Return a session."""
    return Session(
        shop, binds={Book: catalogue}, expire_on_commit=False, autoflush=False
    )


@wrong("3.2.5", caught_by="test_q5_each_call_returns_a_new_session")
def session_factory(shop, catalogue):
    """Create one session, and return it with each call."""
    session = Session(
        shop, binds={Book: catalogue}, expire_on_commit=False, autoflush=False
    )
    return lambda: session


@wrong("3.2.5", caught_by="test_q5_objects_keep_their_values_after_a_commit")
def session_factory(shop, catalogue):
    """Read the objects again after the commit."""

    class Rereading(Session):
        def commit(self):
            changed = [*self.new, *self.dirty]
            super().commit()
            for one in changed:
                self.refresh(one)

    return sessionmaker(
        shop, class_=Rereading, binds={Book: catalogue}, autoflush=False
    )


@wrong("3.2.5", caught_by="test_q5_each_class_is_in_its_database[User]")
def session_factory(shop, catalogue):
    """Configure one global sessionmaker."""
    new = sessionmaker(autoflush=False, expire_on_commit=False)
    session_local = globals().setdefault("session_local", new)
    session_local.configure(bind=shop, binds={Book: catalogue})
    return session_local


@wrong("3.2.5", caught_by="test_q5_each_class_is_in_its_database[User]")
def session_factory(shop, catalogue):
    """Keep the first factory of the process."""
    new = sessionmaker(
        shop, binds={Book: catalogue}, autoflush=False, expire_on_commit=False
    )
    return globals().setdefault("session_local", new)


@right("3.2.5")
def session_factory(shop, catalogue):
    """Use a function, and the base class in `binds`."""

    def new_session() -> Session:
        return Session(
            binds={Base: shop, Book: catalogue},
            autoflush=False,
            expire_on_commit=False,
        )

    return new_session


@right("3.2.5")
def session_factory(shop, catalogue):
    """Use a class of sessions that finds the engine by itself."""

    class Routed(Session):
        def get_bind(self, mapper=None, **others):
            is_book = mapper is not None and mapper.class_ is Book
            return catalogue if is_book else shop

    made = sessionmaker(class_=Routed)
    made.configure(autoflush=False, expire_on_commit=False)
    return made


@wrong("3.2.6", caught_by="test_q6_an_order_is_committed_when_201_is_sent")
def ordering_app(engine):
    """Handle every error, but keep the default scope."""

    def open_session():
        session = Session(engine)
        try:
            yield session
            session.commit()
        except IntegrityError:
            raise HTTPException(409)
        except Exception:
            session.rollback()
            raise
        finally:
            session.close()

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(
        order: OrderIn, session: Annotated[Session, Depends(open_session)]
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_an_error_of_the_endpoint[an unknown book]")
def ordering_app(engine):
    """Roll back after an error, and do not raise it again."""

    def open_session():
        with Session(engine) as session:
            try:
                yield session
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            except Exception:
                session.rollback()

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_an_error_of_the_endpoint[an HTTPException]")
def ordering_app(engine):
    """Commit in `finally`."""

    def open_session():
        session = Session(engine)
        try:
            yield session
        finally:
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            finally:
                session.close()

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_a_taken_reference_returns_409")
def ordering_app(engine):
    """Change the scope, and nothing about the conflict."""

    def open_session():
        with Session(engine) as session, session.begin():
            yield session

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_the_connection_is_in_the_pool_when_201_is_sent")
def ordering_app(engine):
    """Commit in the endpoint, and read the order again."""

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(
        order: OrderIn, session: Annotated[Session, Depends(open_session)]
    ) -> None:
        price = price_of(session, order.isbn)
        saved = Order(**order.model_dump(), price=price)
        session.add(saved)
        reserve(order.isbn)
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(409)
        session.refresh(saved)

    return app


@wrong("3.2.6", caught_by="test_q6_an_error_of_the_endpoint[an error with a handler]")
def ordering_app(engine):
    """Return 409 for every error."""

    def open_session():
        with Session(engine) as session:
            try:
                yield session
                session.commit()
            except HTTPException:
                raise
            except Exception:
                raise HTTPException(409)

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_another_error_of_the_commit_returns_500")
def ordering_app(engine):
    """Return 409 for every error of the commit."""

    def open_session():
        with Session(engine) as session:
            yield session
            try:
                session.commit()
            except Exception:
                raise HTTPException(409)

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_an_error_of_the_endpoint[an IntegrityError]")
def ordering_app(engine):
    """Put the `yield` into the `try` for the IntegrityError."""

    def open_session():
        with Session(engine) as session:
            try:
                yield session
                session.commit()
            except IntegrityError:
                session.rollback()
                raise HTTPException(409, "taken") from None

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_an_error_of_the_endpoint[a cancellation]")
def ordering_app(engine):
    """Close the session after each `Exception`, but not after a cancellation."""

    def open_session():
        session = Session(engine)
        try:
            yield session
        except Exception:
            session.close()
            raise
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(409) from None
        finally:
            session.close()

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@wrong("3.2.6", caught_by="test_q6_another_error_of_the_commit_returns_500")
def ordering_app(engine):
    """Leave the session open after an error of the commit that is not caught."""

    def open_session():
        session = Session(engine)
        try:
            yield session
        except BaseException:
            session.close()
            raise
        try:
            session.commit()
        except IntegrityError:
            session.close()
            raise HTTPException(409) from None
        session.close()

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@right("3.2.6")
def ordering_app(engine):
    """Write out all clauses of `try` in an async generator."""

    async def open_session():
        session = sessionmaker(engine)()
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            try:
                session.commit()
            except IntegrityError as error:
                raise HTTPException(409) from error
        finally:
            session.close()

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(
        order: OrderIn, session: Session = Depends(open_session, scope="function")
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app


@right("3.2.6")
def ordering_app(engine):
    """Commit in the endpoint, and only close in the dependency."""

    def open_session():
        session = Session(engine)
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(
        order: OrderIn,
        session: Annotated[Session, Depends(open_session, scope="function")],
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(409, "taken") from None

    return app


@right("3.2.6")
def ordering_app(engine):
    """Translate the error in a context manager around the commit."""

    @contextmanager
    def conflict():
        try:
            yield
        except IntegrityError as error:
            raise HTTPException(status_code=409, detail="taken") from error

    def open_session():
        with closing(Session(engine)) as session:
            yield session
            with conflict():
                session.commit()

    dependency = Depends(open_session, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)

    return app
