// Slow, waits 19 s: needs Prometheus.
/**
 * The files of docs/observability: rules and dashboard are read by promtool, each rule is provoked with real workers that a real
 * Prometheus scrapes, and everything that they name is there.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../src/tools/prometheus/index.ts'
import { fileWith } from '../../servers/cli/support.ts'
import { connection, migrateDatabase } from '../../servers/contract/support.ts'
import { join } from '../../servers/coordinator/support.ts'
import { start } from '../../servers/e2e/support.ts'
import { scene } from '../../servers/process/support.ts'
import { promtool } from '../../servers/prometheus/support.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { startPrometheus } from './server.ts'

const folder = path.resolve(import.meta.dirname, '../../../docs/observability')
const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
const alertNames = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat: string
  }[]
}
const dashboard = JSON.parse(read('grafana.json')) as {
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

describe('the alert rules', () => {
  it('are rules that promtool reads, tests and finds silent on a busy queue', async () => {
    expect(await promtool(['check', 'rules', path.join(folder, 'alerts.yml')])).toContain('SUCCESS')
    expect(await promtool(['test', 'rules', path.join(folder, 'alerts.test.yml')])).toContain('SUCCESS')
  })

  it('have a runbook each, which says what to type', () => {
    const page = readFileSync(path.join(folder, '../reference/alerts.md'), 'utf8')
    for (const name of alertNames) {
      const runbook = page.split(/^#{2,4} /m).find((part) => part.startsWith(`${name}\n`)) ?? ''
      expect(runbook, name).toMatch(/interlock \w+/)
      expect(read('alerts.yml')).toContain(`runbook_url: docs/reference/alerts.md#${name.toLowerCase()}`)
    }
  })

  it('and the panels keep what the scrape says of a queue, and take its processes together', () => {
    const aggregated = [
      ...[read('alerts.yml'), ...expressions].join('\n').matchAll(/\b(without|by) \(([^)]*)\) \(/g),
    ]
    expect(aggregated.length).toBeGreaterThan(40)
    const processes = 'without instance, pod, container, endpoint, node'
    const kinds = new Set(aggregated.map(([, how, labels]) => `${how} ${labels}`))
    expect([...kinds].sort()).toEqual([processes, 'without reason'])
    for (const { targets = [] } of dashboard.panels)
      for (const { legendFormat } of targets)
        for (const label of ['environment', 'job', 'queue']) expect(legendFormat).toContain(`{{${label}}}`)
  })

  it('and the dashboard name only figures that there are', async () => {
    const metrics = createMetrics({ coordinator: await join() })
    // What is wrong is known once the database was asked.
    await expect.poll(() => metrics.text()).toContain('interlock_queue_wrong{')
    const there = new Set([...metrics.text().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    // Those of tables and of intake are there once a process has looked after them.
    for (const name of [
      'projection_lag_seconds',
      'projection_lag_events',
      'projection_set_aside_rows',
      'intake_lag_seconds',
    ])
      there.add(`interlock_process_${name}`)
    const texts = [
      read('alerts.yml'),
      ...expressions,
      ...dashboard.templating.list.map(({ definition = '' }) => definition),
    ]
    const named = new Set(texts.flatMap((text) => text.match(/interlock_\w+/g) ?? []))
    expect(named.size).toBeGreaterThan(30)
    for (const name of named) expect([...there]).toContain(name.replace(/_(bucket|sum|count)$/, ''))
    metrics.close()
  })
})

describe('the dashboard', () => {
  it('is one that Grafana loads: panels with ids of their own, beside and not on each other', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36)
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
    for (const { type, targets = [], description = '' } of dashboard.panels) {
      expect(['row', 'stat', 'timeseries']).toContain(type)
      if (type !== 'row') expect([targets.length > 0, description !== '']).toEqual([true, true])
    }
  })

  it('asks what Prometheus understands', async () => {
    const plain = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$queue', '.*')
    // One call for all of them: each becomes a rule, and JSON is YAML.
    const rules = expressions.map((expr, n) => ({ record: `panel:${n}`, expr: plain(expr) }))
    const file = await fileWith('panels.yml', JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    expect(await promtool(['check', 'rules', file])).toMatch(
      new RegExp(`^0: .*SUCCESS: ${rules.length} rules found`, 's'),
    )
  })
})

/**
 * As the rules are, but six hundred times as fast: 5 minutes are half a second. Only a process may still be behind for as long as
 * its poll takes on a busy machine.
 */
