"""What the address of the page says, read in the browser."""

from __future__ import annotations

import reflex as rx
from reflex.vars import VarData

_PARAMS = VarData(imports={"react-router": "useParams"}, hooks={"const params = useParams();": None})


def route_number(name: str) -> rx.vars.NumberVar:
    """The number in a page's route, as in /servers/[server_id].

    A state still holds the object of the page before until the new one has arrived: compare with this.
    """
    return rx.Var(f"Number(params.{name})", _var_data=_PARAMS).to(int)
