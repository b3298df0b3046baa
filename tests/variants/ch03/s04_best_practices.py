"""Other answers to section 3.4."""

from typing import Literal

from sqlalchemy import Identity, Index, Numeric, Text, bindparam, text, update
from sqlalchemy.exc import NoResultFound, OperationalError, SQLAlchemyError
from sqlalchemy.orm import backref, sessionmaker, validates

from sensei.variants import right, wrong


def shop_with(engine, place_order):
    """Return an application with this endpoint."""
    app = FastAPI()
    app.state.engine = engine
    app.post("/orders", status_code=201)(place_order)
    return app


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing[the last book does not exist]",
)
def shop_app(engine):
    """Commit after each book, and return 409 for the book that fails."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        for isbn, copies in order.copies.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - copies
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing[the last book is sold out]",
)
def shop_app(engine):
    """Commit once, and do not catch the error of the database."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        for isbn, copies in order.copies.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - copies
        session.commit()
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing[the first book is sold out]",
)
def shop_app(engine):
    """Catch the error of the commit only, not that of a query that flushes."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        for isbn, copies in order.copies.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - copies
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_the_last_copies_are_sold_once")
def shop_app(engine):
    """Compare in Python, and write back a number that was read before."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        for isbn, copies in order.copies.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            if stock.copies < copies:
                raise HTTPException(409)
            stock.copies -= copies
        session.add(row)
        session.commit()
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_the_last_copies_are_sold_once")
def shop_app(engine):
    """Check all books first, and do not catch what happens in between."""

    def place_order(order: OrderIn, session: RequestSession):
        for isbn, copies in order.copies.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            if stock.copies < copies:
                raise HTTPException(409)
        row = Order(address=order.address)
        session.add(row)
        for isbn, copies in order.copies.items():
            session.get(Stock, isbn).copies = Stock.copies - copies
        session.commit()
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_another_database_error_is_not_409")
def shop_app(engine):
    """Return 409 for every error of the database."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except SQLAlchemyError:
            session.rollback()
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing[the last book does not exist]",
)
def shop_app(engine):
    """Return 409 for every exception, also for the 404."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except Exception:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_a_refused_order_changes_nothing")
def shop_app(engine):
    """Save the order in a transaction of its own."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        session.commit()
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_other_orders_are_saved")
def shop_app(engine):
    """Flush, and never commit."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.flush()
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_other_orders_are_saved")
def shop_app(engine):
    """Read the number when the session is closed."""

    def place_order(order: OrderIn):
        row = Order(address=order.address)
        try:
            with Session(engine) as session, session.begin():
                session.add(row)
                for isbn, copies in order.copies.items():
                    stock = session.get(Stock, isbn)
                    if stock is None:
                        raise HTTPException(404)
                    stock.copies = Stock.copies - copies
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_other_orders_are_saved")
def shop_app(engine):
    """Roll back to a savepoint for the book that fails, and keep the rest."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        for isbn, copies in order.copies.items():
            try:
                with session.begin_nested():
                    stock = session.get(Stock, isbn)
                    if stock is None:
                        raise HTTPException(404)
                    stock.copies = Stock.copies - copies
            except IntegrityError:
                continue
        session.commit()
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong(
    "3.4.1",
    caught_by="test_q1_another_database_error_is_not_409[PostgreSQL ends the connection]",
)
def shop_app(engine):
    """Return 409 for an error of the connection, too."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except (IntegrityError, OperationalError):
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_other_orders_are_saved")
def shop_app(engine):
    """Return 404 for a book of which there are no copies."""

    def place_order(order: OrderIn, session: RequestSession):
        row = Order(address=order.address)
        session.add(row)
        try:
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if not stock or not stock.copies:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@wrong("3.4.1", caught_by="test_q1_other_orders_are_saved")
def shop_app(engine):
    """Keep one session, with what an order without a book has left in it."""
    session = Session(engine)

    def place_order(order: OrderIn):
        row = Order(address=order.address)
        try:
            session.add(row)
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
            session.commit()
        except IntegrityError:
            session.rollback()
            raise HTTPException(409) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@right("3.4.1")
