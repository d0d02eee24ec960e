/** Lines for people stay as they are; programs are told the same in fields, by names that stay. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  jsonLogger,
  type LogFields,
  logEvents,
  structuredLogger,
} from '../../../src/engine/coordinator/index.ts'
import { pageOf } from '../docs/markdown.ts'
import { work } from '../worker/support.ts'
import { join, memoryStore } from './support.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** A logger of pino's shape that keeps what it is given. */
function pinoLike() {
  const told: (LogFields & { readonly msg: string; readonly level: string })[] = []
  const at = (level: string) => (fields: object, msg: string) =>
    void told.push({ ...(fields as LogFields), msg, level })
  return { told, logger: structuredLogger({ info: at('info'), warn: at('warn'), error: at('error') }) }
}

/** Each call of a logger in the sources, up to the parenthesis that closes it. */
function callsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:\w*[lL]ogger)\.(?:info|warn|error)\(/gu)].map(({ index }) => {
    let depth = 0
    for (let at = index; at < text.length; at++) {
      if (text[at] === '(') depth++
      if (text[at] === ')' && --depth === 0) return text.slice(index, at + 1)
    }
    return text.slice(index)
  })
}

describe('a line of the log', () => {
  it('has a name wherever one is written', () => {
    const files = globSync('src/{engine/{coordinator,worker,workflow,process},apps/dashboard}/**/*.ts', {
      cwd: root,
    })
    const calls = files
      .filter((file) => !file.endsWith('base/logger.ts'))
      .flatMap((file) => callsIn(readFileSync(path.join(root, file), 'utf8')))
    expect(calls.length).toBeGreaterThan(30)
    expect(calls.filter((call) => !/event: [`'][a-z]|, (?:fields|reported)\)$/u.test(call))).toEqual([])
  })

  it('has a name that docs/reference/telemetry.md lists', () => {
    const [, page = ''] = pageOf('docs/reference/telemetry.md').text.split(/^## Logs$/mu)
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \| (?:info|warn|error) \| \S/gmu)]
    expect(rows.map(([, name]) => name).toSorted()).toEqual([...logEvents].toSorted())
  })

  it('is given with its fields to a structuredLogger, and stays word for word', async () => {
    const { told, logger } = pinoLike()
    const coordinator = await join({ logger, queue: 'images' })
    await coordinator.onJobStart('a', 'normal', ['flux-dev'])
    await coordinator.onJobStart('b', 'normal', ['flux-dev'])
    expect(told.map(({ event, msg }) => [event, msg])).toEqual([
      ['job.check', '[COORDINATOR] Checking if job a can start...'],
      ['job.immediate', '[COORDINATOR] No active job - a can start immediately'],
      ['job.active', '[COORDINATOR] Set active job: a (normal) - Models: [flux-dev]'],
      ['job.check', '[COORDINATOR] Checking if job b can start...'],
      ['job.conflict', expect.stringContaining('conflict detected')],
      ['job.blocked', expect.stringContaining('blocked:')],
    ])
    expect(told[2]).toMatchObject({
      level: 'info',
      queue: 'images',
      job_id: 'a',
      models: ['flux-dev'],
      fencing_token: 2,
    })
    expect(told[5]).toMatchObject({ queue: 'images', job_id: 'b', code: 'model_in_use', blocked_by: 'a' })
  })

  it('tells of a worker what began and how it ended', async () => {
    const { told, logger } = pinoLike()
    const { coordinator } = await work(
      { handlers: { normal: () => Promise.reject(new Error('no page 7')) } },
      { logger },
    )
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    await expect.poll(() => told.at(-1)?.event).toBe('job.failed')
    const job = {
      queue: 'default',
      job_id: 'a',
      kind: 'normal',
      models: ['m'],
      attempt: 1,
      attempts: 1,
      postponed: 0,
      fencing_token: 2,
    }
    expect(told).toEqual([
      { event: 'job.started', ...job, level: 'info', msg: '[WORKER] Job a started (normal) - Models: [m]' },
      {
        ...{ event: 'job.failed', ...job, code: 'handler_error', error: 'no page 7' },
        ...{ level: 'error', msg: '[WORKER] Job a failed (handler_error): no page 7' },
      },
    ])
  })

  it('has no password, key or token of an error', async () => {
    const { told, logger } = pinoLike()
    const secrets = 'postgres://app:hunter2@db, Authorization: Bearer hunter2 and {"api_key":"hunter2"}'
    const { coordinator } = await work(
      { handlers: { normal: () => Promise.reject(new Error(`403 from ${secrets}`)) } },
      { logger },
    )
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    await expect.poll(() => told.at(-1)?.event).toBe('job.failed')
    const error = '403 from postgres://…@db, Authorization: … and {"api_key":…}'
    expect(told.at(-1)).toMatchObject({ error, msg: `[WORKER] Job a failed (handler_error): ${error}` })
  })

  it('is given alone to a logger that knows lines only', async () => {
    const given: unknown[][] = []
    const keep = (...words: unknown[]) => void given.push(words)
    const coordinator = await join({ logger: { info: keep, warn: keep, error: keep }, store: memoryStore() })
    await coordinator.onJobStart('a', 'normal', ['m'])
    expect(given.map((words) => words.length)).toEqual([1, 1, 1])
  })

  it('is one object of JSON per line by jsonLogger', async () => {
    const lines: string[] = []
    const coordinator = await join({ logger: { ...jsonLogger((line) => lines.push(line)) } })
    await coordinator.onJobStart('a\u2028b', 'normal', ['m'])
    expect(lines.map((line) => JSON.parse(line) as object)[0]).toEqual({
      ...{ level: 30, time: expect.any(Number), pid: process.pid, queue: 'default', event: 'job.check' },
      ...{ job_id: 'a\u2028b', msg: '[COORDINATOR] Checking if job a b can start...' },
    })
    expect(lines.join('\n').split('\n')).toHaveLength(3)
  })

  it('keeps its level in every shape', () => {
    const { told, logger } = pinoLike()
    const lines: string[] = []
    for (const one of [logger, jsonLogger((line) => lines.push(line))]) {
      one.info('a', { event: 'job.check' })
      one.warn('b', { event: 'log.skipped' })
      one.error('c', { event: 'job.failed' })
    }
    expect(told.map(({ level, msg }) => `${level} ${msg}`)).toEqual(['info a', 'warn b', 'error c'])
    const levels = lines.map((line) => (JSON.parse(line) as { readonly level: number }).level)
    expect(levels).toEqual([30, 40, 50])
  })
})
