/** The alert rules, for Prometheus and by SQL. What they wait for, and what they name, is of the list of checks. */
import { type Check, type CheckId, checkIds, checks } from '../../../src/engine/core/index.ts'
import { ownChecks } from '../../../src/tools/doctor/own-checks.ts'

interface Rule {
  readonly alert: string
  readonly severity: 'warning' | 'critical'
  /** What the page says of when it fires. */
  readonly when: string
  readonly expr: string
  /** In minutes; absent: at once. */
  readonly lasts?: number
  readonly summary: string
  readonly comment?: string
}

function minutesOf(id: CheckId): number {
  const { alertMinutes }: Check = checks[id]
  if (alertMinutes === undefined) throw new Error(`no alert is about ${id}`)
  return alertMinutes
}

const text = (minutes: number) =>
  minutes === 1 ? 'a minute' : minutes === 60 ? 'an hour' : `${minutes} minutes`
/** What is so, for as long as the list says. */
const after = (id: CheckId) => text(minutesOf(id))
const seconds = (minutes: number) => `${minutes} * 60`

const without = 'without (instance, pod, container, endpoint, node)'
const most = (figure: string) => `max ${without} (${figure})`
const more = (figure: string, minutes: number) =>
  most(`increase(interlock_queue_${figure}_total[${minutes}m])`)

/** Problems that keep a job or a place from running for ever: each is told as it is. */
const lasting = checkIds.filter(
  (id) => checks[id].level === 'problem' && ['possible', 'places'].includes(checks[id].about),
)
const FOLDED = 'interlock_queue_folded_seq'
/** For how long no job starts: some jobs take minutes. */
const STANDSTILL = 10
/** How far behind the log a process may be. */
const BEHIND = 2

export const rules: readonly Rule[] = [
  {
    alert: 'InterlockStartableJobWaits',
    severity: 'warning',
    when: `a job that may start has been left for more than ${after('offered')}`,
    expr: `${most('interlock_queue_oldest_startable_seconds')} > ${seconds(minutesOf('offered'))}`,
    lasts: 1,
    summary:
      'A job of queue {{ $labels.queue }} may start, and no worker has taken it for {{ humanizeDuration $value }}.',
  },
  {
    alert: 'InterlockNothingStarts',
    severity: 'critical',
    when: `jobs may start, and none has for ${text(STANDSTILL)}; it fires ${after('offered')} after that`,
    expr: `${most('interlock_queue_startable_jobs')} > 0\nand ${more('starts', STANDSTILL)} == 0`,
    lasts: minutesOf('offered'),
    summary: 'Nothing starts in queue {{ $labels.queue }}, although {{ $value }} jobs may.',
  },
  {
    alert: 'InterlockLeasesExpire',
    severity: 'warning',
    when: `a worker was lost with its jobs in the last ${after('lost')}`,
    expr: `${more('expired_leases', minutesOf('lost'))} > 0`,
    summary: 'Workers of queue {{ $labels.queue }} died or lost the database while they ran jobs.',
  },
  {
    alert: 'InterlockBehind',
    severity: 'warning',
    when: `a process is ${text(BEHIND)} behind the log, your tables ${after('behind')}, or the intake ${after('arrivals')}`,
    expr: [
      `${most('interlock_process_catch_up_lag_seconds')} > ${seconds(BEHIND)}`,
      `or ${most('interlock_process_projection_lag_seconds')} > ${seconds(minutesOf('behind'))}`,
      `or min ${without} (interlock_process_intake_lag_seconds) > ${seconds(minutesOf('arrivals'))}`,
    ].join('\n'),
    lasts: 1,
    summary:
      'A process of queue {{ $labels.queue }}, its tables or its intake are {{ humanizeDuration $value }} behind.',
  },
  {
    alert: 'InterlockDeadLetters',
    severity: 'warning',
    when: `jobs failed for good in the last ${after('dead')}`,
    expr: `${more('dead_letters', minutesOf('dead'))} > 0`,
    summary: 'Jobs of queue {{ $labels.queue }} have failed for good.',
  },
  {
    alert: 'InterlockCannotRun',
    severity: 'warning',
    when: `for ${text(1)} a job cannot start, or no worker serves a place, and only a person can change that`,
    expr: `${most(`interlock_queue_wrong{check=~"${lasting.join('|')}"}`)} == 1`,
    lasts: 1,
    summary: 'Something in queue {{ $labels.queue }} cannot run until somebody acts ({{ $labels.check }}).',
  },
  {
    alert: 'InterlockPausedTooLong',
    severity: 'warning',
    when: `a model has been paused for more than ${after('paused')}`,
    expr: `${most('interlock_queue_oldest_pause_seconds')} > ${seconds(minutesOf('paused'))}`,
    summary: 'A model of queue {{ $labels.queue }} has been paused for {{ humanizeDuration $value }}.',
  },
  {
    alert: 'InterlockDrainedTooLong',
    severity: 'warning',
    when: `the queue has been drained, or held after a restore, for more than ${after('draining')}`,
    expr: `${most('interlock_queue_draining')} == 1`,
    lasts: minutesOf('draining'),
    summary: `Queue {{ $labels.queue }} has been drained or held for more than ${after('draining')}, and nothing starts in it.`,
  },
  {
    alert: 'InterlockUnseen',
    severity: 'critical',
    when: `for ${after('no_process')} no process was scraped of a queue that was scraped within the last day, or of any queue`,
    expr: [
      `group ${without} (last_over_time(${FOLDED}[1d]))`,
      `unless group ${without} (${FOLDED})`,
      `or absent_over_time(${FOLDED}[1d])`,
    ].join('\n'),
    lasts: minutesOf('no_process'),
    summary:
      'No process of {{ with $labels.queue }}queue {{ . }}{{ else }}any queue{{ end }} is scraped, so no other rule here can fire for it.',
    comment:
      'The queues that somebody scraped within the last day, and nobody scrapes now; or no queue at all.',
  },
]

