import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Command } from 'commander'
import type { Coordinator } from '../../engine/coordinator/index.ts'
import { InterlockError, invalidInput } from '../../engine/core/index.ts'
import { createMetrics, type ServeOptions, serveMetrics } from '../../tools/prometheus/index.ts'
import { readNumber } from './flag-value.ts'
import type { Frame } from './frame.ts'

export interface MetricsFlags {
  readonly metrics?: string
  readonly metricsTokenFile?: string
}

const TOKEN_FLAG = '--metrics-token-file'

export const addMetricsToken = (command: Command): Command =>
  command.option(`${TOKEN_FLAG} <file>`, 'file with the bearer token that a scraper of /metrics has to send')

export const addMetricsFlags = (command: Command): Command =>
  addMetricsToken(
    command.option(
      '--metrics <port>',
      'serve /metrics for Prometheus: 9464 on this machine only, 0.0.0.0:9464 for others too',
    ),
  )

/** Where to serve them; undefined: nowhere. @throws InterlockError `invalid_input` */
export function metricsOf(flags: MetricsFlags): ServeOptions | undefined {
  const token = metricsToken(flags)
  const { metrics } = flags
  if (metrics === undefined) {
    if (token === undefined) return undefined
    throw invalidInput(`${TOKEN_FLAG}: needs --metrics <port>`)
  }
  const [, name = '127.0.0.1', digits] = /^(?:(.+):)?(\d+)$/.exec(metrics) ?? []
  const host = name.replace(/^\[(.*)\]$/, '$1')
  const port = readNumber(digits, { min: 0, max: 65_535, whole: true })
  if (port === undefined || (isIP(host) === 0 && host !== 'localhost'))
    throw invalidInput(`--metrics ${metrics}: must be a port, or an IP address and a port: 0.0.0.0:9464`)
  return { host, port, token }
}

/** @throws InterlockError `invalid_input` for a file that cannot be read, or whose token is too short to be one */
export function metricsToken({ metricsTokenFile: file }: MetricsFlags): string | undefined {
  if (file === undefined) return undefined
  const token = readToken(file).trim()
  if (/^\S{16,}$/.test(token)) return token
  throw invalidInput(`${TOKEN_FLAG} ${file}: must have a token of 16 characters or more, without spaces`)
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InterlockError(
      'invalid_input',
      `${TOKEN_FLAG} ${file}: cannot be read (${code}); name a file that has the token`,
      { path: file },
      error,
    )
  }
}

/** Does the work, with its figures served meanwhile if that was asked for. */
export async function withMetrics<T>(
  frame: Frame,
  coordinator: Coordinator,
  options: ServeOptions | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (options === undefined) return work()
  const metrics = createMetrics({ coordinator })
  try {
    const served = await serveMetrics(metrics, options)
    const who = options.token === undefined ? 'anyone who reaches it' : 'anyone who sends the token'
    frame.note(`metrics: ${served.url} (for ${who})`)
    return await work().finally(() => served.close())
  } finally {
    metrics.close()
  }
}
