"""TRL's GRPOTrainer as a peer, made to take T-GRPO steps on video: one step for each line that asks for one.

Its own log-probabilities take no video, and it knows neither shuffled groups nor a temporal reward: a subclass gives its model the
videos and adds both. Nothing of it keeps frames: what a step shows is decoded in that step. All answers are sampled in one batch.
"""

import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peer import (
    BETAS,
    CLIP,
    EPSILON,
    WEIGHT_DECAY,
    Clock,
    answered,
    batch,
    behind,
    decoded,
    given,
    group_advantages,
    made_rewards,
    patched,
    requests,
    say,
)

# Whatever the libraries print is not an answer.
sys.stdout = sys.stderr

from datasets import Dataset
from transformers import Qwen2_5_VLForConditionalGeneration, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer


class VideoTrainer(GRPOTrainer):
    asked = None
    orders = None
    clock = None
    media = None
    """The media of the batch whose log-probabilities are asked for."""

    def _prepare_inputs(self, generation_batch):
        """A batch is sampled and trained whole: nothing is cut into slices, which TRL would do by images."""
        return self._generate_and_score_completions(generation_batch)

    def _get_per_token_logps_and_entropies(
        self, model, input_ids, attention_mask, logits_to_keep, compute_entropy=False, **_
    ):
        """As TRL's own, with the videos among the model's inputs."""
        labels = input_ids.masked_fill(attention_mask == 0, -100)
        labels[:, :-logits_to_keep] = -100
        inputs = self.media | dict(input_ids=input_ids, attention_mask=attention_mask)
        types = inputs["mm_token_type_ids"]
        inputs["mm_token_type_ids"] = torch.cat(
            [types, types.new_zeros(len(types), input_ids.shape[1] - types.shape[1])], 1
        )
        outputs = model(**inputs, labels=labels, fused_lm_head=True)
        entropies = outputs.entropy[:, -logits_to_keep:] if compute_entropy else None
        return outputs.log_probs[:, -logits_to_keep:], entropies, None

    def _generate_and_score_completions(self, inputs):
        asked, questions = self.asked, self.asked["questions"]
        count, shuffles = asked["ordered"], [asked["shuffled"] if order else 0 for order in self.orders]
        ordered, shuffled = [], []
        for question, order, shuffle in zip(questions, self.orders, shuffles):
            frames = decoded(asked["ffmpeg"], question)
            ordered += [(question, *patched(frames))] * count
            shuffled += [(question, *patched(frames, order))] * shuffle if order else []
        self.clock.part("frames")
        both = batch(ordered + shuffled, asked["pad"])
        fields = {
            key: value for key, value in both.items() if key not in ("input_ids", "attention_mask", "mm_token_type_ids")
        }
        fields["mm_token_type_ids"] = [question["types"] for question, _, _ in ordered + shuffled]
        prompts = [question["tokens"] for question, _, _ in ordered + shuffled]
        written, _ = self._generate_single_turn(prompts, None, fields, self.num_generations)
        self.tokens = sum(len(one) for one in written)
        answers = written[: len(ordered)]
        texts = self.processing_class.batch_decode(answers)
        self._calculate_rewards(inputs, [one["prompt"] for one in inputs], texts, answers)
        advantages = group_advantages(made_rewards((len(questions), count), shuffles)).flatten()
        self.clock.part("sample")
        own = batch(ordered, asked["pad"])
        completions = torch.tensor(answers)
        self.media = {key: value for key, value in own.items() if key not in ("input_ids", "attention_mask")}
        whole = behind(own, completions)
        with torch.no_grad():
            reference, _, _ = self._get_per_token_logps_and_entropies(
                self.ref_model, whole["input_ids"], whole["attention_mask"], completions.shape[1]
            )
        self.clock.part("score")
        return dict(
            prompt_ids=own["input_ids"],
            prompt_mask=own["attention_mask"],
            completion_ids=completions,
            completion_mask=torch.ones_like(completions),
            advantages=advantages,
            num_items_in_batch=torch.tensor(completions.numel()),
            ref_per_token_logps=reference,
        )

    def score(self, answers):
        rows = [(one, *patched(given(one))) for one in self.asked["questions"]]
        own, completions = batch(rows, self.asked["pad"]), torch.tensor(answers)
        self.media = {key: value for key, value in own.items() if key not in ("input_ids", "attention_mask")}
        whole = behind(own, completions)
        with torch.no_grad():
            found, _, _ = self._get_per_token_logps_and_entropies(
                self.model, whole["input_ids"], whole["attention_mask"], completions.shape[1]
            )
        return found.flatten().tolist()


class StepByStep(TrainerCallback):
    """Waits before every step until one is asked for."""

    def __init__(self, asking):
        self.asking, self.trainer = asking, None

    def on_step_begin(self, args, state, control, **_):
        for asked in self.asking:
            if asked["do"] == "step":
                self.trainer.orders, self.trainer.clock = asked["orders"], Clock()
                return
            answered(lambda asked=asked: dict(logprobs=self.trainer.score(asked["answers"])))
        os._exit(0)

    def on_step_end(self, args, state, control, **_):
        self.trainer.clock.part("update")
        say(dict(tokens=self.trainer.tokens, **self.trainer.clock.taken()))


def same_reward(completions, **_):
    return [0.0] * len(completions)


def trainer_of(asked, callback):
    torch.set_num_threads(asked["threads"])
    questions = asked["questions"]
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(prefix="video-r1-trl-"),
        use_cpu=True,
        bf16=False,
        seed=asked["seed"],
        max_steps=1_000_000,
        per_device_train_batch_size=len(questions) * asked["ordered"],
        gradient_accumulation_steps=1,
        steps_per_generation=1,
        num_generations=asked["ordered"],
        num_iterations=1,
        gradient_checkpointing=False,
        max_completion_length=asked["newTokens"],
        generation_kwargs=dict(min_new_tokens=asked["newTokens"], suppress_tokens=asked["banned"]),
        temperature=1.0,
        top_p=asked["topP"],
        top_k=0,
        beta=asked["beta"],
        epsilon=asked["clipEpsilon"],
        loss_type="grpo",
        learning_rate=asked["learningRate"],
        lr_scheduler_type="constant",
        adam_beta1=BETAS[0],
        adam_beta2=BETAS[1],
        adam_epsilon=EPSILON,
        weight_decay=WEIGHT_DECAY,
        max_grad_norm=CLIP,
        shuffle_dataset=False,
        remove_unused_columns=False,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(asked["model"], dtype=torch.float32)
    trainer = VideoTrainer(
        model=model,
        reward_funcs=same_reward,
        args=config,
        train_dataset=Dataset.from_list([dict(prompt=str(number)) for number in range(len(questions))]),
        processing_class=PreTrainedTokenizerFast.from_pretrained(asked["model"]),
        callbacks=[callback],
    )
    trainer.asked, callback.trainer = asked, trainer
    return trainer


def main():
    asking = requests()
    asked = next(asking)
    callback = StepByStep(asking)
    trainer = None

    def load():
        nonlocal trainer
        import transformers
        import trl

        trainer = trainer_of(asked, callback)
        return dict(
            versions=f"TRL {trl.__version__}, PyTorch {torch.__version__}, transformers {transformers.__version__}"
        )

    answered(load)
    if trainer is not None:
        trainer.train()


if __name__ == "__main__":
    main()
