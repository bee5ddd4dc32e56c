"""PDFs of issued documents: made once, kept as they are."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from opsportal.models.base import moment, utcnow


class InvoicePdf(SQLModel, table=True):
    """The PDF of a document. The row is written with the issue and filled afterwards, then never changed."""

    __tablename__ = "invoice_pdf"
    __table_args__ = (
        CheckConstraint("(content IS NULL) = (made_at IS NULL)", name="made_is_filled"),
        Index("ix_invoice_pdf_due", "due_at", postgresql_where=text("content IS NULL")),
    )

    invoice_id: int = Field(sa_column=Column(BigInteger, ForeignKey("invoice.id"), primary_key=True))
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    made_at: dt.datetime | None = moment()
    attempts: int = 0
    due_at: dt.datetime = Field(
        default_factory=utcnow, sa_column=Column(DateTime(timezone=True), nullable=False)
    )
