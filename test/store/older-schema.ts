/** A run's database as an older version had it, with all that its tables could hold. */
import { Database } from '../../trainer/store/database.ts';
import { makeTables } from '../../trainer/store/migrations.ts';

const tablesOf = (database: Database): string[] =>
  database
    .all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'rollout_words%'",
    )
    .map(({ name }) => name);
const indexesOf = (database: Database): string[] =>
  database
    .all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    .map(({ name }) => name);
const columnsOf = (database: Database, table: string): string[] =>
  database.all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`).map(({ name }) => name);

/** Takes away what later versions than `version` added, and gives back, empty, what they took away. */
export function withOlderSchema(file: string, version: number): void {
  const database = new Database(file);
  const older = new Database(':memory:');
  try {
    makeTables(older, version);
    const [tables, indexes] = [new Set(tablesOf(older)), new Set(indexesOf(older))];
    for (const index of indexesOf(database)) if (!indexes.has(index)) database.exec(`DROP INDEX ${index}`);
    for (const table of tablesOf(database)) {
      if (!tables.has(table)) database.exec(`DROP TABLE ${table}`);
      if (!tables.has(table)) continue;
      const [columns, present] = [columnsOf(older, table), columnsOf(database, table)];
      for (const column of present)
        if (!columns.includes(column)) database.exec(`ALTER TABLE ${table} DROP COLUMN ${column}`);
      for (const column of columns)
        if (!present.includes(column)) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} BLOB`);
    }
    database.exec(`PRAGMA user_version = ${version}`);
  } finally {
    older.dispose();
    database.dispose();
  }
}
