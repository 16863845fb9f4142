"""HTML that is always escaped: text becomes HTML only by `tag`, which escapes it."""

import html

_VOID = {"img", "meta", "br"}


class Html(str):
    """Text that is HTML already.  Any other text is escaped when it enters a tag."""

    __slots__ = ()


def join(*inside: object) -> Html:
    """The parts one after another; what is not `Html` is escaped, None is left out."""
    return Html("".join(p if isinstance(p, Html) else html.escape(str(p)) for p in inside if p is not None))


def tag(name: str, /, *inside: object, **attributes: object) -> Html:
    """`<name attributes>inside</name>`.

    Attributes that are None are left out; `class_` is written class, `stroke_width` stroke-width.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{join(*inside)}</{name}>")
