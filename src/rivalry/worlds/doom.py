"""ViZDoom's maze `my_way_home`: rooms and corridors, and a vest in one of the rooms, which ends the episode.

Taking the vest is worth 1, and each of the other steps -0.0004.  A step is four tics of the game, and there are four
actions: nothing, turn left, turn right, forward.  Seen are the place of the agent, in cells of 64 units on a grid of
15 x 13, and the screen in gray, 42 x 42.  In `my-way-home` an episode begins in any of the rooms; in
`my-way-home-sparse` always in the one that Pathak et al. 2017 (arXiv 1705.05363) begin in for sparse rewards, 270 steps
from the vest.

Deviations from that paper: one screen and not the last four, since in this maze nothing moves but the agent; and the
place is seen, so that coverage can be read in any episode.
"""

import os
from typing import Any

import numpy as np
from PIL import Image

from rivalry.errors import BadRequest

SIDE, TICS = 42, 4
CELL, CORNER, GRID = 64.0, (160.0, -704.0), (15, 13)  # of the map, in its units


class MyWayHome:
    """The maze, with an episode from any room."""

    horizon, observation, action, choices = 525, 2 + SIDE * SIDE, 1, 4
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    grid: tuple[int, int] | None = GRID
    start: tuple[int, int] | None = None  # units of the map

    def __init__(self, pictures: bool = False):
        try:
            import vizdoom
        except ImportError:
            raise BadRequest("the environment my-way-home needs ViZDoom: pip install vizdoom") from None
        self.game = started(vizdoom)
        self.seen, self.screen = np.zeros(self.observation, np.float32), np.zeros((120, 160), np.uint8)

    def reset(self, seed: int) -> np.ndarray:
        self.game.set_seed(seed % 2**32)
        self.game.new_episode()
        if self.start:
            self.game.send_game_command(f"warp {self.start[0]} {self.start[1]}")
            self.game.make_action([0, 0, 0], 1)
        return self._see()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool]:
        reward = self.game.make_action([int(action) == k for k in (1, 2, 3)], TICS)
        ended = self.game.is_episode_finished()
        return self.seen if ended else self._see(), float(reward), bool(ended)

    def picture(self) -> np.ndarray:
        return np.repeat(self.screen[:, :, None], 3, 2)

    def _see(self) -> np.ndarray:
        """Nothing is to be seen after the end, so what was seen last stays."""
        state = self.game.get_state()
        self.screen = np.asarray(state.screen_buffer)
        small = np.asarray(Image.fromarray(self.screen).resize((SIDE, SIDE), Image.Resampling.BOX))
        at = (np.asarray(state.game_variables, np.float32) - CORNER) // CELL
        place = np.clip(at, 0, np.array(GRID) - 1) / (np.array(GRID) - 1)
        self.seen = np.concatenate([place, small.reshape(-1) / 255]).astype(np.float32)
        return self.seen


class MyWayHomeSparse(MyWayHome):
    """The maze, with every episode from the room of the paper's sparse setting."""

    start = (240, -176)


def started(vizdoom: Any) -> Any:
    """The game, without window and sound.  The horizon cuts its episodes, not the game's own limit."""
    game = vizdoom.DoomGame()
    game.load_config(os.path.join(vizdoom.scenarios_path, "my_way_home.cfg"))
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    button, variable = vizdoom.Button, vizdoom.GameVariable
    game.set_available_buttons([button.TURN_LEFT, button.TURN_RIGHT, button.MOVE_FORWARD])
    game.set_available_game_variables([variable.POSITION_X, variable.POSITION_Y])
    game.set_screen_format(vizdoom.ScreenFormat.GRAY8)
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
    game.set_episode_timeout(0)
    game.add_game_args("+sv_cheats 1")  # for `warp`
    game.init()
    return game
