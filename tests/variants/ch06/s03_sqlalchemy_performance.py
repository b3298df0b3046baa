"""Other answers to section 6.3."""

from itertools import groupby

from sqlalchemy import DDL, NullPool, QueuePool, StaticPool, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import defer, lazyload, raiseload, subqueryload

from sensei.variants import right, wrong


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[2-3]")
def open_engine(url, keep, most, patience):
    """Take `max_overflow` for the limit."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most,
        pool_timeout=patience,
        pool_pre_ping=True,
    )


@wrong("6.3.1", caught_by="test_q1_returned_connections_stay_open_up_to_keep[2-3]")
def open_engine(url, keep, most, patience):
    """Keep all connections open."""
    return create_engine(
        url, pool_size=most, max_overflow=0, pool_timeout=patience, pool_pre_ping=True
    )


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[1-4]")
def open_engine(url, keep, most, patience):
    """Allow no overflow."""
    return create_engine(
        url, pool_size=keep, max_overflow=0, pool_timeout=patience, pool_pre_ping=True
    )


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[3-3]")
def open_engine(url, keep, most, patience):
    """Keep the default of `max_overflow`, which is ten."""
    return create_engine(url, pool_size=keep, pool_timeout=patience, pool_pre_ping=True)


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[2-3]")
def open_engine(url, keep, most, patience):
    """Take the defaults."""
    return create_engine(url, pool_pre_ping=True)


@wrong("6.3.1", caught_by="test_q1_connections_are_used_again[2-3]")
def open_engine(url, keep, most, patience):
    """Open a new connection for each caller."""
    return create_engine(url, poolclass=NullPool)


@wrong("6.3.1", caught_by="test_q1_connections_are_used_again[2-3]")
def open_engine(url, keep, most, patience):
    """Replace each connection every time, so that it is always new."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=patience,
        pool_recycle=0,
    )


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[2-3]")
def open_engine(url, keep, most, patience):
    """Let all callers share one connection."""
    return create_engine(url, poolclass=StaticPool)


@wrong(
    "6.3.1", caught_by="test_q1_connections_that_the_server_closed_are_replaced[2-3]"
)
def open_engine(url, keep, most, patience):
    """Do not test the connections of the pool."""
    return create_engine(
        url, pool_size=keep, max_overflow=most - keep, pool_timeout=patience
    )


@wrong(
    "6.3.1", caught_by="test_q1_connections_that_the_server_closed_are_replaced[1-4]"
)
def open_engine(url, keep, most, patience):
    """Replace connections after half an hour only."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=patience,
        pool_recycle=1800,
    )


@wrong(
    "6.3.1",
    caught_by="test_q1_a_patient_caller_gets_a_connection_that_is_returned",
)
def open_engine(url, keep, most, patience):
    """Use a fixed time."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=2,
        pool_pre_ping=True,
    )


@wrong("6.3.1", caught_by="test_q1_a_caller_that_waits_too_long_gets_a_timeout_error")
def open_engine(url, keep, most, patience):
    """Wait for the default of 30 seconds."""
    return create_engine(
        url, pool_size=keep, max_overflow=most - keep, pool_pre_ping=True
    )


@wrong(
    "6.3.1",
    caught_by="test_q1_a_patient_caller_gets_a_connection_that_is_returned",
)
def open_engine(url, keep, most, patience):
    """Do not wait at all."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=0,
        pool_pre_ping=True,
    )


@wrong("6.3.1", caught_by="test_q1_a_caller_that_waits_too_long_gets_a_timeout_error")
def open_engine(url, keep, most, patience):
    """Limit the time to connect to the server, not the wait for the pool."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        connect_args={"connect_timeout": max(1, int(patience))},
        pool_pre_ping=True,
    )


@wrong("6.3.1", caught_by="test_q1_there_are_never_more_connections_than_most[1-4]")
def open_engine(url, keep, most, patience):
    """Use fixed sizes."""
    return create_engine(
        url, pool_size=2, max_overflow=1, pool_timeout=patience, pool_pre_ping=True
    )


@wrong("6.3.1", caught_by="test_q1_each_call_creates_an_engine_with_a_pool_of_its_own")
def open_engine(url, keep, most, patience, _engines={}):
    """Keep one engine for each database."""
    if url not in _engines:
        _engines[url] = create_engine(
            url,
            pool_size=keep,
            max_overflow=most - keep,
            pool_timeout=patience,
            pool_pre_ping=True,
        )
    return _engines[url]


