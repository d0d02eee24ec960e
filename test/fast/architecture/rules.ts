import type { Internals, Rule, Rules } from './arrows.ts'

/** A composition root puts the parts together, so it may import them all; nobody imports it. */
const root: Rule = { parts: 'any', packages: 'any', builtins: true, pure: false }

const adapter = (packages: readonly string[], further: readonly string[] = []): Rule => ({
  parts: ['store', 'events', 'core', 'store/sql', ...further],
  // What comes over a wire is parsed here.
  packages: ['rxjs', 'zod', ...packages],
  builtins: true,
  pure: false,
})

/** A room of the library: what is known of a queue, for any program. It knows no terminal, no process, and no command line. */
const room = (
  parts: readonly string[],
  { builtins = false, packages = [] as readonly string[] } = {},
): Rule => ({
  parts: ['core', 'events', 'store', 'format', ...parts],
  packages,
  builtins,
  pure: false,
  quiet: true,
})

/** The rooms of the coordinator: each knows those before it. `gate` and `inbox` do not know each other. */
const rooms = [
  ...['base', 'api', 'replica', 'commit', 'maintenance', 'membership', 'schedules', 'gate', 'inbox'],
].map((name) => `coordinator/${name}`)

const inner = (...rooms: readonly string[]): Rule => ({
  parts: [...rooms, 'core', 'store', 'events'],
  packages: ['rxjs'],
  builtins: true,
  pure: false,
})

/** Which part of src/ and machines/ may know which: the arrows go one way, from the shell to the core. */
export const rules: Rules = {
  core: { parts: [], packages: [], builtins: false, pure: true },
  machines: { parts: ['core'], packages: ['xstate'], builtins: false, pure: true },
  events: { parts: ['core'], packages: ['zod', '@standard-schema/spec'], builtins: false, pure: false },
  store: { parts: ['core'], packages: [], builtins: false, pure: false },
  // When a schedule is due: the only part that knows calendars and time zones.
  calendar: { parts: ['core'], packages: ['croner'], builtins: false, pure: false },
  format: { parts: ['core'], packages: [], builtins: false, pure: false },
  'coordinator/base': inner(),
  'coordinator/api': inner('coordinator/base', 'transaction'),
  'coordinator/replica': inner('coordinator/base', 'coordinator/api'),
  'coordinator/commit': inner('coordinator/base', 'coordinator/api', 'coordinator/replica'),
  'coordinator/maintenance': inner('coordinator/base', 'coordinator/api', 'coordinator/replica'),
  'coordinator/membership': inner(...rooms.slice(0, 5)),
  'coordinator/schedules': inner(...rooms.slice(0, 6), 'calendar'),
  'coordinator/gate': inner(...rooms.slice(0, 6)),
  'coordinator/inbox': inner(...rooms.slice(0, 7), 'transaction'),
  coordinator: {
    parts: [...rooms, 'core', 'machines', 'store', 'events'],
    packages: ['rxjs'],
    builtins: true,
    pure: false,
  },
  worker: {
    parts: ['coordinator', 'coordinator/base', 'core', 'store', 'events', 'transaction'],
    packages: ['rxjs', '@standard-schema/spec'],
    builtins: true,
    pure: false,
  },
  threads: { parts: ['worker', 'transaction', 'core', 'events'], packages: [], builtins: true, pure: false },
  workflow: {
    parts: ['worker', 'coordinator', 'core', 'store', 'events'],
    packages: ['rxjs'],
    builtins: true,
    pure: false,
  },
  transaction: room([]),
  history: room(['coordinator']),
  'history/files': room(['history'], { builtins: true, packages: ['zod'] }),
  audit: room(['history', 'coordinator']),
  insight: room(['history']),
  doctor: room(['history', 'coordinator', 'migrate', 'insight'], { builtins: true, packages: ['pg'] }),
  operate: room(['history', 'coordinator', 'insight'], { packages: ['rxjs'] }),
  testing: room(['coordinator', 'worker', 'store/memory'], { builtins: true }),
  // What is counted, for each face: they differ in how it is told.
  figures: room(['coordinator', 'insight'], { packages: ['rxjs', 'zod'] }),
  prometheus: room(['figures'], { builtins: true, packages: ['zod'] }),
  dashboard: room(
    ['audit', 'history', 'coordinator', 'migrate', 'figures', 'prometheus', 'insight', 'operate'],
    {
      builtins: true,
      packages: ['zod'],
    },
  ),
  otel: room(['insight', 'figures', 'coordinator/base'], { packages: ['@opentelemetry/api'] }),
  // Runs in a browser: it folds the log itself, and knows of the server what its answers are called.
  'dashboard/page': room(['audit', 'history', 'insight', 'dashboard'], {
    packages: ['preact', '@preact/signals'],
  }),
  'store/sql': adapter([]),
  'store/memory': adapter([]),
  // A store that opens asks which migration the database has; the embedded one makes the tables on first use.
  'store/postgres': adapter(['pg'], ['migrate']),
  'store/pglite': adapter(['@electric-sql/pglite'], ['migrate']),
  'store/supabase': adapter(['@supabase/supabase-js'], ['migrate']),
  migrate: root,
  process: root,
  cli: root,
  bench: root,
  index: root,
}

