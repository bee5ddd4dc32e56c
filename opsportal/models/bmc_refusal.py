"""BMCs that have refused our user or our password."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey
from sqlmodel import Field, SQLModel

from opsportal.models.base import moment


class BmcRefusal(SQLModel, table=True):
    """So often in a row one server's BMC has refused the credentials on record. Gone once it lets us in."""

    __tablename__ = "bmc_refusal"
    __table_args__ = (CheckConstraint("times > 0", name="times_positive"),)

    server_id: int = Field(sa_column=Column(BigInteger, ForeignKey("server.id"), primary_key=True))
    mark: str
    """Of the address and credentials that were refused: others may be tried at once."""
    code: str
    times: int
    last_at: dt.datetime = moment(default_now=True)
