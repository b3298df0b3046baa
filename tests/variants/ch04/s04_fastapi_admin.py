"""Other answers to section 4.4."""

from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import sessionmaker

from sensei.variants import right, wrong


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Set no columns, so the list shows the primary key."""

    class ArticleAdmin(ModelView, model=Article):
        pass

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Show every column."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = "__all__"

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Leave out the long column only."""

    class ArticleAdmin(ModelView, model=Article):
        column_exclude_list = [Article.body]

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Do not add the view."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, engine)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Add an instance of the view."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, engine).add_view(ArticleAdmin())


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Name the model within the class, as Django does."""

    class ArticleAdmin(ModelView):
        model = Article
        column_list = [Article.title, Article.topic]

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Add the pages to another application."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(FastAPI(), engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Use another base path."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, engine, base_url="/desk").add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Use a database of one's own, which is empty."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, create_engine("sqlite://")).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_an_employee_creates_edits_and_deletes_articles")
def add_articles(app, engine):
    """Only show the articles."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]
        can_create = can_edit = can_delete = False

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_an_employee_creates_edits_and_deletes_articles")
def add_articles(app, engine):
    """Show the columns of the list in the form only, so the body is missing."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = form_columns = [Article.title, Article.topic]

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_an_employee_creates_edits_and_deletes_articles")
def add_articles(app, engine):
    """Do not allow deleting."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]
        can_delete = False

    Admin(app, engine).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_an_employee_creates_edits_and_deletes_articles")
def add_articles(app, engine):
    """Remove spaces from what employees type."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

        async def on_model_change(self, data, model, is_created, request):
            data.update({name: text.strip() for name, text in data.items()})

    Admin(app, engine).add_view(ArticleAdmin)


engines = []


@wrong("4.4.1", caught_by="test_q1_each_application_uses_its_own_engine")
def add_articles(app, engine):
    """Use the engine of the first call for all applications."""
    engines.append(engine)

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, engines[0]).add_view(ArticleAdmin)


@wrong("4.4.1", caught_by="test_q1_the_list_shows_title_and_topic")
def add_articles(app, engine):
    """Require a login already."""

    class ArticleAdmin(ModelView, model=Article):
        column_list = [Article.title, Article.topic]

    Admin(app, engine, authentication_backend=DeskLogin("s")).add_view(ArticleAdmin)


class ArticlePages(ModelView, model=Article):
    column_list = ["title", "topic"]


@right("4.4.1")
def add_articles(app, engine):
    """Define the view at module level."""
    Admin(app, engine).add_view(ArticlePages)


@right("4.4.1")
def add_articles(app, engine):
    """Use names, labels and a session factory."""

    class Articles(ModelView, model=Article):
        name = "Help article"
        icon = "fa-solid fa-book"
        column_list = ["topic", "title"]
        column_labels = {"title": "Title", "topic": "Topic"}

    interface = Admin(app=app, session_maker=sessionmaker(engine), title="Desk")
    interface.add_model_view(Articles)


@right("4.4.1")
def add_articles(app, engine):
    """Leave out columns, and set an order."""

    class ArticleView(ModelView, model=Article):
        column_exclude_list = (Article.id, Article.body)
        column_default_sort = "title"

    admin = Admin(app, engine, base_url="/admin")
    admin.add_view(ArticleView)


@wrong("4.4.2", caught_by="test_q2_the_details_show_id_email_and_name")
def user_admin():
    """Configure the list only."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        form_columns = [User.email, User.name]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_hash_is_on_no_page")
def user_admin():
    """Forget the forms, which show the hash."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_a_form_cannot_change_the_hash")
def user_admin():
    """Hide the hash on the edit page only."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_edit_rules = ["email", "name"]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_a_form_cannot_change_the_hash")
def user_admin():
    """Hide the field of the hash with CSS, so the form still takes it."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_widget_args = {"password_hash": {"style": "display: none"}}
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_hash_is_on_no_page")
def user_admin():
    """Make the field of the hash read-only, so the page still shows it."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_widget_args = {"password_hash": {"readonly": True}}
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_hash_is_on_no_page")
def user_admin():
    """Replace the hash by stars, and keep the column."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_formatters_detail = {User.password_hash: lambda user, name: "***"}
        form_columns = [User.email, User.name]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_exports_contain_email_and_name")
def user_admin():
    """Export every column."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_exclude_list = [User.password_hash]
        column_export_list = [User.id, User.email, User.name, User.password_hash]
        form_excluded_columns = [User.password_hash]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_exports_contain_email_and_name")
