/**
 * Tables of a run's database, version by version. `events` is the log; the others are projections of it, kept in the same
 * transaction. Bodies are JSON in the contract's shapes; columns beside them are what queries need.
 */

/** Written to `PRAGMA application_id`: "VR1S". */
export const applicationId = 0x56523153;

export const schema1 = `
CREATE TABLE run (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), summary TEXT NOT NULL) STRICT;

-- step: set where the event is about one step and a rewind can void it. group_key: the body lies in groups and rollouts.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  step INTEGER,
  group_key INTEGER,
  body TEXT,
  CHECK ((group_key IS NULL) <> (body IS NULL))
) STRICT;
CREATE INDEX events_step ON events (step) WHERE step IS NOT NULL;

CREATE TABLE steps (step INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE commands (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE checkpoints (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, step INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE evaluations (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, step INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE skipped (key INTEGER PRIMARY KEY, step INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

CREATE TABLE groups (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  step INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  problem TEXT NOT NULL,
  problem_type TEXT NOT NULL,
  data_type TEXT NOT NULL,
  media_key TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX groups_step ON groups (step);
CREATE INDEX groups_media ON groups (media_key);

-- One row per combination of what the list filters by, with the number of rollouts that have it.
CREATE TABLE facets (
  id INTEGER PRIMARY KEY,
  purpose TEXT NOT NULL,
  frame_order TEXT NOT NULL,
  correct INTEGER NOT NULL,
  data_type TEXT NOT NULL,
  problem_type TEXT NOT NULL,
  aha INTEGER NOT NULL,
  flagged INTEGER NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  UNIQUE (purpose, frame_order, correct, data_type, problem_type, aha, flagged)
) STRICT;

-- AUTOINCREMENT: the list pages by key, so a key is never given twice, not even after a rewind.
CREATE TABLE rollouts (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  group_key INTEGER NOT NULL REFERENCES groups (key),
  place INTEGER NOT NULL,
  step INTEGER NOT NULL,
  facet INTEGER NOT NULL REFERENCES facets (id),
  flags INTEGER NOT NULL,
  text TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX rollouts_group ON rollouts (group_key, place);
CREATE INDEX rollouts_step ON rollouts (step, key, facet);
CREATE INDEX rollouts_facet ON rollouts (facet, key, step);

-- The words only: the text itself lies in rollouts and groups.
CREATE VIRTUAL TABLE rollout_words USING fts5 (text, problem, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

-- logprobs and entropy: 32-bit floats, little endian.
CREATE TABLE tokens (
  rollout_key INTEGER PRIMARY KEY REFERENCES rollouts (key),
  pieces TEXT NOT NULL,
  logprobs BLOB NOT NULL,
  entropy BLOB NOT NULL
) STRICT;

-- text and subject: the rollout and its question as they were when it was flagged; a rewind never takes away a person's work.
CREATE TABLE annotations (
  id INTEGER PRIMARY KEY,
  rollout_id TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0,
  text TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX annotations_rollout ON annotations (rollout_id);
`;

