/**
 * Writes src/engine/core/fold/law/table.ts: what the machines say, as a table that the core reads without knowing XState.
 * A test holds it to the machines.
 *
 *   npm run generate -- law
 */
import fs from 'node:fs'
import { lawModule } from '../machines/compile.ts'

fs.writeFileSync(new URL('../src/engine/core/fold/law/table.ts', import.meta.url), lawModule())
