import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { batchesOf } from '../../../src/apps/cli/run/enqueue-all.ts'
import { lowerBoundSeconds, totalSeconds } from '../../../src/apps/cli/run/report.ts'
import type { WorkloadJob } from '../../../src/apps/cli/workload/line.ts'
import { readWorkload } from '../../../src/apps/cli/workload/read.ts'
import { defaultPolicy } from '../../../src/engine/core/index.ts'
import { fileWith } from './support.ts'

const csv = `job_id,models,seconds,job_type,priority
a,flux;lora-1,2.5,,
"b, the second",flux,4,workflow,2
c,,0,normal,-1
`

describe('a workload file', () => {
  it('is CSV with the columns in any order of need', async () => {
    const { jobs } = await readWorkload(await fileWith('w.csv', csv))
    expect(
      jobs.map(({ input, seconds, line }) => [input.jobId, input.models, input.jobType, seconds, line]),
    ).toEqual([
      ['a', ['flux', 'lora-1'], 'normal', 2.5, 2],
      ['b, the second', ['flux'], 'workflow', 4, 3],
      ['c', [], 'normal', 0, 4],
    ])
    expect(jobs.map(({ input }) => input.priority)).toEqual([0, 2, -1])
  })

  it('may be packed, begin with a byte order mark, and end lines like Windows', async () => {
    const text = `\uFEFF${csv.replaceAll('\n', '\r\n')}`
    const { jobs } = await readWorkload(await fileWith('w.csv.gz', gzipSync(text)))
    expect(jobs).toHaveLength(3)
  })

  it('is JSON lines if it begins with a brace', async () => {
    const text =
      '{"job_id":"a","models":["m","n"],"seconds":1}\n\n{"job_id":"b","models":"m;n","seconds":2,"priority":3}'
    const { jobs } = await readWorkload(await fileWith('w.jsonl', text))
    expect(jobs.map(({ input }) => input.models)).toEqual([
      ['m', 'n'],
      ['m', 'n'],
    ])
    expect(jobs[1]?.line).toBe(3)
  })

  it('may say how many attempts each job has', async () => {
    const { jobs } = await readWorkload(
      await fileWith('w.csv', 'job_id,models,seconds,attempts\na,m,1,5\nb,m,1,\n'),
    )
    expect(jobs.map(({ input }) => input.attempts)).toEqual([5, undefined])
  })

  it('may say what each job asks of a place', async () => {
    const text = await fileWith('w.csv', 'job_id,models,seconds,asks\na,m,1,m=vram:20+slots:1\nb,m,1,\n')
    const json = await fileWith(
      'w.jsonl',
      '{"job_id":"a","models":["m"],"seconds":1,"asks":{"m":{"vram":20,"slots":1}}}',
    )
    const asksIn = async (file: string) => (await readWorkload(file)).jobs.map(({ input }) => input.asks)
    expect(await asksIn(text)).toEqual([{ m: { vram: 20, slots: 1 } }, undefined])
    expect(await asksIn(json)).toEqual([{ m: { vram: 20, slots: 1 } }])
    const odd = readWorkload(await fileWith('w.csv', 'job_id,models,seconds,asks\na,m,1,vram:20\n'))
    await expect(odd).rejects.toThrow('line 2: asks: must be model=name:n, such as flux-dev=vram:20')
  })

  it('names a model with a comma by a list', async () => {
    const { jobs } = await readWorkload(
      await fileWith('w.jsonl', '{"job_id":"a","models":["m,n"],"seconds":1}'),
    )
    expect(jobs[0]?.input.models).toEqual(['m,n'])
  })

  it('is read no further than the limit', async () => {
    const { jobs } = await readWorkload(await fileWith('w.csv', `${csv}broken`), { limit: 2 })
    expect(jobs).toHaveLength(2)
  })

  it.each([
    ['a,m', 'line 2: 2 fields where the first line names 3'],
    ['a,m,soon', 'line 2: seconds: must be a number'],
    ['a,m,-1', 'line 2: seconds: must be a number'],
    ['a,m,1e3', 'line 2: seconds: must be a number'],
    [',m,1', 'line 2: job_id: must not be empty'],
    [`${'x'.repeat(201)},m,1`, 'line 2: job_id: must have at most 200 characters'],
    ['a\u0000,m,1', 'line 2: job_id: must not contain control characters'],
    ['a,"m,n",1', 'line 2: models: m,n: is one name with a comma; divide models by semicolons: "m;n"'],
    ['a,None,1', 'line 2: models: None: no model is called so here; leave models empty'],
    ['a,m;;n,1', 'line 2: models[1]: must not be empty'],
    ['"a,m,1', 'line 2: a quote is not closed'],
    ['a,m,1\nb,m,1\na,m,1', 'line 4: job_id a is on line 2 already'],
    ['', 'there is no job in it'],
  ])('with the line %j is refused whole', async (lines, message) => {
    const file = await fileWith('w.csv', `job_id,models,seconds\n${lines}\n`)
    const reading = readWorkload(file)
    await expect(reading).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(reading).rejects.toThrow(message)
    await expect(reading).rejects.toThrow(file)
  })

  it.each([
    ['job_id,models\na,m', 'no column seconds'],
    ['job_id,models,seconds,colour\na,m,1,red', 'unknown column colour'],
    ['{"job_id":"a"', 'line 1: not JSON'],
    ['{"job_id":"a","models":["m"],"seconds":1,"x":1}', 'line 1: unknown field x'],
    ['{"job_id":7,"models":["m"],"seconds":1}', 'line 1: job_id: must be a text'],
  ])('that begins with %j is refused', async (text, message) => {
    await expect(readWorkload(await fileWith('w.csv', text))).rejects.toThrow(message)
  })

  it('can be read without its broken lines, which are named; one open quote costs one line', async () => {
    const text = 'job_id,models,seconds\na,m,1\n"b,m,1\nc,m,x\nd,m,1\na,m,1\n'
    const { jobs, skipped } = await readWorkload(await fileWith('w.csv', text), { skipInvalid: true })
    expect(jobs.map(({ input }) => input.jobId)).toEqual(['a', 'd'])
    expect(skipped.map((reason) => /line \d/.exec(reason)?.[0])).toEqual(['line 3', 'line 4', 'line 6'])
  })

  it('that is not there, is a folder, or is not gzip is told in words', async () => {
    await expect(readWorkload('/nowhere/w.csv')).rejects.toThrow('there is no such file')
    await expect(readWorkload('/')).rejects.toThrow('it is a folder')
    await expect(readWorkload(await fileWith('w.gz', csv))).rejects.toThrow('not whole gzip data')
  })
})

