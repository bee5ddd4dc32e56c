"""The types of what a browser may send: in handler payloads and in addresses."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import reflex as rx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opsportal.domain.refusals import NotFound

Id = Annotated[int, Field(gt=0, lt=2**63)]
Search = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
"""What somebody looks for. PostgreSQL has no NUL in texts, so nothing can contain one."""

Model = TypeVar("Model", bound=BaseModel)


class Address(BaseModel):
    """The parameters of a page's address. Everything in it is text; unknown parameters are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Page(Address):
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    q: Search = ""


def address(state: rx.State, model: type[Model]) -> Model:
    """The page's address, parsed. A malformed one is an address where nothing is: `NotFound`."""
    # Query and path parameters together, as the event carried them.
    given: dict[str, Any] = dict(state.router_data.get("query") or {})
    try:
        return model.model_validate(given)
    except ValidationError:
        raise NotFound from None
