"""Opens checkpoints in transformers and answers on standard output, one JSON object: what test/integration/transformers.test.ts compares.

    open_checkpoint.py REQUEST.json

The request: {"folder", "save": folder or null, "frames": [count, height, width, bytes in base64], "messages", "answer",
"secondsPerGrid"}. The answer: the text by the chat template, its tokens, the log-probability of each answer token, and a greedy
continuation of 16 tokens. With "save", the norms of the last layer are made half as large again, and the model is saved there.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from qwen import patchify
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration


def main():
    request = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(1)
    folder = request["folder"]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    unloaded = [*info["missing_keys"], *info["unexpected_keys"], *info["mismatched_keys"]]
    dtype = str(model.dtype)
    model = model.float().eval()
    if request.get("save"):
        with torch.no_grad():
            model.model.language_model.norm.weight.mul_(1.5)
        model.save_pretrained(request["save"])
        tokenizer.save_pretrained(request["save"])
    count, height, width, data = request["frames"]
    frames = np.frombuffer(base64.b64decode(data), np.uint8).reshape(count, height, width, 3)
    patches, grid = patchify(frames)
    text = tokenizer.apply_chat_template(request["messages"], tokenize=False, add_generation_prompt=True)
    pad = "<|video_pad|>"
    prompt = tokenizer(text.replace(pad, pad * (grid[0] * grid[1] * grid[2] // 4)), add_special_tokens=False)["input_ids"]
    video = tokenizer.convert_tokens_to_ids(pad)
    media = dict(pixel_values_videos=patches, video_grid_thw=torch.tensor([grid]),
                 second_per_grid_ts=torch.tensor([request["secondsPerGrid"]]))

    def given(tokens):
        ids = torch.tensor([tokens])
        return dict(input_ids=ids, attention_mask=torch.ones_like(ids),
                    mm_token_type_ids=(ids == video).int() * 2, **media)

    answer = request["answer"]
    with torch.no_grad():
        logits = model(**given(prompt + answer)).logits[0, len(prompt) - 1 : -1]
        logprobs = torch.log_softmax(logits, -1)[torch.arange(len(answer)), torch.tensor(answer)]
        written = model.generate(**given(prompt), do_sample=False, max_new_tokens=16, min_new_tokens=16,
                                 eos_token_id=None, pad_token_id=0)[0, len(prompt) :]
    print(json.dumps(dict(unloaded=unloaded, dtype=dtype, text=text, prompt=prompt, logprobs=logprobs.tolist(),
                          greedy=written.tolist())))


if __name__ == "__main__":
    main()