/** The rooms of the core: each knows those before it. */
export const coreRooms: readonly string[] = [
  ...['values', 'state', 'needs', 'line', 'fold', 'dispatch', 'decide', 'says'],
]

/** Rooms that others enter by their `index.ts` and by what they lend, and that enter others so. */
export const housed: readonly string[] = [
  ...[
    'transaction',
    'history',
    'history/files',
    'audit',
    'insight',
    'doctor',
    'operate',
    'testing',
    'dashboard',
    'dashboard/page',
    'figures',
    'prometheus',
    'otel',
    'cli',
  ],
]

/** What others in this repository use of a room beside its `index.ts`: internal, since the package does not export it. */
export const internals: Internals = {
  // A help page names a page of the manual, and loads nothing else of the core.
  core: ['says/manual.ts'],
  coordinator: [
    'api/view.ts',
    'base/identity.ts',
    'base/logger.ts',
    'base/package-version.ts',
    'base/retry.ts',
    'commit/commit-beside.ts',
    'dead-letters.ts',
    'forecaster.ts',
    'inbox/row-intake.ts',
    'maintenance/retention.ts',
    'quote.ts',
    'replica/snapshots.ts',
    'schedules/calls.ts',
  ],
  'store/pglite': ['attach.ts'],
  'store/postgres': ['connections.ts'],
  format: ['event-text.ts', 'moment.ts', 'policy-text.ts'],
  history: [
    'access.ts',
    'archive.ts',
    'bad-event.ts',
    'bell.ts',
    'chain-walk.ts',
    'chain.ts',
    'compare-rows.ts',
    'documents.ts',
    'event-query.ts',
    'fold.ts',
    'kept-events.ts',
    'job-history.ts',
    'operators.ts',
    'log-point.ts',
    'log-search.ts',
    'read-events.ts',
    'replay.ts',
    'row-differences.ts',
  ],
  'history/files': ['new-file.ts'],
  insight: [
    'census-watch.ts',
    'census.ts',
    'limits.ts',
    'queue-health.ts',
    'stats/collector.ts',
    'stats/failures.ts',
    'stats/meter.ts',
    'stats/moments.ts',
    'stats/ready.ts',
    'stats/stats.ts',
    'stats/use-sums.ts',
    'stats/wait-clocks.ts',
    'what-if/around.ts',
    'what-if/estimate.ts',
    'what-if/simulate.ts',
    'what-if/tried.ts',
    'what-if/what-if.ts',
    'wrong-facts.ts',
    'wrong.ts',
  ],
  operate: [
    'adopt.ts',
    'change-jobs.ts',
    'explain.ts',
    'find-jobs.ts',
    'in-doubt.ts',
    'jobs.ts',
    'live-view.ts',
    'look.ts',
    'preview-change.ts',
    'queue.ts',
    'quote.ts',
    'recover/decide.ts',
    'recover/recover.ts',
    'recover/report.ts',
    'recover/void.ts',
    'schedules.ts',
    'status.ts',
    'tail.ts',
    'workers.ts',
  ],
  audit: ['markdown.ts'],
  doctor: ['examine.ts'],
  prometheus: ['answer.ts', 'serve.ts'],
  dashboard: [
    'api/chain.ts',
    'api/job-documents.ts',
    'api/lever-documents.ts',
    'api/log-documents.ts',
    'api/many-documents.ts',
    'api/queue-documents.ts',
    'assets.ts',
    'guard/grant.ts',
    'guard/refused.ts',
  ],
}
