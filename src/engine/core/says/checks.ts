/**
 * What can be wrong with a queue, once for all that tell of it: the doctor, `status`, the health of the dashboard, the figures and the
 * alerts. Data and nothing else (docs/reference/alerts.md, "What can be wrong"). Of a job, the id is the code of `explain`, where that has one.
 */

/** `problem`: something does not go on until somebody acts, and `doctor` ends with 3. `note`: worth a look. */
export type CheckLevel = 'problem' | 'note'

/** What a check is about: one question of the dashboard each. */
export const checkSubjects = [
  'processes',
  'startable',
  'possible',
  'places',
  'intake',
  'paused',
  'draining',
  'dead',
  'projection',
] as const
export type CheckSubject = (typeof checkSubjects)[number]

export interface Check {
  readonly about: CheckSubject
  readonly level: CheckLevel
  /** How long it has to have been so before anybody speaks of it, in seconds; absent: it is said at once. */
  readonly afterSeconds?: number
  /** From so many within an hour on. */
  readonly least?: number
  /** How long it has to have been so, or how far back is counted, before an alert rule speaks of it; absent: none is about this one alone. */
  readonly alertMinutes?: number
  readonly what: string
  readonly remedy: string
}

/** Rows in the order in which they are told: the first of one level goes first. */
export const checks = {
  no_process: {
    about: 'processes',
    level: 'problem',
    alertMinutes: 5,
    what: 'no process that decides is alive, and there is something to do',
    remedy: 'start a process of Interlock on this queue',
  },
  late: {
    about: 'processes',
    level: 'problem',
    what: 'a process has missed its heartbeats',
    remedy: 'check whether it is paused, starved of CPU, or cut off from the database',
  },
  lost: {
    about: 'processes',
    level: 'problem',
    alertMinutes: 15,
    what: 'a job runs in a worker that is gone, and nobody has given it back',
    remedy: 'start a process of Interlock: any process frees its models within 5 s',
  },
  overdue: {
    about: 'processes',
    level: 'problem',
    what: 'a time of a job has passed, and nobody has recorded it',
    remedy: 'start a process of Interlock, which records it; if one is alive, look at its log',
  },
  nobody: {
    about: 'processes',
    level: 'note',
    what: 'no process is alive; there is nothing to do',
    remedy: 'start a process of Interlock before jobs come',
  },
  fits_no_place: {
    about: 'possible',
    level: 'problem',
    what: 'a job asks for more of one place than any place of its model has',
    remedy: 'npx interlock-queue policy set --units <place=name:n>, or cancel the job',
  },
  use_over_limit: {
    about: 'possible',
    level: 'problem',
    what: 'a job asks for more of a resource than the policy ever allows',
    remedy:
      'npx interlock-queue policy set --uses <resource=limit/seconds>, or cancel the job and enqueue one that asks for less',
  },
  unserved: {
    about: 'possible',
    level: 'problem',
    what: 'no live process serves a place for a job',
    remedy: 'start a worker that serves it (serves)',
  },
  unknown_model: {
    about: 'possible',
    level: 'problem',
    what: 'a submitted job names a model that the policy does not declare',
    remedy: 'npx interlock-queue policy set --models <model>, or cancel the job and submit it again',
  },
  models_required: {
    about: 'possible',
    level: 'problem',
    what: 'a submitted job names no model, and the policy refuses that',
    remedy: 'npx interlock-queue policy set --empty-set bypass, or cancel the job and submit it again',
  },
  flow_cycle: {
    about: 'possible',
    level: 'problem',
    what: 'submitted jobs come after each other in a circle',
    remedy: 'cancel one of them, and submit it again without that link',
  },
  schedule_owned: {
    about: 'possible',
    level: 'problem',
    what: 'a submitted job has an id that a schedule gives to its own jobs',
    remedy: 'cancel it, and submit it again under another id',
  },
  unreadable: {
    about: 'possible',
    level: 'problem',
    what: 'no process could read a submitted job',
    remedy: 'upgrade the processes of this queue',
  },
  parent_unknown: {
    about: 'possible',
    level: 'note',
    what: 'a submitted job comes after an unknown job',
    remedy: 'enqueue the job that it comes after, and it comes into line by itself; or cancel it',
  },
  refused: {
    about: 'possible',
    level: 'note',
    what: 'submissions of the last day were refused, and have not come into line since',
    remedy:
      'npx interlock-queue queue lists them; correct them, and submit them again under other request ids',
  },
  not_taken_in: {
    about: 'possible',
    level: 'problem',
    what: 'a row of jobs could not be taken in',
    remedy: 'correct the row, then: npx interlock-queue adopt --job <job> --yes',
  },
  no_worker: {
    about: 'startable',
    level: 'problem',
    what: 'a job may start, and no live worker has a handler for its kind',
    remedy: 'start a worker with a handler for that kind',
  },
  offered: {
    about: 'startable',
    level: 'problem',
    afterSeconds: 10,
    alertMinutes: 5,
    what: 'a job may start, a worker could take it, and none does',
    remedy: 'npx interlock-queue explain <job>; then look at the log of the workers',
  },
  busy: {
    about: 'startable',
    level: 'note',
    afterSeconds: 60,
    what: 'a job may start, and all slots for its kind are taken',
    remedy: 'start a worker with a handler for that kind, or with more slots (concurrency)',
  },
  serves_nothing: {
    about: 'places',
    level: 'problem',
    what: 'a process says that it serves a place that the policy does not name',
    remedy: 'correct `serves` of that process, or name the place in the policy',
  },
  place_unserved: {
    about: 'places',
    level: 'problem',
    what: 'no live process serves a place, others of its model are served, and jobs wait for that model',
    remedy:
      'start a worker that serves it; if it is away for long, npx interlock-queue pause <place>, or take it out of the policy',
  },
  place_idle: {
    about: 'places',
    level: 'note',
    what: 'no live process serves a place, while others are served',
    remedy:
      'start a worker that serves it; if it is away for long, npx interlock-queue pause <place>, or take it out of the policy',
  },
  arrivals: {
    about: 'intake',
    level: 'problem',
    afterSeconds: 15,
    alertMinutes: 5,
    what: 'rows of jobs arrived, and no process takes any in',
    remedy:
      'start a worker with intake: npx interlock-queue work --handler <file> --intake, or createJobWorker({ intake: true })',
  },
  inbox: {
    about: 'intake',
    level: 'problem',
    afterSeconds: 15,
    what: 'what was submitted is undecided',
    remedy: 'start a process of Interlock on this queue: any process decides them',
  },
  paused: {
    about: 'paused',
    level: 'note',
    alertMinutes: 60,
    what: 'a model is paused',
    remedy: 'npx interlock-queue resume <model>',
  },
  draining: {
    about: 'draining',
    level: 'note',
    alertMinutes: 60,
    what: 'the queue drains, and nothing starts',
    remedy: 'npx interlock-queue resume',
  },
  many_dead: {
    about: 'dead',
    level: 'problem',
    least: 100,
    what: 'a hundred jobs or more failed for good in the last hour',
    remedy: 'npx interlock-queue dead shows them with their errors; then npx interlock-queue retry',
  },
  dead: {
    about: 'dead',
    level: 'note',
    alertMinutes: 15,
    what: 'jobs failed for good in the last hour',
    remedy: 'npx interlock-queue dead shows them with their errors; then npx interlock-queue retry',
  },
  behind: {
    about: 'projection',
    level: 'problem',
    afterSeconds: 10,
    alertMinutes: 5,
    what: 'your tables are behind the log',
    remedy:
      'start a process of Interlock: any process brings them up to date; npx interlock-queue doctor names what is in the way',
  },
} as const satisfies Readonly<Record<string, Check>>

export type CheckId = keyof typeof checks

export const checkIds = Object.keys(checks) as [CheckId, ...CheckId[]]

export const checkMs = (id: CheckId): number => {
  const { afterSeconds = 0 }: Check = checks[id]
  return afterSeconds * 1_000
}