/** Before it, commands have to be taken out of their table; after it, what is empty has to be filled. */
export const schema2 = `
-- The log has them, and nothing read the table.
DROP TABLE skipped;

-- id is made by who sends a command; number counts them.
DROP TABLE commands;
CREATE TABLE commands (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;

-- What is long lies apart, so that a query that looks at every row reads little.
CREATE TABLE rollout_bodies (key INTEGER PRIMARY KEY REFERENCES rollouts (key), text TEXT NOT NULL, body TEXT NOT NULL) STRICT;
INSERT INTO rollout_bodies (key, text, body) SELECT key, text, body FROM rollouts;
ALTER TABLE rollouts DROP COLUMN text;
ALTER TABLE rollouts DROP COLUMN body;
CREATE TABLE group_bodies (key INTEGER PRIMARY KEY REFERENCES groups (key), body TEXT NOT NULL) STRICT;
INSERT INTO group_bodies (key, body) SELECT key, body FROM groups;
ALTER TABLE groups DROP COLUMN body;

-- Fields of the query language: numbers as they are compared, truths as 0 and 1, texts folded; null where there is none.
ALTER TABLE rollouts ADD COLUMN nth INTEGER;
ALTER TABLE rollouts ADD COLUMN answer TEXT;
ALTER TABLE rollouts ADD COLUMN length INTEGER;
ALTER TABLE rollouts ADD COLUMN stop TEXT;
ALTER TABLE rollouts ADD COLUMN logprob REAL;
ALTER TABLE rollouts ADD COLUMN entropy REAL;
ALTER TABLE rollouts ADD COLUMN accuracy REAL;
ALTER TABLE rollouts ADD COLUMN reward REAL;
ALTER TABLE rollouts ADD COLUMN format REAL;
ALTER TABLE rollouts ADD COLUMN temporal REAL;
ALTER TABLE rollouts ADD COLUMN length_bonus REAL;
ALTER TABLE rollouts ADD COLUMN advantage REAL;
ALTER TABLE rollouts ADD COLUMN paid INTEGER;
ALTER TABLE groups ADD COLUMN at REAL;
ALTER TABLE groups ADD COLUMN question TEXT;
ALTER TABLE groups ADD COLUMN row INTEGER;
ALTER TABLE groups ADD COLUMN dataset TEXT;
ALTER TABLE groups ADD COLUMN source TEXT;
ALTER TABLE groups ADD COLUMN family TEXT;
ALTER TABLE groups ADD COLUMN needs_order INTEGER;
ALTER TABLE groups ADD COLUMN solution TEXT;
ALTER TABLE groups ADD COLUMN file TEXT;
ALTER TABLE groups ADD COLUMN frames INTEGER;
ALTER TABLE groups ADD COLUMN duration REAL;
ALTER TABLE groups ADD COLUMN vision_tokens INTEGER;
ALTER TABLE groups ADD COLUMN passed INTEGER;
ALTER TABLE groups ADD COLUMN p REAL;
ALTER TABLE groups ADD COLUMN p_shuffled REAL;
ALTER TABLE groups ADD COLUMN flat INTEGER;
ALTER TABLE groups ADD COLUMN group_mean REAL;
ALTER TABLE groups ADD COLUMN group_std REAL;
ALTER TABLE annotations ADD COLUMN category TEXT;
ALTER TABLE annotations ADD COLUMN author TEXT;

-- Words as \`wordsOf\` cuts them, joined by spaces: the tokenizer takes each as it is.
DROP TABLE rollout_words;
CREATE VIRTUAL TABLE rollout_words USING fts5 (text, problem, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
`;

/** What is made from the bodies is filled in portions, the newest groups first: those with a key of "below" and more have it. */
export const schema4 = `
-- No row: all is filled.
CREATE TABLE filling (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  below INTEGER NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL
) STRICT;
`;

/**
 * What a run went back over is kept. Rows of groups and rollouts stay, marked by the number of that going back, under ids of
 * their own, so that what is made again takes the first ones; facets count those that stand.
 */
export const schema5 = `
CREATE TABLE attempts (number INTEGER PRIMARY KEY, at REAL NOT NULL, to_step INTEGER NOT NULL) STRICT;

-- Events as they were; in \`events\` their numbers are read as the going back.
CREATE TABLE superseded_events (
  seq INTEGER PRIMARY KEY,
  attempt INTEGER NOT NULL REFERENCES attempts (number),
  step INTEGER NOT NULL,
  group_key INTEGER,
  body TEXT
) STRICT;

ALTER TABLE groups ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollouts ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;

DROP INDEX rollouts_step;
DROP INDEX rollouts_facet;
CREATE INDEX rollouts_step ON rollouts (step, key, facet, superseded);
CREATE INDEX rollouts_facet ON rollouts (facet, superseded, key, step);
`;

