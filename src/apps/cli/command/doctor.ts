import { InterlockError } from '../../../engine/core/index.ts'
import { type Examination, examine, type Finding } from '../../../tools/doctor/index.ts'
import { examination, keptOut } from '../../../tools/doctor/parts.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { sizeText } from '../show/log-size.ts'
import { standbysText } from '../show/standbys.ts'
import { emptyFolder, nothingYet, storeForAMoment } from '../store.ts'

interface Options {
  readonly waiting: string
}

export function addDoctor(cli: Cli): void {
  cli
    .command<Options>(
      'doctor',
      [
        ['doctor', 'exit code 3 when there is a problem; notes alone are none'],
        ['doctor --json', 'the findings and the size of the log, for a monitor'],
      ],
      async (frame, _, { waiting }) => {
        const minutes = wholeNumber('--waiting', waiting, 1, 1_000_000) ?? 30
        const found = await examined(frame, minutes * 60_000)
        const { ok, findings, log, standbys } = found
        const sizes = log === null ? [] : sizeText(frame, log)
        const servers = standbys === null ? [] : standbysText(frame, standbys)
        frame.emit(found, [...textOf(frame, findings), ...sizes, ...servers])
        if (!ok) throw new FoundSomething()
      },
    )
    .option('--waiting <minutes>', 'how long a job may wait before there is a note', '30')
}

async function examined(frame: Frame, waitingMs: number): Promise<Examination> {
  const target = frame.target()
  // A database that does not exist yet has nothing to mend.
  const folder = emptyFolder(target)
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const began = performance.now()
  try {
    const store = await storeForAMoment(target)
    const url = target.kind === 'postgres' ? target.url : undefined
    const openedMs = performance.now() - began
    return await examine(frame.access(store), { waitingMs, url, openedMs }).finally(() => store.close())
  } catch (error) {
    return examination(frame.queue, [keptOut(error, target.kind === 'supabase')])
  }
}

function textOf(frame: Frame, findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return ['nothing found']
  const { red, yellow, dim } = frame.colors
  return findings.flatMap(({ level, what, remedy }) => {
    const mark = level === 'problem' ? red('problem') : yellow('note   ')
    return [`${mark}  ${what}`, `         ${dim('to do:')} ${remedy}`]
  })
}
