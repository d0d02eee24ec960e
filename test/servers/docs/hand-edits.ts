/** What edits by hand come to: docs/reference/hand-edits.md has them as a table, and a test runs each statement. */

export const handEdits = [
  {
    statements: ['UPDATE jobs SET blocked_by_job_id = NULL, conflict_reason = NULL'],
    outcome: 'waits on; its next change or `rebuild` restores the columns',
    events: [],
    instead: 'explain report-2',
  },
  {
    statements: ["UPDATE jobs SET status = 'pending', blocked_by_job_id = NULL WHERE job_id = 'report-1'"],
    outcome: 'runs on; its next change restores the row',
    events: [],
    instead: 'cancel report-1 --force',
  },
  {
    statements: ["UPDATE job_queue_state SET active_job_id = NULL, active_models = '{}'"],
    outcome: 'runs on; `verify` shows the edit, the next event or `rebuild` undoes it',
    events: [],
    instead: 'cancel report-1 --force',
  },
  {
    statements: ["DELETE FROM job_queue_log WHERE created_at < NOW() - INTERVAL '7 days'"],
    outcome: 'refused if there are such events',
    events: [],
    instead: 'archive --before 7d',
  },
  {
    statements: ['DELETE FROM job_queue_log WHERE created_at < NOW()', 'TRUNCATE job_queue_log'],
    outcome: 'refused: `JQ101`',
    events: [],
    instead: 'archive --before 7d',
  },
  {
    statements: ['DELETE FROM interlock.job_queue_snapshots'],
    outcome: 'the next process reads the whole log; refused where the log was cut (`JQ111`)',
    events: [],
    instead: 'snapshot',
  },
  {
    statements: ["UPDATE job_queue_jobs SET state = 'active' WHERE job_id = 'report-2'"],
    outcome: 'waits on; `verify` shows the edit, `rebuild` undoes it',
    events: [],
    instead: 'rebuild',
  },
  {
    statements: [
      "DELETE FROM jobs WHERE job_id = 'report-1'",
      "UPDATE jobs SET status = 'cancelled' WHERE job_id = 'report-1'",
    ],
    outcome: 'is asked to stop, and keeps its models until it has',
    events: ['cancel_requested'],
    instead: 'cancel report-1',
  },
  {
    statements: [
      "DELETE FROM jobs WHERE job_id = 'report-2'",
      "UPDATE jobs SET status = 'cancelled' WHERE job_id = 'report-2'",
    ],
    outcome: 'leaves the line',
    events: ['cancelled'],
    instead: 'cancel report-2',
  },
  {
    statements: ['TRUNCATE jobs'],
    outcome: 'as after a `DELETE` of each row',
    events: ['cancel_requested', 'cancelled'],
    instead: 'cancel --state waiting --state active --yes',
  },
  {
    statements: ["UPDATE jobs SET status = 'completed' WHERE job_id = 'report-1'"],
    outcome: 'runs on; its next change restores the row',
    events: [],
    instead: 'cancel report-1',
  },
  {
    statements: ["UPDATE jobs SET status = 'running' WHERE job_id = 'report-2'"],
    outcome: 'waits on; its next change restores the row',
    events: [],
    instead: 'move report-2 --priority 100',
  },
  {
    statements: ["UPDATE jobs SET status = 'pending' WHERE job_id = 'report-3'"],
    outcome: 'stays failed: a row becomes a job once',
    events: [],
    instead: 'retry report-3',
  },
  {
    statements: ["UPDATE jobs SET status = 'pending' WHERE job_id = 'report-4'"],
    outcome: 'is queued, like an inserted row',
    events: ['queued', 'conflict'],
    instead: null,
  },
  {
    statements: ["UPDATE jobs SET model = 'other' WHERE job_id = 'report-2'"],
    outcome: 'keeps its models; you get a warning',
    events: [],
    instead: 'cancel report-2',
  },
  {
    statements: ["UPDATE jobs SET required_models = '{other}' WHERE job_id = 'report-2'"],
    outcome: 'waits on; its next change restores the column',
    events: [],
    instead: 'cancel report-2',
  },
  {
    statements: ["UPDATE jobs SET priority = 100 WHERE job_id = 'report-2'"],
    outcome: 'waits on; its next change restores the column',
    events: [],
    instead: 'move report-2 --priority 100',
  },
] as const

export type Outcome = (typeof handEdits)[number]['outcome']

export const handEditRows = (): readonly (readonly string[])[] => [
  ['statement', 'outcome', 'events', 'type instead'],
  ...handEdits.map(({ statements, outcome, events, instead }) => [
    statements.map((statement) => `\`${statement}\``).join(', or '),
    outcome,
    events.length === 0 ? 'none' : events.map((event) => `\`${event}\``).join(', '),
    instead === null ? '' : `\`interlock ${instead}\``,
  ]),
]