const fast = (rules: string) =>
  rules
    .replaceAll(/\b(\d+)m\b/g, (_, minutes) => `${Number(minutes) * 100}ms`)
    .replaceAll(/(lag_seconds\)) > \d+ \* 60\b/g, '$1 > 10')
    .replaceAll(/> (\d+) \* 60\b/g, (_, minutes) => `> ${Number(minutes) / 10}`)

/** A worker as people start one, in a process of its own, and the address of its figures. */
async function worker(url: string, handlers: string) {
  const file = await fileWith(
    'handlers.mjs',
    `export default { leaseMs: 1500, graceMs: 500, handlers: { ${handlers} } }`,
  )
  const { child, ended } = start(['work', '--url', url, '--handler', file, '--metrics', '0'])
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (text: string) => {
      said += text
      const found = /metrics: (\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    void ended.then(({ stderr }) => reject(new Error(stderr)))
  })
  return { child, address }
}

it('each alert fires when real workers and a real queue give it reason, and none before', async () => {
  const at = await createDatabase('alerts')
  const client = await connection(at)
  await client.query('create table public.jobs (job_id text primary key, status text, model text)')
  await migrateDatabase(at)
  const { url, coordinator } = await scene(at)
  await coordinator.setPolicy('by-model')
  const units = (vram: number) => ({ capacity: { card: ['h:0'] }, units: { 'h:0': { vram } } })
  await coordinator.setPolicy(units(8))
  const [one, other] = await Promise.all([
    worker(url, "normal: () => {}, broken: () => { throw new Error('on purpose') }"),
    worker(url, 'hang: () => new Promise(() => {})'),
  ])
  const prometheus = await startPrometheus({
    rules: fast(read('alerts.yml')),
    scrape: [one.address, other.address],
    format: 'OpenMetricsText1.0.0',
  })
  const firing = (name: string) =>
    expect.poll(prometheus.firing, { interval: 100, timeout: 60_000 }).toContain(name)
  const scrapes = async () =>
    (await prometheus.targets()).map(({ health, lastError }) => `${health}${lastError}`)
  await expect.poll(scrapes, { interval: 100 }).toEqual(['up', 'up'])

  // A queue that works. Both processes count its starts, and they are still as many.
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'] })))
  const starts = 'max without (instance) (interlock_queue_starts_total)'
  await expect
    .poll(() => prometheus.query(starts), { interval: 100 })
    .toEqual([{ labels: { job: 'interlock', queue: 'default' }, value: 3 }])
  expect(await prometheus.firing()).toEqual([])

  // Somebody holds the table of jobs, from now on.
  await client.query('begin; lock table public.jobs in access exclusive mode')

  // A job that always fails, a worker that dies with a job, and a model that nobody resumes.
  await coordinator.enqueue([
    { jobId: 'broken', kind: 'broken', models: ['m'], attempts: 1 },
    { jobId: 'hang', kind: 'hang', models: ['n'], attempts: 5 },
  ])
  await coordinator.pauseModel('p', { reason: 'provider_down' })
  await firing('InterlockDeadLetters')
  await expect
    .poll(() => prometheus.query('max(interlock_queue_running_jobs)'), { interval: 100 })
    .toMatchObject([{ value: 1 }])
  other.child.kill('SIGKILL')
  await firing('InterlockLeasesExpire')

  // A card that became smaller than what a job asks.
  await coordinator.enqueue([{ jobId: 'large', kind: 'hang', models: ['card'], asks: { card: { vram: 8 } } }])
  await coordinator.setPolicy(units(4))
  await firing('InterlockCannotRun')

  // By now nobody runs its kind.
  await firing('InterlockStartableJobWaits')
  await firing('InterlockNothingStarts')

  await coordinator.drain()
  await firing('InterlockDrainedTooLong')
  await firing('InterlockPausedTooLong')
  await firing('InterlockBehind')
  await client.query('rollback')

  one.child.kill('SIGTERM')
  await firing('InterlockUnseen')
  expect(alertNames.length).toBe(9)
})
