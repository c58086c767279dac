/** Each form that models come in and that is not read is refused by its name, with the way to one that is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refuseOtherForms } from '../../trainer/engines/model-forms.ts';

function folderOf(files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-forms-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const config = { model_type: 'qwen2_5_vl' };
const weights = { 'config.json': config, 'model.safetensors': '' };
const quantised = (quantization_config: object) => ({
  'config.json': { ...config, quantization_config },
  'model.safetensors': '',
});

test.each<[string, Readonly<Record<string, string | object>>, string, string]>([
  [
    'a LoRA adapter',
    {
      'adapter_config.json': { peft_type: 'LORA', base_model_name_or_path: 'Qwen/Qwen2.5-VL-7B-Instruct' },
      'adapter_model.safetensors': '',
    },
    'This is a LoRA adapter of Qwen/Qwen2.5-VL-7B-Instruct',
    'video-r1 convert FOLDER OUT adds it',
  ],
  ['GPTQ', quantised({ quant_method: 'gptq', bits: 4 }), 'quantised (GPTQ, 4 bits)', 'quantised from'],
  ['AWQ', quantised({ quant_method: 'awq', bits: 4 }), 'quantised (AWQ, 4 bits)', 'quantised from'],
  ['bitsandbytes', quantised({ load_in_8bit: true }), 'quantised (bitsandbytes, 8 bits)', 'dequantize'],
  ['FP8', quantised({ quant_method: 'fp8' }), 'quantised (FP8)', 'quantised from'],
  ['another method', quantised({ quant_method: 'hqq' }), 'quantised (hqq)', 'quantised from'],
  [
    'quantisation said of the text part',
    { ...weights, 'config.json': { ...config, text_config: { quantization_config: { quant_method: 'awq' } } } },
    'quantised (AWQ)',
    'quantised from',
  ],
  [
    'GPTQ with its own file',
    { ...weights, 'quantize_config.json': { bits: 4, quant_method: 'gptq' } },
    'quantised (GPTQ, 4 bits)',
    'quantised from',
  ],
  [
    "PyTorch's pickle",
    { 'config.json': config, 'pytorch_model.bin': '' },
    'pytorch_model.bin is a pickle of PyTorch',
    'save_pretrained(OUT)',
  ],
  [
    'pickles in several files',
    { 'config.json': config, 'pytorch_model-00001-of-00002.bin': '', 'pytorch_model.bin.index.json': '{}' },
    'is a pickle of PyTorch',
    'save_pretrained(OUT)',
  ],
  ['GGUF', { 'qwen2.5-vl-7b-q4_k_m.gguf': '' }, 'qwen2.5-vl-7b-q4_k_m.gguf is GGUF', 'safetensors'],
  [
    "DeepSpeed's pieces",
    { 'zero_to_fp32.py': '', 'global_step100/x': '' },
    'a checkpoint of DeepSpeed',
    'zero_to_fp32.py . OUT',
  ],
  ["FSDP's pieces", { 'pytorch_model_fsdp_0/__0_0.distcp': '' }, "PyTorch's FSDP", 'accelerate merge-weights'],
  [
    'a folder of checkpoints',
    { 'checkpoint-500/config.json': '{}' },
    'holds checkpoints, such as checkpoint-500',
    'one of them',
  ],
  [
    "a folder of the Hub's cache",
    { 'snapshots/abc/config.json': '{}', 'blobs/x': '' },
    'in the cache of the Hub',
    'snapshots/',
  ],
  [
    'a pointer of Git LFS',
    { ...weights, 'model.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n' },
    'a pointer of Git LFS',
    'git lfs pull',
  ],
  ['an empty folder', {}, 'There is no config.json', 'hf download'],
])('%s', async (_, files, message, remedy) => {
  const folder = folderOf(files);
  await expect(refuseOtherForms(folder)).rejects.toMatchObject({
    kind: 'bad-model',
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
    place: expect.stringContaining(folder),
  });
});

test('a file, and a folder that is not there, such as a name on the Hub', async () => {
  const folder = folderOf({ 'model.gguf': '', 'model.safetensors': '' });
  await expect(refuseOtherForms(path.join(folder, 'model.gguf'))).rejects.toThrow('model.gguf is GGUF');
  await expect(refuseOtherForms(path.join(folder, 'model.safetensors'))).rejects.toThrow('This is a file');
  await expect(refuseOtherForms(path.join(folder, 'Qwen/Qwen2.5-VL-3B-Instruct'))).rejects.toMatchObject({
    message: 'There is no such folder.',
    remedy: expect.stringContaining('hf download'),
  });
});

test('what a trainer leaves beside whole weights is no reason to refuse them', async () => {
  const beside = { 'training_args.bin': '', 'optimizer.pt': '', 'rng_state.pth': '', 'pytorch_model.bin': '' };
  await refuseOtherForms(folderOf({ ...weights, ...beside, 'adapter_config.json': {}, 'global_step10/x': '' }));
  // Weights that are missing are named where they are read, after the model's size was.
  await refuseOtherForms(folderOf({ 'config.json': config, 'training_args.bin': '' }));
});