def shop_app(engine):
    """Open a transaction with a sessionmaker, and lock the rows."""
    sessions = sessionmaker(engine, expire_on_commit=False)

    def place_order(order: OrderIn):
        try:
            with sessions.begin() as session:
                session.add(row := Order(address=order.address))
                for isbn, copies in order.copies.items():
                    stock = session.get_one(Stock, isbn, with_for_update=True)
                    if stock.copies < copies:
                        raise HTTPException(409)
                    stock.copies -= copies
        except NoResultFound:
            raise HTTPException(404) from None
        return {"number": row.number}

    return shop_with(engine, place_order)


@right("3.4.1")
def shop_app(engine):
    """Send Core statements, and let the WHERE clause decide."""

    async def place_order(order: OrderIn, session: RequestSession):
        for isbn, copies in order.copies.items():
            if session.scalar(select(Stock.copies).where(Stock.isbn == isbn)) is None:
                raise HTTPException(404)
            take = update(Stock).where(Stock.isbn == isbn, Stock.copies >= copies)
            done = session.execute(take.values(copies=Stock.copies - copies))
            if done.rowcount == 0:
                raise HTTPException(409)
        row = Order(address=order.address)
        session.add(row)
        session.commit()
        return {"number": row.number}

    return shop_with(engine, place_order)


@right("3.4.1")
def shop_app(engine):
    """Use `session.begin()`, and an exception handler for the 409."""
    app = FastAPI()
    app.state.engine = engine

    @app.exception_handler(IntegrityError)
    def refuse(request: Request, error: IntegrityError):
        from fastapi.responses import JSONResponse

        return JSONResponse({"detail": "too few copies"}, 409)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: RequestSession):
        with session.begin():
            row = Order(address=order.address)
            session.add(row)
            for isbn, copies in order.copies.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404)
                stock.copies = Stock.copies - copies
        return {"number": row.number}

    return app


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused")
def titles_by(session, author, sort):
    """Double the quotes, and leave the column as it is."""
    author = author.replace("'", "''")
    query = f"SELECT title FROM books WHERE author = '{author}' ORDER BY {sort}"
    return list(session.scalars(text(query)))


@wrong("3.4.2", caught_by="test_q2_the_author_does_not_become_sql[another column]")
def titles_by(session, author, sort):
    """Refuse comments and semicolons."""
    if "--" in author or ";" in author:
        return []
    if sort not in ("title", "year", "price"):
        raise ValueError(sort)
    query = f"SELECT title FROM books WHERE author = '{author}' ORDER BY {sort}"
    return list(session.scalars(text(query)))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[cost]")
def titles_by(session, author, sort):
    """Send the author as a parameter, and format the column."""
    query = text(f"SELECT title FROM books WHERE author = :author ORDER BY {sort}")
    return list(session.scalars(query, {"author": author}))


@wrong(
    "3.4.2",
    caught_by="test_q2_books_of_exactly_this_author_are_found[D'A_b]",
)
def titles_by(session, author, sort):
    """Use LIKE, in which `%` and `_` have a meaning."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(sort)
    query = select(Book.title).where(Book.author.like(author))
    return list(session.scalars(query.order_by(columns[sort])))


@wrong("3.4.2", caught_by="test_q2_titles_are_sorted_by_the_chosen_column")
def titles_by(session, author, sort):
    """Send the column as a parameter, too."""
    if sort not in ("title", "year", "price"):
        raise ValueError(sort)
    query = select(Book.title).where(Book.author == author)
    return list(session.scalars(query.order_by(bindparam(None, sort))))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[cost]")
def titles_by(session, author, sort):
    """Accept every column of the table."""
    if sort not in Book.__table__.columns:
        raise ValueError(sort)
    query = select(Book.title).where(Book.author == author)
    return list(session.scalars(query.order_by(getattr(Book, sort))))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused")
def titles_by(session, author, sort):
    """Sort by the title if the column is unknown."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    query = select(Book.title).where(Book.author == author)
    return list(session.scalars(query.order_by(columns.get(sort, Book.title))))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[title DESC]")
def titles_by(session, author, sort):
    """Look at the first word only."""
    if sort.split(" ")[0] not in ("title", "year", "price"):
        raise ValueError(sort)
    query = select(Book.title).where(Book.author == author)
    return list(session.scalars(query.order_by(text(sort))))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[Title]")
