// Slow: finds and changes jobs, by mouse.
/** The list: jobs by what they are, and a change of all that it has found; and the schedules. */
import { describe, expect, it } from 'vitest'
import {
  addressOf,
  commandOf,
  filterOf,
  queryOf,
  sqlOf,
  unknownIn,
  withWord,
} from '../../../../src/apps/dashboard/page/screen/list/query.ts'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { viewer } from '../../../servers/dashboard/support.ts'

const browser = browserForAll()

describe('a query', () => {
  it('is the same in the address, in a change and on the command line', () => {
    const query = queryOf('state:dead state:failed customer:acme payload.user.id=17 until:10m')
    const until = '10m'
    expect(unknownIn(query)).toBe('')
    expect([...addressOf(query)]).toEqual([
      ['state', 'dead'],
      ['state', 'failed'],
      ['customer', 'acme'],
      ['payload.user.id', '17'],
      ['until', until],
    ])
    expect(filterOf(query)).toEqual({
      ...{ states: ['dead', 'failed'], fairKey: 'acme', payload: { 'user.id': 17 }, until },
    })
    expect(commandOf('my queue', query)).toBe(
      "npx interlock-queue jobs --queue 'my queue' --state dead --state failed --customer acme --payload user.id=17 --until 10m",
    )
  })

  it('says what is listed by its first word, and what is in quotes is one', () => {
    const dead = queryOf('dead model:flux error:"timed out" since:1h')
    expect([...addressOf(dead)].map(([, value]) => value)).toEqual(['flux', 'timed out', '1h'])
    expect(filterOf(dead)).toEqual({ states: ['dead'], model: 'flux', error: 'timed out', since: '1h' })
    expect(commandOf('default', dead)).toBe(
      "npx interlock-queue jobs --state dead --model flux --error 'timed out' --since 1h",
    )
    expect(queryOf('dead timed out')).toMatchObject({ words: [['error', 'timed out']], text: [] })
    const events = queryOf('events type:changes job:a lost lease')
    expect([...addressOf(events)]).toEqual([
      ['word', 'lost'],
      ['word', 'lease'],
      ['type', 'changes'],
      ['job', 'a'],
    ])
    expect(commandOf('default', events)).toBe(
      'npx interlock-queue log --limit 10000 --changes | grep -iF -- a | grep -iF -- lost | grep -iF -- lease',
    )
    expect(sqlOf('default', events)).toContain("event_type IN ('policy_changed',")
    expect(sqlOf('default', queryOf('events operator:ada'))).toBe(null)
  })

  it('gets another word in place of one with its name', () => {
    expect(withWord('dead since:1h timed out', 'since', '24h')).toBe('dead error:"timed out" since:24h')
    expect(withWord('dead timed out', 'error', 'no quota')).toBe('dead error:"no quota"')
    expect(withWord('payload.id="17" state:active since:1h', 'since', null)).toBe(
      'payload.id="17" state:active',
    )
    expect(withWord('events "lost lease" type:failed', 'type', 'changes')).toBe(
      'events "lost lease" type:changes',
    )
  })

  it('is quoted on the command line, whatever somebody has linked to', () => {
    const command = commandOf('default', queryOf('payload.$(reboot)=1 tag:$(reboot)'))
    expect(command).toBe("npx interlock-queue jobs --payload '$(reboot)=1' --tag '$(reboot)'")
  })

  it('finds and changes the same if a word comes twice: the first one counts', () => {
    const query = queryOf('model:a model:b')
    expect(addressOf(query).get('model')).toBe('a')
    expect(filterOf(query)).toEqual({ model: 'a' })
  })

  it('names what it does not understand', () => {
    expect(unknownIn(queryOf('report-7 later:soon tag: tag:x'))).toMatch(
      /^Not understood: report-7 later:soon tag:\./,
    )
  })
})

async function atJobs(query = '') {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue(
    ['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['flux-dev'], tag: 'import-7', fairKey: 'acme' })),
  )
  await coordinator.enqueue([{ jobId: 'other', models: ['sdxl'] }])
  const dashboard = await served({ store })
  const page = await opened(browser(), dashboard.address())
  await page.waitForSelector('[data-figure=event]')
  // A former address of the list.
  await goTo(page, `?see=jobs${query}`)
  return { store, coordinator, page }
}

it('jobs are found, and all of them are cancelled but the one that has changed meanwhile', async () => {
  const { coordinator, page } = await atJobs()
  await page.waitForSelector('[data-found="4"]')
  await page.fill('[aria-labelledby=list] input[type=search]', 'tag:import-7')
  await page.waitForSelector('[data-found="3"]')
  expect(await page.locator('[data-job=a]').textContent()).toContain('import-7 · acme')
  expect(await page.getAttribute('[data-copies]', 'data-copies')).toBe(
    'npx interlock-queue jobs --tag import-7',
  )
  await page.click('text=Cancel all…')
  await page.waitForSelector('dialog >> text=3 jobs')
  await coordinator.cancel('b')
  await page.click('dialog [data-do=cancel]')
  await page.waitForSelector('dialog >> text=Done: 2 jobs.')
  expect(await page.textContent('[data-left-out]')).toContain('b.')
  await page.click('dialog >> text=Close')
  await page.waitForSelector('[data-found="0"]')
  await page.waitForSelector('text=No job fits.')
  await coordinator.close()
})

it('they get another priority, and what cannot be done is refused', async () => {
  const { store, coordinator, page } = await atJobs('&q=model:flux-dev')
  await page.waitForSelector('[data-found="3"]')
  await page.fill('[data-changes] input', '7')
  await page.click('text=Move all…')
  await page.click('dialog [data-do=prioritize]')
  await page.waitForSelector('dialog >> text=Done: 3 jobs.')
  await page.click('dialog >> text=Close')
  const { jobs } = (await store.projection('default')) ?? { jobs: [] }
  expect(jobs.filter(({ priority }) => priority === 7)).toHaveLength(3)
  await goTo(page, '?see=list&q=state:active')
  await page.click('text=Retry dead ones…')
  await page.waitForSelector(
    'dialog >> text=Refused (invalid_input): states: retry is for jobs that are dead',
  )
  await page.click('dialog >> text=Close')
  await goTo(page, '?see=list&q=report-7')
  expect(await page.textContent('[data-unknown]')).toContain('Not understood: report-7.')
  await coordinator.close()
})

it('a viewer finds jobs and changes none; the schedules say when they are due', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const job = { models: ['flux-dev'], kind: 'invoice' }
  await coordinator.schedules('billing', [
    { id: 'nightly', cron: '30 2 * * *', tz: 'Europe/Berlin', job },
    { id: 'often', every: '90d', job },
  ])
  await coordinator.enqueue([{ jobId: 'a', models: [] }])
  const { address } = await served({ store, grant: viewer })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=list')
  await page.waitForSelector('[data-found="1"]')
  expect(await page.locator('main button:has-text("…")').count()).toBe(0)
  const row = page.locator('[data-schedule=nightly]')
  expect(await row.textContent()).toContain('of billing30 2 * * * Europe/Berlin')
  expect(await page.locator('[data-schedule=often]').textContent()).toContain('every 90 d')
  await coordinator.close()
})
