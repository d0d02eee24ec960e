import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { chromiumPath } from '../../test/support/chromium.ts'
import { type Bench, type Context, type Row, sample } from '../frame/bench.ts'
import { frames } from './frames.ts'
import { project } from './host.ts'
import { memory } from './memory.ts'
import { outage } from './outage.ts'
import type { Part } from './part.ts'
import { starts } from './starts.ts'
import { idle, viewers } from './viewers.ts'

const parts: readonly Part[] = [starts, frames, memory, idle, viewers, outage]

async function dashboardRows(context: Context): Promise<readonly Row[]> {
  const { only, progress } = context
  const chosen = parts.filter(({ id }) => only.length === 0 || only.includes(id))
  progress('the page is built')
  buildPage()
  // As root there is no sandbox to be had.
  const browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox'] })
  try {
    const rows: Row[] = []
    for (const part of chosen) rows.push(...(await rowsOf(context, part, browser)))
    return rows
  } finally {
    await browser.close()
  }
}

async function rowsOf(context: Context, part: Part, browser: Browser): Promise<readonly Row[]> {
  const note = part.lacks?.(context)
  const figures = Object.entries(part.figures)
  if (note !== undefined) return figures.map(([, figure]) => ({ ...figure, samples: [], note }))
  const samples = await sample(context, part.id, () => part.measure(context, browser))
  return figures.map(([name, figure]) => ({ ...figure, samples: samples[name] ?? [] }))
}

/** The command serves the page that was built last: what is measured is that of these sources. */
function buildPage(): void {
  const { status } = spawnSync(process.execPath, [path.join(project, '.ci/build-page.mjs')], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error('the page of the dashboard could not be built')
}

export const dashboardBench: Bench = {
  name: 'dashboard',
  about:
    'the page in Chromium on the same machine: how late a start is on it, its frames, its memory, and what it costs the host and the database',
  run: dashboardRows,
}