/** What the inspector asks for. */
export const schema6 = `
-- Token by token. ids: 32-bit integers, little endian; -n repeats the one before n times. alternatives: how many at each place as
-- bytes, then ids, then log-probabilities as 32-bit floats; their texts stand once for the run.
ALTER TABLE tokens ADD COLUMN ids BLOB;
ALTER TABLE tokens ADD COLUMN alternatives BLOB;
CREATE TABLE token_pieces (id INTEGER PRIMARY KEY, piece TEXT NOT NULL) STRICT;
-- What the update computed of an answer: 32-bit floats. left_out: it was not trained on.
CREATE TABLE token_scores (
  rollout_key INTEGER PRIMARY KEY REFERENCES rollouts (key),
  left_out INTEGER NOT NULL,
  reference BLOB,
  trainer BLOB
) STRICT;
-- pieces: JSON; one that stands several times is a list of itself and how often.
CREATE TABLE prompts (group_key INTEGER PRIMARY KEY REFERENCES groups (key), ids BLOB NOT NULL, pieces TEXT NOT NULL) STRICT;
ALTER TABLE rollouts ADD COLUMN kl REAL;
-- Of a question across steps and runs: the key of its content, and of its answers on ordered frames how many there are, how
-- many are right, and their means.
ALTER TABLE groups ADD COLUMN asked TEXT;
ALTER TABLE groups ADD COLUMN answers INTEGER;
ALTER TABLE groups ADD COLUMN right_answers INTEGER;
ALTER TABLE groups ADD COLUMN accuracy REAL;
ALTER TABLE groups ADD COLUMN reward REAL;
ALTER TABLE groups ADD COLUMN length REAL;
CREATE INDEX groups_asked ON groups (asked, superseded, step, purpose, row, answers, right_answers, accuracy, reward, length);
ALTER TABLE groups ADD COLUMN flat_because TEXT;
-- Counts by step: sums as JSON, by the name of what is counted; what each group adds to them; how far the counting has come
-- ("below" as in filling, 0 when all groups are counted).
CREATE TABLE step_counts (step INTEGER NOT NULL, purpose TEXT NOT NULL, sums TEXT NOT NULL, PRIMARY KEY (step, purpose)) STRICT;
CREATE TABLE group_counts (key INTEGER PRIMARY KEY REFERENCES groups (key), counts TEXT NOT NULL) STRICT;
CREATE TABLE counting (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL,
  below INTEGER NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL
) STRICT;

-- Patterns of an answer, a bit each.
ALTER TABLE rollouts ADD COLUMN patterns INTEGER;
-- Reasoning that was given, with what it was first given for: print is a part of its hash. Only what is written from now on.
CREATE TABLE same_texts (print BLOB NOT NULL, media_key TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (print, media_key)) STRICT, WITHOUT ROWID;
-- What the analysis found, and by which version of its rules; those that were written before it was kept are of the first.
ALTER TABLE rollouts ADD COLUMN analysis INTEGER NOT NULL DEFAULT 1;
ALTER TABLE rollouts ADD COLUMN names_time INTEGER;
ALTER TABLE rollouts ADD COLUMN change TEXT;
CREATE INDEX rollouts_analysis ON rollouts (analysis, group_key);
-- Keys of rollouts that were changed or removed after they were written, themselves or their group, under a number that only
-- grows: whoever keeps values of rollouts in memory reads on from the last number that it knows.
CREATE TABLE changed_rollouts (number INTEGER PRIMARY KEY AUTOINCREMENT, key INTEGER NOT NULL UNIQUE) STRICT;
CREATE TRIGGER rollout_changed AFTER UPDATE ON rollouts BEGIN
  DELETE FROM changed_rollouts WHERE key = NEW.key;
  INSERT INTO changed_rollouts (key) VALUES (NEW.key);
END;
CREATE TRIGGER rollout_removed AFTER DELETE ON rollouts BEGIN
  DELETE FROM changed_rollouts WHERE key = OLD.key;
  INSERT INTO changed_rollouts (key) VALUES (OLD.key);
END;
CREATE TRIGGER group_changed AFTER UPDATE ON groups BEGIN
  DELETE FROM changed_rollouts WHERE key IN (SELECT key FROM rollouts WHERE group_key = NEW.key);
  INSERT INTO changed_rollouts (key) SELECT key FROM rollouts WHERE group_key = NEW.key;
END;
`;

/**
 * Flags are an index of the label files: their ids are those of entries, and verdicts stand by themselves. Those that were written
 * here before have numbers for ids until they are moved into label files.
 */
export const schema7 = `
CREATE TABLE labels (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  rollout_id TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0,
  text TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  category TEXT,
  author TEXT,
  verdict TEXT
) STRICT;
INSERT INTO labels (id, number, rollout_id, removed, text, subject, body)
  SELECT CAST(id AS TEXT), id, rollout_id, removed, text, subject,
    json_set(body, '$.id', CAST(id AS TEXT), '$.severity', 'major') FROM annotations;
DROP TABLE annotations;
ALTER TABLE labels RENAME TO annotations;
CREATE INDEX annotations_rollout ON annotations (rollout_id);
UPDATE events SET body = json_set(body, '$.annotation.id', CAST(json_extract(body, '$.annotation.id') AS TEXT), '$.annotation.severity', 'major')
  WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'annotation';
UPDATE events SET body = json_set(body, '$.id', CAST(json_extract(body, '$.id') AS TEXT))
  WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'annotation-removed';
`;

