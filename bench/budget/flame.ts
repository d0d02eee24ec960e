import type { Stack } from './profile.ts'

interface Frame {
  readonly name: string
  micros: number
  readonly inner: Map<string, Frame>
}

const WIDTH = 1_200
const ROW = 16
/** What is narrower than this cannot be seen. */
const LEAST = 1.5
const LETTER = 6.2

/** A flame graph as SVG: the wider a frame, the longer it was on the stack; what it called stands on it. */
export function flameGraph(stacks: readonly Stack[], title: string): string {
  const root = treeOf(stacks)
  const rects: string[] = []
  const depth = draw(root, 0, 0, WIDTH / root.micros, rects)
  const height = (depth + 2) * ROW
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>rect{stroke:#fff;stroke-width:.5}text{fill:#222}</style>
<text x="4" y="12" font-size="12">${escaped(title)}</text>
${rects.join('\n')}
</svg>
`
}

function treeOf(stacks: readonly Stack[]): Frame {
  const root: Frame = { name: '', micros: 0, inner: new Map() }
  for (const { frames, micros } of stacks) {
    if (frames[0] === '(idle)') continue
    root.micros += micros
    let at = root
    for (const name of frames) {
      const next = at.inner.get(name) ?? { name, micros: 0, inner: new Map() }
      at.inner.set(name, next)
      next.micros += micros
      at = next
    }
  }
  return root
}

/** From the top down. @returns how deep it went */
function draw(frame: Frame, left: number, level: number, scale: number, rects: string[]): number {
  let at = left
  let deepest = level
  for (const inner of [...frame.inner.values()].toSorted((a, b) => b.micros - a.micros)) {
    const width = inner.micros * scale
    if (width < LEAST) continue
    const y = (level + 1) * ROW
    const label = inner.name.slice(0, Math.floor(width / LETTER))
    rects.push(
      `<g><title>${escaped(inner.name)}: ${(inner.micros / 1_000).toFixed(0)} ms</title>` +
        `<rect x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(inner.name)}"/>` +
        (label.length > 2 ? `<text x="${(at + 2).toFixed(1)}" y="${y + 11}">${escaped(label)}</text>` : '') +
        '</g>',
    )
    deepest = Math.max(deepest, draw(inner, at, level + 1, scale, rects))
    at += width
  }
  return deepest
}

/** Warm where it is ours, grey where it is Node's or a package's. */
function colourOf(name: string): string {
  const file = name.split(' · ')[1] ?? ''
  if (/^(core|decide|snapshot|law)\//.test(file)) return '#f4a261'
  if (/^(commit|replica|membership|maintenance|inbox|coordinator|worker|gate|base|api)\//.test(file))
    return '#e9c46a'
  if (/^(events|store|sql|postgres)\//.test(file)) return '#8ecae6'
  return '#d9d9d9'
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
