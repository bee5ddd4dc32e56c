"""One State with one handler of the kind that is measured, one page that shows it."""

import dataclasses

import reflex as rx


@dataclasses.dataclass
class Notice:
    """As big as the portal's notice."""

    id: str = ""
    kind: str = ""
    msgid: str = ""
    params: dict[str, str] = dataclasses.field(default_factory=dict)


class Bare(rx.State):
    """All there is."""

    notice: Notice = Notice()

    @rx.event
    async def dismiss(self) -> None:
        """The notice was read."""
        self.notice = Notice()


def index() -> rx.Component:
    """A heading, a line of text, a button."""
    return rx.container(
        rx.heading("Bare"),
        rx.text(Bare.notice.msgid),
        rx.button("Dismiss", on_click=Bare.dismiss),
    )


app = rx.App()
app.add_page(index, route="/")