describe('a workload file with kind and payload', () => {
  const lines = (jobs: readonly WorkloadJob[]) =>
    jobs.map(({ input: { jobId, kind, payload }, seconds }) => [jobId, kind, payload, seconds])

  it('brings them as CSV, where the payload is JSON and an empty field is none', async () => {
    const text = 'job_id,kind,models,payload\na,draw,m,"{""prompt"":""a fox, red""}"\nb,,m,\nc,draw,m,[1]\n'
    const { jobs } = await readWorkload(await fileWith('w.csv', text), { purpose: 'enqueue' })
    expect(lines(jobs)).toEqual([
      ['a', 'draw', { prompt: 'a fox, red' }, 0],
      ['b', undefined, undefined, 0],
      ['c', 'draw', [1], 0],
    ])
  })

  it('brings them as JSON lines, where null is a payload', async () => {
    const text =
      '{"job_id":"a","models":[],"kind":"draw","payload":{"n":1}}\n{"job_id":"b","models":"m","payload":null}'
    const { jobs } = await readWorkload(await fileWith('w.jsonl', text), { purpose: 'enqueue' })
    expect(lines(jobs)).toEqual([
      ['a', 'draw', { n: 1 }, 0],
      ['b', undefined, null, 0],
    ])
  })

  it('needs seconds only to be run', async () => {
    const file = await fileWith('w.jsonl', '{"job_id":"a","models":["m"]}')
    await expect(readWorkload(file)).rejects.toThrow('line 1: seconds: must be a number')
    expect((await readWorkload(file, { purpose: 'enqueue' })).jobs).toHaveLength(1)
  })

  it.each([
    ['job_id,models,payload\na,m,{"a":1}', 'line 2: a quote is not closed, or stands in the middle'],
    ['job_id,models,payload\na,m,{a}', 'line 2: payload: not JSON; write it such as {"prompt":"a fox"}'],
    [`job_id,models,payload\na,m,${'['.repeat(200)}${']'.repeat(200)}`, 'line 2: payload'],
    [`{"job_id":"a","models":["m"],"payload":"${'x'.repeat(1_100_000)}"}`, 'line 1: payload'],
    ['job_id,models,kind\na,m,\u0007', 'line 2: kind: must not contain control characters'],
  ])('is refused whole: %#', async (text, message) => {
    const reading = readWorkload(await fileWith('w.csv', text), { purpose: 'enqueue' })
    await expect(reading).rejects.toThrow(message)
  })

  it('goes into the line in appends of which none has too much to carry', () => {
    const jobs = Array.from({ length: 1_200 }, (_, i) => ({
      ...{ jobId: String(i), models: [], payload: i < 4 ? 'x'.repeat(200_000) : i },
    }))
    const sizes = [...batchesOf(jobs)].map((batch) => batch.length)
    expect(sizes).toEqual([2, 500, 500, 198])
  })
})

describe('the lower bound', () => {
  it('is the busiest model by its places, or all work by the slots', async () => {
    const { jobs } = await readWorkload(await fileWith('w.csv', csv))
    expect(totalSeconds(jobs)).toBe(6.5)
    expect(lowerBoundSeconds(jobs, { ...defaultPolicy, maxActive: null })).toBe(6.5)
    expect(lowerBoundSeconds(jobs, { ...defaultPolicy, maxActive: null, capacity: { flux: 2 } })).toBe(4)
    expect(lowerBoundSeconds(jobs, { ...defaultPolicy, maxActive: 1, capacity: { flux: 9 } })).toBe(6.5)
  })
})
