"""Tone mapping: HDR and wide colours as an ordinary screen shows them, by FFmpeg's filters.

The curves are those of ITU-R BT.2100-2 (tables 4 and 5), IEC 61966-2-1 and ITU-R BT.2408-7: white
of an ordinary picture lies at 75 % of an HLG signal, and at 203 cd/m2.
"""

from __future__ import annotations

from typing import Final

Filters = tuple[tuple[str, str], ...]  # FFmpeg filters: name and arguments

HDR: Final = {16: "PQ", 18: "HLG"}
"""Names of the HDR transfer functions, by their numbers in ITU-T H.273, table 3."""

_WHITE_NITS: Final = 203.0
_HLG_WHITE: Final = 0.26496  # the scene light at 75 % of the signal
_KNEE: Final = 0.8  # light, of white's, above which what is brighter than white is squeezed in
_BRIGHTEST: Final = 1000 / _WHITE_NITS  # what still differs; brighter is white
_X: Final = "(val/maxval)"

# To BT.709's primaries: rows give R, G and B.
_TO_BT709: Final = {
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),  # Display P3
}
_TO_LIGHT: Final = {
    16: f"pow(max(pow({_X},1/78.84375)-0.8359375,0)"
    f"/(18.8515625-18.6875*pow({_X},1/78.84375)),1/0.1593017578125)*{10_000 / _WHITE_NITS}",
    18: f"if(lte({_X},0.5),{_X}*{_X}/3,(exp(({_X}-0.55991073)/0.17883277)+0.28466892)/12)"
    f"/{_HLG_WHITE}",
}
_SRGB_TO_LIGHT: Final = f"if(lte({_X},0.04045),{_X}/12.92,pow(({_X}+0.055)/1.055,2.4))"
_LIGHT_TO_SRGB: Final = f"if(lte({_X},0.0031308),{_X}*12.92,1.055*pow({_X},1/2.4)-0.055)"


def standard_range(transfer: int, primaries: int) -> Filters:
    """FFmpeg filters from RGB of some transfer function and primaries to that of BT.709.

    Empty if nothing is to be done.

    Args:
        transfer: number of the transfer function in ITU-T H.273, table 3.
        primaries: number of the primaries, table 2.
    """
    if transfer in HDR:
        primaries = primaries if primaries in _TO_BT709 else 9
    elif primaries not in _TO_BT709:
        return ()
    light = _squeezed(_TO_LIGHT[transfer]) if transfer in HDR else _SRGB_TO_LIGHT
    mixed = (
        f"{out}{into}={value}"
        for out, row in zip("rgb", _TO_BT709[primaries], strict=True)
        for into, value in zip("rgb", row, strict=True)
    )
    return (
        ("format", "gbrp16le"),
        ("lutrgb", _each(light)),
        ("colorchannelmixer", ":".join(mixed)),
        ("lutrgb", _each(_LIGHT_TO_SRGB)),
    )


def _squeezed(light: str) -> str:
    """Light with what is brighter than the knee squeezed below 1 (Reinhard et al., 2002, eq. 4)."""
    most = (_BRIGHTEST - _KNEE) / (1 - _KNEE)
    above = f"((ld(0)-{_KNEE})/{1 - _KNEE})"
    squeezed = f"{_KNEE}+{1 - _KNEE}*{above}*(1+{above}/{most**2})/(1+{above})"
    return f"st(0,{light})*0+if(lte(ld(0),{_KNEE}),ld(0),min(1,{squeezed}))"


def _each(expression: str) -> str:
    """One curve for all channels, as `lutrgb` takes it."""
    return ":".join(f"{name}='clip({expression},0,1)*maxval'" for name in "rgb")
