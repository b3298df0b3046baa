"""6.3  SQLAlchemy performance optimization.

Most of the time of a slow request is spent between the application and the database:
connections are opened, statements are sent one by one, rows are read that nobody needs.
Notes: content/docs/fastapi/performance/sqlalchemy-performance.md
"""

from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    func,
    select,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    # region answer
    # stub:
    joinedload,
    # endregion
    mapped_column,
    relationship,
    # region answer
    # stub:
    selectinload,
    # endregion
)


def open_engine(url: str, keep: int, most: int, patience: float) -> Engine:
    """6.3.1  How does connection pooling work in SQLAlchemy, and why is it important?

    PostgreSQL starts a process for each connection, and accepts a limited number of
    them. So the news site opens few connections, and uses them again and again. Create
    a new engine for `url` that has such a connection pool.

    - The engine never has more than `most` connections. When they are returned, up to
      `keep` of them stay open and are used again. The others are closed.
    - If all `most` connections are in use, a caller waits for one. After `patience`
      seconds, the call raises SQLAlchemy's `TimeoutError`.
    - PostgreSQL can close connections that wait in the pool, for example when it
      restarts. The next caller gets a new connection, and no error.

    Given:
        `url` names a PostgreSQL database.
        `keep` is at least 1, and at most `most`.
    """
    # region answer
    # In words: A connection pool keeps connections open and lends them. A caller gets
    # one that is free, or a new one up to the limit, or waits. So most requests need no
    # new connection, which would cost more time than a small query. The limit protects
    # the database: each process of the application has a pool of its own, and all of
    # them together must not exceed what the server accepts.
    return create_engine(
        url,
        pool_size=keep,
        max_overflow=most - keep,
        pool_timeout=patience,
        pool_pre_ping=True,
    )
    # endregion


class Base(DeclarativeBase):
    """The base class of the news site's models."""


class Author(Base):
    """A person who writes articles."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Comment(Base):
    """What a reader writes below an article."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    text: Mapped[str]


class Picture(Base):
    """A picture in an article."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    file: Mapped[str]


class Article(Base):
    """An article. The highest id is the newest one."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship()
    comments: Mapped[list[Comment]] = relationship(order_by=Comment.id)
    pictures: Mapped[list[Picture]] = relationship(order_by=Picture.id)


def front_page(session: Session, count: int) -> list[dict[str, Any]]:
    """6.3.2  Explain the N+1 query problem and how to solve it using eager loading.

    The front page shows the newest articles. It is slow: one statement loads the
    articles, and then the loop below sends up to three more for each of them. Repair
    the query.

    - The function reads with `session`, and returns the same list as before.
    - It sends at most four statements, however many articles there are.
    - In all, the database sends at most one row for each article, author, comment and
      picture that the page shows.

    Given:
        `count` is between 0 and 100.

    Example:
        The page shows two articles of one author. One article has ten comments and ten
        pictures, the other has none.  ->  at most 2 + 1 + 10 + 10 = 23 rows
    """
    # region answer
    # In words: N+1 means one statement for N objects, and then one more for each of
    # them, because a relationship loads its objects when it is first read. Eager
    # loading fetches them for all objects at once. `joinedload` adds a JOIN, which
    # suits a single object. `selectinload` sends one more statement, which suits a
    # list: two lists in one JOIN give a row for each pair of their objects.
    query = (
        select(Article)
        .order_by(Article.id.desc())
        .limit(count)
        .options(
            joinedload(Article.author),
            selectinload(Article.comments),
            selectinload(Article.pictures),
        )
    )
    # stub: query = select(Article).order_by(Article.id.desc()).limit(count)
    # endregion
    return [
        {
            "title": article.title,
            "author": article.author.name,
            "comments": [comment.text for comment in article.comments],
            "pictures": [picture.file for picture in article.pictures],
        }
        for article in session.scalars(query)
    ]


def newest_comments(comments: Table, article: int) -> Select[Any]:
    """Select the ten newest comments on an article."""
    query = select(comments).where(comments.c.article_id == article)
    return query.order_by(comments.c.created.desc()).limit(10)


def comments_of(comments: Table, email: str) -> Select[Any]:
    """Select the comments of a reader, who can write the address in any case."""
    return select(comments).where(func.lower(comments.c.email) == email.lower())


def comments_table(metadata: MetaData) -> Table:
    """6.3.3  What are database indexes, and how do they improve query performance?

    The table of comments grows, and the two queries above become slower: the database
    reads the whole table for each of them. Add indexes to the table.

    - For `newest_comments`, the work of the database does not grow with the table. It
      does not grow with the number of comments on the article either.
    - For `comments_of`, its work does not grow with the comments of other readers.
    - There are at most two indexes: each one makes every INSERT slower.
    - The table accepts the same rows as before.

    Given:
        The database is SQLite. It uses an index by itself if the index fits.
    """
    comments = Table(
        "comments",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("article_id", Integer, nullable=False),
        Column("email", String(254), nullable=False),
        Column("created", Integer, nullable=False),
        Column("text", String(2000), nullable=False),
    )
    # region answer
    # In words: An index is a sorted copy of some columns, with a pointer to each row.
    # The database jumps to the values that it looks for, instead of reading all rows.
    # In an index of several columns, the first ones are those that the query compares,
    # and the next one is the order: then nothing must be sorted. An index is only used
    # for what it stores: an index of `email` does not help to find `lower(email)`.
    Index("ix_comments_article_created", comments.c.article_id, comments.c.created)
    Index("ix_comments_lower_email", func.lower(comments.c.email))
    # endregion
    return comments
