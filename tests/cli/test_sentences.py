"""Pictures for sentences that a user types."""

from pathlib import Path

import rivalry
from rivalry.data.sets.captioned import captioned_shapes
from rivalry.runs.run import Run


def test_pictures_for_a_sentence(typed, here: Path) -> None:
    rivalry.train(
        "text-to-image", "captioned-shapes", rounds=2, run="run", width=8, batch=8, quiet=True, measure=False
    )
    answer = typed(*["sample", "run", "-n", "6", "-o", "six.png", "--text"], "a small red circle top left")
    assert (answer.status, answer.out, answer.err) == (0, "six.png\n", "")
    assert Path("six.png").exists()
    assert "not in the vocabulary: purple" in typed(*["sample", "run", "--text"], "a purple circle").err
    assert "samples for a caption: rivalry sample" in typed("sample run").err
    one = rivalry.sample("run", 5, caption=captioned_shapes(1).others["caption"])
    assert one.shape == (5, 3, 32, 32)
    found = rivalry.evaluate("run", n=40, metrics="attributes", split="withheld")
    assert next(score.name for score in found) == "attributes-all"
    assert typed("edit interpolate run").err.count("\n") <= 2  # a game without a sentence says so in a line


def test_sentences_of_a_file_in_another_style(typed, here: Path) -> None:
    rivalry.train("cross-aligned", "cipher", rounds=2, run="run", batch=8, quiet=True)  # scored as it goes
    Path("in.txt").write_text("the old man holds a key\nthe zebra sees a ball\n")
    answer = typed("translate run in.txt --to cipher -o out.txt")
    assert (answer.status, answer.out) == (0, "out.txt\n")
    assert answer.err == "not in the vocabulary, and read as unknown: zebra\n"
    assert len(Path("out.txt").read_text().splitlines()) == 2
    assert "name the domain" in typed("translate run in.txt -o out.txt").err
    assert "write to another" in typed("translate run in.txt --to 1 -o in.txt").err
    Path("bad.txt").write_text("the man\n" + "man " * 12)
    assert "line 2 has 12 tokens" in typed("translate run bad.txt --to 1 -o out.txt").err
    Path("bad.txt").write_text("nothing known\n")
    assert "holds no word of the data: nothing known" in typed("translate run bad.txt --to 1 -o out.txt").err
    best = next(line for line in Run.open("run").lines() if "metrics" in line)
    assert best["metrics"][0]["name"] == "word-accuracy"  # and so it decides which weights are the best
    names = {s.name for s in rivalry.evaluate("run", n=60, metrics="style,truth", split="test")}
    assert names == {"style-accuracy[words+pairs]", "bleu-source", "word-accuracy", "bleu-truth"}