const head = `# Made by \`npm run reference\`, with the times of the list of checks.
# Alert rules for Prometheus: load them with \`rule_files\`. The runbook of each is in docs/reference/alerts.md.
# What is queue-wide is the same in every process, so \`max\` takes it once however many processes are scraped. \`without\` names the labels that
# tell processes apart; every other label of the scrape stays, so queues of the same name in two environments are two. Have you given processes
# more labels of their own? Add them to each list.
groups:
  - name: interlock
    rules:
`

const folded = (value: string, indent: string) =>
  value.includes('\n') ? `>-\n${value.replaceAll(/^/gm, `${indent}  `)}` : value

const yaml = ({ alert, severity, expr, lasts, summary, comment }: Rule): string =>
  [
    ...(comment === undefined ? [] : [`      # ${comment}`]),
    `      - alert: ${alert}`,
    `        expr: ${folded(expr, '        ')}`,
    ...(lasts === undefined ? [] : [`        for: ${lasts}m`]),
    `        labels:\n          severity: ${severity}\n        annotations:`,
    `          summary: ${summary}`,
    `          runbook_url: docs/reference/alerts.md#${alert.toLowerCase()}\n`,
  ].join('\n')

export const rulesFile = 'docs/observability/alerts.yml'
export const currentRules = (): string => head + rules.map(yaml).join('\n')

const interval = (minutes: number) => `now() - interval '${minutes} minutes'`
const inLog = (id: CheckId) => `created_at > ${interval(minutesOf(id))}`

/** Each has rows when somebody should look. */
const queries = [
  `-- 1. Jobs wait too long. Look: interlock explain <job>
SELECT queue, job_id, now() - queued_at AS waited, conflict_reason FROM job_queue_jobs
 WHERE state = 'waiting' AND due_at IS NULL AND queued_at < ${interval(ownChecks.waiting.ms / 60_000)} ORDER BY queued_at LIMIT 10;`,
  `-- 2. Nobody takes jobs that may start. Look: interlock doctor
SELECT j.queue, j.kind, count(*) AS jobs FROM job_queue_jobs j JOIN job_queue_state s USING (queue)
 WHERE j.state = 'waiting' AND j.conflict_reason IS NULL AND j.due_at IS NULL
   AND s.status <> 'draining' AND s.updated_at < ${interval(minutesOf('offered'))} GROUP BY 1, 2;`,
  `-- 3. Processes die, or cannot run. Look: memory of the workers, a handler that blocks the event loop
SELECT queue, worker_id, count(*) AS attempts_lost FROM job_queue_log
 WHERE ${inLog('lost')} AND event_type = 'lease_expired' GROUP BY 1, 2;`,
  `-- 4. Your tables and the queue drift apart. Look: interlock doctor
SELECT 'not followed' AS what, queue, version - projected_seq AS n FROM interlock.job_queue_heads
 WHERE projected_seq < version AND last_at < ${interval(minutesOf('behind'))}
UNION ALL SELECT 'cannot be written', queue, count(*) FROM job_queue_set_aside
 WHERE since < ${interval(minutesOf('behind'))} GROUP BY queue
UNION ALL SELECT 'not taken in', queue, count(*) FROM interlock.job_queue_arrivals
 WHERE arrived_at < ${interval(minutesOf('arrivals'))} GROUP BY queue;`,
  `-- 5. Jobs die: more than a fifth of those that ended in ${after('dead')}. Look: interlock dead
SELECT queue, count(*) FILTER (WHERE event_type <> 'completed') AS died, count(*) AS ended FROM job_queue_log
 WHERE ${inLog('dead')}
   AND (event_type IN ('completed', 'expired') OR event_type IN ('failed', 'lease_expired') AND data ? 'final')
 GROUP BY 1 HAVING count(*) FILTER (WHERE event_type <> 'completed') * 5 > count(*);`,
]

export const currentQueries = (): string =>
  queries.map((query) => `\n\`\`\`sql alert\n${query}\n\`\`\`\n`).join('')
