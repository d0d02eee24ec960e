/**
 * How long a start waits before, while and after Realtime is cut for 10 s: `node bench/supabase/cut.ts`. Three workers end some
 * ten jobs a second; a fourth is free, and is given a job now and then by a process of its own.
 */
import { projectStore } from '../../src/engine/store/supabase/index.ts'
import { openCut } from '../../test/slow/supabase/cut.ts'
import { cutUnderLoad, type Start } from '../../test/slow/supabase/cut-load.ts'
import { percentile, startBenchProject } from './project.ts'

const project = await startBenchProject()
const cut = await openCut(project.url)
const starts = await cutUnderLoad(cut, () => projectStore(cut.url, project.keys.secret), 10_000)
for (const [phase, each] of Object.entries(starts) as [string, readonly Start[]][]) {
  const all = each.map(({ ms }) => ms)
  const [p50, p95, most] = [percentile(all, 50), percentile(all, 95), Math.max(...all)].map(Math.round)
  console.log(`${phase.padEnd(7)} ${all.length} starts: p50 ${p50} ms, p95 ${p95} ms, most ${most} ms`)
}
await cut.close()
await project.close()
process.exit()
