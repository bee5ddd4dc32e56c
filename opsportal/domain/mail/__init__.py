"""Mails: written in the recipient's language, archived, and handed to a mail server by a worker."""
