import { type Signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { MICROS_PER_MS, MICROS_PER_SECOND } from '../../../../core/index.ts'
import { count, duration, plural } from '../../../../format/index.ts'
import { type ModelTime, type Span, spansOf } from '../../data/spans.ts'
import { useDesk } from '../../frame/context.ts'
import { addKeys } from '../../frame/keys.ts'
import { go, route } from '../../frame/route.ts'
import { momentText, seconds } from '../../frame/time.ts'
import { JobLink, ModelLink } from '../../part/names.tsx'
import { None, Panel } from '../../part/panel.tsx'
import { Reach } from '../../part/reach.tsx'
import { countUpTo, panned, type View, zoomed } from '../../part/view.ts'
import { Differences } from './differences.tsx'
import { AXIS, type Drawing, draw, ROW, spanAt } from './draw.ts'

/** The most rows to draw. A search finds the others. */
const MOST_ROWS = 60
const FIRST: number = 600 * MICROS_PER_SECOND

/** A row per model: who held it when, and how long its line was. */
export function Time() {
  const { live } = useDesk()
  const view = useSignal<View | null>(null)
  useEffect(() => void live.readBack(live.version.peek() - 5_000).catch(() => {}), [live])
  const rows = useRows()
  const shown = useView(view)
  const change = (next: (view: View) => View) => (view.value = next(shown.value))
  useEffect(
    () =>
      addKeys([
        { key: '+', does: 'closer', run: () => change((now) => zoomed(now, 0.5)) },
        { key: '-', does: 'further away', run: () => change((now) => zoomed(now, 2)) },
        { key: '0', does: 'the end of the log, live', run: () => (view.value = null) },
      ]),
    [],
  )
  return (
    <div class="grid time">
      {route.value.than === null ? null : <Differences than={route.value.than} />}
      <Panel
        id="time"
        title="Time"
        wide
        aside={
          <span class="buttons">
            <button type="button" aria-label="Earlier" onClick={() => change((now) => panned(now, -0.5))}>
              ←
            </button>
            <button type="button" aria-label="Later" onClick={() => change((now) => panned(now, 0.5))}>
              →
            </button>
            <button type="button" aria-label="Further away" onClick={() => change((now) => zoomed(now, 2))}>
              −
            </button>
            <button type="button" aria-label="Closer" onClick={() => change((now) => zoomed(now, 0.5))}>
              +
            </button>
            <button type="button" aria-pressed={view.value === null} onClick={() => (view.value = null)}>
              Follow
            </button>
          </span>
        }
      >
        {rows.value.length === 0 ? <None>No job has needed a model in what is loaded.</None> : null}
        <Rows rows={rows.value} view={shown.value} change={change} />
        <Reach />
      </Panel>
    </div>
  )
}

function useRows() {
  const { live } = useDesk()
  return useComputed((): readonly ModelTime[] => {
    void live.version.value
    void live.base.value
    const wanted = route.value.model
    const { models } = spansOf(live.replica, live.generation.value)
    const rows = [...models.values()].sort(
      (a, b) => Number(b.model === wanted) - Number(a.model === wanted) || (a.model < b.model ? -1 : 1),
    )
    return rows.slice(0, MOST_ROWS)
  })
}

/** The period that the user chose; else the last ten minutes, or those before the moment that is shown. */
function useView(chosen: Signal<View | null>) {
  const { live, shown } = useDesk()
  return useComputed((): View => {
    if (chosen.value !== null) return chosen.value
    void seconds.value
    void live.base.value
    const end = shown.isLive.value
      ? Math.max(live.now(), shown.ledger.value.lastAt)
      : shown.ledger.value.lastAt
    const first = live.replica.event(live.replica.base + 1)?.at ?? end - FIRST
    const length = Math.min(FIRST, Math.max(MICROS_PER_SECOND, end - first))
    const beyond = shown.isLive.value ? 0.02 : 0.2
    return { from: end - length * (1 - beyond), to: end + length * beyond }
  })
}

function Rows({
  rows,
  view,
  change,
}: {
  readonly rows: readonly ModelTime[]
  readonly view: View
  readonly change: (next: (view: View) => View) => void
}) {
  const { live, shown } = useDesk()
  const canvas = useRef<HTMLCanvasElement>(null)
  const drawing = useRef<Drawing | null>(null)
  const over = useSignal<{ readonly span: Span; readonly x: number; readonly y: number } | null>(null)
  const { job, than } = route.value
  const now = Math.max(live.replica.head.lastAt, shown.isLive.value ? live.now() : 0)
  const mark = than === null ? [] : [live.replica.event(than)?.at ?? 0]
  useEffect(() => {
    if (canvas.current === null) return
    const marks = shown.isLive.peek() ? mark : [...mark, shown.ledger.peek().lastAt]
    drawing.current = { canvas: canvas.current, rows, view, now, marks, job }
    draw(drawing.current)
  })
  useEffect(() => {
    const again = new ResizeObserver(() => drawing.current !== null && draw(drawing.current))
    if (canvas.current !== null) again.observe(canvas.current)
    return () => again.disconnect()
  }, [])
  const at = (event: MouseEvent) => {
    const { width } = canvas.current?.getBoundingClientRect() ?? { width: 1 }
    const span =
      drawing.current === null ? undefined : spanAt(drawing.current, event.offsetX, event.offsetY, width)
    return { part: event.offsetX / width, span, x: event.offsetX, y: event.offsetY }
  }
  const drag = usePanning(change, ({ part, span }) => {
    if (span !== undefined) return go({ job: span.jobId })
    const time = view.from + part * (view.to - view.from)
    const { events, base, version } = live.replica
    const seq = base + countUpTo(events, time, (event) => event.at)
    go({ at: seq >= version ? null : seq })
  })
  return (
    <div class="rows">
      <ol class="labels">
        {rows.map((row) => (
          <Label key={row.model} row={row} />
        ))}
      </ol>
      <div class="canvas">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Who held which model: ${plural(rows.length, 'model')}`}
          style={{ height: `${AXIS + rows.length * ROW}px` }}
          onWheel={(event) => {
            if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) return
            event.preventDefault()
            const { part } = at(event)
            change((old) =>
              event.ctrlKey
                ? zoomed(old, event.deltaY > 0 ? 1.2 : 1 / 1.2, part)
                : panned(old, (event.deltaX || event.deltaY) / 800),
            )
          }}
          onPointerDown={(event) => drag.down(event, at(event))}
          onPointerMove={(event) => {
            const here = at(event)
            over.value = here.span === undefined ? null : { span: here.span, x: here.x, y: here.y }
            drag.move(event)
          }}
          onPointerUp={(event) => drag.up(event, at(event))}
          onPointerLeave={() => (over.value = null)}
        />
        {over.value === null ? null : <Tip {...over.value} />}
      </div>
      {job === null ? null : (
        <p class="chosen">
          <JobLink id={job} /> <span class="dim">is lit; its name leads to why it waits or how it ended</span>
        </p>
      )}
    </div>
  )
}

type Place = { readonly part: number; readonly span: Span | undefined }

/** Moves the view with the pointer. A press without a move is a click. */
function usePanning(change: (next: (view: View) => View) => void, onClick: (place: Place) => void) {
  const from = useRef<number | null>(null)
  const moved = useRef(false)
  return {
    down: (event: PointerEvent, _: Place) => {
      from.current = event.clientX
      moved.current = false
    },
    move: (event: PointerEvent) => {
      if (from.current === null || !(event.currentTarget instanceof HTMLElement)) return
      const by = event.clientX - from.current
      if (Math.abs(by) < 4 && !moved.current) return
      moved.current = true
      from.current = event.clientX
      const width = event.currentTarget.clientWidth
      change((view) => panned(view, -by / width))
    },
    up: (_: PointerEvent, place: Place) => {
      from.current = null
      if (!moved.current) onClick(place)
    },
  }
}

function Label({ row }: { readonly row: ModelTime }) {
  const held = row.spans.filter(({ to }) => to === null).length
  return (
    <li data-model={row.model}>
      <ModelLink name={row.model} />
      <span class="dim">
        {count(held)} held, {count(row.waiting)} waiting
      </span>
    </li>
  )
}

function Tip({ span, x, y }: { readonly span: Span; readonly x: number; readonly y: number }) {
  const length = span.to === null ? 'goes on' : duration((span.to - span.from) / MICROS_PER_MS)
  return (
    <div class="tip" role="tooltip" style={{ left: `${x}px`, top: `${y + 16}px` }}>
      <b>{span.jobId}</b>
      <span>
        from {momentText(span.from)}, {length}
      </span>
    </div>
  )
}
