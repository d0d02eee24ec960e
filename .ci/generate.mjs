/**
 * Writes the files that are made from others. A test compares each with what it is made of.
 *
 *   npm run generate [-- <part> …]    all but the site, or: codec, law, bundle, reference, declarations, site
 */
import { runParts } from './parts.mjs'

const format = (file) => ['biome', 'format', '--write', file]

runParts(
  {
    // src/engine/events/event-codec.ts, of event-table.ts
    codec: [['test/fast/events/codec-module.ts'], format('src/engine/events/event-codec.ts')],
    // src/engine/core/fold/law/table.ts and docs/inside/state-machines.md, of machines/
    law: [
      ['.ci/compile-law.mjs'],
      format('src/engine/core/fold/law/table.ts'),
      ['test/fast/machine/page.ts'],
    ],
    // migrations/000… and 027…, the functions in docs/reference, database-types.ts, of migrations/
    bundle: [['src/engine/migrate/bundle.ts']],
    // the tables of docs/reference and the page of the commands, of the sources
    reference: [['test/servers/docs/reference.ts']],
    // test/fast/house/declarations.txt, of what the package exports
    declarations: [['test/fast/house/declarations.ts']],
  },
  // the pages with search, shown while one writes; with --build in .ci/site/.out
  { site: [['.ci/site/main.mjs']] },
)
