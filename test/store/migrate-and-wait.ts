/** A program that brings a database of schema 1 up to date, says so before that is committed, and waits to be killed. */
import { writeSync } from 'node:fs';
import { Database } from '../../trainer/store/database.ts';
import { migrate } from '../../trainer/store/migrations.ts';

const database = new Database(process.argv[2] as string);
// Little memory: what was changed lies in the file already.
database.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = 10; BEGIN IMMEDIATE');
migrate(database, 1);
writeSync(1, 'changed\n');
setInterval(() => {}, 1000);
