/** The page for 3 a.m.: each situation is made for real, the command of the page is run, and what to look for is there. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/this-test.ts'
import { tamper } from '../cli/history.ts'
import { interlock } from '../cli/support.ts'
import { placeOf, Scene } from '../truth/scene.ts'
import { type Make, ownSituations, situations } from '../truth/situations.ts'
import { blocksOf, pageOf } from './markdown.ts'

const page = pageOf('docs/guides/at-3-am.md')

interface Section {
  readonly title: string
  readonly command: string
  /** What stands in backticks in the first column. */
  readonly lookFor: readonly string[]
}

const sections: readonly Section[] = page.text
  .split(/^## (?=\d)/mu)
  .slice(1)
  .map((text) => text.split(/^## /mu)[0] ?? '')
  .map((text) => ({
    title: text.slice(0, text.indexOf('\n')),
    command:
      blocksOf({ file: page.file, text })
        .find(({ info }) => info === 'sh situation')
        ?.code.trim() ?? '',
    lookFor: [...text.matchAll(/^\| `([^`]+)` \|/gmu)].map(([, words = '']) => words),
  }))

const of = (name: string): Make => {
  const make = situations[name] ?? ownSituations[name]
  if (make === undefined) throw new Error(`nobody makes ${name}`)
  return make
}

/** Somebody changed a row by hand. */
const edited: Make = async (scene) => {
  const jobId = await of('may start, nobody is alive')(scene)
  await tamper(scene.url, `update job_queue_jobs set priority = 7 where queue = '${scene.queue}'`)
  return jobId
}

/** Somebody changed the log by hand. */
const forged: Make = async (scene) => {
  const jobId = await of('completed')(scene)
  await tamper(scene.url, `delete from job_queue_log where queue = '${scene.queue}' and seq = 2`)
  return jobId
}

/** An event of the log can no longer be read. */
const unreadable: Make = async (scene) => {
  const jobId = await of('completed')(scene)
  await tamper(
    scene.url,
    `update job_queue_log set models = null where queue = '${scene.queue}' and event_type = 'started'`,
  )
  return jobId
}

/** A process has noticed that its worker is gone. */
const lost: Make = async (scene) => {
  const jobId = await of('its worker was killed 4 minutes ago')(scene)
  await scene.briefly((coordinator) => eventually(() => coordinator.state().activeCount).toBe(0))
  return jobId
}

/** Who makes it, for each thing to look for, in the order of the page. */
const makers: readonly (readonly Make[])[] = [
  [
    of('its model is in use'),
    of('its model is paused'),
    of('may start, nobody is alive'),
    of('may start, all slots are taken'),
    of('one job at a time'),
    of('over the rate of its model'),
    of('between two tries'),
  ],
  [
    of('the queue is drained'),
    of('may start, nobody is alive'),
    of('may start, a worker is free'),
    of('may start, all slots are taken'),
    of('nobody serves one of its two cards'),
    of('its model is paused'),
    of('never heard of'),
  ],
  [
    of('its worker was killed 4 minutes ago'),
    of('its worker missed its heartbeats'),
    of('runs in a live worker'),
    of('detached'),
  ],
  [of('failed for good'), of('expired')],
  [of('runs in a live worker'), of('may start, nobody is alive')],
  [of('its row arrived, nobody takes it in'), of('its row is older than Interlock')],
  [of('submitted, nobody decides'), of('submitted, refused after the commit')],
  [of('never heard of')],
  [of('in doubt after a restore'), of('completed')],
  [edited, of('completed'), forged, unreadable],
  [lost, of('between two tries'), of('completed')],
]

/** Nothing listens there. */
const away = 'postgres://nobody@127.0.0.1:1/none'

async function shown({ command }: Section, lookFor: string, make: Make): Promise<string> {
  const place = await placeOf()
  const scene = new Scene(place, 'default')
  try {
    const jobId = await make(scene)
    const words = command
      .replace(/^npx interlock-queue /u, '')
      .replace('<job>', jobId)
      .split(' ')
    const url = lookFor === 'store_unavailable' ? away : scene.url
    const { stdout, stderr } = await interlock([...words, '--url', url])
    return stdout + stderr
  } finally {
    await scene.close()
    await place.close()
  }
}

it('the page has eleven situations, each with one command and what to look for', () => {
  expect(sections).toHaveLength(11)
  expect(sections.map(({ lookFor }) => lookFor.length)).toEqual(makers.map((made) => made.length))
})

describe.concurrent('at 3 a.m.', () => {
  const cases = sections.flatMap((section, i) =>
    section.lookFor.map((words, j) => [section.title, words, section, makers[i]?.[j]] as const),
  )
  it.each(cases)('%s: the command shows "%s"', async (_, words, section, make) => {
    if (make === undefined) throw new Error('nobody makes it')
    expect((await shown(section, words, make)).replace(/\s+/gu, ' ')).toContain(words)
  })
})
