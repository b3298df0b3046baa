"""Other answers to section 3.4."""

from sqlalchemy import Float, Identity, Text, bindparam, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import backref, sessionmaker, validates

from sensei.variants import right, wrong


def place_right(new: OrderIn, session: RequestSession):
    """Take the lines, commit once."""
    order = Order(address=new.address)
    session.add(order)
    try:
        for isbn, pieces in new.lines.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - pieces
        session.commit()
    except IntegrityError:
        raise HTTPException(409) from None
    return {"number": order.number}


def send_right(number: int, session: RequestSession):
    """Call the carrier between two transactions."""
    order = session.get(Order, number)
    if order is None:
        raise HTTPException(404)
    address = order.address
    session.rollback()
    order.tracking = book_parcel(address)
    session.commit()
    return {"tracking": order.tracking}


def issue_right(session: RequestSession):
    """Roll back before the next code."""
    for _ in range(5):
        code = new_code()
        session.add(Voucher(code=code))
        try:
            session.commit()
            return {"code": code}
        except IntegrityError:
            session.rollback()
    raise HTTPException(503)


def shop_with(engine, place=place_right, send=send_right, issue=issue_right):
    """Return the shop with these endpoints."""
    app = FastAPI()
    app.state.engine = engine
    app.post("/orders", status_code=201)(place)
    app.post("/orders/{number}/parcel")(send)
    app.post("/vouchers", status_code=201)(issue)
    return app


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing[an unknown book at the end]",
)
def shop_app(engine):
    """A line is a unit of work: commit it, and say 409 for the one that fails."""

    def place(new: OrderIn, session: RequestSession):
        order = Order(address=new.address)
        session.add(order)
        for isbn, pieces in new.lines.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - pieces
            try:
                session.commit()
            except IntegrityError:
                raise HTTPException(409) from None
        return {"number": order.number}

    return shop_with(engine, place=place)


@wrong(
    "3.4.1",
    caught_by="test_q1_a_refused_order_changes_nothing"
    "[a line that is sold out at the end]",
)
def shop_app(engine):
    """One commit, and the database's refusal is nobody's business."""

    def place(new: OrderIn, session: RequestSession):
        order = Order(address=new.address)
        session.add(order)
        for isbn, pieces in new.lines.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404)
            stock.copies = Stock.copies - pieces
        session.commit()
        return {"number": order.number}

    return shop_with(engine, place=place)


@wrong("3.4.1", caught_by="test_q1_orders_around_a_refused_one_are_stored")
def shop_app(engine):
    """What a session knew is still known when it is closed."""

    def place(new: OrderIn):
        order = Order(address=new.address)
        try:
            with Session(engine) as session, session.begin():
                session.add(order)
                for isbn, pieces in new.lines.items():
                    stock = session.get(Stock, isbn)
                    if stock is None:
                        raise HTTPException(404)
                    stock.copies = Stock.copies - pieces
        except IntegrityError:
            raise HTTPException(409) from None
        return {"number": order.number}

    return shop_with(engine, place=place)


@wrong("3.4.1", caught_by="test_q1_others_are_served_while_the_carrier_takes_its_time")
def shop_app(engine):
    """After a commit the connection is back, whatever is read of the order then."""

    def send(number: int, session: RequestSession):
        order = session.get(Order, number)
        if order is None:
            raise HTTPException(404)
        session.commit()
        order.tracking = book_parcel(order.address)
        session.commit()
        return {"tracking": order.tracking}

    return shop_with(engine, send=send)


@wrong("3.4.1", caught_by="test_q1_others_are_served_while_the_carrier_takes_its_time")
def shop_app(engine):
    """A flush ends the conversation with the database."""

    def send(number: int, session: RequestSession):
        order = session.get(Order, number)
        if order is None:
            raise HTTPException(404)
        session.flush()
        order.tracking = book_parcel(order.address)
        session.commit()
        return {"tracking": order.tracking}

    return shop_with(engine, send=send)


@wrong("3.4.1", caught_by="test_q1_the_tracking_is_stored_after_the_call")
def shop_app(engine):
    """An object that is changed after its session is closed is stored by the next."""

    def send(number: int):
        with Session(engine) as session:
            order = session.get(Order, number)
        if order is None:
            raise HTTPException(404)
        order.tracking = book_parcel(order.address)
        with Session(engine) as session:
            session.commit()
        return {"tracking": order.tracking}

    return shop_with(engine, send=send)


@wrong(
    "3.4.1",
    caught_by="test_q1_requests_at_the_same_time_do_not_disturb_each_other",
)
def shop_app(engine):
    """One session for all, closed after each request."""
    shared = Session(engine)

    def place(new: OrderIn):
        try:
            return place_right(new, shared)
        finally:
            shared.close()

    def send(number: int):
        try:
            return send_right(number, shared)
        finally:
            shared.close()

    def issue():
        try:
            return issue_right(shared)
        finally:
            shared.close()

    return shop_with(engine, place, send, issue)


