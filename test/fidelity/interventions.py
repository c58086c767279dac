"""Writes test/fixtures/interventions.json: what transformers 5.24 makes of an answer when the frames or the question are changed.

    npm run setup:python
    .cache/python/bin/python test/fidelity/interventions.py [OUTPUT]

The models are those of qwen.py. Their tokens are characters here: 8 and on are those of ALPHABET. All prompts and answers of a model
go through it in one batch, padded on the left. Changed prompts are written down by hand, from what each intervention says.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from qwen import END, MODELS, START, build, floats, hash_seed, inputs, uniform

TURN, TURN_END = 5, 6
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \n.,:?<>/"


def text(words):
    return ("text", [8 + ALPHABET.index(character) for character in words])


def special(token):
    return ("text", [token])


def asked(question, medium, problem=None):
    """A question in the chat layout, up to where the assistant speaks."""
    options = "".join(f"{option}\n" for option in question["options"])
    words = (question["problem"] if problem is None else problem) + (f"Options:\n{options}" if options else "") + "\n"
    shown = [] if medium is None else [special(START), medium, special(END)]
    return [special(TURN), text("user\n"), *shown, text(words), special(TURN_END), text("\n"), special(TURN),
            text("assistant\n")]


def video(clip, order, **more):
    return ("video", dict(clip, order=order, seconds=2 / clip["fps"], **more))


def changed(case, intervention):
    question, clip, seen = case["question"], case["clip"], case["seen"]
    kind = intervention and intervention["kind"]
    if seen is None:
        medium = ("image", dict(clip, blank=kind == "blind"))
    elif kind in ("order", "pair", "reversed", "one frame"):
        medium = video(clip, {
            "order": lambda: intervention["order"],
            "reversed": lambda: seen[::-1],
            "pair": lambda: without_pair(seen, intervention["pair"]),
            "one frame": lambda: [seen[{"first": 0, "middle": (len(seen) - 1) // 2, "last": -1}[intervention["frame"]]]]
            * len(seen),
        }[kind]())
    else:
        medium = video(clip, seen, blank=kind == "blind")
    if kind == "no medium":
        medium = None
    return [*before(case), *asked(question, medium, "" if kind == "no question" else None)]


def without_pair(seen, pair):
    shown = seen + [seen[-1]] * (len(seen) % 2)
    other = 1 if pair == 0 else pair - 1
    return shown[:2 * pair] + shown[2 * other:2 * other + 2] + shown[2 * pair + 2:]


def before(case):
    """What was asked and answered before."""
    if "first" not in case:
        return []
    first = case["first"]
    medium = ("image", first["clip"]) if first["seen"] is None else video(first["clip"], first["seen"])
    return [*asked(first["question"], medium), text(first["answer"]), special(TURN_END), text("\n")]


WHICH = dict(problem="Which way does it go?", options=["A. left", "B. right"])
HOW_MANY = dict(problem="How many are there?", options=[])
KINDS = [None, dict(kind="blind"), dict(kind="no medium"), dict(kind="no question")]
PICTURE = dict(question=HOW_MANY, clip=dict(name="dots", frames=1, height=84, width=56), seen=None, answer="There are 3.")
CASES = [
    dict(
        name="a video", question=WHICH, clip=dict(name="ball", frames=8, height=56, width=84, fps=2), seen=list(range(8)),
        answer="<think>First left, then right.</think>\n<answer>B</answer>",
        interventions=[*KINDS, dict(kind="order", order=[5, 2, 7, 0, 1, 6, 3, 4]), dict(kind="order", order=[1, 0, 2, 3, 4, 5, 7, 6]),
                       dict(kind="reversed"), *[dict(kind="pair", pair=pair) for pair in range(4)],
                       *[dict(kind="one frame", frame=frame) for frame in ("first", "middle", "last")]],
    ),
    # Five frames, which were shuffled when the answer saw them; the last one stands twice. Their time runs ahead of the text.
    dict(
        name="frames in an order of their own", question=WHICH, clip=dict(name="film", frames=5, height=84, width=28, fps=0.1),
        seen=[4, 2, 0, 1, 3], answer="It goes on and on, so A",
        interventions=[*KINDS, dict(kind="order", order=[0, 1, 2, 3, 4]), dict(kind="reversed"), dict(kind="pair", pair=0),
                       dict(kind="pair", pair=2)],
    ),
    dict(PICTURE, name="a picture", interventions=KINDS),
    dict(
        name="a second medium", first=PICTURE, question=HOW_MANY, clip=dict(name="door", frames=4, height=28, width=56, fps=1),
        seen=list(range(4)), answer="<think>One.</think><answer>1</answer>",
        interventions=[*KINDS, dict(kind="order", order=[2, 3, 0, 1]), dict(kind="reversed"), dict(kind="pair", pair=1)],
    ),
]


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures" / "interventions.json"
    torch.set_num_threads(1)
    rows = [(changed(case, intervention), [*text(case["answer"])[1], TURN_END])
            for case in CASES for intervention in case["interventions"]]
    prompts, answers = [prompt for prompt, _ in rows], [answer for _, answer in rows]
    weights = [np.where(draw < 0.3, 0, draw).astype(np.float32)
               for draw in (uniform(hash_seed(13, f"weights {i}"), len(answer)) for i, answer in enumerate(answers))]
    given = inputs(prompts, answers)
    ids = [row[mask.bool()][: -len(answer)].tolist()
           for row, mask, answer in zip(given["input_ids"], given["attention_mask"], answers)]
    models = []
    for name, model in MODELS.items():
        net = build(model)
        net.set_attn_implementation("eager")
        with torch.no_grad():
            logprobs = torch.log_softmax(net(**given).logits.double(), -1)
        own = [logprobs[i, -1 - len(answer):-1][torch.arange(len(answer)), torch.tensor(answer)].numpy()
               for i, answer in enumerate(answers)]
        loss = -sum(float(weight @ values) for weight, values in zip(weights, own)) / sum(map(len, answers))
        models.append(dict(name=name, logprobs=[floats(values) for values in own], loss=loss))
    cases, at = [], 0
    for case in CASES:
        count = len(case["interventions"])
        cases.append(dict(case, prompts=ids[at:at + count], tokens=answers[at],
                          weights=[floats(values) for values in weights[at:at + count]]))
        at += count
    output.write_text(json.dumps(dict(source="transformers 5.24.0", alphabet=ALPHABET, cases=cases, models=models)) + "\n")


if __name__ == "__main__":
    main()
