"""Pages of tickets, the staff's desk and the archive of mails."""
