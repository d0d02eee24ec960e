import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../../src/apps/cli/command/what-if.ts'
import { Frame } from '../../../src/apps/cli/frame.ts'
import { whatIfText } from '../../../src/apps/cli/show/what-if.ts'
import { defaultPolicy, type Policy } from '../../../src/engine/core/index.ts'
import { documentOf, emptyQueue, logOf, worked } from './history.ts'
import { interlock, temporaryFolder } from './support.ts'

const policy = (rest: Partial<Policy>): Policy => ({ ...defaultPolicy, ...rest })

describe('rules to try', () => {
  it('are what differs from the policy in force, as with policy set', () => {
    const inForce = policy({ maxActive: 7, capacity: { x: 3 } })
    expect(trialOf('serial', inForce)).toEqual({
      name: 'serial',
      policy: { ...inForce, maxActive: 1 },
      slots: null,
    })
    expect(trialOf('flux-dev=2, overtakes=16,slots=4', inForce)).toMatchObject({
      policy: { maxActive: 7, capacity: { x: 3, 'flux-dev': 2 }, maxOvertakes: 16 },
      slots: 4,
    })
    expect(trialOf('flux-dev=host1:0,host1:1,overtakes=16,x=2', inForce)).toMatchObject({
      policy: { capacity: { x: 2, 'flux-dev': ['host1:0', 'host1:1'] }, maxOvertakes: 16 },
    })
  })

  it('are also units, limits of use, weights, tiers and rates, as the flags of policy set are called', () => {
    const inForce = policy({ capacity: { m: ['a:0', 'a:1'] }, maxOvertakes: 9 })
    const text =
      'm=a:0,a:1,a:2,units.a:0=vram:48+slots:2,uses.tpm=90/60,1000/3600,weight.paid/*=4,tier.free=1/none,rate.m-2.0=5/60'
    expect(trialOf(text, inForce).policy).toEqual({
      ...inForce,
      capacity: { m: ['a:0', 'a:1', 'a:2'] },
      units: { 'a:0': { vram: 48, slots: 2 } },
      uses: {
        tpm: [
          { limit: 90, perSeconds: 60 },
          { limit: 1_000, perSeconds: 3_600 },
        ],
      },
      weights: { 'paid/*': 4 },
      tiers: { free: { maxActive: 1, maxTogether: null } },
      rate: { 'm-2.0': { starts: 5, perSeconds: 60 } },
    })
    expect(trialOf('motion-2.0-fast=2,capacity.rate.x=3', inForce).policy.capacity).toEqual({
      ...inForce.capacity,
      ...{ 'motion-2.0-fast': 2, 'rate.x': 3 },
    })
  })

  it.each([
    ['units.a:0=48', '--try units a:0=48: must be'],
    ['fastest', '--try fastest: fastest is not a rule\n  to do: say serial, by-model'],
    ['m=host1:0,overtakes=16,host1:1', 'host1:1 is not a rule'],
    ['m=2,host1:1', 'host1:1 is not a rule'],
    ['by-model,,m=2', 'a part of it is empty'],
    ['m=0', '--try capacity m=0: must be model=n'],
    ['max-active=x', '--try max-active x: must be a whole number from 1 to 1,000,000, or none'],
    ['slots=none', 'slots none: must be a whole number'],
  ])('%s is refused before anything is opened', async (text, message) => {
    const { code, stderr } = await interlock(['what-if', '--try', text, '--url', 'postgres://127.0.0.1:1/x'])
    expect({ code, says: stderr.includes(message) }).toEqual({ code: 2, says: true })
  })
})