@wrong(
    "6.3.1",
    caught_by="test_q1_a_patient_caller_gets_a_connection_that_is_returned",
)
def open_engine(url, keep, most, patience):
    """Wait for whole seconds."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=int(patience),
        pool_pre_ping=True,
    )


@wrong("6.3.1", caught_by="test_q1_a_caller_that_waits_too_long_gets_a_timeout_error")
def open_engine(url, keep, most, patience):
    """Wait for a second at least."""
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=max(1, patience),
        pool_pre_ping=True,
    )


@right("6.3.1")
def open_engine(url, keep, most, patience):
    """Name the class of the pool, and ping in an event of one's own."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=patience,
    )

    @event.listens_for(engine, "checkout")
    def ping(raw, record, proxy):
        try:
            raw.execute("SELECT 1")
            raw.rollback()
        except Exception:
            raise DisconnectionError from None

    return engine


@right("6.3.1")
def open_engine(url, keep, most, patience):
    """Take the connection that was returned last, and open them by oneself."""
    import psycopg
    from sqlalchemy import make_url

    address = make_url(url).set(drivername="postgresql")
    dsn = address.render_as_string(hide_password=False)
    sizes = {"pool_size": keep, "max_overflow": most - keep}
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(dsn),
        pool_use_lifo=True,
        pool_pre_ping=True,
        pool_timeout=patience,
        **sizes,
    )


def shown(articles):
    """Return the list for the page."""
    return [
        {
            "title": article.title,
            "author": article.author.name,
            "comments": [comment.text for comment in article.comments],
            "pictures": [picture.file for picture in article.pictures],
        }
        for article in articles
    ]


def newest(count):
    """Select the newest articles."""
    return select(Article).order_by(Article.id.desc()).limit(count)


@wrong(
    "6.3.2",
    caught_by="test_q2_no_row_is_sent_for_each_pair_of_a_comment_and_a_picture",
)
def front_page(session, count):
    """Join everything."""
    query = newest(count).options(
        joinedload(Article.author),
        joinedload(Article.comments),
        joinedload(Article.pictures),
    )
    return shown(session.scalars(query).unique())


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[3]")
def front_page(session, count):
    """Forget `unique` after joining a list."""
    query = newest(count).options(
        joinedload(Article.author),
        joinedload(Article.comments),
        selectinload(Article.pictures),
    )
    return shown(session.scalars(query))


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[3]")
def front_page(session, count):
    """Forget one of the lists."""
    query = newest(count).options(
        joinedload(Article.author), selectinload(Article.comments)
    )
    return shown(session.scalars(query))


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[20]")
def front_page(session, count):
    """Forget the author."""
    query = newest(count).options(
        selectinload(Article.pictures), selectinload(Article.comments)
    )
    return shown(session.scalars(query))


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[3]")
def front_page(session, count):
    """Join the author for the WHERE clause only, which loads no object."""
    return shown(session.scalars(newest(count).join(Article.author)))


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[3]")
def front_page(session, count):
    """Say that all relationships are lazy."""
    return shown(session.scalars(newest(count).options(lazyload("*"))))


@wrong("6.3.2", caught_by="test_q2_the_number_of_statements_does_not_grow[3]")
def front_page(session, count):
    """Forbid the statements, and load nothing else."""
    return shown(session.scalars(newest(count).options(raiseload("*"))))


@wrong("6.3.2", caught_by="test_q2_only_the_newest_articles_are_loaded[2]")
def front_page(session, count):
    """Load the comments and the pictures of all articles."""
    query = newest(count).options(joinedload(Article.author))
    comments, pictures = {}, {}
    for one in session.scalars(select(Comment).order_by(Comment.id)):
        comments.setdefault(one.article_id, []).append(one.text)
    for one in session.scalars(select(Picture).order_by(Picture.id)):
        pictures.setdefault(one.article_id, []).append(one.file)
    return [
        {
            "title": one.title,
            "author": one.author.name,
            "comments": comments.get(one.id, []),
            "pictures": pictures.get(one.id, []),
        }
        for one in session.scalars(query)
    ]


@wrong("6.3.2", caught_by="test_q2_only_the_newest_articles_are_loaded[5]")
def front_page(session, count):
    """Load all articles, and cut the list in Python."""
    query = (
        select(Article)
        .order_by(Article.id.desc())
        .options(
            joinedload(Article.author),
            selectinload(Article.comments),
            selectinload(Article.pictures),
        )
    )
    return shown(session.scalars(query).all()[:count])


@wrong("6.3.2", caught_by="test_q2_only_the_newest_articles_are_loaded[2]")
def front_page(session, count):
    """Join the comments before the limit, which then counts joined rows."""
    from sqlalchemy.orm import contains_eager

    query = (
        newest(count)
        .outerjoin(Article.comments)
        .options(
            contains_eager(Article.comments),
            joinedload(Article.author),
            selectinload(Article.pictures),
        )
    )
    return shown(session.scalars(query).unique())