@wrong("3.4.1", caught_by="test_q1_a_voucher_whose_code_is_refused_gets_another")
def shop_app(engine):
    """A failed flush leaves the session as it was."""

    def issue(session: RequestSession):
        for _ in range(5):
            voucher = Voucher(code=new_code())
            session.add(voucher)
            try:
                session.commit()
                return {"code": voucher.code}
            except IntegrityError:
                session.expunge(voucher)
        raise HTTPException(503)

    return shop_with(engine, issue=issue)


@wrong("3.4.1", caught_by="test_q1_a_voucher_whose_code_is_refused_gets_another")
def shop_app(engine):
    """The same code will do the next time."""

    def issue(session: RequestSession):
        code = new_code()
        while True:
            session.add(Voucher(code=code))
            try:
                session.commit()
                return {"code": code}
            except IntegrityError:
                session.rollback()

    return shop_with(engine, issue=issue)


@wrong(
    "3.4.1",
    caught_by="test_q1_a_voucher_whose_code_is_refused_gets_another[4]",
)
def shop_app(engine):
    """One more try is enough."""

    def issue(session: RequestSession):
        for _ in range(2):
            voucher = Voucher(code=new_code())
            session.add(voucher)
            try:
                session.commit()
                return {"code": voucher.code}
            except IntegrityError:
                session.rollback()
        raise HTTPException(503)

    return shop_with(engine, issue=issue)


@wrong("3.4.1", caught_by="test_q1_five_refused_codes_are_enough")
def shop_app(engine):
    """Some day a code will be free."""

    def issue(session: RequestSession):
        while True:
            voucher = Voucher(code=new_code())
            session.add(voucher)
            try:
                session.commit()
                return {"code": voucher.code}
            except IntegrityError:
                session.rollback()

    return shop_with(engine, issue=issue)


@wrong("3.4.1", caught_by="test_q1_a_voucher_whose_code_is_refused_gets_another")
def shop_app(engine):
    """Who looks first need not be afraid of the refusal."""

    def issue(session: RequestSession):
        for _ in range(5):
            code = new_code()
            if session.scalars(select(Voucher).where(Voucher.code == code)).first():
                continue
            session.add(Voucher(code=code))
            session.commit()
            return {"code": code}
        raise HTTPException(503)

    return shop_with(engine, issue=issue)


@right("3.4.1")
def shop_app(engine):
    """A sessionmaker, a `with` for each transaction, nothing injected."""
    app = FastAPI()
    sessions = sessionmaker(engine, expire_on_commit=False)

    @app.post("/orders", status_code=201)
    def place(new: OrderIn):
        try:
            with sessions.begin() as session:
                session.add(order := Order(address=new.address))
                for isbn, pieces in new.lines.items():
                    session.get_one(Stock, isbn).copies -= pieces
        except IntegrityError:
            raise HTTPException(409) from None
        except NoResultFound:
            raise HTTPException(404) from None
        return {"number": order.number}

    @app.post("/orders/{number}/parcel")
    def send(number: int):
        with sessions() as session:
            order = session.get(Order, number)
        if order is None:
            raise HTTPException(404)
        tracking = book_parcel(order.address)
        with sessions.begin() as session:
            session.merge(order).tracking = tracking
        return {"tracking": tracking}

    @app.post("/vouchers", status_code=201)
    def issue():
        for _ in range(5):
            try:
                with sessions.begin() as session:
                    session.add(voucher := Voucher(code=new_code()))
                return {"code": voucher.code}
            except IntegrityError:
                pass
        raise HTTPException(503)

    return app


@right("3.4.1")
def shop_app(engine):
    """Savepoints, Core, and the session closed before the carrier is called."""

    def place(new: OrderIn, session: RequestSession):
        number = session.scalar(
            insert(Order).values(address=new.address).returning(Order.number)
        )
        for isbn, pieces in new.lines.items():
            take = update(Stock).where(Stock.isbn == isbn)
            try:
                done = session.execute(take.values(copies=Stock.copies - pieces))
            except IntegrityError:
                session.rollback()
                raise HTTPException(409) from None
            if not done.rowcount:
                session.rollback()
                raise HTTPException(404)
        session.commit()
        return {"number": number}

    async def send(number: int, session: RequestSession):
        from fastapi.concurrency import run_in_threadpool

        address = session.scalar(select(Order.address).where(Order.number == number))
        if address is None:
            raise HTTPException(404)
        session.close()
        tracking = await run_in_threadpool(book_parcel, address)
        change = update(Order).where(Order.number == number).values(tracking=tracking)
        session.execute(change)
        session.commit()
        return {"tracking": tracking}

    def issue(session: RequestSession):
        for _ in range(5):
            try:
                with session.begin_nested():
                    voucher = Voucher(code=new_code())
                    session.add(voucher)
            except IntegrityError:
                continue
            session.commit()
            return {"code": voucher.code}
        raise HTTPException(503)

    return shop_with(engine, place, send, issue)


