"""Runs SQL in DuckDB over a table of rollouts, one JSON line per statement: {"sql": ...} in, {"ms": ..., "rows": ...} out."""

import json
import sys
import time

import duckdb

connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute(f"CREATE TABLE rows AS SELECT * FROM read_csv('{sys.argv[1]}', header = true)")
print(json.dumps({"version": duckdb.__version__}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    rows = connection.execute(json.loads(line)["sql"]).fetchall()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1000, "rows": len(rows)}), flush=True)