@wrong(
    "6.3.2",
    caught_by="test_q2_an_article_without_comments_and_pictures_is_shown",
)
def front_page(session, count):
    """Join the pictures with an inner join."""
    query = newest(count).options(
        selectinload(Article.comments),
        joinedload(Article.author),
        joinedload(Article.pictures, innerjoin=True),
    )
    return shown(session.scalars(query).unique())


@wrong(
    "6.3.2", caught_by="test_q2_no_row_is_sent_for_each_pair_of_a_comment_and_a_picture"
)
def front_page(session, count):
    """Send one large statement, and collect the objects in Python."""
    page = newest(count).subquery()
    query = (
        select(page.c.title, Author.name, page.c.id, Comment, Picture)
        .join(Author, Author.id == page.c.author_id)
        .outerjoin(Comment, Comment.article_id == page.c.id)
        .outerjoin(Picture, Picture.article_id == page.c.id)
        .order_by(page.c.id.desc(), Comment.id, Picture.id)
    )
    found = {}
    for title, author, number, comment, picture in session.execute(query):
        entry = found.setdefault(
            number, {"title": title, "author": author, "comments": [], "pictures": []}
        )
        if comment and comment.text not in entry["comments"]:
            entry["comments"].append(comment.text)
        if picture and picture.file not in entry["pictures"]:
            entry["pictures"].append(picture.file)
    return list(found.values())


@wrong("6.3.2", caught_by="test_q2_a_new_article_is_on_the_next_page")
def front_page(session, count, _pages={}):
    """Keep the page."""
    if count not in _pages:
        query = newest(count).options(
            joinedload(Article.author),
            selectinload(Article.comments),
            selectinload(Article.pictures),
        )
        _pages[count] = shown(session.scalars(query))
    return _pages[count]


@wrong("6.3.2", caught_by="test_q2_articles_with_the_same_texts_are_shown")
def front_page(session, count):
    """Collect what belongs to an article under its title."""
    page = session.execute(
        select(Article.id, Article.title, Author.name)
        .join(Article.author)
        .order_by(Article.id.desc())
        .limit(count)
    ).all()
    titles = {number: title for number, title, _ in page}
    found = {
        title: {"title": title, "author": name, "comments": [], "pictures": []}
        for _, title, name in page
    }
    for model, column, name in (
        (Comment, Comment.text, "comments"),
        (Picture, Picture.file, "pictures"),
    ):
        rows = select(model.article_id, column).where(model.article_id.in_(titles))
        for number, value in session.execute(rows.order_by(model.id)):
            found[titles[number]][name].append(value)
    return list(found.values())


def eager(count):
    """Select the newest articles, with everything that the page shows."""
    return newest(count).options(
        joinedload(Article.author),
        selectinload(Article.comments),
        selectinload(Article.pictures),
    )


@wrong("6.3.2", caught_by="test_q2_only_the_newest_articles_are_loaded[2]")
def front_page(session, count):
    """Take 0 for a number that is missing."""
    return shown(session.scalars(eager(count or 10)))


@wrong("6.3.2", caught_by="test_q2_an_article_that_is_not_committed_is_shown")
def front_page(session, count):
    """Open another session."""
    with Session(session.get_bind()) as other:
        return shown(other.scalars(eager(count)))


@right("6.3.2")
def front_page(session, count):
    """Send one more statement for each of the three relationships."""
    query = newest(count).options(
        selectinload(Article.author),
        selectinload(Article.comments),
        selectinload(Article.pictures),
        raiseload("*"),
    )
    return shown(session.scalars(query).all())


@right("6.3.2")
def front_page(session, count):
    """Join one of the two lists."""
    query = newest(count).options(
        joinedload(Article.author, innerjoin=True),
        joinedload(Article.comments),
        subqueryload(Article.pictures),
    )
    return shown(session.execute(query).unique().scalars())


@right("6.3.2")
def front_page(session, count):
    """Write the statements oneself, and load columns only."""
    page = session.execute(
        select(Article.id, Article.title, Author.name)
        .join(Article.author)
        .order_by(Article.id.desc())
        .limit(count)
    ).all()
    ids = [number for number, _, _ in page]

    def texts(model, column):
        rows = session.execute(
            select(model.article_id, column)
            .where(model.article_id.in_(ids))
            .order_by(model.article_id, model.id)
        )
        return {
            number: [text for _, text in found]
            for number, found in groupby(rows, key=lambda row: row[0])
        }

    comments, pictures = texts(Comment, Comment.text), texts(Picture, Picture.file)
    return [
        {
            "title": title,
            "author": name,
            "comments": comments.get(number, []),
            "pictures": pictures.get(number, []),
        }
        for number, title, name in page
    ]


