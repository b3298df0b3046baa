"""Other answers to section 3.2."""

from contextlib import closing
from threading import Lock

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import insert as any_insert
from sqlalchemy import text
from sqlalchemy.orm import scoped_session
from sqlalchemy.pool import NullPool, StaticPool

from sensei.variants import right, wrong


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_there_for_the_next_session")
def users_app(engine):
    """`flush` sends the INSERT, so the user is saved."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(user: UserIn) -> UserOut:
        with Session(engine) as session:
            saved = User(
                name=user.name,
                email=user.email,
                password_hash=hash_password(user.password),
            )
            session.add(saved)
            try:
                session.flush()
            except IntegrityError:
                raise HTTPException(409)
            return UserOut.model_validate(saved)

    return app


@wrong("3.2.1", caught_by="test_q1_a_taken_address_is_answered_409[Mara@example.com]")
def users_app(engine):
    """Who looks first needs no answer from the index."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(user: UserIn) -> UserOut:
        with Session(engine) as session:
            if session.scalar(select(User).filter_by(email=user.email)):
                raise HTTPException(409)
            saved = User(
                name=user.name,
                email=user.email,
                password_hash=hash_password(user.password),
            )
            session.add(saved)
            session.commit()
            return UserOut.model_validate(saved)

    return app


@wrong("3.2.1", caught_by="test_q1_the_client_reads_201_and_the_id_from_the_database")
def users_app(engine):
    """An object can be read once its session is over."""
    app = FastAPI()

    @app.post("/users", status_code=201, response_model=UserOut)
    def create(user: UserIn):
        saved = User(
            name=user.name,
            email=user.email,
            password_hash=hash_password(user.password),
        )
        try:
            with Session(engine) as session, session.begin():
                session.add(saved)
        except IntegrityError:
            raise HTTPException(409)
        return saved

    return app


@wrong("3.2.1", caught_by="test_q1_requests_at_the_same_time_do_not_meet")
def users_app(engine):
    """One session will do for the app."""
    session = Session(engine)
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(user: UserIn) -> UserOut:
        saved = User(
            name=user.name,
            email=user.email,
            password_hash=hash_password(user.password),
        )
        try:
            session.add(saved)
            session.commit()
            return UserOut.model_validate(saved)
        except IntegrityError:
            raise HTTPException(409)
        finally:
            session.rollback()

    return app


@wrong("3.2.1", caught_by="test_q1_the_connection_goes_back")
def users_app(engine):
    """The session goes out of scope, and that closes it."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(user: UserIn) -> UserOut:
        session = Session(engine)
        if session.scalar(
            select(User).where(func.lower(User.email) == user.email.lower())
        ):
            raise HTTPException(409)
        saved = User(
            name=user.name,
            email=user.email,
            password_hash=hash_password(user.password),
        )
        session.add(saved)
        session.commit()
        return UserOut.model_validate(saved)

    return app


@wrong("3.2.1", caught_by="test_q1_a_new_user_is_there_for_the_next_session")
def users_app(engine):
    """The password is saved as it came."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(user: UserIn) -> UserOut:
        with Session(engine) as session:
            saved = User(name=user.name, email=user.email, password_hash=user.password)
            session.add(saved)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            return UserOut.model_validate(saved)

    return app


@right("3.2.1")
def users_app(engine):
    """A dependency opens the session; the endpoint flushes, answers and commits."""
    new_session = sessionmaker(engine, expire_on_commit=False)

    def open_session():
        session = new_session()
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()

    @app.post("/users", response_model=UserOut, status_code=201)
    def create(user: UserIn, session: Session = Depends(open_session)):
        row = User(**user.model_dump(exclude={"password"}))
        row.password_hash = hash_password(user.password)
        session.add(row)
        try:
            session.commit()
        except IntegrityError as error:
            session.rollback()
            raise HTTPException(status_code=409, detail="taken") from error
        return row

    return app


@right("3.2.1")
def users_app(engine):
    """An async endpoint that looks first, and heeds the index too."""
    app = FastAPI()

    @app.exception_handler(IntegrityError)
    async def refuse(request: Request, error: IntegrityError):
        return JSONResponse({"detail": "taken"}, 409)

    @app.post("/users", status_code=201)
    async def create(user: UserIn) -> UserOut:
        with sessionmaker(engine).begin() as session:
            if session.scalar(select(User.id).filter_by(email=user.email)):
                raise HTTPException(409)
            number = session.scalar(
                any_insert(User)
                .values(
                    name=user.name,
                    email=user.email,
                    password_hash=hash_password(user.password),
                )
                .returning(User.id)
            )
        return UserOut(id=number, name=user.name, email=user.email)

    return app