def user_admin():
    """Allow no export."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_exclude_list = [User.password_hash]
        form_excluded_columns = [User.password_hash]
        can_delete = can_export = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_details_show_id_email_and_name")
def user_admin():
    """Allow no details page."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        form_columns = [User.email, User.name]
        can_delete = can_view_details = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_list_shows_email_and_name")
def user_admin():
    """Leave out the hash in the list only, so the id is there."""

    class UserAdmin(ModelView, model=User):
        column_exclude_list = [User.password_hash]
        column_details_exclude_list = [User.password_hash]
        form_excluded_columns = [User.password_hash]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_deleting_a_user_returns_403")
def user_admin():
    """Leave deleting on."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.email, User.name]

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_deleting_a_user_returns_403")
def user_admin():
    """Ignore a deletion, which then looks as if it worked."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.email, User.name]

        async def delete_model(self, request, pk):
            pass

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_employees_set_and_change_email_and_name")
def user_admin():
    """Allow no new users and no changes."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        can_create = can_edit = can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_employees_set_and_change_email_and_name")
def user_admin():
    """Forget the e-mail address in the form."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.name]
        can_delete = False

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_the_list_shows_email_and_name")
def user_admin():
    """Return an instance."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.email, User.name]
        can_delete = False

    return UserAdmin()


@wrong("4.4.2", caught_by="test_q2_employees_set_and_change_email_and_name")
def user_admin():
    """Remove the hash with every form."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.email, User.name]
        can_delete = False

        async def on_model_change(self, data, model, is_created, request):
            data["password_hash"] = None

    return UserAdmin


@wrong("4.4.2", caught_by="test_q2_employees_set_and_change_email_and_name")
def user_admin():
    """Save e-mail addresses in lower case."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_columns = [User.email, User.name]
        can_delete = False

        async def on_model_change(self, data, model, is_created, request):
            data["email"] = data["email"].lower()

    return UserAdmin


@right("4.4.2")
def user_admin():
    """Name the fields of the forms by rules, which remove all others."""

    class UserAdmin(ModelView, model=User):
        column_list = [User.email, User.name]
        column_details_list = [User.id, User.email, User.name]
        form_create_rules = form_edit_rules = ["email", "name"]
        can_delete = False

    return UserAdmin


@right("4.4.2")
def user_admin():
    """Leave out columns, by their names."""

    class UserAdmin(ModelView, model=User):
        column_exclude_list = ["id", "password_hash"]
        column_details_exclude_list = ["password_hash"]
        form_excluded_columns = ["password_hash"]
        can_delete = False

    return UserAdmin


@right("4.4.2")
def user_admin():
    """Derive the columns from the model, and check the permission in a method."""
    shown = [name for name in inspect(User).columns.keys() if name != "password_hash"]

    class UserAdmin(ModelView, model=User):
        name_plural = "People"
        column_list = column_export_list = shown[1:]
        column_details_list = shown
        form_create_rules = form_edit_rules = form_columns = shown[1:]
        column_labels = {"email": "E-mail"}
        column_searchable_list = [User.email]

        async def check_can_delete(self, request, model):
            return False

        can_delete = False

    return UserAdmin


@wrong("4.4.3", caught_by="test_q3_pages_without_a_login_redirect_to_the_login")
def add_prototype(app, engine, secret):
    """Forget the login."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine)
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_cookie_is_signed_with_the_secret")
def add_prototype(app, engine, secret):
    """Sign the cookie with a word in the code."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin("change me"))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_pages_without_a_login_redirect_to_the_login")
def add_prototype(app, engine, secret):
    """Give the class of the login, and not an object."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin)
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_pages_without_a_login_redirect_to_the_login")
def add_prototype(app, engine, secret):
    """Add the middleware of the session, and no login."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, middlewares=DeskLogin(secret).middlewares)
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_password_opens_the_pages_until_the_logout")
def add_prototype(app, engine, secret):
    """Add a view of the tickets only."""

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_shows_the_newest_ticket_first")
def add_prototype(app, engine, secret):
    """Show the number of the customer."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer_id]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_shows_the_newest_ticket_first")