class WindowWith:
    """A window whose `rename` is right."""

    def __init__(self, session):
        self._session = session

    def rename(self, user_id, name):
        """Rename by a parameter."""
        self._session.execute(update(User).where(User.id == user_id).values(name=name))


def column(sort):
    """Return the column of that name if strangers may sort by it."""
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(sort)
    return columns[sort]


@wrong("3.4.2", caught_by="test_q2_the_order_of_titles_tells_no_secret")
class Window(WindowWith):
    """The quotes are the hole: double them."""

    def search(self, words, sort):
        words = words.replace("'", "''")
        query = text(
            "SELECT title FROM books WHERE NOT withdrawn "
            f"AND title LIKE '%{words}%' ORDER BY {sort}"
        )
        return self._session.scalars(query).all()


@wrong("3.4.2", caught_by="test_q2_words_are_no_sql[a query without a comment]")
class Window(WindowWith):
    """Words with a comment or a semicolon are an attack, others are not."""

    def search(self, words, sort):
        if "--" in words or ";" in words:
            return []
        column(sort)
        query = text(
            "SELECT title FROM books WHERE NOT withdrawn "
            f"AND title LIKE '%{words}%' ORDER BY {sort}"
        )
        return self._session.scalars(query).all()


@wrong("3.4.2", caught_by="test_q2_what_is_looked_for_is_found_as_it_stands[100%]")
class Window(WindowWith):
    """A parameter has no meaning to the database."""

    def search(self, words, sort):
        column(sort)
        query = select(Book.title).where(~Book.withdrawn, Book.title.contains(words))
        return self._session.scalars(query.order_by(column(sort))).all()


@wrong("3.4.2", caught_by="test_q2_what_is_looked_for_is_found_as_it_stands[A_B]")
class Window(WindowWith):
    """A backslash escapes in every database."""

    def search(self, words, sort):
        column(sort)
        words = words.replace("%", r"\%").replace("_", r"\_")
        query = select(Book.title).where(~Book.withdrawn, Book.title.like(f"%{words}%"))
        return self._session.scalars(query.order_by(column(sort))).all()


@wrong("3.4.2", caught_by=r"test_q2_what_is_looked_for_is_found_as_it_stands[\\%]")
class Window(WindowWith):
    """The character that escapes need not be escaped itself."""

    def search(self, words, sort):
        column(sort)
        words = words.replace("%", r"\%").replace("_", r"\_")
        like = Book.title.like(f"%{words}%", escape="\\")
        query = select(Book.title).where(~Book.withdrawn, like)
        return self._session.scalars(query.order_by(column(sort))).all()


@wrong("3.4.2", caught_by="test_q2_books_come_in_the_chosen_order")
class Window(WindowWith):
    """A column can be a parameter, too."""

    def search(self, words, sort):
        column(sort)
        found = Book.title.contains(words, autoescape=True)
        query = select(Book.title).where(~Book.withdrawn, found)
        return self._session.scalars(query.order_by(bindparam(None, sort))).all()


@wrong("3.4.2", caught_by="test_q2_nobody_sorts_by_anything_else[cost]")
class Window(WindowWith):
    """Every column of the table is there to be sorted by."""

    def search(self, words, sort):
        if sort not in Book.__table__.columns:
            raise ValueError(sort)
        found = Book.title.contains(words, autoescape=True)
        query = select(Book.title).where(~Book.withdrawn, found)
        return self._session.scalars(query.order_by(getattr(Book, sort))).all()


@wrong("3.4.2", caught_by="test_q2_nobody_sorts_by_anything_else")
class Window(WindowWith):
    """Who sorts by something unknown gets the titles in their order."""

    def search(self, words, sort):
        found = Book.title.contains(words, autoescape=True)
        query = select(Book.title).where(~Book.withdrawn, found)
        known = sort if sort in ("title", "year", "price") else "title"
        return self._session.scalars(query.order_by(column(known))).all()


@wrong(
    "3.4.2",
    caught_by="test_q2_a_name_is_stored_as_it_is_and_changes_nothing_else",
)
class Window(WindowWith):
    """Only queries leak; an UPDATE returns nothing."""

    def search(self, words, sort):
        column(sort)
        found = Book.title.contains(words, autoescape=True)
        query = select(Book.title).where(~Book.withdrawn, found)
        return self._session.scalars(query.order_by(column(sort))).all()

    def rename(self, user_id, name):
        self._session.execute(
            text(f"UPDATE users SET name = '{name}' WHERE id = {user_id}")
        )