/** What became of flagged answers in an update, and answers in which flagged words came back. */
export const schema8 = `
ALTER TABLE rollouts ADD COLUMN came_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollouts ADD COLUMN masked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX rollouts_came_back ON rollouts (key) WHERE came_back = 1;
-- What the run went back over is not in the counts; other bodies are read where the counts say that words came back.
UPDATE rollouts SET came_back = 1 WHERE key IN (
  SELECT r.key FROM rollouts r LEFT JOIN group_counts c ON c.key = r.group_key JOIN rollout_bodies b ON b.key = r.key
  WHERE CASE WHEN r.superseded > 0 OR json_extract(c.counts, '$.flagged') > 0
    THEN json_array_length(b.body, '$.flagged') > 0 ELSE 0 END
);
`;

/** What answers stood on. */
export const schema9 = `
ALTER TABLE rollouts ADD COLUMN order_worth REAL;
ALTER TABLE rollouts ADD COLUMN order_error REAL;
ALTER TABLE rollouts ADD COLUMN uses_order INTEGER;
-- Scores of an answer by the weights of a run's step, those as it was seen ("seen") and one row for each intervention. detail: JSON,
-- of "seen" what is known of the weighing itself. logprobs: 32-bit floats from token "first" on.
CREATE TABLE evidence (
  rollout_key INTEGER NOT NULL REFERENCES rollouts (key),
  weights TEXT NOT NULL,
  step INTEGER NOT NULL,
  version INTEGER NOT NULL,
  intervention TEXT NOT NULL,
  at REAL NOT NULL,
  detail TEXT NOT NULL,
  first INTEGER NOT NULL,
  logprobs BLOB NOT NULL,
  PRIMARY KEY (rollout_key, weights, step, version, intervention)
) STRICT, WITHOUT ROWID;
`;

/** Whether the temporal reward changed an answer's advantage. */
export const schema10 = 'ALTER TABLE rollouts ADD COLUMN felt INTEGER;';

/**
 * Questions that were asked again, beside a rollout or, with an empty rollout_id, for a group as a whole. They hold no key of another
 * table: the run may go back over what they were asked about. body and tokens: JSON, null once one is removed.
 */
export const schema11 = `
CREATE TABLE experiments (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  group_id TEXT NOT NULL,
  rollout_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  body TEXT,
  tokens TEXT
) STRICT;
CREATE INDEX experiments_rollout ON experiments (rollout_id);
CREATE INDEX experiments_group ON experiments (group_id);
`;

/** What updates did to the answers that they were made of: log-probabilities before and after, as 32-bit floats. */
export const schema12 = `
CREATE TABLE receipts (
  rollout_key INTEGER PRIMARY KEY REFERENCES rollouts (key),
  at REAL NOT NULL,
  advantage REAL,
  before BLOB NOT NULL,
  after BLOB NOT NULL
) STRICT;
`;

/** What answers were paid for what order is worth to them, and what that was. No older record has it. */
export const schema13 = `
ALTER TABLE rollouts ADD COLUMN credit REAL;
ALTER TABLE rollouts ADD COLUMN credit_worth REAL;
`;

/** By what they tell, so that those of a kind are found among all the others. */
export const schema14 =
  "CREATE INDEX events_type ON events (json_extract(body, '$.type'), seq) WHERE body IS NOT NULL;";

/**
 * Where sampler and trainer are different programs: what the trainer makes of an answer is known before its update, and what is between
 * the two. An entropy that nobody told is an empty blob.
 */
export const schema15 = `
ALTER TABLE tokens ADD COLUMN trainer BLOB;
UPDATE tokens SET trainer = (SELECT trainer FROM token_scores WHERE token_scores.rollout_key = tokens.rollout_key)
  WHERE rollout_key IN (SELECT rollout_key FROM token_scores WHERE trainer IS NOT NULL);
ALTER TABLE token_scores DROP COLUMN trainer;
ALTER TABLE rollouts ADD COLUMN mismatch REAL;
ALTER TABLE rollouts ADD COLUMN mismatch_k3 REAL;
ALTER TABLE rollouts ADD COLUMN importance REAL;
`;
