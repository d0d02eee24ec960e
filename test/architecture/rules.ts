import type { Rule, Rules } from './arrows.ts'

/** A composition root puts the parts together, so it may import them all; nobody imports it. */
const root: Rule = { parts: 'any', packages: 'any', builtins: true, pure: false }

const adapter = (packages: readonly string[], further: readonly string[] = []): Rule => ({
  parts: ['port', 'codec', 'core', 'adapter/sql', ...further],
  // What comes over a wire is parsed here.
  packages: ['rxjs', 'zod', ...packages],
  builtins: true,
  pure: false,
})

/** The rooms of the coordinator: each knows those before it. `gate` and `inbox` do not know each other. */
const rooms = ['base', 'api', 'replica', 'commit', 'maintenance', 'membership', 'gate', 'inbox'].map(
  (name) => `coordinator/${name}`,
)

const room = (...rooms: readonly string[]): Rule => ({
  parts: [...rooms, 'core', 'port', 'codec'],
  packages: ['rxjs'],
  builtins: true,
  pure: false,
})

/** Which part of src/ and machines/ may know which: the arrows go one way, from the shell to the core. */
export const rules: Rules = {
  core: { parts: [], packages: [], builtins: false, pure: true },
  machines: { parts: ['core'], packages: ['xstate'], builtins: false, pure: true },
  codec: { parts: ['core'], packages: ['zod'], builtins: false, pure: false },
  port: { parts: ['core'], packages: [], builtins: false, pure: false },
  'coordinator/base': room(),
  'coordinator/api': room('coordinator/base'),
  'coordinator/replica': room('coordinator/base', 'coordinator/api'),
  'coordinator/commit': room('coordinator/base', 'coordinator/api', 'coordinator/replica'),
  'coordinator/maintenance': room('coordinator/base', 'coordinator/api', 'coordinator/replica'),
  'coordinator/membership': room(...rooms.slice(0, 5)),
  'coordinator/gate': room(...rooms.slice(0, 6)),
  'coordinator/inbox': room(...rooms.slice(0, 6)),
  coordinator: {
    parts: [...rooms, 'core', 'machines', 'port', 'codec'],
    packages: ['rxjs'],
    builtins: true,
    pure: false,
  },
  worker: {
    parts: ['coordinator', 'coordinator/base', 'core', 'port', 'codec'],
    packages: ['rxjs', '@standard-schema/spec'],
    builtins: true,
    pure: false,
  },
  workflow: {
    parts: ['worker', 'coordinator', 'core', 'port', 'codec'],
    packages: ['rxjs'],
    builtins: true,
    pure: false,
  },
  'adapter/sql': adapter([]),
  'adapter/memory': adapter([]),
  'adapter/polling': adapter([]),
  // A store that opens asks which migration the database has; the embedded one makes the tables on first use.
  'adapter/postgres': adapter(['pg'], ['migrate']),
  'adapter/pglite': adapter(['@electric-sql/pglite'], ['migrate']),
  'adapter/supabase': adapter(['@supabase/supabase-js'], ['migrate']),
  migrate: root,
  process: root,
  testing: root,
  dashboard: root,
  dev: root,
  cli: root,
  bench: root,
  index: root,
}
