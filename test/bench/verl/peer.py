"""What the Python peers of `npm run bench -- verl` share: JSON lines, frames by ffmpeg, the arrays of a batch, and clocks.

A question is a medium's file with the frames that were chosen of it, and a prompt as tokens; `types` has 1 where a token stands
for an image, 2 for a video, as transformers wants them.
"""

import json
import subprocess
import sys
import time
import traceback

import numpy as np
import torch

BETAS, EPSILON, WEIGHT_DECAY, CLIP = (0.9, 0.99), 1e-8, 0.01, 1.0
TEMPORAL_REWARD = 0.3
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


class Clock:
    """Milliseconds since it was made, those of the processor in all threads and of programs that ended, and those of each part."""

    def __init__(self):
        self.start = self.at = time.perf_counter()
        self.cpu = self._cpu()
        self.parts = {}

    def _cpu(self):
        return time.process_time() + _children()

    def part(self, name):
        """What was done since the last part is of this one."""
        now = time.perf_counter()
        self.parts[name] = self.parts.get(name, 0.0) + 1000 * (now - self.at)
        self.at = now

    def taken(self):
        return dict(ms=1000 * (self.at - self.start), cpuMs=1000 * (self._cpu() - self.cpu), parts=self.parts)


def _children():
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def requests():
    for line in sys.stdin:
        yield json.loads(line)


def say(answer):
    print(json.dumps(answer), file=sys.__stdout__, flush=True)


def answered(work):
    """Whoever asked is told what went wrong; the process goes on."""
    try:
        say(work())
    except Exception as error:
        traceback.print_exc()
        say(dict(error=f"{type(error).__name__}: {error}"))


def decoded(ffmpeg, question):
    """[frames, height, width, 3] uint8, by ffmpeg from the file."""
    chosen = "+".join(f"eq(n,{index})" for index in question["indices"])
    size = f"scale={question['width']}:{question['height']}:flags=bicubic"
    # Counted anew at a fixed rate, so that no frame is dropped or doubled.
    steps = f"select='{chosen}',setpts=N/25/TB,{size}"
    command = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        question["file"],
        "-vf",
        steps,
        "-r",
        "25",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, question["height"], question["width"], 3)


def given(question):
    """The frames as the controller decoded them."""
    frames = np.fromfile(question["frames"], np.uint8)
    return frames.reshape(-1, question["height"], question["width"], 3)


def patched(frames, order=None):
    """[patches, 1176] float32 and [1, 3]: frames as Qwen's processor makes patches of them; an image stands twice."""
    picked = frames if order is None else frames[order]
    if len(picked) % 2 == 1:
        picked = np.concatenate([picked, picked[-1:]])
    values = (torch.from_numpy(np.ascontiguousarray(picked)).float() / 255 - MEAN) / STD
    pairs, rows, columns = len(picked) // 2, values.shape[1] // 14, values.shape[2] // 14
    cut = values.view(pairs, 2, rows // 2, 2, 14, columns // 2, 2, 14, 3).permute(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return cut.reshape(pairs * rows * columns, -1), torch.tensor([[pairs, rows, columns]])


def batch(rows, pad):
    """What a model takes of (question, pixels, grid) rows: prompts padded on the left, and media by kind."""
    longest = max(len(question["tokens"]) for question, _, _ in rows)
    padding = [longest - len(question["tokens"]) for question, _, _ in rows]
    questions = [question for question, _, _ in rows]
    inputs = dict(
        input_ids=torch.tensor([[pad] * n + one["tokens"] for n, one in zip(padding, questions)]),
        attention_mask=torch.tensor([[0] * n + [1] * (longest - n) for n in padding]),
        mm_token_type_ids=torch.tensor([[0] * n + one["types"] for n, one in zip(padding, questions)]),
    )
    for kind, pixels, grid in (
        ("image", "pixel_values", "image_grid_thw"),
        ("video", "pixel_values_videos", "video_grid_thw"),
    ):
        of_kind = [row for row in rows if row[0]["kind"] == kind]
        if of_kind:
            inputs[pixels] = torch.cat([values for _, values, _ in of_kind])
            inputs[grid] = torch.cat([shape for _, _, shape in of_kind])
    videos = [one["secondsPerPair"] for one in questions if one["kind"] == "video"]
    return inputs | (dict(second_per_grid_ts=torch.tensor(videos)) if videos else {})


def behind(inputs, answers):
    """The inputs with answers [rows, tokens] behind the prompts."""
    ones = torch.ones_like(answers)
    return inputs | dict(
        input_ids=torch.cat([inputs["input_ids"], answers], 1),
        attention_mask=torch.cat([inputs["attention_mask"], ones], 1),
        mm_token_type_ids=torch.cat([inputs["mm_token_type_ids"], 0 * ones], 1),
    )


def adamw(parameters, learning_rate):
    """Fused AdamW that decays matrices alone."""
    matrices = [p for p in parameters if p.dim() > 1]
    vectors = [p for p in parameters if p.dim() <= 1]
    groups = [dict(params=matrices, weight_decay=WEIGHT_DECAY), dict(params=vectors, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=BETAS, eps=EPSILON, fused=True)


def made_rewards(ordered, shuffled):
    """Half of the answers of each group count as right, so that every answer has an advantage; and the temporal reward.

    [questions, ordered], [questions, shuffled] or None for images; gives the rewards of the ordered answers.
    """
    right = (torch.arange(ordered[1]) % 2 == 0).float().expand(ordered)
    rewards = right.clone()
    for number, count in enumerate(shuffled):
        if count > 0 and right[number].mean() >= 0.8 * (torch.arange(count) % 4 == 0).float().mean():
            rewards[number] += TEMPORAL_REWARD * right[number]
    return rewards


def group_advantages(rewards):
    """[questions, answers], each group by its own mean and deviation."""
    return (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
