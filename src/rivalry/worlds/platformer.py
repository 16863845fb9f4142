"""An agent that plays levels of tiles: A* over what a small figure can do.

The figure takes one tile.  Each step it goes up or down one tile or stays on the ground, and at most one tile left or
right.  A jump rises up to four tiles; then it falls.  Solid tiles stop it, falling out of the level ends it, and an
enemy can be entered only from above.  A level is finished when the figure stands in its last column, or is in the air
there.

Enemies stand still, nothing moves, and there is no running start: the agent says whether the geometry of a level can be
crossed, and no more.
"""

import heapq
from collections.abc import Iterator, Sequence

SOLID = frozenset("XS?Q<>[]Bb")
ENEMY = "E"
JUMP = 4  # tiles that a jump rises
LATEST = 4  # columns in which the figure may begin

State = tuple[int, int, int]  # row, column, and how many tiles the jump may still rise


def finish(level: Sequence[str]) -> list[tuple[int, int]] | None:
    """A shortest way through a level, as rows and columns of its steps; None if there is none.

    Args:
        level: rows of letters, the top row first, all of one length.
    """
    begin = start(level)
    if begin is None:
        return None
    last = len(level[0]) - 1
    came: dict[State, State | None] = {begin: None}
    cost = {begin: 0}
    queue = [(last - begin[1], begin)]
    while queue:
        _, state = heapq.heappop(queue)
        if state[1] == last:
            return _way(came, state)
        for after in steps(level, state):
            if cost[state] + 1 < cost.get(after, 1 << 30):
                cost[after], came[after] = cost[state] + 1, state
                heapq.heappush(queue, (cost[after] + last - after[1], after))
    return None


def start(level: Sequence[str]) -> State | None:
    """Where the figure begins: the lowest place to stand on in the first column that has one, of the first four."""
    for column in range(min(LATEST, len(level[0]))):
        for row in range(len(level) - 2, -1, -1):
            if (
                level[row][column] not in SOLID
                and level[row][column] != ENEMY
                and _stands(level, row, column)
            ):
                return row, column, 0
    return None


def steps(level: Sequence[str], state: State) -> Iterator[State]:
    """What the figure can do next."""
    row, column, rise = state
    ground = _stands(level, row, column)
    for aside in (-1, 0, 1):
        if ground and aside:
            yield from _to(level, row, column, 0, aside, 0)
        if ground or rise:
            yield from _to(level, row, column, -1, aside, (JUMP if ground else rise) - 1)
        if not ground:
            yield from _to(level, row, column, 1, aside, 0)


def _to(level: Sequence[str], row: int, column: int, down: int, aside: int, rise: int) -> Iterator[State]:
    """The state after a step, up or down first and then aside, if nothing is in the way."""
    to_row, to_column = row + down, column + aside
    if not (0 <= to_row < len(level) and 0 <= to_column < len(level[0])):
        return
    through = (level[to_row][column], level[to_row][to_column])
    if SOLID.intersection(through) or (ENEMY in through and down != 1):
        return
    yield to_row, to_column, rise


def _stands(level: Sequence[str], row: int, column: int) -> bool:
    return row + 1 < len(level) and level[row + 1][column] in SOLID


def _way(came: dict[State, State | None], state: State | None) -> list[tuple[int, int]]:
    found = []
    while state is not None:
        found.append((state[0], state[1]))
        state = came[state]
    return found[::-1]
