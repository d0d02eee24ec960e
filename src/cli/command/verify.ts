import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { clip, plural } from '../format.ts'
import { withStore } from '../store.ts'
import { table } from '../terminal/table.ts'
import { verify } from '../verify.ts'

const SHOWN = 20

export function addVerify(cli: Cli): void {
  cli.command(
    'verify',
    'rebuild the state from the log and compare it with the rows',
    [['verify', 'exit code 3 if a row is not what the log says']],
    async (frame) => {
      const result = await withStore(frame, (store) => verify(frame, store))
      const { ok, version, jobs, differences } = result
      const rows = differences
        .slice(0, SHOWN)
        .map(({ row, field, stored, folded }) => [row, field, shown(stored), shown(folded)])
      frame.emit(
        result,
        ok
          ? `verified: ${plural(version, 'event')} replayed, the state and ${plural(jobs, 'live job')} are what the log says`
          : `${plural(differences.length, 'difference')}\n${table(['row', 'field', 'stored', 'by the log'], rows)}`,
      )
      if (!ok) throw new FoundSomething()
    },
  )
}

const shown = (value: unknown): string => clip(JSON.stringify(value) ?? 'nothing', 24)