@wrong(
    "3.2.2",
    caught_by="test_q2_the_connection_goes_back_however_the_request_ends[raises]",
)
def create_app(url):
    """What stands after `yield` always runs."""
    engine = create_engine(url)

    def open_session():
        session = Session(engine)
        yield session
        session.close()

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_connections_are_kept_for_later_requests")
def create_app(url):
    """An engine is a connection: each request makes its own."""

    def open_session():
        engine = create_engine(url)
        with Session(engine) as session:
            yield session
        engine.dispose()

    @asynccontextmanager
    async def lifespan(app):
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        engine.dispose()
        yield

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_connections_are_kept_for_later_requests")
def create_app(url):
    """Without a pool nothing can be left open."""
    engine = create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_each_request_has_a_session_of_its_own")
def create_app(url):
    """The session is opened at start-up and closed at shutdown, as the engine is."""
    engine = create_engine(url)

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        with Session(engine) as app.state.session:
            yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)

    def open_session():
        try:
            yield app.state.session
        finally:
            app.state.session.close()

    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_goes_back_however_the_request_ends")
def create_app(url):
    """Returning a session is enough; FastAPI closes what it was given."""
    engine = create_engine(url)

    def open_session():
        return Session(engine)

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_tables_are_there")
def create_app(url):
    """A sessionmaker is a dependency; FastAPI reads its parameters as a query."""
    engine = create_engine(url)

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, sessionmaker(engine))
    return app


@wrong("3.2.2", caught_by="test_q2_no_connection_is_left_after_the_shutdown")
def create_app(url):
    """Sessions are closed, so connections are."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)

    def open_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_rows_of_an_earlier_run_are_there")
def create_app(url):
    """A start is a fresh start."""
    engine = create_engine(url)

    def open_session():
        with Session(engine) as session:
            yield session

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_tables_are_there")
def create_app(url):
    """The tables come with the mapped classes."""
    engine = create_engine(url)

    def open_session():
        with Session(engine) as session:
            yield session

    @asynccontextmanager
    async def lifespan(app):
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_the_connection_goes_back_however_the_request_ends")
def create_app(url):
    """All sessions may share one connection."""
    engine = create_engine(url)

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        with engine.connect() as app.state.connection:
            yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)

    def open_session():
        with Session(app.state.connection) as session:
            yield session

    add_endpoints(app, open_session)
    return app


@wrong("3.2.2", caught_by="test_q2_requests_at_the_same_time_have_a_connection_each")
def create_app(url):
    """One connection is enough for SQLite."""
    engine = create_engine(
        url, connect_args={"check_same_thread": False}, poolclass=StaticPool
    )

    def open_session():
        with Session(engine) as session:
            yield session

    @asynccontextmanager
    async def lifespan(app):
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@right("3.2.2")
def create_app(url):
    """Everything in the lifespan; the request knows the way to its factory."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_engine(url, pool_size=3, connect_args={"timeout": 1})
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
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
    """A lifespan yields its state; try and finally; tables before the start."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)

    @asynccontextmanager
    async def lifespan(app):
        yield {"engine": engine}
        engine.dispose()

    class OpenSession:
        def __call__(self, request: Request):
            session = Session(bind=request.state.engine, autoflush=False)
            try:
                yield session
            except Exception:
                session.rollback()
                raise
            finally:
                session.close()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, OpenSession())
    return app


@wrong("3.2.3", caught_by="test_q3_the_outcome_is_predicted[hers refused-shared]")
def outcomes():
    """What was answered 201 was saved, whoever's session it was."""
    return {
        "lent": {"shared": 1, "local": 2},
        "hers refused": {"shared": 1, "local": 1},
        "his refused": {"shared": 1, "local": 1},
        "at once": {"shared": 402, "local": 402},
        "price": {"shared": 1200, "local": 1200},
        "left": {"shared": 0, "local": 0},
    }