def titles_by(session, author, sort):
    """Ignore case and spaces in the name of the column."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    column = columns.get(sort.strip().lower())
    if column is None:
        raise ValueError(sort)
    query = select(Book.title).where(Book.author == author).order_by(column)
    return list(session.scalars(query))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[title\\n]")
def titles_by(session, author, sort):
    """Use `re.match` with `$`, which also matches before a line feed."""
    if not re.match("^(title|year|price)$", sort):
        raise ValueError(sort)
    query = text(f"SELECT title FROM books WHERE author = :author ORDER BY {sort}")
    return list(session.scalars(query, {"author": author}))


@wrong("3.4.2", caught_by="test_q2_any_other_sort_is_refused[cost]")
def titles_by(session, author, sort):
    """Look at the column only if the author has books."""
    books = session.scalars(select(Book).where(Book.author == author)).all()
    if books and sort not in ("title", "year", "price"):
        raise ValueError(sort)
    return [each.title for each in sorted(books, key=lambda book: getattr(book, sort))]


@wrong("3.4.2", caught_by="test_q2_titles_are_sorted_by_the_chosen_column[price-3]")
def titles_by(session, author, sort):
    """Sort in Python, and compare the prices as strings."""
    if sort not in ("title", "year", "price"):
        raise ValueError(sort)
    books = session.scalars(select(Book).where(Book.author == author))
    return [each.title for each in sorted(books, key=lambda b: str(getattr(b, sort)))]


@wrong("3.4.2", caught_by="test_q2_books_of_exactly_this_author_are_found[ O'Hara ]")
def titles_by(session, author, sort):
    """Remove the spaces around the author."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(sort)
    query = (
        select(Book.title).where(Book.author == author.strip()).order_by(columns[sort])
    )
    return list(session.scalars(query))


@wrong("3.4.2", caught_by="test_q2_an_empty_author_is_an_author_like_others")
def titles_by(session, author, sort):
    """Return all books if the author is empty."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(sort)
    query = select(Book.title).order_by(columns[sort])
    if author:
        query = query.where(Book.author == author)
    return list(session.scalars(query))


@wrong("3.4.2", caught_by="test_q2_titles_are_sorted_by_the_chosen_column")
def titles_by(session, author, sort):
    """Return each title once."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(sort)
    query = (
        select(Book.title)
        .where(Book.author == author)
        .group_by(Book.title)
        .order_by(columns[sort])
    )
    return list(session.scalars(query))


@right("3.4.2")
def titles_by(session, author, sort):
    """Use `text` with a parameter, and a column from a list."""
    if sort not in ("title", "year", "price"):
        raise ValueError(f"unknown column: {sort}")
    query = text(f"SELECT title FROM books WHERE author = :author ORDER BY {sort}")
    return list(session.scalars(query, {"author": author}).all())


@right("3.4.2")
def titles_by(session, author, sort):
    """Load the books, and sort them in Python."""
    match sort:
        case "title" | "year" | "price":
            books = session.scalars(select(Book).filter_by(author=author))
            ordered = sorted(books, key=lambda book: getattr(book, sort))
            return [book.title for book in ordered]
        case _:
            raise ValueError(sort)


@right("3.4.2")
def titles_by(session, author, sort):
    """Let Pydantic check the column."""
    from pydantic import TypeAdapter

    column = TypeAdapter(Literal["title", "year", "price"]).validate_python(sort)
    columns = Book.__table__.columns
    query = select(columns.title).where(columns.author == bindparam("author"))
    return list(session.scalars(query.order_by(columns[column]), {"author": author}))


def classes_with(lines=None, order=None, key=None):
    """Return the two classes with these relationships and this key."""
    to_lines = {"back_populates": "order", "cascade": "all, delete-orphan"}
    to_lines |= lines or {}
    to_order = {"back_populates": "lines"} | (order or {})

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        lines = relationship("Line", **to_lines)

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        order_id: Mapped[int] = mapped_column(
            key or ForeignKey("orders.id", ondelete="CASCADE")
        )
        order = relationship("Order", **to_order)

    return Order, Line


@wrong("3.4.3", caught_by="test_q3_both_relationships_change_at_once")
def order_classes():
    """Leave out `back_populates`."""
    apart = {"back_populates": None, "overlaps": "lines,order"}
    return classes_with(lines=apart, order=apart)


@wrong(
    "3.4.3",
    caught_by="test_q3_lines_are_deleted_or_moved_as_asked[remove a line]",
)
def order_classes():
    """Leave out "delete-orphan"."""
    return classes_with(lines={"cascade": "all"})


