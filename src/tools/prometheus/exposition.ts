import type { Family, Labels, Sample } from '../figures/index.ts'

/** The formats that Prometheus reads: its own text, and OpenMetrics. */
export type Format = 'text' | 'openmetrics'

export const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** All families in one text. */
export function written(families: readonly Family[], format: Format): string {
  const lines: string[] = []
  for (const family of families) if (family.samples.length > 0) lines.push(...familyLines(family, format))
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

const endings = { counter: '_total', info: '_info', gauge: '', histogram: '' } as const

function familyLines(family: Family, format: Format): string[] {
  const { name, type, help, samples } = family
  const whole = `${name}${endings[type]}`
  const isOpen = format === 'openmetrics'
  // The text format knows the name of a sample only, and no metric that just says something.
  const [title, kind] = isOpen ? [name, type] : [whole, type === 'info' ? 'gauge' : type]
  const head = [`# TYPE ${title} ${kind}`, `# HELP ${title} ${escaped(help, isOpen)}`]
  if (isOpen && name.endsWith('_seconds')) head.splice(1, 0, `# UNIT ${title} seconds`)
  return [
    ...head,
    ...samples.flatMap((sample) => [
      ...sampleLines(whole, sample),
      ...(isOpen && sample.created !== undefined
        ? [`${name}_created${labelsText(sample.labels)} ${number(sample.created)}`]
        : []),
    ]),
  ]
}

function sampleLines(name: string, { labels, value }: Sample): string[] {
  if (typeof value === 'number') return [`${name}${labelsText(labels)} ${number(value)}`]
  const { buckets, count, sum } = value
  const all = [...buckets.map(([bound, below]) => [float(bound), below] as const), ['+Inf', count] as const]
  return [
    ...all.map(([le, below]) => `${name}_bucket${labelsText({ ...labels, le })} ${number(below)}`),
    `${name}_sum${labelsText(labels)} ${number(sum)}`,
    `${name}_count${labelsText(labels)} ${number(count)}`,
  ]
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value, true)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Label values, and the help of OpenMetrics, escape quotes too. */
function escaped(text: string, quotes: boolean): string {
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? lines.replaceAll('"', '\\"') : lines
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

/** A bound has a point in both formats: another text would be another curve. */
const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value))
