"""PDFs of documents, for whoever may read the document; anybody else finds nothing there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.documents import copies
from opsportal.domain.refusals import NotFound
from opsportal.integrations.documents import render_invoice
from opsportal.web.actors import actor_of
from opsportal.web.attachments import disposition
from opsportal.web.json_doors import answering


async def invoice_pdf(request: Request) -> Response:
    """A document's PDF, to be saved; made now if no worker has come to it yet."""
    actor = await actor_of(request)
    invoice_id: int = request.path_params["invoice_id"]
    if not 0 < invoice_id < 2**63:
        raise NotFound
    number, content = await in_unit(_find, actor, invoice_id)
    if content is None:
        sheet, issued_at = await in_unit(copies.sheet_of, invoice_id)
        made = await in_thread(render_invoice, sheet, made_at=issued_at)
        content = await in_unit(copies.keep_copy, invoice_id, made)
    headers = {"content-disposition": disposition(f"{number}.pdf")}
    return Response(content, media_type="application/pdf", headers=headers)


def _find(unit: Unit, actor: Actor, invoice_id: int) -> tuple[str, bytes | None]:
    return copies.find_copy(unit, actor, invoice_id)


ROUTES = [Route("/documents/invoices/{invoice_id:int}.pdf", answering(invoice_pdf), methods=["GET"])]
