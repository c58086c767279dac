"""A plain PyTorch loop as a peer: one process that takes a T-GRPO step for each line that asks for one.

Frames and pixel tensors are kept on disk under path, frame count, rate and size, as EasyVideoR1 (arXiv 2604.16893) keeps them: a
video is decoded once. All answers are sampled in one batch, a copy of the prompt and its media for each, and trained in one.
"""

import copy
import hashlib
from pathlib import Path

import numpy as np
import torch

from peer import (
    CLIP,
    Clock,
    adamw,
    answered,
    batch,
    behind,
    decoded,
    given,
    group_advantages,
    made_rewards,
    patched,
    requests,
)


class Media:
    """Frames and patches by what they are of; the patches of shuffled frames are of no use to another step."""

    def __init__(self, folder, ffmpeg):
        self.folder, self.ffmpeg = Path(folder), ffmpeg

    def of(self, question):
        said = "|".join(str(question[key]) for key in ("file", "indices", "secondsPerPair", "width", "height"))
        name = hashlib.sha1(said.encode()).hexdigest()
        frames = self._kept(f"{name}.frames.npy", lambda: decoded(self.ffmpeg, question))
        values = self._kept(f"{name}.patches.npy", lambda: patched(frames)[0].numpy())
        pairs = (len(frames) + 1) // 2
        return frames, torch.from_numpy(values), torch.tensor([[pairs, frames.shape[1] // 14, frames.shape[2] // 14]])

    def _kept(self, name, make):
        file = self.folder / name
        if not file.exists():
            np.save(file, make())
        return np.load(file)


def answer_logprobs(model, inputs, answers):
    """[rows, tokens] of answers behind the prompts."""
    kept = answers.shape[1] + 1
    logits = model(**behind(inputs, answers), logits_to_keep=kept, use_cache=False).logits[:, :-1]
    return logits.gather(-1, answers[..., None])[..., 0] - logits.logsumexp(-1)


class Loop:
    def __init__(self, asked):
        from transformers import Qwen2_5_VLForConditionalGeneration

        torch.set_num_threads(asked["threads"])
        torch.manual_seed(asked["seed"])
        self.asked, self.questions = asked, asked["questions"]
        self.media = Media(asked["cache"], asked["ffmpeg"])
        self.policy = Qwen2_5_VLForConditionalGeneration.from_pretrained(asked["model"], dtype=torch.float32)
        self.reference = copy.deepcopy(self.policy).requires_grad_(False)
        self.optimizer = adamw(list(self.policy.parameters()), asked["learningRate"])

    def score(self, answers):
        rows = [(one, *patched(given(one))) for one in self.questions]
        with torch.no_grad():
            return (
                answer_logprobs(self.policy, batch(rows, self.asked["pad"]), torch.tensor(answers)).flatten().tolist()
            )

    def step(self, orders):
        """`orders` are those of the shuffled frames by question; none of an image."""
        asked, clock = self.asked, Clock()
        rows, count = [], asked["ordered"]
        for question, order in zip(self.questions, orders):
            frames, values, grid = self.media.of(question)
            rows += [(question, values, grid)] * count
            rows += [(question, *patched(frames, order))] * asked["shuffled"] if order else []
        is_ordered = torch.tensor(
            [i for order in orders for i in [True] * count + [False] * (asked["shuffled"] if order else 0)]
        )
        clock.part("frames")
        inputs = batch(rows, asked["pad"])
        written = self.policy.generate(
            **inputs,
            do_sample=True,
            top_k=0,
            top_p=asked["topP"],
            min_new_tokens=asked["newTokens"],
            max_new_tokens=asked["newTokens"],
            suppress_tokens=asked["banned"],
            use_cache=True,
        )[:, inputs["input_ids"].shape[1] :]
        rewards = made_rewards((len(self.questions), count), [asked["shuffled"] if order else 0 for order in orders])
        advantages = group_advantages(rewards).reshape(-1, 1)
        clock.part("sample")
        answers = written[is_ordered]
        inputs = batch([row for row, wanted in zip(rows, is_ordered) if wanted], asked["pad"])
        with torch.no_grad():
            reference = answer_logprobs(self.reference, inputs, answers)
        clock.part("score")
        logprobs = answer_logprobs(self.policy, inputs, answers)
        ratio = (logprobs - logprobs.detach()).exp()
        bounded = ratio.clamp(1 - asked["clipEpsilon"], 1 + asked["clipEpsilon"])
        difference = reference - logprobs
        kl = difference.exp() - difference - 1
        loss = (asked["beta"] * kl - torch.min(ratio * advantages, bounded * advantages)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        clock.part("update")
        return dict(tokens=written.numel(), **clock.taken())


def main():
    loop = None
    for asked in requests():
        what = asked.pop("do")
        if what == "load":

            def load():
                nonlocal loop
                import transformers

                loop = Loop(asked)
                return dict(versions=f"PyTorch {torch.__version__}, transformers {transformers.__version__}")

            answered(load)
        elif what == "score":
            answered(lambda: dict(logprobs=loop.score(asked["answers"])))
        else:
            answered(lambda: loop.step(asked["orders"]))


if __name__ == "__main__":
    main()
