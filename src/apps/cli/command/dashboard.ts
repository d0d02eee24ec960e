import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { addMetricsToken, type MetricsFlags, metricsToken } from '../metrics-flags.ts'
import type { ServedDashboard } from '../serve-dashboard.ts'

interface Options extends MetricsFlags {
  readonly [flag: string]: unknown
  readonly port: string
  readonly write?: boolean
  readonly open?: boolean
  readonly data?: boolean
  readonly environment?: string
}

export function addDashboard(cli: Cli): void {
  const command = cli
    .command<Options>(
      'dashboard',
      [
        [
          'dashboard',
          'prints an address for your browser; it works once, and shows without changing anything',
        ],
        ['dashboard --write --open', 'opens it, with all actions: move, pause, cancel, retry, drain'],
        [
          'dashboard --url postgres://localhost/app --port 8080',
          'shows a queue on a server, always on the same port; /api/openapi.json there describes its API. A program signs in once: it posts {"token":"<what is behind the #>"} as JSON to /session, with an Origin header, and sends the cookie of the answer from then on',
        ],
      ],
      async (frame, _, options) => {
        const port = wholeNumber('--port', options.port, 0, 65_535) ?? 0
        const { serveDashboard } = await import('../serve-dashboard.ts')
        const { write = false, data = write } = options
        const { environment } = options
        const token = metricsToken(options)
        const served = await serveDashboard(frame, { port, write, data, environment, metricsToken: token })
        try {
          announce(frame, served)
          if (options.open === true) await openInBrowser(frame, served)
          if (!frame.signal.aborted) await once(frame.signal, 'abort')
        } finally {
          await served.close()
        }
      },
    )
    .option('--port <n>', 'port, on this machine only; 0: any free port', '0')
    .option('--write', 'whoever opens the address may also change the queue (default: only look)')
    .option('--data', 'show payloads, results and errors of jobs; --write shows them too')
    .option(
      '--environment <name>',
      'name of this environment on the page, such as production (INTERLOCK_ENVIRONMENT)',
    )
    .option('--open', 'open it in your browser')
  addMetricsToken(command)
}

function announce(frame: Frame, { address, lacks }: ServedDashboard): void {
  frame.emit({ url: address }, `open ${address}`)
  if (lacks !== null) frame.note(lacks)
  frame.note('this machine only; the address works once, in one browser; Ctrl-C stops the dashboard')
}

async function openInBrowser(frame: Frame, { address }: ServedDashboard): Promise<void> {
  if (!(await openAddress(address))) frame.note('no browser could be opened here; open the address yourself')
}

/** The program that opens an address in the user's browser, for each system. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** @returns false if there is no browser */
async function openAddress(address: string): Promise<boolean> {
  const [command, ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...words, address], { stdio: 'ignore', detached: true })
  child.unref()
  const started = once(child, 'spawn').then(() => true)
  return started.catch(() => false)
}
