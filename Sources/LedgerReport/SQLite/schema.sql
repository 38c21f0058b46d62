-- pageledger.sqlite/1: what a run found, for questions in SQL. README: tables first, then views for the usual questions.
-- Numbers beyond 9223372036854775807 are that number. Control characters in texts are spelled out. Empty texts: not known.

-- One row a fact about the run: schema, tool, rule_set, baseline.
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- All rules of this version.
CREATE TABLE rules (rule TEXT PRIMARY KEY, name TEXT NOT NULL, severity TEXT NOT NULL, summary TEXT NOT NULL) WITHOUT ROWID;

-- What all rules said of a capture; captures that share it share a number. status: clean, findings, undecidable, not-recorded;
-- missing: what to record, or what stood in its way.
CREATE TABLE coverages (coverage INTEGER NOT NULL, rule TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, missing TEXT NOT NULL,
  PRIMARY KEY (coverage, rule)) WITHOUT ROWID;

-- status: ok, findings, incomplete, unreadable, crash, timeout. Times are in time_unit (ns or ticks) of the capture's clock.
-- job, host, revision (label commit) and date are labels; all labels are in labels.
CREATE TABLE captures (capture INTEGER PRIMARY KEY, path TEXT NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL, kind TEXT NOT NULL,
  kernel TEXT NOT NULL, clock TEXT NOT NULL, time_unit TEXT NOT NULL, cpus INTEGER NOT NULL, first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL, events_read INTEGER NOT NULL, events_used INTEGER NOT NULL, log_lines INTEGER NOT NULL,
  job TEXT NOT NULL, host TEXT NOT NULL, revision TEXT NOT NULL, date TEXT NOT NULL, coverage INTEGER);

CREATE TABLE labels (capture INTEGER NOT NULL REFERENCES captures (capture), name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (capture, name)) WITHOUT ROWID;

-- What was lost or damaged. severity: data-loss or notice; count 0: at least one; cpu NULL: all or none.
CREATE TABLE losses (capture INTEGER NOT NULL REFERENCES captures (capture), code TEXT NOT NULL, severity TEXT NOT NULL,
  count INTEGER NOT NULL, cpu INTEGER, detail TEXT NOT NULL);
CREATE TABLE loss_codes (code TEXT PRIMARY KEY, severity TEXT NOT NULL, advice TEXT NOT NULL) WITHOUT ROWID;

-- A finding of a capture; findings of one cause share their id. standing: new, known, suppressed, or NULL when it was compared with
-- nothing. rank: by severity, then by verdict; 0 is the worst. pfn NULL: no page is named.
CREATE TABLE findings (finding INTEGER PRIMARY KEY, capture INTEGER NOT NULL REFERENCES captures (capture), id TEXT NOT NULL,
  rule TEXT NOT NULL, verdict TEXT NOT NULL, severity TEXT NOT NULL, rank INTEGER NOT NULL, title TEXT NOT NULL, standing TEXT,
  pfn INTEGER, page_count INTEGER NOT NULL, block_pfn INTEGER, block_order INTEGER, block_kind TEXT, occurrences INTEGER NOT NULL,
  first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, time_clock TEXT NOT NULL, cpu INTEGER NOT NULL, pid INTEGER NOT NULL,
  comm TEXT NOT NULL, story INTEGER NOT NULL, path_id TEXT NOT NULL, ledger TEXT NOT NULL, advice TEXT NOT NULL, doubt TEXT NOT NULL);

-- The pages of a finding, as closed ranges of page frames.
CREATE TABLE pages (finding INTEGER NOT NULL REFERENCES findings (finding), first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (finding, first)) WITHOUT ROWID;

-- The events that prove a finding, oldest first, with the state of the page on both sides.
CREATE TABLE evidence (finding INTEGER NOT NULL REFERENCES findings (finding), position INTEGER NOT NULL, time INTEGER NOT NULL,
  time_clock TEXT NOT NULL, cpu INTEGER NOT NULL, pid INTEGER NOT NULL, comm TEXT NOT NULL, event TEXT NOT NULL, text TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL, line INTEGER, PRIMARY KEY (finding, position)) WITHOUT ROWID;