@wrong("3.4.3", caught_by="test_q3_the_database_deletes_the_lines_of_an_order")
def order_classes():
    """Expect that the database knows the cascade of the relationship."""
    return classes_with(key=ForeignKey("orders.id"))


@wrong("3.4.3", caught_by="test_q3_a_session_deletes_an_order_with_its_lines")
def order_classes():
    """Expect that the session knows the cascade of the database."""
    return classes_with(lines={"cascade": "save-update, merge"})


@wrong(
    "3.4.3",
    caught_by="test_q3_lines_are_deleted_or_moved_as_asked[delete a line]",
)
def order_classes():
    """Put a cascade on both sides, so that a line deletes its order."""
    return classes_with(order={"cascade": "all"})


@wrong(
    "3.4.3",
    caught_by="test_q3_lines_are_deleted_or_moved_as_asked[delete a line]",
)
def order_classes():
    """Put the cascade on the wrong side only."""
    return classes_with(
        lines={"cascade": "save-update, merge"},
        order={"cascade": "all, delete-orphan", "single_parent": True},
    )


@wrong("3.4.3", caught_by="test_q3_a_line_of_a_missing_order_is_refused")
def order_classes():
    """Join the tables without a foreign key."""

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        lines = relationship(
            "Line",
            primaryjoin="Order.id == foreign(Line.order_id)",
            back_populates="order",
            cascade="all, delete-orphan",
        )

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        order_id: Mapped[int]
        order = relationship(
            "Order",
            primaryjoin="Order.id == foreign(Line.order_id)",
            back_populates="lines",
        )

    return Order, Line


@wrong("3.4.3", caught_by="test_q3_an_order_is_saved_with_its_lines")
def order_classes():
    """Leave out "save-update"."""
    return classes_with(lines={"cascade": "delete, delete-orphan"})


@wrong("3.4.3", caught_by="test_q3_both_relationships_change_at_once")
def order_classes():
    """Make `lines` a query."""
    return classes_with(lines={"lazy": "dynamic"})


@wrong("3.4.3", caught_by="test_q3_both_relationships_change_at_once")
def order_classes():
    """Forget the relationship of the line."""

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        lines = relationship("Line", cascade="all, delete-orphan")

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        order_id: Mapped[int] = mapped_column(
            ForeignKey("orders.id", ondelete="CASCADE")
        )

    return Order, Line


@right("3.4.3")
def order_classes():
    """Leave the deleting to the database, and load the lines with the order."""
    return classes_with(
        lines={"passive_deletes": True, "lazy": "selectin"},
        order={"lazy": "joined", "innerjoin": True},
    )


@right("3.4.3")
def order_classes():
    """Write one relationship, and let `backref` add the other one."""

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        order_id: Mapped[int] = mapped_column(
            ForeignKey("orders.id", ondelete="CASCADE", onupdate="CASCADE"), index=True
        )
        order: Mapped["Order"] = relationship(
            backref=backref("lines", cascade="all, delete-orphan")
        )

    return Order, Line


@wrong(
    "3.4.4",
    caught_by="test_q4_whether_the_column_may_be_null_is_predicted[Hybrid]",
)
def differences():
    """Expect that every declared class has NOT NULL."""
    return {
        "Declarative": ("NOT NULL", "TypeError"),
        "Imperative": ("NULL", "works"),
        "Hybrid": ("NOT NULL", "TypeError"),
    }


@wrong(
    "3.4.4",
    caught_by="test_q4_whether_the_column_may_be_null_is_predicted[Declarative]",
)
def differences():
    """Expect that three equal tables have equal columns."""
    return {
        "Declarative": ("NULL", "TypeError"),
        "Imperative": ("NULL", "works"),
        "Hybrid": ("NULL", "TypeError"),
    }


@wrong("3.4.4", caught_by="test_q4_what_the_constructor_does_is_predicted[Hybrid]")
def differences():
    """Expect that a class with a `Table` has no constructor of the base class."""
    return {
        "Declarative": ("NOT NULL", "TypeError"),
        "Imperative": ("NULL", "works"),
        "Hybrid": ("NULL", "works"),
    }


@wrong("3.4.4", caught_by="test_q4_what_the_constructor_does_is_predicted[Declarative]")
def differences():
    """Expect the constructor of a dataclass."""
    return {
        "Declarative": ("NOT NULL", "works"),
        "Imperative": ("NULL", "works"),
        "Hybrid": ("NULL", "TypeError"),
    }