@wrong(
    "3.4.2",
    caught_by="test_q2_a_name_is_stored_as_it_is_and_changes_nothing_else",
)
class Window(WindowWith):
    """Take the quotes and dashes out, and any name is harmless."""

    def search(self, words, sort):
        column(sort)
        found = Book.title.contains(words, autoescape=True)
        query = select(Book.title).where(~Book.withdrawn, found)
        return self._session.scalars(query.order_by(column(sort))).all()

    def rename(self, user_id, name):
        clean = re.sub(r"['\-:]", "", name)
        super().rename(user_id, clean)


@right("3.4.2")
class Window:
    """`text` with parameters, escaped by hand, the column from a list."""

    def __init__(self, session):
        self.session = session

    def search(self, words, sort):
        if sort not in ("title", "year", "price"):
            raise ValueError("unknown order")
        for special in "!%_":
            words = words.replace(special, f"!{special}")
        query = text(
            "SELECT title FROM books WHERE NOT withdrawn "
            f"AND title LIKE :pattern ESCAPE '!' ORDER BY {sort}"
        )
        return self.session.execute(query, {"pattern": f"%{words}%"}).scalars().all()

    def rename(self, user_id, name):
        self.session.get(User, user_id).name = name


@right("3.4.2")
class Window:
    """No LIKE at all, and a `match` for the column."""

    def __init__(self, session):
        self._session = session

    def search(self, words, sort):
        match sort:
            case "title":
                column = Book.title
            case "year":
                column = Book.year
            case "price":
                column = Book.price
            case _:
                raise ValueError(sort)
        query = select(Book).where(
            Book.withdrawn.is_(False), func.instr(Book.title, words) > 0
        )
        books = self._session.scalars(query.order_by(column.asc()))
        return [book.title for book in books]

    def rename(self, user_id, name):
        query = select(User).where(User.id == user_id)
        self._session.scalars(query).one().name = name
        self._session.commit()


def classes_with(
    lines=None, customer=None, orders=None, line_order=None, key=None, customer_key=None
):
    """Return the three classes with these relationships and keys."""
    to_lines = {"cascade": "all, delete-orphan", "lazy": "selectin"} | (lines or {})
    to_customer = {"back_populates": "orders", "lazy": "joined"} | (customer or {})
    to_orders = {"back_populates": "customer"} | (orders or {})
    to_order = {"back_populates": "lines"} | (line_order or {})

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        orders = relationship("Order", **to_orders)

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(
            customer_key or ForeignKey("customers.id")
        )
        customer = relationship("Customer", **to_customer)
        lines = relationship("Line", **({"back_populates": "order"} | to_lines))

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        order_id: Mapped[int] = mapped_column(
            key or ForeignKey("orders.id", ondelete="CASCADE")
        )
        title: Mapped[str]
        order = relationship("Order", **to_order)

    return Customer, Order, Line


@wrong("3.4.3", caught_by="test_q3_both_sides_are_in_step")
def order_classes():
    """Two relationships over one foreign key know of each other."""
    apart = {"back_populates": None}
    quiet = {**apart, "overlaps": "orders,customer,lines,order"}
    return classes_with(lines=quiet, customer=quiet, orders=quiet, line_order=quiet)


@wrong("3.4.3", caught_by="test_q3_a_line_taken_out_of_its_order_is_deleted")
def order_classes():
    """What an order deletes, it also deletes when it lets go of it."""
    return classes_with(lines={"cascade": "all, delete"})


@wrong("3.4.3", caught_by="test_q3_an_order_takes_its_lines_along[SQL]")
def order_classes():
    """The cascade of the relationship is that of the database."""
    return classes_with(key=ForeignKey("orders.id"))


@wrong("3.4.3", caught_by="test_q3_an_order_takes_its_lines_along[session]")
def order_classes():
    """The database's cascade will do, the session need not know of it."""
    return classes_with(lines={"cascade": "save-update, merge"})


@wrong("3.4.3", caught_by="test_q3_a_customer_with_orders_stays[session]")
def order_classes():
    """What is good for lines is good for orders."""
    return classes_with(orders={"cascade": "all, delete-orphan"})


@wrong("3.4.3", caught_by="test_q3_a_customer_with_orders_stays")
def order_classes():
    """Every foreign key cascades."""
    return classes_with(
        orders={"cascade": "all", "passive_deletes": True},
        customer_key=ForeignKey("customers.id", ondelete="CASCADE"),
    )


@wrong("3.4.3", caught_by="test_q3_more_orders_take_no_more_statements[15]")
def order_classes():
    """Relationships are loaded when they are looked at, which is soon enough."""
    return classes_with(lines={"lazy": "select"}, customer={"lazy": "select"})


@wrong("3.4.3", caught_by="test_q3_more_orders_take_no_more_statements[15]")
def order_classes():
    """The lines are many, so they are loaded together; a customer is only one."""
    return classes_with(customer={"lazy": "select"})


@wrong("3.4.3", caught_by="test_q3_more_orders_take_no_more_statements")
def order_classes():
    """What must not be loaded one by one is forbidden."""
    return classes_with(lines={"lazy": "raise"}, customer={"lazy": "raise"})


