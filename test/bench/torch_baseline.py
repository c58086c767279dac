"""The PyTorch side of `npm run bench -- engine`: one process that answers one JSON line per JSON line until its input ends.

It loads the checkpoint that the engine wrote and does the same work, as a person who knows PyTorch would: the decoder in plain
PyTorch with joined projections, scaled_dot_product_attention and a fused AdamW; the T-GRPO step on transformers' own
Qwen2.5-VL, with a copy of the prompt and its frames for each answer, as TRL's GRPOTrainer does it. It times the work alone,
without reading and writing the lines.
"""

import base64
import copy
import json
import sys
import time
import traceback
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

BETAS, EPSILON, WEIGHT_DECAY, CLIP = (0.9, 0.95), 1e-8, 0.01, 1.0


def adamw(parameters, learning_rate):
    """Fused AdamW that decays matrices alone, as the engine does."""
    matrices = [p for p in parameters if p.dim() > 1]
    vectors = [p for p in parameters if p.dim() <= 1]
    groups = [dict(params=matrices, weight_decay=WEIGHT_DECAY), dict(params=vectors, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=BETAS, eps=EPSILON, fused=True)


class Clock:
    """Milliseconds since it was made, and those of the processor in all threads."""

    def __init__(self):
        self.start, self.cpu = time.perf_counter(), time.process_time()

    def taken(self):
        return dict(ms=1000 * (time.perf_counter() - self.start), cpuMs=1000 * (time.process_time() - self.cpu))


class Decoder:
    """The text decoder of a Qwen2.5-VL checkpoint with a tied head. Text turns all three axes of M-RoPE alike."""

    def __init__(self, folder):
        file = json.loads((folder / "config.json").read_text())
        config = file["text_config"]
        assert file["tie_word_embeddings"], "the baseline expects a tied head"
        tensors = load_file(folder / "model.safetensors")
        self.hidden, self.layers = config["hidden_size"], config["num_hidden_layers"]
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.head_dim, self.epsilon = self.hidden // self.heads, config["rms_norm_eps"]

        def parameter(*names):
            return torch.nn.Parameter(torch.cat([tensors[name] for name in names]))

        self.embedding = parameter("model.embed_tokens.weight")
        self.norm = parameter("model.norm.weight")
        self.blocks = []
        for i in range(self.layers):
            at = f"model.layers.{i}"
            attention = f"{at}.self_attn"
            self.blocks.append(
                dict(
                    norm1=parameter(f"{at}.input_layernorm.weight"),
                    qkv=parameter(*(f"{attention}.{part}_proj.weight" for part in "qkv")),
                    qkv_bias=parameter(*(f"{attention}.{part}_proj.bias" for part in "qkv")),
                    o=parameter(f"{attention}.o_proj.weight"),
                    norm2=parameter(f"{at}.post_attention_layernorm.weight"),
                    gate_up=parameter(f"{at}.mlp.gate_proj.weight", f"{at}.mlp.up_proj.weight"),
                    down=parameter(f"{at}.mlp.down_proj.weight"),
                )
            )
        self.parameters = [self.embedding, self.norm, *(p for block in self.blocks for p in block.values())]
        half = self.head_dim // 2
        theta = config["rope_parameters"]["rope_theta"]
        angles = torch.outer(torch.arange(1024.0), theta ** (-torch.arange(half) / half))
        self.cos = torch.cat([angles.cos(), angles.cos()], -1)
        self.sin = torch.cat([-angles.sin(), angles.sin()], -1)

    def _rms(self, x, gain):
        return F.rms_norm(x, (self.hidden,), gain, self.epsilon)

    def _rotate(self, x, cos, sin):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat([second, first], -1) * sin

    def forward(self, tokens, cache=None, at=0):
        """Logits [rows, length, vocabulary]; with a cache, of the last place alone, and keys and values go in at place `at`."""
        rows, length = tokens.shape
        x = F.embedding(tokens, self.embedding)
        cos, sin = self.cos[at : at + length], self.sin[at : at + length]
        kv = self.kv_heads * self.head_dim
        for i, block in enumerate(self.blocks):
            qkv = F.linear(self._rms(x, block["norm1"]), block["qkv"], block["qkv_bias"])
            q, k, v = (
                part.view(rows, length, -1, self.head_dim).transpose(1, 2)
                for part in qkv.split([self.hidden, kv, kv], -1)
            )
            q, k = self._rotate(q, cos, sin), self._rotate(k, cos, sin)
            if cache is not None:
                keys, values = cache[i]
                keys[:, :, at : at + length] = k
                values[:, :, at : at + length] = v
                k, v = keys[:, :, : at + length], values[:, :, : at + length]
            if length == 1:
                # The queries that share a key head stand as rows of it: no key is copied.
                grouped = q.reshape(rows, self.kv_heads, -1, self.head_dim)
                attended = F.scaled_dot_product_attention(grouped, k, v).reshape(rows, 1, self.hidden)
            else:
                attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
                attended = attended.transpose(1, 2).reshape(rows, length, self.hidden)
            x = x + F.linear(attended, block["o"])
            gate, up = F.linear(self._rms(x, block["norm2"]), block["gate_up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, block["down"])
        if cache is not None:
            x = x[:, -1:]
        return F.linear(self._rms(x, self.norm), self.embedding)


class TextTraining:
    """Supervised steps on text: next-token loss over every place, backward, clip, AdamW."""

    def __init__(self, decoder, learning_rate, how):
        self.decoder = decoder
        self.optimizer = adamw(decoder.parameters, learning_rate)
        self.loss = torch.compile(self._loss) if how == "compiled" else self._loss

    def _loss(self, inputs, targets):
        logits = self.decoder.forward(inputs)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets)

    def step(self, tokens):
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)
        clock = Clock()
        loss = self.loss(inputs, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.decoder.parameters, CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return dict(loss=loss.item(), **clock.taken())


@torch.inference_mode()
def decode(decoder, prompts, answers, new_tokens):
    """Draws `new_tokens` tokens at temperature 1 for each of `answers` copies of each prompt; a prompt is run once."""
    clock = Clock()
    rows, places = len(prompts) * answers, prompts.shape[1] + new_tokens
    shape = (rows, decoder.kv_heads, places, decoder.head_dim)
    cache = [(torch.empty(shape), torch.empty(shape)) for _ in range(decoder.layers)]
    first = cache
    if answers > 1:
        once = (len(prompts), decoder.kv_heads, prompts.shape[1], decoder.head_dim)
        first = [(torch.empty(once), torch.empty(once)) for _ in range(decoder.layers)]
    logits = decoder.forward(prompts, first)
    if answers > 1:
        logits = logits.repeat_interleave(answers, 0)
        for (keys, values), (prompt_keys, prompt_values) in zip(cache, first):
            keys[:, :, : prompts.shape[1]] = prompt_keys.repeat_interleave(answers, 0)
            values[:, :, : prompts.shape[1]] = prompt_values.repeat_interleave(answers, 0)
    drawn = []
    for place in range(prompts.shape[1], places):
        drawn.append(torch.multinomial(torch.softmax(logits[:, -1], -1), 1))
        if place + 1 < places:
            logits = decoder.forward(drawn[-1], cache, place)
    return dict(tokens=torch.cat(drawn, 1).numel(), **clock.taken())


def joined_rows(prompts, copies, pad):
    """The processor's arrays for `copies[i]` rows of prompt i, padded on the left."""
    longest = max(len(prompt["tokens"]) for prompt in prompts)
    rows = [prompt for prompt, count in zip(prompts, copies) for _ in range(count)]
    padding = [longest - len(row["tokens"]) for row in rows]
    tokens = torch.tensor([[pad] * n + row["tokens"] for n, row in zip(padding, rows)])
    return dict(
        input_ids=tokens,
        attention_mask=torch.tensor([[0] * n + [1] * (longest - n) for n in padding]),
        mm_token_type_ids=torch.tensor([[0] * n + row["types"] for n, row in zip(padding, rows)]),
        pixel_values_videos=torch.cat([row["pixels"] for row in rows]),
        video_grid_thw=torch.tensor([row["grid"] for row in rows]),
        second_per_grid_ts=torch.tensor([row["secondsPerPair"] for row in rows]),
    )


def answer_logprobs(model, inputs, answers):
    """Log-probability of each token of the answers [rows, length] behind the prompts."""
    ones = torch.ones_like(answers)
    logits = model(
        **inputs
        | dict(
            input_ids=torch.cat([inputs["input_ids"], answers], 1),
            attention_mask=torch.cat([inputs["attention_mask"], ones], 1),
            mm_token_type_ids=torch.cat([inputs["mm_token_type_ids"], 0 * ones], 1),
        ),
        logits_to_keep=answers.shape[1] + 1,
        use_cache=False,
    ).logits[:, :-1]
    return logits.gather(-1, answers[..., None])[..., 0] - logits.logsumexp(-1)


class Reinforcement:
    """T-GRPO steps with transformers' model: generate, reference, policy loss with KL, backward, clip, AdamW."""

    def __init__(self, folder, learning_rate):
        from transformers import Qwen2_5_VLForConditionalGeneration

        self.policy = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        self.reference = copy.deepcopy(self.policy).requires_grad_(False)
        self.optimizer = adamw(list(self.policy.parameters()), learning_rate)

    def step(self, questions, ordered, shuffled, new_tokens, advantages, clip_epsilon, beta):
        """`questions` are pairs of prompts, with the frames in order and shuffled; `advantages` are those of one group."""
        pad = self.policy.generation_config.pad_token_id
        clock = Clock()
        prompts = [prompt for pair in questions for prompt in pair]
        inputs = joined_rows(prompts, [ordered, shuffled] * len(questions), pad)
        length = inputs["input_ids"].shape[1]
        written = self.policy.generate(
            **inputs,
            do_sample=True,
            top_k=0,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            suppress_tokens=[self.policy.config.image_token_id, self.policy.config.video_token_id],
            use_cache=True,
        )[:, length:]
        is_ordered = torch.tensor([True] * ordered + [False] * shuffled).repeat(len(questions))
        answers = written[is_ordered]
        inputs = joined_rows([pair[0] for pair in questions], [ordered] * len(questions), pad)
        with torch.no_grad():
            reference = answer_logprobs(self.reference, inputs, answers)
        logprobs = answer_logprobs(self.policy, inputs, answers)
        ratio = (logprobs - logprobs.detach()).exp()
        advantage = torch.tensor(advantages).repeat(len(questions))[:, None]
        surrogate = torch.min(ratio * advantage, ratio.clamp(1 - clip_epsilon, 1 + clip_epsilon) * advantage)
        difference = reference - logprobs
        loss = (beta * (difference.exp() - difference - 1) - surrogate).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return dict(tokens=written.numel(), **clock.taken())


def received_prompt(prompt):
    pixels = torch.frombuffer(bytearray(base64.b64decode(prompt.pop("pixels"))), dtype=torch.float32)
    return prompt | dict(pixels=pixels.view(-1, prompt["patchLength"]))


def main():
    decoder = reinforcement = None
    training = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            match asked.pop("do"):
                case "load":
                    torch.set_num_threads(asked["threads"])
                    torch.manual_seed(asked["seed"])
                    folder, learning_rate = Path(asked["folder"]), asked["learningRate"]
                    decoder = reinforcement = None
                    training = {}
                    if asked["what"] == "text":
                        decoder = Decoder(folder)
                        for how in ("eager", "compiled"):
                            training[how] = TextTraining(Decoder(folder), learning_rate, how)
                    else:
                        reinforcement = Reinforcement(folder, learning_rate)
                    answer = dict(version=torch.__version__)
                case "step":
                    answer = training[asked["how"]].step(torch.tensor(asked["tokens"]))
                case "decode":
                    answer = decode(decoder, torch.tensor(asked["prompts"]), asked["answers"], asked["newTokens"])
                case "tgrpo":
                    questions = [[received_prompt(prompt) for prompt in pair] for pair in asked["questions"]]
                    names = ("ordered", "shuffled", "newTokens", "advantages", "clipEpsilon", "beta")
                    answer = reinforcement.step(questions, *(asked[name] for name in names))
                case unknown:
                    raise ValueError(f"nothing is known of {unknown}")
        except Exception as error:  # Whoever asked is told; the process goes on.
            traceback.print_exc()
            answer = dict(error=f"{type(error).__name__}: {error}")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