@wrong("3.4.4", caught_by="test_q4_what_the_constructor_does_is_predicted[Imperative]")
def differences():
    """Expect that a mapper replaces the constructor."""
    return {
        "Declarative": ("NOT NULL", "TypeError"),
        "Imperative": ("NULL", "TypeError"),
        "Hybrid": ("NULL", "TypeError"),
    }


@right("3.4.4")
def differences():
    """Look at the columns, and call the classes."""
    seen = {}
    for name, shelf in shelf_classes().items():
        try:
            shelf("hall")
            what = "works"
        except TypeError as error:
            what = type(error).__name__
        nullable = shelf.room.property.columns[0].nullable
        seen[name] = ["NULL" if nullable else "NOT NULL", what]
    return seen


@right("3.4.4")
def differences():
    """Start with what two of them have in common."""
    keyword_only, null = "TypeError", "NULL"
    return dict(
        Declarative=(f"NOT {null}", keyword_only),
        Imperative=(null, "works"),
        Hybrid=(null, keyword_only),
    )


def is_valid(name):
    """Return whether a name is valid."""
    return bool(re.fullmatch("[a-z][a-z0-9_]{0,39}", name))


def create(engine, name, columns):
    """Create the table with SQLAlchemy."""
    table = Table(
        f"upload_{name}", MetaData(), *[Column(one, String) for one in columns]
    )
    table.create(engine)


@wrong("3.4.5", caught_by="test_q5_an_upload_becomes_a_table[keywords]")
def create_upload_table(engine, name, columns):
    """Check the names, and format them into the SQL."""
    for each in [name, *columns]:
        if not is_valid(each):
            raise ValueError(each)
    definitions = ", ".join(f"{column} VARCHAR" for column in columns)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE upload_{name} ({definitions})"))


@wrong("3.4.5", caught_by="test_q5_an_invalid_name_is_refused[SQL in the name-name]")
def create_upload_table(engine, name, columns):
    """Let SQLAlchemy quote every name, and check none."""
    create(engine, name, columns)


@wrong("3.4.5", caught_by="test_q5_an_invalid_name_is_refused")
def create_upload_table(engine, name, columns):
    """Write the quotes around each name."""
    definitions = ", ".join(f'"{column}" VARCHAR' for column in columns)
    with engine.begin() as connection:
        connection.execute(text(f'CREATE TABLE "upload_{name}" ({definitions})'))


@wrong(
    "3.4.5",
    caught_by="test_q5_an_invalid_name_is_refused[SQL in a column-first column]",
)
def create_upload_table(engine, name, columns):
    """Check the name of the table only."""
    if not is_valid(name):
        raise ValueError(name)
    create(engine, name, columns)


@wrong(
    "3.4.5",
    caught_by="test_q5_an_invalid_name_is_refused[other characters-last column]",
)
def create_upload_table(engine, name, columns):
    """Use `re.match` with `$`, which also matches before a line feed."""
    for each in [name, *columns]:
        if not re.match("^[a-z][a-z0-9_]{0,39}$", each):
            raise ValueError(each)
    create(engine, name, columns)


@wrong(
    "3.4.5",
    caught_by="test_q5_an_invalid_name_is_refused"
    "[letters and digits of other scripts-name]",
)
def create_upload_table(engine, name, columns):
    """Use the identifiers of Python."""
    for each in [name, *columns]:
        if not each.isidentifier() or each[0] == "_" or len(each) > 40:
            raise ValueError(each)
    create(engine, name, columns)


@wrong(
    "3.4.5",
    caught_by="test_q5_an_invalid_name_is_refused"
    "[letters and digits of other scripts-last column]",
)
def create_upload_table(engine, name, columns):
    r"""Use `\w`, which has the letters and digits of all scripts."""
    for each in [name, *columns]:
        if not re.fullmatch(r"[a-z]\w{0,39}", each):
            raise ValueError(each)
    create(engine, name, columns)


@wrong(
    "3.4.5",
    caught_by="test_q5_an_invalid_name_is_refused[capital letters-name]",
)
def create_upload_table(engine, name, columns):
    """Ignore the case."""
    for each in [name, *columns]:
        if not re.fullmatch("[a-z][a-z0-9_]{0,39}", each, re.IGNORECASE):
            raise ValueError(each)
    create(engine, name, columns)