@right("3.4.3")
def order_classes():
    """All in one statement, the database's cascade left to the database."""
    return classes_with(
        lines={"lazy": "joined", "passive_deletes": True},
        orders={"passive_deletes": "all"},
        customer_key=ForeignKey("customers.id", ondelete="RESTRICT"),
    )


@right("3.4.3")
def order_classes():
    """One side of each pair is written, a `backref` adds the other."""

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped["Customer"] = relationship(backref="orders", lazy="selectin")

    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        order_id: Mapped[int] = mapped_column(
            ForeignKey("orders.id", ondelete="CASCADE")
        )
        title: Mapped[str]
        order: Mapped["Order"] = relationship(
            backref=backref("lines", cascade="all, delete-orphan", lazy="selectin")
        )

    return Customer, Order, Line


def base_with(build):
    """Return a base class that maps what `build` returns, by a registry of its own."""
    own = registry()

    class Base:
        metadata = own.metadata

        def __init_subclass__(cls):
            own.map_imperatively(cls, build(cls, own.metadata))

    return Base


def table_of(cls, metadata):
    """Return the Table of a class, brought along or made."""
    if "__table__" in vars(cls):
        return vars(cls)["__table__"]
    columns = [one for one in vars(cls).values() if isinstance(one, Column)]
    rules = vars(cls).get("__table_args__", ())
    return Table(cls.__tablename__, metadata, *columns, *rules)


@wrong("3.4.4", caught_by="test_q4_the_mapping_is_done_imperatively")
def own_base():
    """SQLAlchemy has such a class, so there is nothing to do."""
    return registry().generate_base()


@wrong("3.4.4", caught_by="test_q4_the_mapping_is_done_imperatively")
def own_base():
    """The decorator is the imperative way of being declarative."""
    own = registry()

    class Base:
        metadata = own.metadata

        def __init_subclass__(cls):
            own.mapped(cls)

    return Base


@wrong("3.4.4", caught_by="test_q4_the_table_is_the_one_made_by_hand[declarative]")
def own_base():
    """A table is its columns."""

    def build(cls, metadata):
        if "__table__" in vars(cls):
            return vars(cls)["__table__"]
        columns = [one for one in vars(cls).values() if isinstance(one, Column)]
        return Table(cls.__tablename__, metadata, *columns)

    return base_with(build)


@wrong("3.4.4", caught_by="test_q4_the_table_is_the_one_made_by_hand[hybrid]")
def own_base():
    """A Table that is there is true."""

    def build(cls, metadata):
        if getattr(cls, "__table__", None):
            return cls.__table__
        return table_of(cls, metadata)

    return base_with(build)


@wrong("3.4.4", caught_by="test_q4_a_hybrid_uses_the_table_it_is_given")
def own_base():
    """Declarative is all there is: a hybrid's Table is one more attribute."""

    def build(cls, metadata):
        table = vars(cls).get("__table__")
        if table is None:
            return table_of(cls, metadata)
        columns = [Column(c.name, c.type) for c in table.columns]
        columns[0].primary_key = True
        return Table(f"{table.name}_copy", metadata, *columns)

    return base_with(build)


@wrong("3.4.4", caught_by="test_q4_several_classes_share_the_metadata")
def own_base():
    """Every class has `__table_args__`, as the shelf has."""

    def build(cls, metadata):
        if "__table__" in vars(cls):
            return vars(cls)["__table__"]
        columns = [one for one in vars(cls).values() if isinstance(one, Column)]
        return Table(cls.__tablename__, metadata, *columns, *cls.__table_args__)

    return base_with(build)


@wrong("3.4.4", caught_by="test_q4_a_hybrid_uses_the_table_it_is_given")
def own_base():
    """A hybrid is declared once more, with the columns of its Table."""

    def build(cls, metadata):
        if "__table__" in vars(cls):
            return vars(cls)["__table__"].to_metadata(MetaData())
        return table_of(cls, metadata)

    return base_with(build)


@wrong("3.4.4", caught_by="test_q4_each_base_is_a_new_one")
def own_base(own=registry()):
    """One registry is enough for everybody."""

    class Base:
        metadata = own.metadata

        def __init_subclass__(cls):
            own.map_imperatively(cls, table_of(cls, own.metadata))

    return Base


@right("3.4.4")
def own_base():
    """A metaclass, and a constructor of one's own."""
    own = registry()

    class Meta(type):
        def __init__(cls, name, bases, body):
            super().__init__(name, bases, body)
            if not bases:
                return
            table = body.get("__table__")
            if table is None:
                table = Table(body["__tablename__"], own.metadata)
                for part in body.values():
                    if isinstance(part, Column):
                        table.append_column(part)
                for rule in body.get("__table_args__", ()):
                    table.append_constraint(rule)
            own.map_imperatively(cls, table)

    class Base(metaclass=Meta):
        metadata = own.metadata

        def __init__(self, **values):
            for name, value in values.items():
                if not hasattr(type(self), name):
                    raise TypeError(name)
                setattr(self, name, value)

    return Base


