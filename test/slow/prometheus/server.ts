import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { madeOnce } from '../../support/once.ts'
import { atEnd } from '../../support/this-test.ts'

/** A Prometheus that scrapes and evaluates five times a second. */
export interface Prometheus {
  /** The names of the alerts that fire. */
  firing(): Promise<readonly string[]>
  /** What an expression gives now, by the value of a label. */
  query(expression: string): Promise<readonly { readonly labels: Labels; readonly value: number }[]>
  /** Of each target: whether the last scrape went well, and what was wrong. */
  targets(): Promise<readonly { readonly health: string; readonly lastError: string }[]>
}
type Labels = Readonly<Record<string, string>>

export interface PrometheusOptions {
  readonly rules: string
  /** Addresses of `/metrics`. */
  readonly scrape: readonly string[]
  readonly format: 'OpenMetricsText1.0.0' | 'PrometheusText0.0.4'
}

/** @param rules the text of a file of rules */
export async function startPrometheus({ rules, scrape, format }: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-prometheus-'))
  const targets = scrape.map((url) => new URL(url).host)
  await writeFile(path.join(folder, 'rules.yml'), rules)
  await writeFile(
    path.join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '200ms', scrape_timeout: '200ms', evaluation_interval: '200ms' },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'interlock', scrape_protocols: [format], static_configs: [{ targets }] }],
    }),
  )
  const port = await freePort()
  const child = spawn(
    path.join(await madeOnce('prometheus'), 'prometheus'),
    [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  atEnd(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const ask = async (way: string) => {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${said}`)
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${way}`)
    // biome-ignore lint/suspicious/noExplicitAny: the answer of another program
    return ((await answer.json()) as any).data
  }
  return {
    firing: async () => {
      const { alerts } = await ask('alerts')
      const firing = (alerts as { state: string; labels: Labels }[]).filter(({ state }) => state === 'firing')
      return [...new Set(firing.map(({ labels }) => labels['alertname'] ?? ''))].sort()
    },
    query: async (expression) => {
      const { result } = await ask(`query?query=${encodeURIComponent(expression)}`)
      return (result as { metric: Labels; value: [number, string] }[]).map(({ metric, value }) => ({
        labels: metric,
        value: Number(value[1]),
      }))
    },
    targets: async () => (await ask('targets?state=active')).activeTargets,
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
