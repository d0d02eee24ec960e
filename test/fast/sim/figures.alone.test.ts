/**
 * What is reckoned from logs that some seeds lead to, as kept beside it: the statistics of `stats`, what the audit says, the rows that
 * `verify` misses, and the samples of the exposition. To keep what comes now: npm test -- test/fast/sim/figures.alone.test.ts -u
 */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { emptyLedger, fold, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { familiesOf, meterOptions, QueueMeter } from '../../../src/tools/figures/index.ts'
import { readingOf } from '../../../src/tools/figures/meter/reading.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { stats, whatIf } from '../../../src/tools/insight/index.ts'
import { run } from './run.ts'
import { scriptOf } from './write-script.ts'

const seeds = [3, 17, 58, 104]

/** Each part of a document by its name and a digest: what differs has a name. */
const digests = (document: object): readonly string[] =>
  Object.entries(document).flatMap(([name, value]) => {
    if (name === 'release') return []
    const text = JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one)) ?? ''
    const short = text.length <= 60 ? text : createHash('sha256').update(text).digest('hex').slice(0, 16)
    return [`  ${name} ${short}`]
  })

/** A store in which there is this log and nothing else. */
async function storeOf(log: readonly RecordedEvent[]) {
  const database = memoryDatabase(() => (log.at(-1)?.at ?? 0) + 1)
  const store = memoryStore(database)
  await store.open('default', { make: true })
  const queue = database.queues.get('default')
  queue?.log.push(...log)
  if (queue !== undefined) queue.state = { ...queue.state, version: log.length }
  return store
}

/** As a scrape would have it that began before the first event. */
function samples(log: readonly RecordedEvent[]): object {
  const meter = new QueueMeter(meterOptions({}))
  meter.begin(emptyLedger)
  for (let at = 0; at < log.length; at += 50) {
    const events = log.slice(at, at + 50)
    meter.see({ ...fold(meter.ledger, events), events })
  }
  const now = (log.at(-1)?.at ?? 0) + 1
  const read = { queue: 'default', now, reading: readingOf(meter, now), census: null, created: 0, log: null }
  return Object.fromEntries(
    familiesOf({ queues: [read], processes: [] }).map(({ name, samples: each }) => [name, each]),
  )
}

it('stats, audit, verify and metrics of the logs of some seeds are as they are kept', async () => {
  const told: string[] = []
  for (const seed of seeds) {
    const { log } = await run(scriptOf(seed))
    const access = { store: await storeOf(log) }
    told.push(`seed ${seed}, ${log.length} events`)
    told.push(' stats', ...digests(await stats(access)))
    told.push(' what-if', ...digests(await whatIf(access)))
    told.push(' audit', ...digests(await auditLog(access)))
    told.push(' verify', ...digests(await verify(access)))
    told.push(' metrics', ...digests(samples(log)))
  }
  await expect(`${told.join('\n')}\n`).toMatchFileSnapshot('figures.txt')
})