@right("3.4.4")
def own_base():
    """`getattr` with defaults, and the registry's constructor."""
    metadata = MetaData()
    mappings = registry(metadata=metadata)

    def __init_subclass__(cls, **kwargs):
        if not hasattr(cls, "__table__"):
            attributes = [getattr(cls, name) for name in dir(cls)]
            cls.__table__ = Table(
                cls.__tablename__,
                metadata,
                *[one for one in attributes if isinstance(one, Column)],
                *getattr(cls, "__table_args__", ()),
            )
        mappings.map_imperatively(cls, cls.__table__)

    return type(
        "Base",
        (),
        {
            "metadata": metadata,
            "__init__": mappings.constructor,
            "__init_subclass__": classmethod(__init_subclass__),
        },
    )


def is_name(name):
    """Return whether a name is one."""
    return bool(re.fullmatch("[a-z][a-z0-9_]{0,39}", name))


def check(name, header):
    """Raise ValueError where the names are none."""
    if not header or len(set(header)) < len(header):
        raise ValueError(header)
    if not all(map(is_name, [name, *header])):
        raise ValueError(name)


def create(engine, name, header, lines):
    """Create the table with SQLAlchemy."""
    table = Table(
        f"upload_{name}", MetaData(), *[Column(one, String) for one in header]
    )
    with engine.begin() as connection:
        table.create(connection)
        for line in lines:
            connection.execute(insert(table).values(dict(zip(header, line))))


@wrong("3.4.5", caught_by="test_q5_an_upload_becomes_a_table_with_its_rows")
def store_upload(engine, name, header, lines):
    """Once the names are checked, formatting is safe."""
    check(name, header)
    columns = ", ".join(f"{each} VARCHAR" for each in header)
    places = ", ".join(f":{number}" for number in range(len(header)))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE upload_{name} ({columns})"))
        for line in lines:
            values = {str(number): value for number, value in enumerate(line)}
            connection.execute(
                text(f"INSERT INTO upload_{name} VALUES ({places})"), values
            )


@wrong("3.4.5", caught_by="test_q5_a_name_is_no_sql")
def store_upload(engine, name, header, lines):
    """Quoting makes a name of anything."""
    create(engine, name, header, lines)


@wrong("3.4.5", caught_by="test_q5_a_name_is_no_sql[a column with a quote]")
def store_upload(engine, name, header, lines):
    """Quotes of one's own around each name are quoting."""
    columns = ", ".join(f'"{each}" VARCHAR' for each in header)
    with engine.begin() as connection:
        connection.execute(text(f'CREATE TABLE "upload_{name}" ({columns})'))
        for line in lines:
            values = ", ".join(f"'{value}'" for value in line)
            connection.execute(text(f'INSERT INTO "upload_{name}" VALUES ({values})'))


@wrong("3.4.5", caught_by="test_q5_a_name_is_no_sql[a column of another type]")
def store_upload(engine, name, header, lines):
    """The table's name is checked; the columns are the supplier's business."""
    if not is_name(name):
        raise ValueError(name)
    create(engine, name, header, lines)


@wrong(
    "3.4.5",
    caught_by="test_q5_what_is_no_name_is_refused_before_anything_is_sent"
    "[other characters]",
)
def store_upload(engine, name, header, lines):
    """A `$` is where the text ends."""
    for each in [name, *header]:
        if not re.match("^[a-z][a-z0-9_]{0,39}$", each):
            raise ValueError(each)
    if not header or len(set(header)) < len(header):
        raise ValueError(header)
    create(engine, name, header, lines)


@wrong(
    "3.4.5",
    caught_by="test_q5_what_is_no_name_is_refused_before_anything_is_sent"
    "[other letters and digits]",
)
def store_upload(engine, name, header, lines):
    """Python knows what an identifier is."""
    for each in [name, *header]:
        if not each.isidentifier() or each[0] == "_" or len(each) > 40:
            raise ValueError(each)
    if not header or len(set(header)) < len(header):
        raise ValueError(header)
    create(engine, name, header, lines)


@wrong(
    "3.4.5",
    caught_by="test_q5_what_is_no_name_is_refused_before_anything_is_sent"
    "[other letters and digits]",
)
def store_upload(engine, name, header, lines):
    """`\\d` is 0 to 9, and `re.I` is no harm."""
    for each in [name, *header]:
        if not re.fullmatch(r"[a-z][a-z\d_]{0,39}", each, re.IGNORECASE):
            raise ValueError(each)
    if not header or len(set(header)) < len(header):
        raise ValueError(header)
    create(engine, name, header, lines)


@wrong("3.4.5", caught_by="test_q5_an_upload_becomes_a_table_with_its_rows")
def store_upload(engine, name, header, lines):
    """Words of SQL are dangerous, so they are no names."""
    words = {"group", "select", "order", "from", "to", "values", "check", "drop"}
    if words & {name, *header}:
        raise ValueError(name)
    check(name, header)
    create(engine, name, header, lines)


