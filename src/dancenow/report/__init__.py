"""Reports: self-contained pages built from a few kinds of parts."""

from dancenow.report.curves import Curve, curve, curves
from dancenow.report.html import Html, element, escaped, joined
from dancenow.report.meanings import Meaning
from dancenow.report.page import PAGE, Kind, Page, Section, page_kind, write_page
from dancenow.report.pictures import Shot, encode_jpeg, picture, strip, video
from dancenow.report.tables import Row, code, facts, figures, paragraph, times

__all__ = [
    "PAGE",
    "Curve",
    "Html",
    "Kind",
    "Meaning",
    "Page",
    "Row",
    "Section",
    "Shot",
    "code",
    "curve",
    "curves",
    "element",
    "encode_jpeg",
    "escaped",
    "facts",
    "figures",
    "joined",
    "page_kind",
    "paragraph",
    "picture",
    "strip",
    "times",
    "video",
    "write_page",
]
