"""A picture of fidelity against diversity: one dot for each generator, or for each setting of a generator."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from rivalry.metrics.score import Score
from rivalry.show.sheets import INK

SIDE, LEFT, TOP, BELOW = 360, 56, 32, 44  # pixels: the frame and its margins
FINE = 2  # drawn so many times larger, then reduced, for smooth edges
PALE, LINE, DOT = (222, 225, 229), (38, 98, 170), 4


class Mark(NamedTuple):
    """One dot: a name, its diversity and its fidelity, both from 0 to 1."""

    name: str
    diversity: Score
    fidelity: Score


def tradeoff(marks: Sequence[Mark], joined: bool = False) -> Image.Image:
    """A plot with diversity on the x-axis and fidelity on the y-axis, with standard errors in both directions.

    Args:
        marks: one or more.
        joined: draw a line from each mark to the next.
    """
    left, top, size = FINE * LEFT, FINE * TOP, FINE * SIDE
    page = Image.new("RGB", (left + size + top, top + size + FINE * BELOW), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=12 * FINE)
    place = lambda across, up: (left + size * across, top + size * (1 - up))
    for share in (0, 0.25, 0.5, 0.75, 1):
        draw.line((*place(0, share), *place(1, share)), fill=PALE, width=FINE)
        draw.line((*place(share, 0), *place(share, 1)), fill=PALE, width=FINE)
        (x, y), (_, low) = place(share, share), place(0, 0)
        draw.text((left - 6 * FINE, y), f"{share:g}", fill=INK, font=font, anchor="rm")
        draw.text((x, low + 6 * FINE), f"{share:g}", fill=INK, font=font, anchor="ma")
    below = (left + size / 2, top + size + 24 * FINE)
    draw.text(below, marks[0].diversity.name, fill=INK, font=font, anchor="ma")
    draw.text((8 * FINE, 6 * FINE), marks[0].fidelity.name, fill=INK, font=font)
    dots = [place(mark.diversity.value, mark.fidelity.value) for mark in marks]
    if joined:
        draw.line(dots, fill=LINE, width=2 * FINE)
    for (x, y), mark in zip(dots, marks):
        r = DOT * FINE
        across, up = (size * (score.spread or 0) for score in (mark.diversity, mark.fidelity))
        draw.line((x - across, y, x + across, y), fill=LINE, width=FINE)
        draw.line((x, y - up, x, y + up), fill=LINE, width=FINE)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=LINE, outline="white", width=FINE)
        corner = (x + 2 * r, y + 2 * r)
        draw.text(
            corner, mark.name, fill=INK, font=font, anchor="lm", stroke_width=2 * FINE, stroke_fill="white"
        )
    return page.reduce(FINE)
