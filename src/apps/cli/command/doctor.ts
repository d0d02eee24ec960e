import { InterlockError } from '../../../engine/core/index.ts'
import { inSchema } from '../../../engine/store/index.ts'
import { CHAINED, examination, keptOut } from '../../../tools/doctor/examine.ts'
import {
  type Examination,
  examine,
  type Finding,
  type LogSize,
  type Standby,
  type Standbys,
} from '../../../tools/doctor/index.ts'
import { bytes, count, duration, plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { emptyFolder, nothingYet, storeForAMoment } from '../store.ts'
import { facts } from '../terminal/table.ts'

interface Options {
  readonly waiting: string
}

export function addDoctor(cli: Cli): void {
  cli
    .command<Options>(
      'doctor',
      [
        ['doctor', 'exit code 3 if there is a problem; a note is none'],
        ['doctor --json', 'the findings and the size of the log, for a monitor'],
      ],
      async (frame, _, { waiting }) => {
        const minutes = wholeNumber('--waiting', waiting, 1, 1_000_000) ?? 30
        const found = await examined(frame, minutes * 60_000)
        const { ok, findings, log, standbys, followed } = found
        const sizes = log === null ? [] : sizeText(frame, log, followed ?? [])
        const servers = standbys === null ? [] : standbysText(frame, standbys)
        frame.emit(found, [...textOf(frame, findings), ...sizes, ...servers])
        if (!ok) throw new FoundSomething()
      },
    )
    .option('--waiting <minutes>', 'how long a job may wait before doctor notes it', '30')
}

async function examined(frame: Frame, waitingMs: number): Promise<Examination> {
  const target = frame.target()
  // A database that does not exist yet has nothing to repair.
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
  if (findings.length === 0) return ['no problems found']
  const { red, yellow, dim } = frame.colors
  return findings.flatMap(({ level, what, remedy }) => {
    const mark = level === 'problem' ? red('problem') : yellow('note   ')
    return [`${mark}  ${what}`, `         ${dim('to do:')} ${remedy}`]
  })
}

/** Most people need no rows, so this is no finding. */
const noRows =
  'no table of yours is followed; if one should be: npx interlock-queue migrate --follow jobs, or --make-jobs for a new one'

export function sizeText(frame: Frame, size: LogSize, followed: readonly string[]): readonly string[] {
  const { bytesPerDay, heldAtBytes, heldInDays, overdueDays: overdue, archiveBytes, chain } = size
  const daily = bytesPerDay === null ? '' : `, ${bytes(bytesPerDay)} a day`
  const when = heldInDays === 0 ? 'now' : `in ${plural(heldInDays ?? 0, 'day')}`
  const held =
    overdue !== null
      ? `; retention does not keep up: it has events of ${plural(overdue, 'day')} ago`
      : heldAtBytes === null
        ? ''
        : `; retention keeps it at about ${bytes(heldAtBytes)}, ${when}`
  return facts(
    [
      ['log', `${bytes(size.bytes)}${daily}${held}`],
      ['archive', bytes(archiveBytes)],
      ['chain', chain === 'sound' ? `sound in its last ${count(CHAINED)} events` : chain],
      [
        'rows',
        followed.length === 0 ? inSchema(noRows, frame.schema) : `of ${followed.join(' and ')} are followed`,
      ],
    ],
    frame.colors.dim,
  )
}

const atFailOver = {
  kept: 'loses nothing that was acknowledged, if a synchronous standby takes over',
  may_be_lost: 'loses what the standby does not have; Interlock then drains the queue (log_went_back)',
  unknown: 'unknown: the role that owns Interlock may not see the standbys, or no commit was seen to wait',
} as const

/** The standbys of the server, one a line, and what a fail-over would lose. */
function standbysText(frame: Frame, { servers, atFailOver: what }: Standbys): readonly string[] {
  const rows = servers.map((server) => [server.name, standbyText(server)] as const)
  return facts([...rows, ['fail-over', atFailOver[what]]], frame.colors.dim)
}

function standbyText({ state, isSynchronous, lagBytes, lagMs }: Standby): string {
  if (state === null) return 'a standby'
  const kind = `${isSynchronous ? 'synchronous' : 'asynchronous'} standby`
  const lag = lagBytes === null ? '' : lagBytes === 0 ? ', has everything' : `, lacks ${bytes(lagBytes)}`
  const late = lagBytes === 0 || lagMs === null ? '' : ` (${duration(lagMs)})`
  return `${kind}, ${state}${lag}${late}`
}