def table_with(metadata, *indexes):
    """Return the table with these indexes."""
    return Table(
        "comments",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("article_id", Integer, nullable=False),
        Column("email", String(254), nullable=False),
        Column("created", Integer, nullable=False),
        Column("text", String(2000), nullable=False),
        *indexes,
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_newest_comments_are_found_with_the_same_work[article]",
)
def comments_table(metadata):
    """Do not include the order."""
    return table_with(
        metadata,
        Index("ix_article", "article_id"),
        Index("ix_email", text("lower(email)")),
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_newest_comments_are_found_with_the_same_work[table]",
)
def comments_table(metadata):
    """Put the order first."""
    return table_with(
        metadata,
        Index("ix_article", "created", "article_id"),
        Index("ix_email", text("lower(email)")),
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_newest_comments_are_found_with_the_same_work[table]",
)
def comments_table(metadata):
    """Index the order only."""
    return table_with(
        metadata,
        Index("ix_created", text("created DESC")),
        Index("ix_email", text("lower(email)")),
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_comments_of_a_reader_are_found_with_the_same_work[table]",
)
def comments_table(metadata):
    """Index the column, and not what the query compares."""
    return table_with(
        metadata,
        Index("ix_article", "article_id", "created"),
        Index("ix_email", "email"),
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_comments_of_a_reader_are_found_with_the_same_work[article]",
)
def comments_table(metadata):
    """Index the column without its case, which the query does not ask for."""
    return table_with(
        metadata,
        Index("ix_article", "article_id", "created"),
        Index("ix_email", text("email COLLATE NOCASE")),
    )


@wrong(
    "6.3.3",
    caught_by="test_q3_the_comments_of_a_reader_are_found_with_the_same_work[table]",
)
def comments_table(metadata):
    """Put all columns into one index."""
    return table_with(
        metadata, Index("ix_all", "article_id", "created", text("lower(email)"))
    )


@wrong("6.3.3", caught_by="test_q3_there_are_at_most_two_indexes")
def comments_table(metadata):
    """Index each column as well."""
    return table_with(
        metadata,
        Index("ix_article_created", "article_id", "created"),
        Index("ix_lower_email", text("lower(email)")),
        Index("ix_article", "article_id"),
        Index("ix_created", "created"),
    )


@wrong("6.3.3", caught_by="test_q3_the_table_accepts_the_same_rows_as_before")
def comments_table(metadata):
    """Let each reader write once at a time."""
    return table_with(
        metadata,
        Index("ix_article", "article_id", "created", unique=True),
        Index("ix_email", text("lower(email)")),
    )


@wrong("6.3.3", caught_by="test_q3_the_table_accepts_the_same_rows_as_before")
def comments_table(metadata):
    """Make the addresses unique."""
    return table_with(
        metadata,
        Index("ix_article", "article_id", "created"),
        Index("ix_email", text("lower(email)"), unique=True),
    )


@wrong("6.3.3", caught_by="test_q3_there_are_at_most_two_indexes")
def comments_table(metadata):
    """Create index objects that belong to no table."""
    comments = table_with(metadata)
    Index("ix_article", "article_id", "created")
    Index("ix_email", text("lower(email)"))
    return comments


@wrong("6.3.3", caught_by="test_q3_there_are_at_most_two_indexes")
def comments_table(metadata):
    """Set `index=True` where the queries have a column."""
    return Table(
        "comments",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("article_id", Integer, nullable=False, index=True),
        Column("email", String(254), nullable=False, index=True),
        Column("created", Integer, nullable=False, index=True),
        Column("text", String(2000), nullable=False),
    )


@wrong("6.3.3", caught_by="test_q3_the_table_accepts_the_same_rows_as_before")
def comments_table(metadata):
    """Write the columns anew, and forget that they have no NULL."""
    return Table(
        "comments",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("article_id", Integer),
        Column("email", String(254)),
        Column("created", Integer),
        Column("text", String(2000)),
        Index("ix_article", "article_id", "created"),
        Index("ix_email", text("lower(email)")),
    )


@right("6.3.3")
def comments_table(metadata):
    """Write the expressions as SQL, and sort the index as the query does."""
    return table_with(
        metadata,
        Index("by_article", "article_id", text("created DESC")),
        Index("by_email", text("lower(email)"), "created"),
    )


@right("6.3.3")
def comments_table(metadata):
    """Create the indexes in SQL, when the table is created."""
    comments = table_with(metadata)
    for sql in (
        "a ON comments (article_id, created, id)",
        "b ON comments (lower(email))",
    ):
        event.listen(comments, "after_create", DDL(f"CREATE INDEX {sql}"))
    return comments
