// Slow: needs a terminal.
/** `interlock top` as people run it: the program itself, on a pseudo-terminal. */
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { compiled } from '../../support/program.ts'
import { pseudoTerminal } from '../../support/pseudo-terminal.ts'

const main = await compiled('src/apps/cli/main.ts')
const [UP, DOWN, CTRL_C] = ['\u001b[A', '\u001b[B', '\u0003']

async function onTop() {
  const url = await createDatabase('top', 'migrated')
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
  await coordinator.claim({ max: 1, kinds: null })
  const terminal = pseudoTerminal(
    `"${process.execPath}" "${main}" top --as oncall --url ${url}; echo "code $?"; stty -a`,
  )
  await expect.poll(terminal.screen).toMatch(/> 1 +b /)
  return { url, store, coordinator, terminal }
}

/** What the terminal is given back as: keys are echoed, lines are edited, and the cursor and the old screen are there. */
const givenBack = (output: string) => {
  const end = output.slice(output.lastIndexOf('\u001b[?25h\u001b[?1049l'))
  expect(output).toContain('\u001b[?7h')
  expect(end).toContain('code 0')
  expect(end).toMatch(/(^|\s)icanon/)
  expect(end).toMatch(/(^|\s)echo /)
}

it('follows, moves the choice by the arrow keys, and pulls a lever once y was pressed', async () => {
  const { store, coordinator, terminal } = await onTop()
  expect(terminal.output()).toContain('\u001b[?1049h\u001b[?25l')
  expect(terminal.screen()).toMatch(/^default running {2}1 running, 2 waiting/)
  terminal.type(DOWN)
  await expect.poll(terminal.screen).toMatch(/> 2 +c /)
  terminal.type(UP)
  await expect.poll(terminal.screen).toMatch(/> 1 +b /)
  terminal.type(`${DOWN}u`)
  await expect.poll(terminal.screen).toContain('move c before b? it will add to the log:')
  terminal.type('n')
  await expect.poll(terminal.screen).not.toContain('it will add to the log')
  terminal.type('u')
  await expect.poll(terminal.screen).toContain('reprioritized c')
  terminal.type('y')
  await expect.poll(terminal.screen).toContain('move c before b: done')
  const { events } = await store.read('default', 0, 100)
  expect(events.at(-1)).toMatchObject({ type: 'reprioritized', commandId: expect.stringMatching(/^oncall/) })
  await coordinator.enqueue([{ jobId: 'd', models: ['flux-dev'] }])
  await expect.poll(terminal.screen).toMatch(/ 3 +d /)
  terminal.type('q')
  expect(await terminal.ended).toBe(0)
  givenBack(terminal.output())
})

it('fits the window, also one that becomes smaller, and ends by Ctrl-C', async () => {
  const { coordinator, terminal } = await onTop()
  await coordinator.enqueue(
    Array.from({ length: 60 }, (_, n) => ({
      jobId: `job-${n}`,
      models: [`a-model-with-a-long-name-${n % 9}`],
    })),
  )
  await expect.poll(terminal.screen).toContain('62 waiting')
  // No line is broken: what is wider than the window is cut by the terminal.
  expect(terminal.output()).toContain('\u001b[?7l')
  const rows = () => terminal.screen().split('\n').length
  expect(rows()).toBeGreaterThan(24)
  expect(rows()).toBeLessThanOrEqual(40)
  await terminal.resize(24, 60)
  await expect.poll(rows).toBeLessThanOrEqual(24)
  expect(terminal.screen()).toMatch(/> 1 +b /)
  await terminal.resize(10, 60)
  await expect.poll(rows).toBe(10)
  terminal.type(CTRL_C)
  expect(await terminal.ended).toBe(0)
  givenBack(terminal.output())
})

it('lives through an outage: it says that what one sees is old, shows it, and goes on by itself', async () => {
  const { url, coordinator, terminal } = await onTop()
  const name = new URL(url).pathname.slice(1)
  const outside = new pg.Client({
    connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href,
  })
  await outside.connect()
  onTestFinished(() => outside.end())
  const lets = (yes: boolean) => outside.query(`alter database ${name} allow_connections ${yes}`)
  await lets(false)
  await outside.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  await expect.poll(terminal.screen).toContain('what you see is old: ')
  expect(terminal.screen()).toMatch(/> 1 +b /)
  await lets(true)
  await expect.poll(terminal.screen).not.toContain('what you see is old')
  await coordinator.enqueue([{ jobId: 'd', models: ['flux-dev'] }])
  await expect.poll(terminal.screen).toMatch(/ 3 +d /)
  terminal.type('q')
  expect(await terminal.ended).toBe(0)
  givenBack(terminal.output())
})