@wrong("3.4.5", caught_by="test_q5_an_upload_becomes_a_table[keywords]")
def create_upload_table(engine, name, columns):
    """Refuse keywords of SQL."""
    keywords = {"group", "select", "order", "from", "to", "values", "check", "drop"}
    for each in [name, *columns]:
        if not is_valid(each) or each in keywords:
            raise ValueError(each)
    create(engine, name, columns)


@wrong("3.4.5", caught_by="test_q5_an_invalid_name_is_refused[the empty string-name]")
def create_upload_table(engine, name, columns):
    """Create the table first, and roll back if a name is invalid."""
    table = Table(
        f"upload_{name}", MetaData(), *[Column(one, String) for one in columns]
    )
    with engine.begin() as connection:
        table.create(connection)
        if not all(map(is_valid, [name, *columns])):
            raise ValueError(name)


@wrong("3.4.5", caught_by="test_q5_an_upload_becomes_a_table[digits and underscores]")
def create_upload_table(engine, name, columns):
    """Refuse digits."""
    for each in [name, *columns]:
        if not re.fullmatch("[a-z][a-z_]{0,39}", each):
            raise ValueError(each)
    create(engine, name, columns)


@wrong("3.4.5", caught_by="test_q5_each_database_gets_its_own_table")
def create_upload_table(engine, name, columns, metadata=MetaData()):
    """Keep the tables of all uploads in one `MetaData`."""
    for each in [name, *columns]:
        if not is_valid(each):
            raise ValueError(each)
    Table(f"upload_{name}", metadata, *[Column(one, String) for one in columns])
    metadata.create_all(engine)


@wrong(
    "3.4.5",
    caught_by="test_q5_the_table_has_varchar_columns_without_constraints[keywords]",
)
def create_upload_table(engine, name, columns):
    """Use another type of column."""
    for each in [name, *columns]:
        if not is_valid(each):
            raise ValueError(each)
    Table(f"upload_{name}", MetaData(), *[Column(one, Text) for one in columns]).create(
        engine
    )


@wrong("3.4.5", caught_by="test_q5_the_table_has_varchar_columns_without_constraints")
def create_upload_table(engine, name, columns):
    """Make the first column the primary key."""
    for one in [name, *columns]:
        if not re.fullmatch("[a-z][a-z0-9_]{0,39}", one):
            raise ValueError(one)
    parts = [Column(one, String, primary_key=one == columns[0]) for one in columns]
    Table(f"upload_{name}", MetaData(), *parts).create(engine)


@right("3.4.5")
def create_upload_table(engine, name, columns):
    """Look at each character, and let the dialect quote the names."""
    letters = set("abcdefghijklmnopqrstuvwxyz")
    for each in [name, *columns]:
        allowed = letters | set("0123456789_")
        if not (0 < len(each) <= 40 and each[0] in letters and set(each) <= allowed):
            raise ValueError(f"not a valid name: {each}")
    quote = engine.dialect.identifier_preparer.quote
    definitions = ", ".join(f"{quote(column)} VARCHAR(1000)" for column in columns)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE upload_{name} ({definitions})"))


@right("3.4.5")
def create_upload_table(engine, name, columns):
    """Let `MetaData` create the table in a session."""
    pattern = re.compile(r"[a-z][a-z\d_]{0,39}\Z", re.ASCII)
    if not all(pattern.match(each) for each in [name, *columns]):
        raise ValueError("not a valid name")
    metadata = MetaData()
    table = Table(f"upload_{name}", metadata)
    for column in columns:
        table.append_column(Column(column, String(255)))
    with Session(engine) as session, session.begin():
        metadata.create_all(session.connection())