def add_prototype(app, engine, secret):
    """Leave the order to the primary key."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_shows_the_newest_ticket_first")
def add_prototype(app, engine, secret):
    """Sort in ascending order: the second value means "descending"."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", False)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_shows_the_newest_ticket_first")
def add_prototype(app, engine, secret):
    """Sort by the subject."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = "subject"

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_shows_the_newest_ticket_first")
def add_prototype(app, engine, secret):
    """Sort by the status first."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = [("status", False), ("id", True)]

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Search only for the beginning of a customer's name."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject]
        column_default_sort = ("id", True)

        def search_query(self, stmt, term):
            has_name = Ticket.customer.has(Customer.name.istartswith(term))
            return stmt.where(Ticket.subject.icontains(term) | has_name)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Search the subjects only."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Configure no search."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Name the column of the customer, which is then looked for in the tickets."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, Customer.name]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Search the relationship."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, Ticket.customer]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Search the status, too."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, Ticket.status, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_list_of_customers_shows_the_names")
def add_prototype(app, engine, secret):
    """Configure nothing for the customers."""

    class CustomerAdmin(ModelView, model=Customer):
        pass

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_employees_create_edit_and_delete")
def add_prototype(app, engine, secret):
    """Leave the customer out of the form."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)
        form_columns = [Ticket.subject, Ticket.status]

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_the_search_finds_subjects_and_customers")
def add_prototype(app, engine, secret):
    """Find whole texts only."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

        def search_query(self, stmt, term):
            is_found = (Ticket.subject == term) | (Customer.name == term)
            return stmt.join(Ticket.customer).where(is_found)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@wrong("4.4.3", caught_by="test_q3_employees_edit_and_delete_customers")
def add_prototype(app, engine, secret):
    """Do not allow deleting customers."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]
        can_delete = False

    class TicketAdmin(ModelView, model=Ticket):
        column_list = [Ticket.subject, Ticket.status, Ticket.customer]
        column_searchable_list = [Ticket.subject, "customer.name"]
        column_default_sort = ("id", True)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@right("4.4.3")
def add_prototype(app, engine, secret):
    """Allow no export and no details, and escape the text of the search."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = [Customer.name]
        can_export = can_view_details = False

    class TicketAdmin(ModelView, model=Ticket):
        column_exclude_list = [Ticket.id, Ticket.customer_id]
        column_default_sort = [("id", True)]
        column_searchable_list = [Ticket.subject]
        can_export = can_view_details = False

        def search_query(self, stmt, term):
            subject = Ticket.subject.icontains(term, autoescape=True)
            name = Customer.name.icontains(term, autoescape=True)
            return stmt.join(Ticket.customer).where(subject | name)

    admin = Admin(app, engine, authentication_backend=DeskLogin(secret))
    admin.add_view(CustomerAdmin)
    admin.add_view(TicketAdmin)


@right("4.4.3")
def add_prototype(app, engine, secret):
    """Show more columns, and write the queries."""

    class CustomerAdmin(ModelView, model=Customer):
        column_list = ["id", "name"]

    class TicketAdmin(ModelView, model=Ticket):
        column_list = ["id", "customer.name", "subject", "status"]
        column_labels = {"customer.name": "Customer"}
        column_searchable_list = ["subject"]

        def sort_query(self, stmt, request):
            return stmt.order_by(Ticket.id.desc())

        def search_query(self, stmt, term):
            is_found = Ticket.subject.icontains(term) | Customer.name.icontains(term)
            return stmt.join(Ticket.customer).where(is_found)

    login = DeskLogin(secret_key=secret)
    admin = Admin(app=app, engine=engine, authentication_backend=login)
    for view in (TicketAdmin, CustomerAdmin):
        admin.add_view(view)


def customer_view():
    """Return a view that shows every column."""

    class CustomerView(ModelView, model=Customer):
        column_list = "__all__"

    return CustomerView


@right("4.4.3")
def add_prototype(app, engine, secret):
    """Sort by a list of columns, and use a session factory."""

    class TicketAdmin(ModelView, model=Ticket):
        column_list = "__all__"
        column_searchable_list = ["customer.name", "subject"]
        column_default_sort = [(Ticket.id, True), (Ticket.subject, False)]

    admin = Admin(
        app,
        session_maker=sessionmaker(engine),
        title="Tickets",
        authentication_backend=DeskLogin(secret),
    )
    admin.add_model_view(TicketAdmin)
    admin.add_model_view(customer_view())