-- The code behind a finding. role: allocator, holder, freer, complaint; depth 0 is the innermost function.
CREATE TABLE frames (finding INTEGER NOT NULL REFERENCES findings (finding), role TEXT NOT NULL, depth INTEGER NOT NULL, event TEXT NOT NULL,
  function TEXT NOT NULL, module TEXT NOT NULL, line TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (finding, role, depth)) WITHOUT ROWID;

-- Findings of the baseline that this run lacks. state: fixed, or unjudged where their rules could not decide.
CREATE TABLE gone (id TEXT PRIMARY KEY, state TEXT NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL) WITHOUT ROWID;
-- What is wrong with the suppressions: expired, unused.
CREATE TABLE remarks (words TEXT NOT NULL);

-- One row a cause, the worst first.
CREATE VIEW causes AS SELECT f.id, f.rule, f.severity, f.verdict, min(f.rank) AS rank, f.title,
  CASE WHEN min(f.standing IS 'suppressed') THEN 'suppressed' ELSE max(CASE WHEN f.standing <> 'suppressed' THEN f.standing END) END AS standing,
  count(DISTINCT f.capture) AS captures, sum(f.occurrences) AS occurrences, min(c.path) AS first_path, max(c.path) AS last_path
  FROM findings f JOIN captures c USING (capture) GROUP BY f.id ORDER BY rank, captures DESC, f.id;
CREATE VIEW new_findings AS SELECT * FROM causes WHERE standing = 'new';
CREATE VIEW findings_by_kernel AS SELECT c.kernel, f.id, f.rule, f.title, count(DISTINCT f.capture) AS captures, sum(f.occurrences) AS occurrences
  FROM findings f JOIN captures c USING (capture) GROUP BY c.kernel, f.id ORDER BY c.kernel, captures DESC, f.id;
CREATE VIEW findings_by_job AS SELECT c.job, f.id, f.rule, f.title, count(DISTINCT f.capture) AS captures, sum(f.occurrences) AS occurrences
  FROM findings f JOIN captures c USING (capture) GROUP BY c.job, f.id ORDER BY c.job, captures DESC, f.id;
-- What each rule said of each capture.
CREATE VIEW capture_rules AS SELECT c.capture, c.path, o.rule, o.name, o.status, o.missing FROM captures c JOIN coverages o USING (coverage);
-- Why rules could not decide, and in how many captures.
CREATE VIEW undecided_rules AS SELECT o.rule, o.name, o.status, o.missing, count(*) AS captures FROM captures c JOIN coverages o USING (coverage)
  WHERE o.status IN ('undecidable', 'not-recorded') GROUP BY o.rule, o.status, o.missing ORDER BY o.rule, captures DESC, o.missing;
CREATE VIEW failed_captures AS SELECT path, status, error, job, host FROM captures WHERE status IN ('unreadable', 'crash', 'timeout') ORDER BY status, path;
CREATE VIEW incomplete_captures AS SELECT path, kernel, job, group_concat(DISTINCT l.code) AS losses FROM captures c
  LEFT JOIN losses l ON l.capture = c.capture AND l.severity = 'data-loss' WHERE c.status = 'incomplete' GROUP BY c.capture ORDER BY path;
CREATE VIEW lost_data AS SELECT l.code, l.severity, count(DISTINCT l.capture) AS captures, sum(l.count) AS count, k.advice
  FROM losses l JOIN loss_codes k USING (code) GROUP BY l.code ORDER BY captures DESC, l.code;
CREATE VIEW statuses AS SELECT status, count(*) AS captures FROM captures GROUP BY status ORDER BY captures DESC;
-- The functions that most findings share, by role.
CREATE VIEW findings_by_function AS SELECT r.role, r.function, count(DISTINCT f.id) AS causes, count(DISTINCT f.capture) AS captures
  FROM frames r JOIN findings f USING (finding) WHERE r.function <> '' GROUP BY r.role, r.function ORDER BY captures DESC, r.function;
