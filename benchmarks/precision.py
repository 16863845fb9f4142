"""bfloat16 against float32 at equal time: how many rounds each plays, and how good its samples are.

    python benchmarks/precision.py                       four games, five minutes each, both precisions, three seeds
    python benchmarks/precision.py --rounds 2 -n 50 --seeds 1     to see that it runs, on any processor

Worth running where the processor computes fast in bfloat16 (`rivalry.play.precision.has_fast_bfloat16`); elsewhere the
table says so, and its times mean nothing.  Scores are those of the bundled judge of MNIST.

Writes benchmarks/results/precision.json and .md.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from certificate import certificate
from played import played

import rivalry
from rivalry.play.precision import choose_device, has_fast_bfloat16

GAMES = ("dcgan", "wgan-gp", "projection-gan", "stylegan2")
PRECISIONS = ("fp32", "bf16")


def main() -> None:
    options = parse()
    device = choose_device(options.device)
    provenance = {**certificate(options.device), "fast": has_fast_bfloat16(device.type)}
    rows = []
    for game in options.games:
        for seed in range(options.seeds):
            for precision in PRECISIONS:
                rows.append(
                    {
                        "game": game,
                        "seed": seed,
                        "precision": precision,
                        **one(game, seed, precision, options),
                    }
                )
                print(json.dumps(rows[-1]), flush=True)
    record = {**provenance, "results": rows}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(page(record) + "\n")
    print(page(record))


def one(name: str, seed: int, precision: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train one game in one precision; score samples that are drawn in float32."""
    length = {"rounds": options.rounds} if options.rounds else {"time": options.time}
    game, row = played(name, "mnist", seed=seed, precision=precision, device=options.device, **length)
    scores = rivalry.evaluate(
        game, "mnist", metrics="judge,fid", n=options.n, seed=seed, device=options.device
    )
    return {**row, **{score.name: score.value for score in scores}}


def page(record: dict[str, Any]) -> str:
    """One line a game: rounds of bf16 over those of fp32, and each score's mean over seeds in both."""
    rows = record["results"]
    names = [k for k in rows[0] if k not in ("game", "seed", "precision", "rounds", "seconds")]
    lines = [
        f"Device: {record['hardware']}; torch {record['torch']}; commit {record['commit']}; {record['date']}.",
        f"Command: `{record['command']}`",
    ]
    if not record["fast"]:
        lines.append("This device is slow in bfloat16: the times mean nothing here.")
    table = [f"| game | rounds, bf16 / fp32 | {' | '.join(f'{n}, fp32 / bf16' for n in names)} |"]
    table.append("|---|" + "---:|" * (1 + len(names)))
    for game in dict.fromkeys(row["game"] for row in rows):
        of = {p: [r for r in rows if (r["game"], r["precision"]) == (game, p)] for p in PRECISIONS}
        mean = lambda p, key, of=of: statistics.mean(r[key] for r in of[p])
        pace = {p: mean(p, "rounds") / mean(p, "seconds") for p in PRECISIONS}
        cells = [f"{mean('fp32', n):.3g} / {mean('bf16', n):.3g}" for n in names]
        table.append(f"| {game} | {pace['bf16'] / pace['fp32']:.2f} | {' | '.join(cells)} |")
    return "\n\n".join([*lines, "\n".join(table)])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", nargs="+", default=list(GAMES))
    parser.add_argument("--time", default="5m", help="of each training")
    parser.add_argument("--rounds", type=int, help="in place of a time")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("-n", type=int, default=2000, help="samples that are scored")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "precision.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