@wrong("3.2.3", caught_by="test_q3_the_outcome_is_predicted[lent-local]")
def outcomes():
    """SessionLocal is one session, with one connection, that closes itself."""
    shared = {
        "lent": 1,
        "hers refused": 0,
        "his refused": 2,
        "at once": 500,
        "price": 900,
        "left": 1,
    }
    return {name: {"shared": n, "local": n} for name, n in shared.items()}


@wrong("3.2.3", caught_by="test_q3_the_outcome_is_predicted[price-shared]")
def outcomes():
    """A SELECT brings what is in the database now."""
    return {
        "lent": {"shared": 1, "local": 2},
        "hers refused": {"shared": 0, "local": 1},
        "his refused": {"shared": 2, "local": 1},
        "at once": {"shared": 500, "local": 402},
        "price": {"shared": 1200, "local": 1200},
        "left": {"shared": 1, "local": 0},
    }


@wrong("3.2.4", caught_by="test_q4_two_apps_add_the_same_author_at_once")
def books_app(engine):
    """Who looks first knows whether to add."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        with Session(engine) as session:
            author = session.scalar(select(Author).filter_by(name=book.author))
            if author is None:
                author = Author(name=book.author)
                session.add(author)
                session.flush()
            saved = Book(**book.model_dump(exclude={"author"}), author_id=author.id)
            session.add(saved)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            return {"id": saved.id, "author_id": saved.author_id}

    return app


@wrong("3.2.4", caught_by="test_q4_two_apps_add_the_same_author_at_once")
def books_app(engine):
    """Whatever the database refuses is the client's conflict."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        try:
            with Session(engine) as session, session.begin():
                author = session.scalar(select(Author).filter_by(name=book.author))
                if author is None:
                    author = Author(name=book.author)
                    session.add(author)
                    session.flush()
                saved = Book(**book.model_dump(exclude={"author"}), author_id=author.id)
                session.add(saved)
                session.flush()
                return {"id": saved.id, "author_id": saved.author_id}
        except IntegrityError:
            raise HTTPException(409)

    return app


@wrong("3.2.4", caught_by="test_q4_a_taken_isbn_is_answered_409_and_leaves_nothing")
def books_app(engine):
    """The author needs a commit before the book can name him."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        with Session(engine) as session:
            session.execute(
                insert(Author).values(name=book.author).on_conflict_do_nothing()
            )
            session.commit()
            saved = Book(
                **book.model_dump(exclude={"author"}),
                author_id=session.scalars(
                    select(Author.id).filter_by(name=book.author)
                ).one(),
            )
            session.add(saved)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            return {"id": saved.id, "author_id": saved.author_id}

    return app


@wrong("3.2.4", caught_by="test_q4_two_apps_add_the_same_isbn_at_once")
def books_app(engine):
    """Who has looked for the isbn need not expect that it is taken."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        with Session(engine) as session:
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            session.execute(
                insert(Author).values(name=book.author).on_conflict_do_nothing()
            )
            saved = Book(
                **book.model_dump(exclude={"author"}),
                author_id=session.scalars(
                    select(Author.id).filter_by(name=book.author)
                ).one(),
            )
            session.add(saved)
            session.commit()
            return {"id": saved.id, "author_id": saved.author_id}

    return app


