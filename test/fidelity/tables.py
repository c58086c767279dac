"""Writes the tables of test/fixtures/tables with pyarrow and datasets, as researchers' files are written.

    python test/fidelity/tables.py test/fixtures/tables    (pip install pyarrow datasets pandas pillow)

It makes and removes a folder `clips` where it is called.
"""
import json
import shutil
import sys
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

BIG = 9007199254740993  # 2**53 + 1
# The smallest PNG: one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)


def rows(first=0, count=3):
    return [
        {
            "problem_id": BIG + 2 * i,
            "problem": f"Which way? {i} ü 北",
            "data_type": "video",
            "problem_type": "multiple choice",
            "options": ["A. Left", "B. Right"],
            "solution": "<answer>A</answer>",
            "path": f"./clips/{i}.mp4",
            "data_source": "made",
            "process": None if i % 2 else "<think>Left.</think>",
        }
        for i in range(first, first + count)
    ]


def main(out: Path):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
        pq.write_table(pa.Table.from_pylist(rows()), out / f"{codec}.parquet", compression=codec, row_group_size=2)
    pq.write_table(
        pa.Table.from_pylist(rows()), out / "pages-2.parquet", data_page_version="2.0", use_dictionary=False,
        version="2.6", column_encoding={"problem": "DELTA_BYTE_ARRAY", "problem_id": "DELTA_BINARY_PACKED"},
    )
    # Options as a struct with nulls, as pandas makes them of {"A": …}.
    structs = [{**row, "options": {"A": "Left", "B": "Right", "C": None}} for row in rows()]
    pq.write_table(pa.Table.from_pylist(structs), out / "struct-options.parquet")
    # Unsigned ids at the end of their range, large strings, categories.
    table = pa.Table.from_pylist(rows())
    ids = pa.array([2**64 - 1, 2**64 - 2, 2**64 - 3], pa.uint64())
    table = table.set_column(0, "problem_id", ids).set_column(1, "problem", table["problem"].cast(pa.large_string()))
    table = table.set_column(3, "problem_type", table["problem_type"].dictionary_encode())
    pq.write_table(table, out / "wide-ids.parquet")
    # Pictures in the rows: one with its bytes, one by its path.
    images = [
        {**row, "data_type": "image", "image": {"bytes": PNG if i == 0 else None, "path": ["cat.png", "clips/dog.png", "clips/elk.png"][i]}}
        for i, row in enumerate(rows())
    ]
    for image in images:
        del image["path"]
    features = datasets.Features(
        {
            **{name: datasets.Value("string") for name in ["problem", "data_type", "solution", "data_source", "process"]},
            "problem_id": datasets.Value("int64"),
            "options": datasets.List(datasets.Value("string")),
            "problem_type": datasets.ClassLabel(names=["numerical", "multiple choice"]),
            "image": datasets.Image(decode=False),
        }
    )
    pictured = datasets.Dataset.from_list(images, features=features)
    # As it stands: to_parquet would want the files that are named, and take their bytes in.
    pq.write_table(pictured.data.table.combine_chunks(), out / "pictures.parquet")
    # save_to_disk takes in the files that are named.
    Path("clips").mkdir(exist_ok=True)
    for name in ["dog", "elk"]:
        Path(f"clips/{name}.png").write_bytes(PNG)
    pictured.save_to_disk(out / "pictures-on-disk")
    shutil.rmtree("clips")
    # A snapshot of the Hub: two shards of a split.
    snapshot = out / "snapshot"
    (snapshot / "data").mkdir(parents=True)
    (snapshot / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n---\n# Made\n"
    )
    for shard in range(2):
        datasets.Dataset.from_list(rows(2 * shard, 2)).to_parquet(snapshot / "data" / f"train-0000{shard}-of-00002.parquet")
    # What save_to_disk writes, of one dataset in two files and of two splits.
    datasets.Dataset.from_list(rows(0, 4)).save_to_disk(out / "on-disk", num_shards=2)
    splits = datasets.DatasetDict({name: datasets.Dataset.from_list(rows(0, 1)) for name in ["train", "test"]})
    splits.save_to_disk(out / "splits-on-disk")
    for state in out.glob("**/state.json"):
        content = json.loads(state.read_text())
        state.write_text(json.dumps({**content, "_fingerprint": "0"}, indent=2))


main(Path(sys.argv[1]).resolve())
