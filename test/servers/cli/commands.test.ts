import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../support/postgres-database.ts'
import { embeddedQueue, fileWith, interlock, temporaryFolder } from './support.ts'

const csv = 'job_id,models,seconds\na,m,1\nb,m,1\nc,n,1\n'

describe('every command', () => {
  it.each([
    [[], 'Usage'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['dev', '--port', '0'], 'to do: run supabase start'],
    [['status', '--nonsense'], "unknown option '--nonsense'"],
    [['run'], "missing required argument 'file'"],
    [['status', 'extra'], 'too many arguments'],
    [['status', '--url', ''], 'the address of the database is empty'],
    [['status', '--url', 'ftp://somewhere'], 'to do: give pglite:<folder>'],
    [['status', '--url', 'https://x.supabase.co'], 'SUPABASE_SECRET_KEY'],
    [['status', '--url', 'http://x.supabase.co'], 'no known form'],
    [['status', '--queue', ''], 'queue: must not be empty'],
    [['run', 'x.csv', '--time-scale', 'fast'], '--time-scale fast: must be a number'],
    [['run', 'x.csv', '--limit', '0'], '--limit 0: must be a whole number'],
    [['run', 'x.csv', '--processes', '1.5'], '--processes 1.5: must be a whole number'],
    [['run', 'x.csv', '--policy', 'fastest'], '--policy fastest: must be serial or by-model'],
    [['run', 'x.csv', '--capacity', 'm'], '--capacity m: must be model=n'],
    [['run', 'x.csv', '--capacity', 'm=0'], 'with a whole number from 1'],
    [['run', 'x.csv', '--capacity', 'm=-1'], '--capacity m=-1: must be model=n'],
    [['run', 'x.csv', '--capacity', 'm=1.5'], '--capacity m=1.5: must be model=n'],
    [['run', 'x.csv', '--max-active', '0'], '--max-active 0: must be a whole number from 1'],
    [['run', 'x.csv', '--max-active', 'x'], 'a whole number from 1 to 1,000,000, or none'],
    [['run', 'x.csv', '--overtakes', '-1'], '--overtakes -1: must be a whole number from 0'],
    [['policy', 'set'], 'nothing to set'],
    [['policy', 'set', '--rate', 'veo-3=5'], '--rate veo-3=5: must be model=starts/seconds'],
    [['policy', 'set', '--hold', 'veo-3=soon'], '--hold veo-3=soon: must be model=seconds'],
    [['policy', 'set', '--empty-set', 'no'], '--empty-set no: must be bypass or reject or exclusive'],
    [['policy', 'set', '--share-active', '0'], '--share-active 0: must be a whole number from 1'],
    [['policy', 'set', '--age', 'old'], '--age old: must be a number from 0 to 31,536,000, or none'],
    [['enqueue'], 'give either a file or one job: --kind, --models or --job'],
    [['enqueue', '--job', 'a', '--models', 'a,b'], 'divide models by semicolons: "a;b"'],
    [['enqueue', '--job', 'a', '--models', 'NONE'], 'leave models empty for a job without'],
    [
      ['enqueue', '--job', 'a', '--models', 'm', '--attempts', '0'],
      'attempts: must be a whole number from 1',
    ],
    [['pause', 'a,b'], 'is one name with a comma'],
    [['enqueue', '--job', 'a', '--models', 'm', '--type', 'odd'], 'job_type: must be "normal" or "workflow"'],
    [['enqueue', '--job', 'a\u0007', '--models', 'm'], 'job_id: must not contain control characters'],
    [
      ['log', '--since', 'yesterday'],
      '--since yesterday: must be the number of an event, or a time such as 10m',
    ],
    [['audit', '--markdown', '--json'], '--markdown and --json cannot be used together'],
    [['machine', 'toaster'], 'there is no machine toaster'],
    [['machine', '--format', 'svg'], '--format svg: must be mermaid, json or studio'],
  ])('%j is wrong usage, and says why', async (words, message) => {
    const cwd = process.cwd()
    const { code, stdout, stderr } = await interlock(words, { env: { INTERLOCK_URL: 'memory:' } })
    const document = stdout === '' ? undefined : JSON.parse(stdout)
    expect({ code, document }).toMatchObject({
      code: 2,
      document: words.includes('--json') ? { error: { code: 'invalid_input' } } : undefined,
    })
    expect(stderr).toContain(message)
    expect(existsSync(path.join(cwd, '.interlock'))).toBe(false)
  })

  it.each([
    [['frobnicate', '--json'], "unknown command 'frobnicate'"],
    [['status', '--jobs', '--json'], "unknown option '--jobs'"],
    [['--json', 'explain'], "missing required argument 'job'"],
    [['work', '--json'], "required option '--handler <file>' not specified"],
    [['log', '--json', '--limit'], "option '--limit <n>' argument missing"],
  ])('%j: is a document all the same', async (words, message) => {
    const { code, stdout, stderr } = await interlock(words)
    expect({ code, document: JSON.parse(stdout) }).toEqual({
      code: 2,
      document: { error: { code: 'invalid_input', message: expect.stringContaining(message) } },
    })
    expect(stderr).toContain(`error: ${message}`)
    expect((await interlock(words.filter((word) => word !== '--json'))).stdout).toBe('')
  })

  it('prints a document too when it is interrupted, and only where it has printed none (aborted)', async () => {
    const signal = AbortSignal.abort()
    const url = await embeddedQueue()
    expect((await interlock(['enqueue', '--job', 'a', '--url', url])).code).toBe(0)
    expect(await interlock(['audit', '--json', '--url', url], { signal })).toMatchObject({
      code: 130,
      stdout: '{"error":{"code":"aborted","message":"interrupted"}}\n',
    })
    expect(await interlock(['audit', '--url', url], { signal })).toMatchObject({ code: 130, stdout: '' })
    expect((await interlock(['--help', '--json'])).stdout).toMatch(/^Usage: /)
  })

  it.each(['run', 'enqueue', 'status', 'queue', 'log', 'explain', 'verify', 'audit', 'policy', 'migrate'])(
    '%s teaches by examples',
    async (name) => {
      const { code, stdout } = await interlock([name, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain(`$ interlock ${name}`)
      expect(stdout).toContain('--url')
    },
  )

  it.each([
    ['retry', 'interlock retry --error "timed out" --since 24h'],
    ['dead', 'interlock dead --error "timed out"'],
    ['cancel', 'interlock cancel --state waiting --error "timed out"'],
    ['jobs', 'interlock jobs --model flux-dev --state active'],
    ['jobs', 'customer (fair key)'],
    ['policy', 'interlock policy set --max-active 4'],
    ['pause', 'interlock pause flux-dev --for 10m'],
    ['dashboard', '/api/openapi.json'],
    ['', '1 it failed, or the job or queue that you named is not there'],
    [
      'status',
      '--json print one JSON document to standard output; its fields: interlock-queue/docs/reference/json.md',
    ],
    ['audit', '3: a violation'],
    ['audit', 'interlock audit --since 24h'],
    ['what-if', 'interlock what-if --since 48h --until 24h --try flux-dev=2'],
    ['policy set', 'worker takes it (a new queue: 2000)'],
    ['policy set', 'for all others; may be repeated (a new queue: 1 each)'],
    ['schedule set', '"cron": "0 3 * * *", "tz": "Europe/Berlin"'],
    ['enqueue', "fairKey: 'acme'"],
  ])('%s says %s', async (name, says) => {
    const { stdout } = await interlock([...name.split(' ').filter(Boolean), '--help'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(says)
  })

  it('is helped: by its name, or all of them', async () => {
    expect((await interlock(['help'])).stdout).toContain('Usage: interlock [options] [command]')
    expect((await interlock(['help', 'policy'])).stdout).toContain('Usage: interlock policy')
  })

  it('does not take the embedded database unasked in production (embedded_in_production)', async () => {
    const { code, stderr } = await interlock(['status'], { env: { NODE_ENV: 'production' } })
    expect(code).toBe(2)
    expect(stderr).toContain('to do: set DATABASE_URL')
    expect(existsSync('.interlock')).toBe(false)
  })

  it('names no password when the address is wrong', async () => {
    const { code, stderr } = await interlock(['status', '--url', 'postgres//u:secret@h/d'])
    expect(code).toBe(2)
    expect(stderr).not.toContain('secret')
  })

  it('prints machines and the migration without any database: interlock machine', async () => {
    expect((await interlock(['machine'])).stdout).toContain('stateDiagram-v2')
    expect(JSON.parse((await interlock(['machine', 'job', '--format', 'json'])).stdout)).toHaveProperty(
      'states',
    )
    expect((await interlock(['migrate', '--print'])).stdout).toMatch(/create table.*job_queue_log/is)
    const worded = await interlock([
      'migrate',
      '--print',
      '--status',
      'running=on=it',
      '--status',
      'failed=lost',
    ])
    expect(worded.stdout).toContain(`interlock.statuses = '{"running":"on=it","failed":"lost"}'`)
    expect((await interlock(['migrate', '--print', '--status', 'done'])).stderr).toContain('statuses.done')
    const names = ['--column', 'jobs.job_id=id', '--column', 'jobs.model=a=b.c', '--column', 'jobs.job_id=Id']
    expect((await interlock(['migrate', '--print', ...names])).stdout).toContain(
      `interlock.columns = '{"jobs":{"job_id":"Id","model":"a=b.c"}}'`,
    )
    const half = await interlock(['migrate', '--print', '--column', 'status=x'])
    expect(half).toMatchObject({ code: 2, stdout: '' })
    expect(half.stderr).toContain('give <table>.<column>=<yours>, such as jobs.status=state')
  })
})

describe('a store that cannot be used', () => {
  it('has no server: exit 1, what happened, what to do', async () => {
    for (const command of [['status'], ['migrate'], ['enqueue', '--job', 'a', '--models', 'm']]) {
      const { code, stdout, stderr } = await interlock([
        ...command,
        '--url',
        'postgres://u:secret@127.0.0.1:1/x',
      ])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(
        /^(\[COORDINATOR\] The database does not answer yet.*\n)?error \(store_unavailable\): .*127\.0\.0\.1:1.*\n {2}to do: check .*right\n$/s,
      )
      expect(stderr).not.toContain('secret')
    }
  })

  it('is a folder that may not be written', async () => {
    const file = await fileWith('plain', '')
    for (const place of [file, path.join(file, 'db')]) {
      const words = ['enqueue', '--job', 'a', '--models', 'm', '--url', `pglite:${place}`]
      const { code, stderr } = await interlock(words)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error \([a-z_]+\): .+\n {2}to do: .+/)
    }
  })

  it.each(['status', 'queue', 'log', 'verify', 'explain x', 'dead', 'recover', 'doctor'])(
    'is not there yet: %s creates nothing',
    async (command) => {
      const folder = path.join(await temporaryFolder(), 'db')
      const { code, stdout, stderr } = await interlock([...command.split(' '), '--url', `pglite:${folder}`])
      expect(code).toBe(command === 'status' ? 0 : 1)
      expect(stdout + stderr).toContain('there is no queue here yet')
      expect(stdout + stderr).toContain('begin with: npx interlock-queue enqueue <file>')
      expect(existsSync(folder)).toBe(false)
    },
  )

  it('is not migrated: says what to type, and that works', async () => {
    const url = await createDatabase('cli')
    const before = await interlock(['enqueue', '--job', 'a', '--models', 'm', '--url', url])
    expect(before.code).toBe(1)
    expect(before.stderr).toContain('to do: run `npx interlock-queue migrate')
    expect(JSON.parse((await interlock(['migrate', '--json', '--url', url])).stdout)).toMatchObject({
      applied: true,
    })
    expect(JSON.parse((await interlock(['migrate', '--json', '--url', url])).stdout)).toMatchObject({
      applied: false,
    })
    const after = await interlock(['enqueue', '--job', 'a', '--models', 'm', '--url', url, '--json'])
    expect(JSON.parse(after.stdout)).toEqual({
      jobId: 'a',
      queued: 1,
      known: [],
      waiting: [],
      deduplicated: [],
    })
  })
})

describe('a queue', () => {
  it('is filled, looked at, governed and checked (interlock log, interlock cancel, interlock drain)', async () => {
    const url = await createDatabase('cli')
    await interlock(['migrate', '--url', url])
    const run = async (...words: string[]) => {
      const spoken = await interlock([...words, '--json', '--url', url])
      expect(spoken).toMatchObject({ code: 0, stderr: '' })
      return JSON.parse(spoken.stdout)
    }
    const file = await fileWith('w.csv', csv)
    expect(await run('enqueue', file)).toMatchObject({ queued: 3 })
    expect(await run('enqueue', file)).toMatchObject({ queued: 0, known: ['a', 'b', 'c'] })
    expect(await run('status')).toMatchObject({ status: 'idle', activeCount: 0, waitingCount: 3 })
    expect((await run('queue', '--limit', '2')).jobs).toMatchObject([
      { jobId: 'a' },
      { jobId: 'b', blockedBy: 'a' },
    ])
    expect(await run('explain', 'b')).toMatchObject({
      state: 'waiting',
      code: 'behind_in_line',
      blockedBy: 'a',
    })
    expect(await run('policy', 'set', '--policy', 'by-model', '--capacity', 'm=2')).toMatchObject({
      maxActive: null,
      capacity: { m: 2 },
    })
    expect(await run('policy')).toMatchObject({ capacity: { m: 2 } })
    expect(await run('cancel', 'a')).toEqual({ jobId: 'a', state: 'cancelled' })
    expect(await run('explain', 'a')).toMatchObject({ state: 'ended' })
    expect(await run('drain', '--wait')).toMatchObject({ status: 'draining', activeCount: 0 })
    expect(await run('resume')).toMatchObject({ status: 'idle', waitingCount: 2 })
    expect((await run('log', '--limit', '2')).map((event: { type: string }) => event.type)).toContain(
      'resumed',
    )
    const since = await run('log', '--since', '1h')
    expect(since.length).toBeGreaterThan(5)
    expect(await run('log', '--since', '1h', '--limit', '3')).toEqual(since.slice(-3))
    expect(await run('log', '--since', '1', '--limit', '3')).toEqual(since.slice(-3))
    expect(await run('log', '--since', '1h', '--limit', '1000')).toEqual(since)
    expect(await run('verify')).toMatchObject({ ok: true, differences: [] })
    expect(await run('audit')).toMatchObject({ violations: [], jobs: 3, cancelled: 1 })
    for (const words of [
      ['cancel', 'nobody'],
      ['retry', 'nobody'],
      ['dead', 'nobody'],
      ['dead', 'nobody', '--drop'],
      ['explain', 'nobody'],
    ]) {
      const unknown = await interlock([...words, '--url', url])
      expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nobody') })
      const { stdout } = await interlock([...words, '--json', '--url', url])
      expect(JSON.parse(stdout)).toMatchObject({
        error: { code: 'job_not_live', message: expect.stringContaining('nobody') },
      })
    }
  })

  it('keeps nothing of a file with a broken line, and all but that line with --skip-invalid', async () => {
    const url = await createDatabase('cli')
    await interlock(['migrate', '--url', url])
    const file = await fileWith('w.csv', `${csv}d,m\n`)
    const refused = await interlock(['enqueue', file, '--url', url])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(`${file}, line 5`)
    expect(JSON.parse((await interlock(['status', '--json', '--url', url])).stdout)).toMatchObject({
      version: 0,
    })
    const taken = await interlock(['enqueue', file, '--skip-invalid', '--json', '--url', url])
    expect(JSON.parse(taken.stdout)).toMatchObject({ queued: 3 })
    expect(taken.stderr).toContain('1 broken line skipped')
  })

  it('interlock run runs a file, and runs it once more after it has finished', async () => {
    const url = await createDatabase('cli')
    await interlock(['migrate', '--url', url])
    const file = await fileWith('w.csv', csv)
    for (const policy of ['serial', 'by-model']) {
      const words = ['run', file, '--policy', policy, '--time-scale', '0.02', '--json', '--url', url]
      const { code, stdout } = await interlock(words)
      expect(code).toBe(0)
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({ jobs: 3, completed: 3, failed: 0, violations: 0, verified: true })
      expect(report).toMatchObject({ serialMs: 60, maxConcurrent: policy === 'serial' ? 1 : 2 })
      expect(report.lowerBoundMs).toBe(policy === 'serial' ? 60 : 40)
      expect(report.elapsedMs).toBeGreaterThanOrEqual(report.lowerBoundMs - 2)
    }
  })

  it('stops a run at Ctrl-C, gives back what ran, and goes on with it later', async () => {
    const url = await createDatabase('cli')
    await interlock(['migrate', '--url', url])
    const file = await fileWith('w.csv', csv)
    const stop = new AbortController()
    const running = interlock(['run', file, '--time-scale', '30', '--url', url], { signal: stop.signal })
    for (let active = 0; active === 0; ) {
      active = JSON.parse((await interlock(['status', '--json', '--url', url])).stdout).activeCount
    }
    stop.abort()
    expect((await running).code).toBe(130)
    expect(JSON.parse((await interlock(['status', '--json', '--url', url])).stdout)).toMatchObject({
      activeCount: 0,
      waitingCount: 3,
    })
    const { code, stdout, stderr } = await interlock([
      'run',
      file,
      '--time-scale',
      '0',
      '--json',
      '--url',
      url,
    ])
    expect(stderr).toContain('going on with an unfinished run')
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, jobs: 3, completed: 3 })
  })
})
