"""What a datum is: columns, each with its kind and shape (`Column`), and a description of them all (`Spec`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rivalry.errors import BadRequest
from rivalry.kinds import find_kind, require_kind

if TYPE_CHECKING:
    from rivalry.kinds.kind import Kind

NUMBERS = {1: "one", 2: "two", 3: "three"}
GIVE = {  # what gives data a further column
    "caption": "a metadata.csv with the columns file_name and text gives them",
    "sound": "tones-to-discs and spoken-to-drawn have them",
}


@dataclass(frozen=True)
class Column:
    """A description of one column of the data.

    Attributes:
        kind: a name of `rivalry.kinds.KINDS`, such as "image".
        shape: the shape of one datum, without the number of rows.
        about: further facts that the kind needs, of JSON's types: a vocabulary, a sampling rate.
    """

    kind: str
    shape: tuple[int, ...]
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_kind(self.kind)

    @property
    def meaning(self) -> "Kind":
        """The kind itself."""
        return find_kind(self.kind)


@dataclass(frozen=True)
class Spec:
    """A description of one datum.

    Attributes:
        name: the name of the data set, for people and for provenance.
        kind: the kind of `x`, a name of `rivalry.kinds.KINDS`: "image", "points", "tokens".
        shape: the shape of one datum `x`: (c, h, w) in [-1, 1] for an image, (d,) for a point.
        classes: the names of the labels, in label order; empty if there are none.  The domains of a translation are
            classes too.
        extra: the further columns by name, such as "source", the image that `x` is made from.  A tuple of names
            stands for columns of the kind and shape of `x`.
        about: further facts that the kind of `x` needs, see `Column`.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    extra: Mapping[str, Column] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_kind(self.kind)
        if not isinstance(self.extra, dict):
            alike = Column(self.kind, self.shape, self.about)
            object.__setattr__(self, "extra", dict.fromkeys(self.extra, alike))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that a batch may hold."""
        return ("x", *(("label",) if self.classes else ()), *self.extra)

    @property
    def x(self) -> Column:
        """The column `x`."""
        return Column(self.kind, self.shape, self.about)

    @property
    def meaning(self) -> "Kind":
        """The kind of `x` itself."""
        return find_kind(self.kind)

    @property
    def words(self) -> str:
        """One datum in words: "28 x 28 grey"."""
        return self.meaning.words(self.x)

    def require(
        self,
        who: str,
        *,
        kind: str | tuple[str, ...] | None = None,
        real: bool = False,
        classes: bool = False,
        domains: int = 0,
        pairs: bool = False,
        caption: str = "",
        sound: str = "",
    ) -> None:
        """Refuse data that the game `who` cannot use.

        Args:
            kind: the kind of `x`, or several possible kinds.
            real: `x` must be real numbers, so that a small change has a meaning.
            caption, sound: the kind of a further column of this name that the game must be told.

        Raises:
            BadRequest: the data do not fit; names what the game needs, and what this data set has.
        """
        kinds = (kind,) if isinstance(kind, str) else kind
        if kinds and self.kind not in kinds:
            needed = " or ".join(repr(one) for one in kinds)
            raise BadRequest(f"{who} needs data of kind {needed}; {self.name!r} holds {self.kind}")
        if real and not self.meaning.real:
            raise BadRequest(f"{who} needs data of real numbers; {self.name!r} holds {self.meaning.plural}")
        if classes and not self.classes:
            raise BadRequest(f"{who} needs labels; {self.name!r} has none (sub-folders or a CSV give labels)")
        if domains and len(self.classes) != domains:
            has = f"{len(self.classes)} ({', '.join(self.classes[:4])} ...)" if self.classes else "one"
            raise BadRequest(
                f"{who} needs {NUMBERS[domains]} domains, a folder each; {self.name!r} has {has}"
            )
        if pairs and "source" not in self.extra:
            raise BadRequest(
                f"{who} needs aligned pairs; {self.name!r} has none (folders A and B with the same file names, "
                "or pictures side by side)"
            )
        for name, needed in (("caption", caption), ("sound", sound)):
            if needed and getattr(self.extra.get(name), "kind", "") != needed:
                plural = find_kind(needed).plural
                raise BadRequest(
                    f"{who} needs {plural} beside the data; {self.name!r} has none ({GIVE[name]})"
                )
        if why := self.meaning.unplayable(self):
            raise BadRequest(f"{who} needs {why}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Spec":
        """The inverse of `to_json`.  It also reads runs of format 1, where `extra` was a list of names."""
        extra = given.get("extra", ())
        if isinstance(extra, dict):
            extra = {
                name: Column(c["kind"], tuple(c["shape"]), c.get("about", {})) for name, c in extra.items()
            }
        shape, classes = tuple(given["shape"]), tuple(given.get("classes", ()))
        return cls(given["name"], given["kind"], shape, classes, extra, given.get("about", {}))
