"""The hash is the one that every Linux understands, and the password is worth its name."""

from __future__ import annotations

import re

from opsportal.domain.provisioning.passwords import make_password, sha512_crypt

KNOWN = {
    ("Hello world!", "saltstring"): "$6$saltstring$"
    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ("hello", "saltsaltsaltsalt"): "$6$saltsaltsaltsalt$"
    "ua.elKIsVqsncaZdfPTxy3xzt9aGdjjy9Hy4H8xeB1ao22O3Ii1w2U2vGiVNjO6bn9XVy03Iiw74WyBL.fU/e0",
    ("päßwörd", "saltstring"): "$6$saltstring$"
    "6t38mtMk.9NQrLxUeCEH9aHJ/gz6S45fuX6JvZfWEkbURXr8kgFicCZz2MX.81Z1h3aiCZsuo0nFkRUIDYCOG1",
    ("x" * 64, "abcdefgh"): "$6$abcdefgh$"
    "J74PEApZRYnxFxfV7YR9J1SNDZA/y9/0zjoD/.pAGZufEnXskYcAOuzejxsvcHUUKaiVU43hXJUUM0/I8NBis1",
    ("y" * 65, "abcdefgh"): "$6$abcdefgh$"
    "wrO3ut6zcaf2AIBI.XTEeDUSiuZ/dsVeeZJ2JOc3GEcX6krmp6iJxpairaCv1569r1hfQFS.1JoVA8g.dxvTU1",
}
"""What `openssl passwd -6 -salt SALT PASSWORD` says; the first is the specification's own example."""


def test_known_answers() -> None:
    assert {given: sha512_crypt(*given) for given in KNOWN} == KNOWN


def test_passwords_are_made_anew_and_not_shown_by_accident() -> None:
    one, two = make_password(), make_password()
    assert one.plain != two.plain
    assert re.fullmatch(r"[a-zA-Z2-9]{20}", one.plain)
    assert re.fullmatch(r"\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}", one.hashed)
    assert one.plain not in repr(one) + str(one)
