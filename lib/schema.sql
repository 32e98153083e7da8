-- The trace, see cf-trace.5. application_id and user_version are set by lib/trace.c.
-- A trace without a row in `complete` was cut short: what it holds is still good.

CREATE TABLE meta (            -- one row a fact; value is JSON
  key   TEXT PRIMARY KEY,      -- language, plugin, runtime, runtime_version, project_root,
  value TEXT NOT NULL          -- module_root, tests_root, command, cwd, started_at, tool_version,
) WITHOUT ROWID;               -- options, stdin ({"kind": file, pipe or none, …})

CREATE TABLE process (
  id       INTEGER PRIMARY KEY,
  pid      INTEGER NOT NULL,
  ppid     INTEGER,
  argv     TEXT,               -- JSON array
  start_ns INTEGER,            -- monotonic
  ended    TEXT                -- 'exit' when the recorder closed its spool, else 'cut short'
);

CREATE TABLE function (
  id            INTEGER PRIMARY KEY,
  file          TEXT NOT NULL, -- relative to project_root
  module        TEXT NOT NULL, -- name it is imported by
  qualname      TEXT NOT NULL, -- as the language qualifies it: Class.method, outer.<locals>.inner
  class         TEXT,          -- the defining class's qualified name
  kind          TEXT NOT NULL, -- function method classmethod staticmethod property constructor
                               -- generator coroutine asyncgenerator nested lambda module
  line          INTEGER NOT NULL,
  end_line      INTEGER NOT NULL,
  source_sha256 TEXT,          -- of the function's source lines
  signature     TEXT,          -- JSON: [{"name","kind","default"}]
  main          INTEGER NOT NULL DEFAULT 0, -- ran as the program itself (__main__)
  is_test       INTEGER NOT NULL DEFAULT 0,
  replayable    INTEGER NOT NULL DEFAULT 1,
  reason        TEXT,          -- why not replayable
  UNIQUE (file, qualname, line)
);

CREATE TABLE value (           -- one bound call's inputs, serialised by the plugin; stored once
  id      INTEGER PRIMARY KEY,
  hash    BLOB NOT NULL UNIQUE, -- 16 bytes, of the blob before compression
  codec   TEXT NOT NULL,       -- the plugin's name for the serialisation: pickle, cloudpickle
  size    INTEGER NOT NULL,    -- before compression
  packing INTEGER NOT NULL,    -- how data is packed: 0 raw, 2 a zlib stream (RFC 1950)
  data    BLOB NOT NULL
);

CREATE TABLE call (            -- a kept call; identical inputs of one function are one row
  id          INTEGER PRIMARY KEY,
  function    INTEGER NOT NULL REFERENCES function,
  process     INTEGER NOT NULL REFERENCES process,
  thread      INTEGER NOT NULL,
  seq         INTEGER NOT NULL, -- this was the function's seq-th call in its process, from 1
  time_ns     INTEGER NOT NULL, -- since the process's start_ns
  duration_ns INTEGER,          -- where known
  weight      INTEGER NOT NULL, -- calls of the run that it stands for, estimated
  seen        INTEGER NOT NULL, -- sampled calls that had these very inputs
  why         TEXT NOT NULL,    -- first, uniform, slowest, largest, smallest, commonest
  value       INTEGER NOT NULL REFERENCES value
);
CREATE INDEX call_function ON call (function);

CREATE TABLE distribution (    -- the inputs of a function's calls, whether kept or not
  function    INTEGER PRIMARY KEY REFERENCES function,
  sampled     INTEGER NOT NULL, -- calls whose inputs were looked at
  inputs      INTEGER NOT NULL, -- distinct ones among them
  repeated    INTEGER NOT NULL, -- calls whose input had come before: at least so many, estimated
  size_min    INTEGER NOT NULL, -- bytes
  size_median INTEGER NOT NULL, -- half of the calls have at most this, estimated
  size_p90    INTEGER NOT NULL, -- nine in ten
  size_max    INTEGER NOT NULL
);

CREATE TABLE profile (         -- summed over processes and threads
  function INTEGER PRIMARY KEY REFERENCES function,
  calls    INTEGER NOT NULL,
  own_ns   INTEGER NOT NULL,   -- time with this function nearest of the user's on the stack
  total_ns INTEGER NOT NULL,   -- time with it anywhere on the stack, recursion counted once
  samples  INTEGER NOT NULL
);
CREATE TABLE edge (            -- caller NULL: called from outside the user's code
  caller INTEGER, callee INTEGER NOT NULL, ns INTEGER NOT NULL, calls INTEGER,
  UNIQUE (caller, callee)
);
CREATE TABLE line (
  function INTEGER NOT NULL, line INTEGER NOT NULL, ns INTEGER NOT NULL,
  PRIMARY KEY (function, line)
) WITHOUT ROWID;

CREATE TABLE test (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, outcome TEXT,
  duration_ns INTEGER           -- where known
);
CREATE TABLE test_function (
  test INTEGER NOT NULL, function INTEGER NOT NULL, PRIMARY KEY (test, function)
) WITHOUT ROWID;

CREATE TABLE ledger (          -- everything that was not kept, by reason
  function INTEGER,            -- NULL: not about one function
  reason   TEXT NOT NULL,
  n        INTEGER NOT NULL,
  UNIQUE (function, reason)
);

CREATE TABLE outcome (         -- what the original did on a kept call; written by cf-replaygen
  call   INTEGER PRIMARY KEY REFERENCES call,
  stable INTEGER NOT NULL,     -- two runs in fresh processes agreed
  input  TEXT NOT NULL,        -- readable, for people
  data   BLOB NOT NULL,        -- zlib stream of the encoded outcome, cf-value.5
  mask   TEXT                  -- JSON array of the paths on which the two runs differed
);

CREATE TABLE input (           -- what a pipe gave the program on its standard input; at most one row
  size    INTEGER NOT NULL,    -- before compression
  packing INTEGER NOT NULL,    -- as in value
  data    BLOB,                -- NULL: there was more than is kept
  CHECK (size >= 0)
);

CREATE TABLE complete (        -- last row written: the run is over and everything is in
  exit_status INTEGER, signal INTEGER, timed_out INTEGER NOT NULL, wall_ns INTEGER NOT NULL
);