@wrong("3.2.4", caught_by="test_q4_a_known_author_is_not_added_again")
def books_app(engine):
    """Each book brings an author."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        with Session(engine) as session:
            author = Author(name=book.author)
            session.add(author)
            try:
                session.flush()
                saved = Book(**book.model_dump(exclude={"author"}), author_id=author.id)
                session.add(saved)
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            return {"id": saved.id, "author_id": saved.author_id}

    return app


@wrong("3.2.4", caught_by="test_q4_two_apps_add_the_same_author_at_once")
def books_app(engine):
    """A lock in the app keeps requests apart; there is one app."""
    lock = Lock()
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        with lock, Session(engine) as session:
            author = session.scalar(select(Author).filter_by(name=book.author))
            if author is None:
                author = Author(name=book.author)
                session.add(author)
                session.flush()
            saved = Book(**book.model_dump(exclude={"author"}), author_id=author.id)
            session.add(saved)
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            return {"id": saved.id, "author_id": saved.author_id}

    return app


@right("3.2.4")
def books_app(engine):
    """Look, try to add in a savepoint, look again."""
    app = FastAPI()

    def author_of(session, name):
        known = select(Author).where(Author.name == name)
        if found := session.scalar(known):
            return found
        try:
            with session.begin_nested():
                author = Author(name=name)
                session.add(author)
            return author
        except IntegrityError:
            return session.scalars(known).one()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, int]:
        try:
            with Session(engine) as session, session.begin():
                saved = Book(
                    isbn=book.isbn,
                    title=book.title,
                    price=book.price,
                    author_id=author_of(session, book.author).id,
                )
                session.add(saved)
                session.flush()
                return {"id": saved.id, "author_id": saved.author_id}
        except IntegrityError as error:
            raise HTTPException(409, "taken") from error

    return app


@right("3.2.4")
def books_app(engine):
    """The whole transaction once more, unless the isbn is what is taken."""
    app = FastAPI()
    new_session = sessionmaker(engine, expire_on_commit=False)

    def save(book):
        with new_session.begin() as session:
            author = session.scalar(select(Author).filter_by(name=book.author))
            if author is None:
                author = Author(name=book.author)
                session.add(author)
                session.flush()
            saved = Book(**book.model_dump(exclude={"author"}), author_id=author.id)
            session.add(saved)
        return saved

    def is_taken(isbn):
        with new_session() as session:
            return session.scalar(select(Book.id).filter_by(isbn=isbn)) is not None

    @app.post("/books", status_code=201)
    async def create(book: BookIn) -> dict[str, int]:
        for _ in range(3):
            try:
                saved = save(book)
            except IntegrityError:
                if is_taken(book.isbn):
                    raise HTTPException(409)
            else:
                return {"id": saved.id, "author_id": saved.author_id}
        raise HTTPException(503)

    return app


@right("3.2.4")
def books_app(engine):
    """An upsert that always returns the author, and a lock that the database keeps."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(book: BookIn) -> dict[str, Any]:
        with Session(engine) as session:
            session.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:isbn))"),
                {"isbn": book.isbn},
            )
            if session.scalar(select(Book.id).filter_by(isbn=book.isbn)):
                raise HTTPException(409)
            author = session.scalar(
                insert(Author)
                .values(name=book.author)
                .on_conflict_do_update(
                    index_elements=[Author.name], set_={"name": book.author}
                )
                .returning(Author.id)
            )
            columns = book.model_dump(exclude={"author"}) | {"author_id": author}
            number = session.scalar(any_insert(Book).values(columns).returning(Book.id))
            session.commit()
            return {**columns, "id": number}

    return app


@wrong("3.2.5", caught_by="test_q5_an_order_is_read_after_its_commit")
def session_factory(shop, catalogue):
    """Each class has its engine; the other settings are best left alone."""
    return sessionmaker(shop, binds={Book: catalogue, Author: catalogue})


@wrong("3.2.5", caught_by="test_q5_a_half_made_order_waits_for_its_commit")
def session_factory(shop, catalogue):
    """Who keeps objects after the commit has configured enough."""
    return sessionmaker(
        shop, binds={Book: catalogue, Author: catalogue}, expire_on_commit=False
    )


@wrong("3.2.5", caught_by="test_q5_each_class_has_its_database[Book]")
def session_factory(shop, catalogue):
    """A session has one engine."""
    return sessionmaker(bind=shop, expire_on_commit=False, autoflush=False)


@wrong("3.2.5", caught_by="test_q5_each_class_has_its_database[User]")
def session_factory(shop, catalogue):
    """Only the classes that the endpoints use need an engine."""
    return sessionmaker(
        binds={Book: catalogue, Author: catalogue, Order: shop},
        expire_on_commit=False,
        autoflush=False,
    )


@wrong("3.2.5", caught_by="test_q5_a_book_comes_from_the_catalogue")
def session_factory(shop, catalogue):
    """An author goes where the books go."""
    return sessionmaker(
        shop, binds={Book: catalogue}, expire_on_commit=False, autoflush=False
    )


@wrong("3.2.5", caught_by="test_q5_each_call_makes_a_new_session")
def session_factory(shop, catalogue):
    """A scoped session is what a web application needs."""
    return scoped_session(
        sessionmaker(
            shop,
            binds={Book: catalogue, Author: catalogue},
            expire_on_commit=False,
            autoflush=False,
        )
    )


@wrong("3.2.5", caught_by="test_q5_after_a_commit_nothing_is_sent")
def session_factory(shop, catalogue):
    """What is expired can be read again at once."""

    class Rereading(Session):
        def commit(self):
            changed = [*self.new, *self.dirty]
            super().commit()
            for one in changed:
                self.refresh(one)

    return sessionmaker(
        shop,
        class_=Rereading,
        binds={Book: catalogue, Author: catalogue},
        autoflush=False,
    )