def product_with(*rules, sku=None, name=None, price=None):
    """Return a class with these columns and rules; what is left out is right."""
    rules = {rule.name: rule for rule in rules}
    all_rules = [
        UniqueConstraint("sku", name="uq_products_sku"),
        CheckConstraint("trim(name) <> ''", name="ck_products_name"),
        CheckConstraint("price > 0", name="ck_products_price"),
    ]

    class Base(DeclarativeBase):
        pass

    body = {
        "__tablename__": "products",
        "__table_args__": tuple(rules.get(rule.name, rule) for rule in all_rules),
        "id": mapped_column(Integer, primary_key=True),
        "sku": mapped_column(sku or String(12), nullable=False),
        "name": mapped_column(name or String(80), nullable=False),
        "price": mapped_column(Integer, nullable=False) if price is None else price,
    }
    return type("Product", (Base,), body)


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule[a price of 0]",
)
def product_class():
    """Check the values in Python."""

    class Base(DeclarativeBase):
        pass

    class Product(Base):
        __tablename__ = "products"

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12), unique=True)
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[int]

        @validates("price")
        def positive(self, key, value):
            if value <= 0:
                raise ValueError(key)
            return value

    return Product


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule"
    "[a sku for the second time]",
)
def product_class():
    """Let PostgreSQL choose the name of the unique constraint."""

    class Base(DeclarativeBase):
        pass

    class Product(Base):
        __tablename__ = "products"
        __table_args__ = (
            CheckConstraint("trim(name) <> ''", name="ck_products_name"),
            CheckConstraint("price > 0", name="ck_products_price"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12), unique=True)
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[int]

    return Product


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule"
    "[a sku for the second time]",
)
def product_class():
    """Use an index that is not unique."""
    return product_with(Index("uq_products_sku", "sku"))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule[no price]",
)
def product_class():
    """Expect that a check constraint refuses NULL."""
    return product_with(price=mapped_column(Integer))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule"
    "[a name of 81 characters]",
)
def product_class():
    """Leave out the length."""
    return product_with(name=Text)


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule[a name of spaces]",
)
def product_class():
    """Refuse the empty string only."""
    return product_with(CheckConstraint("name <> ''", name="ck_products_name"))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule[a price of 0]",
)
def product_class():
    """Accept a price of 0."""
    return product_with(CheckConstraint("price >= 0", name="ck_products_price"))


@wrong(
    "3.4.6",
    caught_by="test_q6_a_row_that_breaks_no_rule_is_stored[a sku of 12 characters]",
)
def product_class():
    """Allow too few characters."""
    return product_with(sku=String(10))


@wrong(
    "3.4.6",
    caught_by="test_q6_a_row_that_breaks_no_rule_is_stored[a name with spaces]",
)
def product_class():
    """Refuse every space in a name."""
    return product_with(CheckConstraint("name !~ ' '", name="ck_products_name"))


@wrong(
    "3.4.6",
    caught_by="test_q6_a_row_that_breaks_no_rule_is_stored[a name of a tab]",
)
def product_class():
    """Refuse names of other blanks, too."""
    return product_with(CheckConstraint(r"name ~ '\S'", name="ck_products_name"))


@wrong(
    "3.4.6",
    caught_by="test_q6_a_row_that_breaks_no_rule_is_stored[a sku in small letters]",
)
def product_class():
    """Compare the sku without regard to case."""
    return product_with(Index("uq_products_sku", text("lower(sku)"), unique=True))


@wrong("3.4.6", caught_by="test_q6_a_row_that_breaks_no_rule_is_stored")
def product_class():
    """Use a decimal number for the price."""
    return product_with(price=mapped_column(Numeric(12, 2), nullable=False))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_a_row_that_breaks_a_rule"
    "[a sku for the second time]",
)
def product_class():
    """Make the pair of sku and name unique."""
    return product_with(UniqueConstraint("sku", "name", name="uq_products_sku"))


@right("3.4.6")
def product_class():
    """Use a naming convention, and constraints at the columns."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    class Product(Base):
        __tablename__ = "products"

        id = mapped_column(Integer, primary_key=True, autoincrement=True)
        sku = mapped_column(String(12), unique=True, nullable=False)
        name = mapped_column(
            String(80), CheckConstraint("name ~ '[^ ]'", name="name"), nullable=False
        )
        price = mapped_column(
            Integer, CheckConstraint("price >= 1", name="price"), nullable=False
        )

    return Product


@right("3.4.6")
def product_class():
    """Write a `Table`, with a unique index and rules as expressions."""
    table = Table(
        "products",
        MetaData(),
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("sku", Text, nullable=False),
        Column("name", String(80), nullable=False),
        Column("price", Integer, nullable=False),
        CheckConstraint("char_length(sku) <= 12", name="ck_products_sku"),
    )
    columns = table.columns
    for name, rule in {
        "name": columns.name.regexp_match("[^ ]"),
        "price": columns.price > text("0"),
    }.items():
        table.append_constraint(CheckConstraint(rule, name=f"ck_products_{name}"))
    Index("uq_products_sku", columns.sku, unique=True)

    class Base(DeclarativeBase):
        metadata = table.metadata

    class Product(Base):
        __table__ = table

    return Product
