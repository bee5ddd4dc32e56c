"""Letters of 8 by 16 dots for the lab's screens: ASCII 32 to 126, a byte per row, drawn from DejaVu Sans Mono Bold
(Bitstream Vera licence)."""

import base64
import zlib

FIRST, LAST = 32, 126
WIDTH, HEIGHT = 8, 16
_PACKED = (
    b"c-n1L&1%~~5Oyr1C`8zzgtCW4HEqbL2PG|w1B+q^Bz*=S!p2+Hp;oEEhYBjBSI9H?A@Tx-"
    b"K0+?O_uMC_JNv7(lMh?cXl7@>Z)R4V&PyN#xEWgjb^_kKZ9bp=d-$TQD9XP*<j2SJJc`r{_V~#0pQEGDgySqjm)~dN%FEv-"
    b"i%^m&BuFiXTdV*M9g#d&)pN2-"
    b"aJ$_}qTeP%XHfczEc4Lq^&&`~42NUQkMQ}NbApY()CEAbvGePo8^$PWS{ok*!EJ8rem^Cm2}7&5W~{mezomdLSj{>AkQ%!Q!Z3~z"
    b"%4|N)G5ER7N2g$11!s7dx~JFJPVd2hGCDYDwKk3XIgHCRNXxP1a|UX>{?h5)(`vPPx|?bS7@rW56V9z3pi{x$)+0S<66aP=B_w+;"
    b"D!Vy2p$4qkvzfPk#`&jr#+Hj4d9nNL)qfBuT-*9^QIu67gpFqgcE6v1X5QvoE|<UNKW4L;)lU>(*Keth*DXKmPs48O2a)%-U-"
    b"xX0AGUlfU*zfW`^ouxLdXfW`>ofT&E&2<RGbhTVL~k5wGfng`CwjRj54DyMGmF`Y&evMC+_v+1ddw&Nc%^l;&<nDY~i1w7q4MLav"
    b"^e8-AaA}Tz}O>Gj^f%z}(AVVdK?A2~o4Dp8vk=<W7B{f;v77sh?lC*)F~Q$1&uK4N4vVwJ6J?(D8pWi?o%sQE;}O-"
    b"|z#_J%8m!!0|IjI@cSt>!%AE-"
    b"cWZMwZ6Xdi@kaXaVk6NY?y$_#N#8tNvUUxk7@$4g_$t<`C+xICqm5iKk)(fLis~^DP6+L8}slVkde<t"
)
_DOTS = zlib.decompress(base64.b85decode(_PACKED))
_UNKNOWN = bytes([0, 0, 0, 0x7E, *(0x42,) * 9, 0x7E, 0, 0])


def glyph(character: str) -> bytes:
    """The 16 rows of one character; a box for what is not in ASCII."""
    code = ord(character)
    start = (code - FIRST) * HEIGHT
    return _DOTS[start : start + HEIGHT] if FIRST <= code <= LAST else _UNKNOWN