describe('interlock what-if', () => {
  it('shows what happened beside what other rules would have changed', async () => {
    const url = await emptyQueue()
    const lines = Array.from({ length: 24 }, (_, i) => `job-${i},m${i % 3}${i % 4 === 0 ? ';n' : ''},0.1`)
    await worked(url, lines, '--policy', 'serial')
    const file = path.join(await temporaryFolder(), 'what-if.svg')
    const foretold = await documentOf(url, ['what-if', '--try', 'by-model', '--try', 'serial', '--svg', file])
    const [happened, simulated, tried, serial] = foretold.outcomes
    expect([happened.name, simulated.name, tried.name]).toEqual(['happened', 'simulated', 'by-model'])
    expect(foretold).toMatchObject({ jobs: 24, leftOut: 0 })
    // What nothing but the jobs takes time for is never slower than what happened.
    expect(simulated.makespanMs).toBeLessThanOrEqual(happened.makespanMs + 1)
    expect(serial).toMatchObject({ maxConcurrent: 1, makespanMs: simulated.makespanMs })
    expect(tried.maxConcurrent).toBe(3)
    expect(await readFile(file, 'utf8')).toMatch(/^<svg .*what happened.*by-model.*<\/svg>\n$/s)
    const { stdout } = await interlock(['what-if', '--url', url])
    expect(stdout).toMatch(/what happened .*\n2 the same, simulated .*\n3 serial .*\n4 by-model .*\n/)
    const stream = { isTTY: true, columns: 60, write: () => true }
    const { signal } = new AbortController()
    const narrow = new Frame({ stdout: stream, stderr: stream, env: { NO_COLOR: '1' }, signal }, {})
    const many = await documentOf(url, [
      'what-if',
      ...[2, 3, 4, 5].flatMap((n) => ['--try', `m0=${n},overtakes=16`]),
    ])
    const [, outcomes = '', models = '', note] = whatIfText(narrow, many).join('\n').split('\n\n')
    for (const line of [...outcomes.split('\n'), ...models.split('\n')])
      expect(line.length).toBeLessThanOrEqual(60)
    expect(outcomes).toMatch(/^rules +mean wait .*makespan/)
    expect(note).toContain('not shown here: p50')
    expect(outcomes).not.toContain('refused')
    const refusing = { ...foretold, outcomes: [happened, simulated, { ...tried, refused: 5 }] }
    expect(whatIfText(narrow, refusing).join('\n')).toMatch(
      /^rules .* refused\n.* 0\n.* 0\n3 by-model .* 5\n/m,
    )
  })

  it('reports how long jobs really waited, including those that waited or ran when the period began', async () => {
    const url = await emptyQueue()
    await worked(
      url,
      Array.from({ length: 8 }, (_, i) => `job-${i},m,0.05`),
      '--policy',
      'serial',
    )
    const starts = (await logOf(url)).filter(({ type }) => type === 'started')
    // The third one runs, and those behind it wait.
    const since = ['--since', String((starts[2]?.seq ?? 0) + 1)]
    const { waiting, counts } = await documentOf(url, ['stats', ...since])
    const { outcomes, jobs } = await documentOf(url, ['what-if', ...since, '--try', 'serial'])
    expect({ started: counts.started, jobs }).toEqual({ started: 5, jobs: 6 })
    const [happened, simulated, tried] = outcomes
    expect(happened.waiting).toEqual(waiting)
    // They had waited as long before whatever the rules are from then on.
    for (const other of [simulated, tried]) {
      expect(other.waiting.count).toBe(5)
      expect(Math.abs(other.waiting.max - waiting.max)).toBeLessThan(waiting.max / 2)
      expect(other.waiting.max).toBeGreaterThan(6 * 50)
    }
  })

  it('refuses to try a place of a model that no job of the period needs', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0', 'b,n,0'])
    for (const [rules, word] of [
      ['age=5', 'age'],
      ['by-model,nomodel=3', 'nomodel'],
      ['x*=3', 'x*'],
    ] as const) {
      const { code, stdout, stderr } = await interlock(['what-if', '--try', rules, '--url', url])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toBe(
        `error (invalid_input): --try ${rules}: no job of that time needs the model ${word}\n  to do: say serial, by-model, max-active=n, overtakes=n, slots=n, warm=n/seconds, units.place=name:n, uses.resource=limit/seconds, weight.key=n, rate.model=starts/seconds, or one of its models: m, n\n`,
      )
    }
    const { outcomes } = await documentOf(url, ['what-if', '--try', 'm*=2,*=3'])
    expect(outcomes.at(-1).policy.capacity).toEqual({ 'm*': 2, '*': 3 })
  })

  it('leaves out jobs whose running time is unknown', async () => {
    const url = await emptyQueue()
    await documentOf(url, ['enqueue', '--job', 'a', '--models', 'm'])
    const { code, stderr } = await interlock(['what-if', '--url', url])
    expect({ code, says: stderr.includes('no job ended in that time') }).toEqual({ code: 2, says: true })
    await worked(url, ['b,n,0'])
    expect(await documentOf(url, ['what-if'])).toMatchObject({ jobs: 1, leftOut: 1 })
  })
})