@wrong("3.4.5", caught_by="test_q5_what_is_no_header_is_refused")
def store_upload(engine, name, header, lines):
    """If each name is one, the header is."""
    if not all(map(is_name, [name, *header])):
        raise ValueError(name)
    columns = {each: Column(each, String) for each in header}
    table = Table(f"upload_{name}", MetaData(), *columns.values())
    with engine.begin() as connection:
        table.create(connection)
        for line in lines:
            connection.execute(insert(table).values(dict(zip(header, line))))


@wrong("3.4.5", caught_by="test_q5_an_upload_without_lines_becomes_an_empty_table")
def store_upload(engine, name, header, lines):
    """No lines are a list as good as any."""
    check(name, header)
    table = Table(
        f"upload_{name}", MetaData(), *[Column(one, String) for one in header]
    )
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [dict(zip(header, line)) for line in lines])


@wrong(
    "3.4.5",
    caught_by="test_q5_what_is_no_name_is_refused_before_anything_is_sent",
)
def store_upload(engine, name, header, lines):
    """What is rolled back was never sent."""
    table = Table(
        f"upload_{name}", MetaData(), *[Column(one, String) for one in header]
    )
    with engine.begin() as connection:
        table.create(connection)
        check(name, header)
        for line in lines:
            connection.execute(insert(table).values(dict(zip(header, line))))


@right("3.4.5")
def store_upload(engine, name, header, lines):
    """Letter by letter, and quoted by the dialect."""
    letters = set("abcdefghijklmnopqrstuvwxyz")
    for each in [name, *header]:
        fits = letters | set("0123456789_")
        if not (0 < len(each) <= 40 and each[0] in letters and set(each) <= fits):
            raise ValueError(f"not a name: {each}")
    if len(set(header)) != len(header) or header == []:
        raise ValueError("not a header")
    quote = engine.dialect.identifier_preparer.quote
    table = quote(f"upload_{name}")
    columns = ", ".join(f"{quote(each)} VARCHAR(1000)" for each in header)
    places = ", ".join(f":v{number}" for number in range(len(header)))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} ({columns})"))
        for line in lines:
            values = {f"v{number}": value for number, value in enumerate(line)}
            connection.execute(text(f"INSERT INTO {table} VALUES ({places})"), values)


@right("3.4.5")
def store_upload(engine, name, header, lines):
    """With a MetaData that creates all it has, and a session."""
    check(name, header)
    metadata = MetaData()
    table = Table(f"upload_{name}", metadata)
    for each in header:
        table.append_column(Column(each, Text, nullable=False))
    with Session(engine) as session:
        metadata.create_all(session.connection())
        for line in lines:
            session.execute(table.insert(), dict(zip(header, line, strict=True)))
        session.commit()


def product_with(*rules, sku=None, name=None, price=None, sale_price=None, pieces=None):
    """Return a product with these columns and rules; what is left out is right."""
    rules = {rule.name: rule for rule in rules}
    right_rules = [
        Index("uq_products_sku", text("lower(sku)"), unique=True),
        CheckConstraint("trim(name) != ''", name="ck_products_name"),
        CheckConstraint("price BETWEEN 0.01 AND 99999.99", name="ck_products_price"),
        CheckConstraint(
            "sale_price BETWEEN 0.01 AND price - 0.01", name="ck_products_sale_price"
        ),
        CheckConstraint("pieces >= 0", name="ck_products_pieces"),
    ]
    args = tuple(rules.get(rule.name, rule) for rule in right_rules)
    columns = {
        "sku": mapped_column(String(12), nullable=False) if sku is None else sku,
        "name": mapped_column(String(80), nullable=False) if name is None else name,
        "price": mapped_column(Numeric(7, 2), nullable=False)
        if price is None
        else price,
        "sale_price": mapped_column(Numeric(7, 2))
        if sale_price is None
        else sale_price,
        "pieces": mapped_column(Integer, nullable=False) if pieces is None else pieces,
    }

    class Base(DeclarativeBase):
        pass

    body = {
        "__tablename__": "products",
        "__table_args__": tuple(one for one in args if one.name != "-"),
        "id": mapped_column(Integer, primary_key=True),
        **columns,
    }
    return type("Product", (Base,), body)


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[price]")
def product_class():
    """Python checks each value, so the database need not."""

    class Base(DeclarativeBase):
        pass

    class Product(Base):
        __tablename__ = "products"

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12), unique=True)
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[Decimal] = mapped_column(Numeric(7, 2))
        sale_price: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
        pieces: Mapped[int]

        @validates("price", "pieces")
        def not_negative(self, key, value):
            if Decimal(value) < 0:
                raise ValueError(key)
            return value

    return Product


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[price]")
def product_class():
    """What is more than 0 is a price."""
    return product_with(CheckConstraint("price > 0", name="ck_products_price"))


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[price]")
def product_class():
    """A rule needs no name."""

    class Base(DeclarativeBase):
        pass

    class Product(Base):
        __tablename__ = "products"
        __table_args__ = (
            Index("uq_products_sku", text("lower(sku)"), unique=True),
            CheckConstraint("trim(name) <> ''"),
            CheckConstraint("price BETWEEN 0.01 AND 99999.99"),
            CheckConstraint("sale_price BETWEEN 0.01 AND price - 0.01"),
            CheckConstraint("pieces >= 0"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12))
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[Decimal] = mapped_column(Numeric(7, 2))
        sale_price: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
        pieces: Mapped[int]

    return Product


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[sku]")
def product_class():
    """To be unique is to be unique in each case."""
    return product_with(Index("uq_products_sku", "sku", unique=True))


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[missing]")
def product_class():
    """A CHECK refuses NULL as well."""
    return product_with(pieces=mapped_column(Integer))


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[too long]")
def product_class():
    """A text has no length."""
    return product_with(name=mapped_column(String, nullable=False))


