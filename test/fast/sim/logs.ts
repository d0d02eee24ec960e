/**
 * The logs that some seeds lead to, as kept in `logs.json`. Together they have every type and field of events, and every fault, that 200
 * seeds have. A change that is to leave alone what Interlock decides leaves them as they are, byte for byte.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { run } from './run.ts'
import { scriptOf } from './write-script.ts'

interface KeptLog {
  readonly seed: number
  readonly events: number
  /** Of all events, with their times, each as JSON; in which order an object has its keys does not count. */
  readonly digest: string
}

const file = fileURLToPath(new URL('logs.json', import.meta.url))

export const keptLogs = (): readonly KeptLog[] => JSON.parse(readFileSync(file, 'utf8'))

/** Plays a seed, and says what its log is. */
export async function logOf(seed: number): Promise<KeptLog> {
  const { log } = await run(scriptOf(seed))
  return { seed, events: log.length, digest: digestOf(log) }
}

/** Plays the seeds that are kept, and keeps what comes of them now. */
export async function renewLogs(): Promise<void> {
  const logs: KeptLog[] = []
  for (const { seed } of keptLogs()) logs.push(await logOf(seed))
  writeFileSync(file, `[\n${logs.map((log) => `  ${oneLine(log)}`).join(',\n')}\n]\n`)
}

const oneLine = ({ seed, events, digest }: KeptLog): string =>
  `{ "seed": ${seed}, "events": ${events}, "digest": "${digest}" }`

function digestOf(log: readonly RecordedEvent[]): string {
  const hash = createHash('sha256')
  for (const event of log) hash.update(`${JSON.stringify(event, inOrder)}\n`)
  return hash.digest('hex').slice(0, 24)
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
