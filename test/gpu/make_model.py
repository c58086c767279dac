"""Makes a random Qwen2.5-VL of another size from a small one's folder: same tokenizer, same chat layout. `make_model.py FROM TO SIZE`

SIZE is JSON: what changes in `text_config` and `vision_config`. Weights are written in bfloat16.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration


def main():
    source, target, size = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    file = json.loads((source / "config.json").read_text())
    for part, changes in size.items():
        file[part] |= changes
    heads = file["text_config"]["num_attention_heads"]
    half = file["text_config"]["hidden_size"] // heads // 2
    section = [half // 4, (half - half // 4) // 2, half - half // 4 - (half - half // 4) // 2]
    for key in ("rope_scaling", "rope_parameters"):
        file["text_config"][key]["mrope_section"] = section
    file["vision_config"]["out_hidden_size"] = file["text_config"]["hidden_size"]
    torch.manual_seed(1)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**file)).to(torch.bfloat16)
    target.mkdir()
    for beside in source.iterdir():
        if beside.suffix != ".safetensors":
            shutil.copy(beside, target)
    model.save_pretrained(target)
    # As the engines read it; the library would write what it defaults to as well.
    (target / "config.json").write_text(json.dumps(file))
    print(sum(one.numel() for one in model.parameters()))


if __name__ == "__main__":
    main()
