import { beforeAll, describe, expect, it } from 'vitest'
import { duration, isoTime, timeText } from '../../../src/tools/format/index.ts'
import { documentOf, emptyQueue, type LoggedEvent, logOf, tamper, worked } from './history.ts'
import { interlock } from './support.ts'

/** Of an ISO time with its microseconds, of which Date.parse would lose three digits. */
const microsOf = (iso: string): number => Date.parse(iso) * 1_000 + Number(iso.slice(-4, -1))

describe('interlock replay (replay, replayJob, ledgerAt, firstLedger)', () => {
  let url = ''
  let events: readonly LoggedEvent[] = []
  const seqOf = (type: string, jobId: string) =>
    events.find((event) => event.type === type && event.jobId === jobId)?.seq ?? 0

  beforeAll(async () => {
    url = await emptyQueue()
    await worked(url, ['a,m,0.2', 'b,m;n,0.1', 'c,o,0.1'])
    await documentOf(url, ['enqueue', '--job', 'later', '--models', 'm'])
    events = await logOf(url)
  })

  it('shows at the end what status and queue show', async () => {
    const {
      workers: _,
      store: __,
      undecided: ___,
      refused: ____,
      wrong: _____,
      ...status
    } = await documentOf(url, ['status'])
    const { jobs } = await documentOf(url, ['queue'])
    // What is wrong now, and who could run a job, is not in the log, so for a replay somebody could.
    const then = jobs.map((job: object) => ({ ...job, code: 'offered', reason: expect.any(String) }))
    expect(await documentOf(url, ['replay'])).toMatchObject({ ...status, jobs: then, machine: 'idle' })
  })

  it('shows which jobs ran and waited at a number of the log, and why', async () => {
    const seq = String(seqOf('started', 'a'))
    const then = await documentOf(url, ['replay', '--to', seq])
    expect(then).toMatchObject({
      version: Number(seq),
      machine: 'running',
      activeCount: 1,
      status: 'running',
    })
    expect(then.active).toMatchObject([{ jobId: 'a', models: ['m'] }])
    expect(then.jobs.find(({ jobId }: LoggedEvent) => jobId === 'b')).toMatchObject({
      state: 'waiting',
      blockedBy: 'a',
    })
    expect(await documentOf(url, ['replay', '--to', seq, '--job', 'b'])).toMatchObject({
      state: 'waiting',
      code: 'model_in_use',
      blockedBy: 'a',
    })
  })

  it('takes a time: what happened until then, all of what the time says, and nothing after it', async () => {
    const versionAt = async (to: string) => (await documentOf(url, ['replay', '--to', to])).version
    for (const { seq, at } of events.slice(2, 8)) {
      expect(await versionAt(at), 'as --json has it').toBe(seq)
      expect(await versionAt(timeText(microsOf(at))), 'as people see it').toBeGreaterThanOrEqual(seq)
      expect(await versionAt(isoTime(microsOf(at) - 1)), 'a microsecond before').toBe(seq - 1)
    }
    expect(await documentOf(url, ['replay', '--to', '7d'])).toMatchObject({
      ...{ version: 0, jobs: [], lastEventAt: null },
      at: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    })
    expect(await documentOf(url, ['replay', '--to', '0'])).toMatchObject({ version: 0, at: null })
  })

  it('tells a time in one form: on the clock of the reader with its zone, and in JSON to the microsecond', async () => {
    const people = /^ +1 {2}(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) {2}/
    for (const words of [['log'], ['replay', '--follow', '--speed', '0']])
      expect((await interlock([...words, '--url', url])).stdout).toMatch(people)
    const { stdout } = await interlock(['stats', '--since', '1', '--url', url])
    expect(stdout).toContain(timeText(microsOf(events[0]?.at ?? '')))
    const programs = /"\d{4}-\d\d-\d\dT[^"]*"/g
    for (const name of ['status', 'queue', 'replay', 'stats']) {
      const said = await interlock([name, '--json', '--url', url])
      const times = said.stdout.match(programs) ?? []
      expect(times.length, name).toBeGreaterThan(0)
      expect(times.filter((time) => !/\.\d{6}Z"$/.test(time))).toEqual([])
    }
  })

  it('shows the queue at the given time, and says when the last event was', async () => {
    const { version, at, lastEventAt } = await documentOf(url, ['replay'])
    const last = events.at(-1)
    expect({ version, lastEventAt }).toEqual({ version: last?.seq, lastEventAt: last?.at })
    expect(microsOf(at)).toBeGreaterThan(microsOf(lastEventAt))
    const then = isoTime(Math.floor((microsOf(at) + microsOf(lastEventAt)) / 2))
    expect(await documentOf(url, ['replay', '--to', then])).toMatchObject({ at: then, lastEventAt, version })
    expect(await documentOf(url, ['replay', '--to', then, '--job', 'later'])).toMatchObject({ at: then })
    expect(await documentOf(url, ['replay', '--to', String(version)])).toMatchObject({ at: lastEventAt })
    // A time that has not come yet is now.
    const { at: capped } = await documentOf(url, ['replay', '--to', '2199-01-01'])
    expect(microsOf(capped)).toBeLessThan(microsOf('2199-01-01T00:00:00.000000Z'))
    const queued = events.find((event) => event.type === 'queued' && event.jobId === 'later')
    const { stdout } = await interlock(['replay', '--to', then, '--url', url])
    expect(stdout).toContain(duration((microsOf(then) - microsOf(queued?.at ?? '')) / 1_000))
    expect(stdout).toContain(`as of       ${timeText(microsOf(then))}`)
    expect(stdout).toContain(`last event  ${version}, ${timeText(microsOf(lastEventAt))}`)
  })

  it('is the same from a snapshot as from the first event', async () => {
    const at = (seq: number) => documentOf(url, ['replay', '--to', String(seq)])
    const seqs = events.map(({ seq }) => seq)
    const before = await Promise.all(seqs.map(at))
    const kept = await documentOf(url, ['snapshot'])
    expect(kept).toEqual({ queue: 'default', version: seqs.at(-1), jobs: 1 })
    expect(await documentOf(url, ['snapshot'])).toEqual(kept)
    expect(await Promise.all(seqs.map(at))).toEqual(before)
    await tamper(url, 'delete from interlock.job_queue_snapshots')
  })

  it('steps through the events with the machine beside them, in order and whole', async () => {
    const words = ['replay', '--follow', '--speed', '0', '--json', '--url', url]
    const { code, stdout } = await interlock(words)
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(steps.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq))
    const ofA = steps.filter(({ type, jobId }) => jobId === 'a' && type !== 'queued')
    expect(ofA).toMatchObject([{ type: 'started', machine: 'running', active: 1 }, { type: 'completed' }])
    expect(steps.at(-1)).toMatchObject({ machine: 'idle', active: 0, waiting: 1 })
    const part = await interlock([
      'replay',
      '--follow',
      '--speed',
      '0',
      '--from',
      '3',
      '--to',
      '5',
      '--url',
      url,
    ])
    expect(
      part.stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/)[0]),
    ).toEqual(['3', '4', '5'])
  })

  it('keeps the pace of what happened', async () => {
    const [from, to] = [seqOf('started', 'a'), seqOf('completed', 'a')].map(String)
    const began = performance.now()
    await interlock(['replay', '--follow', '--from', from as string, '--to', to as string, '--url', url])
    expect(performance.now() - began).toBeGreaterThanOrEqual(190)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    const slow = await interlock(['replay', '--follow', '--speed', '0.0001', '--url', url], {
      signal: stop.signal,
    })
    expect(slow.code).toBe(0)
  })

  it.each([
    [['--to', 'soon'], 2, '--to soon: must be the number of an event, or a time such as 10m'],
    [['--to', '999999'], 2, '--to 999999: the log of queue default ends at'],
    [['--from', '3'], 2, '--from: works only with --follow'],
    [['--speed', '3'], 2, '--speed: works only with --follow'],
    [['--follow', '--job', 'a'], 2, '--job: works only without --follow'],
    [['--follow', '--limit', '3'], 2, '--limit: works only without --follow'],
    [['--job', 'a', '--limit', '3'], 2, '--limit: cannot be used together with --job'],
    [['--speed', 'fast'], 2, '--speed fast: must be a number'],
    [['--to', '25:00'], 2, 'must be the number of an event, or a time'],
    [['--to', '1', '--job', 'nobody'], 1, 'job nobody was not live'],
  ] as const)('%j: says what is wrong', async (words, code, message) => {
    const spoken = await interlock(['replay', ...words, '--url', url])
    expect(spoken).toMatchObject({ code, stdout: '' })
    expect(spoken.stderr).toContain(message)
  })
})