@wrong("3.4.6", caught_by="test_q6_the_database_refuses_what_breaks_a_rule[name]")
def product_class():
    """Blank is empty."""
    return product_with(CheckConstraint("name <> ''", name="ck_products_name"))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_what_breaks_a_rule[sale price]",
)
def product_class():
    """A sale costs as much as the product at most."""
    rule = "sale_price BETWEEN 0.01 AND price"
    return product_with(CheckConstraint(rule, name="ck_products_sale_price"))


@wrong(
    "3.4.6",
    caught_by="test_q6_the_database_refuses_what_breaks_a_rule[sale price]",
)
def product_class():
    """Below the price is below the price."""
    rule = "sale_price < price"
    return product_with(CheckConstraint(rule, name="ck_products_sale_price"))


@wrong("3.4.6", caught_by="test_q6_what_breaks_no_rule_is_stored")
def product_class():
    """NULL fails a CHECK, so a sale has to be there."""
    rule = "sale_price IS NOT NULL AND sale_price > 0 AND sale_price < price"
    return product_with(CheckConstraint(rule, name="ck_products_sale_price"))


@wrong("3.4.6", caught_by="test_q6_what_breaks_no_rule_is_stored")
def product_class():
    """A price is a float."""
    return product_with(price=mapped_column(Float, nullable=False))


@wrong("3.4.6", caught_by="test_q6_prices_are_kept_to_the_cent")
def product_class():
    """Numeric is exact, so it needs no scale."""
    return product_with(
        price=mapped_column(Numeric, nullable=False), sale_price=mapped_column(Numeric)
    )


@right("3.4.6")
def product_class():
    """Lengths by CHECK, a wider number, a naming convention."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"}
        )

    class Product(Base):
        __tablename__ = "products"

        id = mapped_column(Integer, primary_key=True, autoincrement=True)
        sku = mapped_column(Text, CheckConstraint("length(sku) <= 12", name="sku"))
        name = mapped_column(
            Text,
            CheckConstraint("length(name) <= 80 AND name ~ '[^ ]'", name="name"),
            nullable=False,
        )
        price = mapped_column(Numeric(12, 2), nullable=False)
        sale_price = mapped_column(Numeric(12, 2))
        pieces = mapped_column(Integer, CheckConstraint("pieces > -1", name="pieces"))
        __table_args__ = (
            CheckConstraint("price >= 0.01 AND price <= 99999.99", name="price"),
            CheckConstraint(
                "sale_price IS NULL OR (sale_price > 0 AND sale_price < price)",
                name="sale_price",
            ),
            CheckConstraint("sku IS NOT NULL AND pieces IS NOT NULL", name="there"),
        )

    Index("uq_products_sku", func.upper(Product.sku), unique=True)
    return Product


@right("3.4.6")
def product_class():
    """A Table of one's own, and rules as expressions of its columns."""
    table = Table(
        "products",
        MetaData(),
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("sku", String(12), nullable=False),
        Column("name", String(80), nullable=False),
        Column("price", Numeric(7, 2), nullable=False),
        Column("sale_price", Numeric(7, 2)),
        Column("pieces", Integer, nullable=False),
    )
    c = table.columns
    cent, most = text("0.01"), text("99999.99")
    for name, rule in {
        "name": func.btrim(c.name, " \t\n") != "",
        "price": (c.price >= cent) & (c.price <= most),
        "sale_price": (c.sale_price >= cent) & (c.sale_price < c.price),
        "pieces": c.pieces >= 0,
    }.items():
        table.append_constraint(CheckConstraint(rule, name=f"ck_products_{name}"))
    Index("uq_products_sku", func.lower(c.sku), unique=True)

    class Base(DeclarativeBase):
        metadata = table.metadata

    class Product(Base):
        __table__ = table

    return Product
