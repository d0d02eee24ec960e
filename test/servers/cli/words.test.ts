/** What commands say of a queue, in the words of their lines. */
import { expect, it } from 'vitest'
import { Frame } from '../../../src/apps/cli/frame.ts'
import { explanationText } from '../../../src/apps/cli/show/explanation.ts'
import { jobsText } from '../../../src/apps/cli/show/jobs.ts'
import { defaultPolicy, explainLive } from '../../../src/engine/core/index.ts'
import { parsePolicy } from '../../../src/engine/events/index.ts'
import { policyBeginning, policyFacts, policyText } from '../../../src/tools/format/policy-text.ts'
import { given } from '../../support/scenario.ts'

const stdout = { write: () => {} }
const frame = new Frame({ stdout, stderr: stdout, env: {}, signal: new AbortController().signal }, {})
const around = { workers: null, operators: new Map(), ending: new Set<string>() }

it('interlock jobs says of which states no job fits', () => {
  const found = { look: {}, found: [], states: ['waiting', 'active'], endedSince: null }
  const [said = ''] = jobsText(frame, [], found as never)
  expect(said).toMatch(
    /^no job that is waiting or active fits; of other states: --state submitted, dead, completed/,
  )
})

it('a job that waits for a rate starts when the window opens only if nobody is ahead of it', () => {
  const queue = given({ maxActive: null, rate: { m: { starts: 1, perSeconds: 60 } } })
  for (const id of ['a', 'b', 'c', 'd', 'e']) queue.enqueue(id, ['m'], {}, { claim: { max: 1, kinds: null } })
  const toDo = (id: string) => {
    const { ledger } = queue
    const found = explainLive({ ledger, now: ledger.lastAt + 1, ...around } as never, id)
    return [found?.code, found?.whatHasToHappen]
  }
  queue.complete('a')
  expect(toDo('b')).toEqual(['rate_limited', 'nothing: it starts when the window of the rate opens'])
  expect(toDo('c')).toEqual([
    'rate_limited',
    'nothing: one job ahead of it in line may start first; then it starts when the window of the rate opens',
  ])
  expect(toDo('e')[1]).toMatch(/^nothing: 3 jobs ahead of it in line may start first; then/)
})

it('a policy with tiers or weights has fair shares; a line has its beginning, by whole rules', () => {
  const policy = parsePolicy({
    ...{ maxActive: null, maxOvertakes: 100, tiers: { free: { maxActive: 1 } }, weights: { 'paid/*': 4 } },
    uses: { tpm: { limit: 9, perSeconds: 60 } },
    capacity: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`model-${n}`, 2])),
  })
  for (const text of [policyText(policy), String(policyFacts(policy))])
    expect(text).not.toContain('no fair shares')
  expect(String(policyFacts(defaultPolicy))).toContain('no fair shares')
  expect(policyBeginning(policy, 200)).toBe(
    'any number of jobs at once, and 5 more rules: npx interlock-queue policy',
  )
  expect(policyBeginning(defaultPolicy, 200)).toBe(policyText(defaultPolicy))
  // Each rule that is as usual is left out, wherever it stands among those that are set.
  expect(policyText(parsePolicy({ uses: { tpm: { limit: 9, perSeconds: 60 } } }))).toBe(
    `${policyText(defaultPolicy)}, at most 9 of tpm in 60 s`,
  )
})

it('a model that has places with units is not in use "4 of 3"', () => {
  const queue = given({
    maxActive: null,
    capacity: { flux: ['h:0'] },
    units: { 'h:0': { vram: 24 } },
  } as never)
  for (const id of ['a', 'b', 'c'])
    queue.enqueue(id, ['flux'], { asks: { flux: { vram: 8 } } } as never, { claim: { max: 9, kinds: null } })
  const { ledger } = queue
  const found = explainLive({ ledger, now: ledger.lastAt + 1, ...around } as never, 'c')
  const text = explanationText(frame, found as never).join('\n')
  expect(text).toMatch(/flux \(h:0\) +3 on 1 place +a, b, c/)
})
