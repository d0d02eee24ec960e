import { plural } from '../../../tools/format/index.ts'
import { type FlowDocument, type FlowJob, flow, flowMermaid } from '../../../tools/operate/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { withStore } from '../store.ts'
import { grid } from '../terminal/grid.ts'

export function addFlow(cli: Cli): void {
  cli
    .command<{ readonly mermaid?: boolean }>(
      'flow',
      [
        [
          'flow film-7',
          'each job with its state, and what it comes after; `?`: it goes on whatever becomes of that',
        ],
        ['flow film-7 --mermaid', 'a diagram for a page in Markdown, or for mermaid.live'],
        ['flow film-7 --json', 'for programs'],
      ],
      (frame, [text = ''], { mermaid = false }) =>
        withStore(frame, async (store) => {
          const found = await flow(frame.access(store), text)
          frame.emit(found, mermaid ? flowMermaid(found).split('\n') : flowText(frame, found))
        }),
    )
    .option('--mermaid', "the diagram as text in Mermaid's language")
}

function flowText(frame: Frame, { jobs, links, isWhole }: FlowDocument): readonly string[] {
  const parents = Map.groupBy(links, ({ after }) => after)
  const rows = jobs.map(({ jobId, state }) => {
    const before = (parents.get(jobId) ?? []).map(
      (link) => `${link.before}${link.ifFailed === 'continue' ? '?' : ''}`,
    )
    return [stateText(frame, state), jobId, before.join(', ')]
  })
  const heads = ['state', 'job', 'comes after']
  const more = isWhole ? [] : [`only the nearest ${plural(jobs.length, 'job')} of its flow`]
  return [
    ...grid(frame, heads, rows, { heading: frame.colors.dim, give: { 'comes after': 20, job: 16 } }),
    ...more,
  ]
}

function stateText({ colors }: Frame, state: FlowJob['state']): string {
  if (state === 'failed') return colors.red(state)
  if (state === 'running' || state === 'completed') return colors.green(state)
  return state?.replaceAll('_', ' ') ?? 'unknown'
}
