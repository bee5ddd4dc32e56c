"""What a ticket declines, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class SubjectMissing(Refusal):
    code = "subject_missing"
    msgid = "The subject is empty. Nothing was sent. Say in a few words what it is about."


class SubjectTooLong(Refusal):
    code = "subject_too_long"
    msgid = (
        "The subject is longer than {limit} characters. Nothing was sent. Put the details into the message."
    )


class MessageMissing(Refusal):
    code = "message_missing"
    msgid = "The message is empty. Nothing was sent. Write what you need to say."


class MessageTooLong(Refusal):
    code = "message_too_long"
    msgid = "The message is longer than {limit} characters. Nothing was sent. Attach long texts as a file."


class TextUnreadable(Refusal):
    code = "text_unreadable"
    msgid = "The text contains characters that cannot be stored. Nothing was sent. Attach it as a file."


class TicketClosed(Refusal):
    code = "ticket_closed"
    msgid = "This ticket was closed for good. Nothing was sent. Open a new ticket and mention its number."


class TicketAlreadyEnded(Refusal):
    code = "ticket_already_ended"
    msgid = "This ticket is resolved already. Nothing was changed."


class TicketNotEnded(Refusal):
    code = "ticket_not_ended"
    msgid = "This ticket is still open. Nothing was changed. Write a reply instead."


class StatusNotPossible(Refusal):
    code = "status_not_possible"
    msgid = "A ticket in this state cannot be given that one. Nothing was changed. Reload the page and look again."


class NotOfTheDesk(Refusal):
    code = "not_of_the_desk"
    msgid = "This person does not work on tickets. Nothing was changed. Choose somebody of the desk."


class TooManyTickets(Refusal):
    code = "too_many_tickets"
    msgid = "Your company has opened {limit} tickets within an hour. Nothing was sent. Add to one of them, or wait."


class TooManyMessages(Refusal):
    code = "too_many_messages"
    msgid = (
        "Your company has written {limit} messages here within an hour. Nothing was sent. Wait for an answer."
    )


class FileEmpty(Refusal):
    code = "file_empty"
    msgid = "This file is empty. It was not added. Choose another."


class FileTooLarge(Refusal):
    code = "file_too_large"
    msgid = "This file is larger than {limit} MB. It was not added. Compress or split it."


class FileTypeNotAllowed(Refusal):
    code = "file_type_not_allowed"
    msgid = "This is not a picture, PDF, plain text or ZIP. It was not added. Put it into a ZIP file."


class TooManyFiles(Refusal):
    code = "too_many_files"
    msgid = "A message takes {limit} files. Nothing was sent. Put more of them into a ZIP file."


class TooManyUploads(Refusal):
    code = "too_many_uploads"
    msgid = "Too many files are waiting to be sent. This one was not added. Send or remove the others first."


class FileGone(Refusal):
    code = "file_gone"
    msgid = "A file is no longer there. Nothing was sent. Add it again."