@right("3.2.5")
def session_factory(shop, catalogue):
    """A function; a base class stands for all that derive from it."""

    def new_session() -> Session:
        return Session(
            binds={Base: shop, Author: catalogue, Book: catalogue},
            autoflush=False,
            expire_on_commit=False,
        )

    return new_session


@right("3.2.5")
def session_factory(shop, catalogue):
    """A session class that finds the engine by itself."""

    class Routed(Session):
        def get_bind(self, mapper=None, **others):
            kind = mapper.class_ if mapper is not None else None
            return catalogue if kind in (Book, Author) else shop

    made = sessionmaker(class_=Routed)
    made.configure(autoflush=False, expire_on_commit=False)
    return made


@wrong("3.2.6", caught_by="test_q6_what_is_answered_201_is_committed")
def ordering_app(engine):
    """The textbook: commit, or roll back, or in any case close."""

    def transaction():
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
    def place(
        order: OrderIn,
        tasks: BackgroundTasks,
        session: Annotated[Session, Depends(transaction)],
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@wrong(
    "3.2.6",
    caught_by=(
        "test_q6_what_the_endpoint_raises_leaves_nothing_behind[there is no such book]"
    ),
)
def ordering_app(engine):
    """An exception that was rolled back has been dealt with."""

    def transaction():
        with Session(engine) as session:
            try:
                yield session
                session.commit()
            except IntegrityError:
                raise HTTPException(409)
            except Exception:
                session.rollback()

    opened = Depends(transaction, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn, session: Annotated[Session, opened], tasks: BackgroundTasks
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@wrong(
    "3.2.6",
    caught_by=(
        "test_q6_what_the_endpoint_raises_leaves_nothing_behind[an HTTPException]"
    ),
)
def ordering_app(engine):
    """`finally` is the place for whatever is to happen."""

    def transaction():
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

    opened = Depends(transaction, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn, session: Annotated[Session, opened], tasks: BackgroundTasks
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@wrong("3.2.6", caught_by="test_q6_a_taken_reference_is_answered_409")
def ordering_app(engine):
    """The scope is all there is to repair."""

    def transaction():
        with Session(engine) as session, session.begin():
            yield session

    opened = Depends(transaction, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn, session: Annotated[Session, opened], tasks: BackgroundTasks
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@wrong("3.2.6", caught_by="test_q6_the_connection_is_back_before_the_answer")
def ordering_app(engine):
    """The endpoint commits; the rest can wait for the answer."""

    def transaction():
        with Session(engine) as session:
            yield session

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn,
        tasks: BackgroundTasks,
        session: Annotated[Session, Depends(transaction)],
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
        tasks.add_task(confirm, engine, order.reference)

    return app


@wrong(
    "3.2.6",
    caught_by=(
        "test_q6_what_the_endpoint_raises_leaves_nothing_behind"
        "[an exception that the app handles]"
    ),
)
def ordering_app(engine):
    """Any failure is a conflict."""

    def transaction():
        with Session(engine) as session:
            try:
                yield session
                session.commit()
            except HTTPException:
                raise
            except Exception:
                raise HTTPException(409)

    opened = Depends(transaction, scope="function")
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn, session: Annotated[Session, opened], tasks: BackgroundTasks
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@right("3.2.6")
def ordering_app(engine):
    """`begin` commits or rolls back; an async generator, a default, a try around all."""

    async def transaction():
        try:
            with sessionmaker(engine).begin() as session:
                yield session
        except IntegrityError as error:
            raise HTTPException(status_code=409) from error

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn,
        tasks: BackgroundTasks,
        session: Session = Depends(transaction, scope="function"),
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app


@right("3.2.6")
def ordering_app(engine):
    """All four clauses of `try`, written out; a handler answers the conflict."""

    def transaction():
        session = Session(engine)
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            session.commit()
        finally:
            session.close()

    app = FastAPI()

    @app.exception_handler(IntegrityError)
    def conflict(request: Request, error: IntegrityError):
        return JSONResponse({"detail": "taken"}, status_code=409)

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn,
        session: Annotated[Session, Depends(transaction, scope="function")],
        tasks: BackgroundTasks,
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app
