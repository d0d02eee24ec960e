import { expect, it } from 'vitest'
import { migratedDatabase } from '../contract/support.ts'
import { documentOf } from './history.ts'
import { fileWith, interlock } from './support.ts'

it('declares, shows, pauses and removes schedules (interlock schedule, interlock schedule list, interlock schedule set, interlock schedule preview, interlock schedule pause, interlock schedule resume, interlock schedule remove)', async () => {
  const url = await migratedDatabase()
  const on = ['--url', url]
  const file = await fileWith(
    'schedules.json',
    JSON.stringify([
      {
        ...{ id: 'nightly', cron: '30 2 * * *', tz: 'Europe/Berlin' },
        job: { kind: 'invoices', models: ['ledger'], payload: { pages: 2 } },
      },
    ]),
  )
  const set = ['schedule', 'set', '--file', file, '--owner', 'billing']
  expect(await documentOf(url, [...set, '--revision', '7'])).toEqual({
    ...{ set: ['nightly'], removed: [], kept: [], isOutdated: false },
  })
  expect((await interlock([...on, ...set, '--revision', '6'])).stdout).toBe(
    'nothing changed: a newer revision of billing was declared before\n',
  )
  expect(await documentOf(url, ['schedule', 'list'])).toMatchObject({
    queue: 'default',
    schedules: [
      { id: 'nightly', owner: 'billing', tz: 'Europe/Berlin', paused: false, last: null, live: [] },
    ],
  })
  const { stdout } = await interlock([...on, 'schedule', 'preview', 'nightly', '--count', '2'])
  expect(stdout.match(/ 02:30:00 Europe\/Berlin$/gm)).toHaveLength(2)
  expect((await interlock([...on, 'schedule', 'pause', 'nightly'])).stdout).toBe(
    'schedule nightly is paused\n',
  )
  expect((await interlock([...on, 'schedule'])).stdout).toMatch(
    /nightly +billing +30 2 \* \* \* Europe\/Berlin +paused/,
  )
  expect((await interlock([...on, 'schedule', 'resume', 'nightly'])).code).toBe(0)
  expect((await interlock([...on, 'schedule', 'remove', 'nightly'])).code).toBe(0)
  expect((await interlock([...on, 'schedule', 'preview', 'nightly'])).stderr).toContain(
    'there is no schedule nightly',
  )
  expect((await interlock([...on, 'schedule', 'set'])).stderr).toContain(
    'give --file schedules.json and --owner billing',
  )
})
