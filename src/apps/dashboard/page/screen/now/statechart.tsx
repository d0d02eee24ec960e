import { type QueueState, queueStateOf } from '../../../../../engine/core/index.ts'
import { usePage } from '../../frame/context.ts'

interface Box {
  readonly state: QueueState
  readonly x: number
  readonly y: number
}

const [W, H] = [92, 30]
const boxes: readonly Box[] = [
  { state: 'idle', x: 4, y: 45 },
  { state: 'running', x: 160, y: 45 },
  { state: 'draining.emptying', x: 326, y: 26 },
  { state: 'draining.drained', x: 326, y: 76 },
]

/** The events between the states, and where to draw them. */
const arrows = [
  { d: 'M96 54 H156', says: 'started', x: 126, y: 48 },
  { d: 'M160 66 H100', says: 'ended', x: 130, y: 80 },
  { d: 'M252 54 H322', says: 'drain_requested', x: 270, y: 34 },
  { d: 'M372 56 V72', says: '', x: 0, y: 0 },
  { d: 'M326 96 H50 V79', says: 'resumed', x: 190, y: 110 },
] as const

/** The machine of the queue, with its present state. */
export function Statechart() {
  const { shown } = usePage()
  const here = queueStateOf(shown.ledger.value)
  return (
    <svg
      class="diagram statechart"
      viewBox="0 0 432 118"
      role="img"
      aria-label={`The queue is ${here}`}
      data-state={here}
    >
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0 L8 4 L0 8 z" />
        </marker>
      </defs>
      <rect class="around" x="314" y="4" width="114" height="110" rx="8" />
      <text class="what" x="371" y="19">
        draining
      </text>
      {arrows.map(({ d, says, x, y }) => (
        <g key={d}>
          <path class="arrow" d={d} marker-end="url(#arrow)" />
          <text class="what" x={x} y={y}>
            {says}
          </text>
        </g>
      ))}
      {boxes.map(({ state, x, y }) => (
        <g key={state} class={state === here ? 'state lit' : 'state'}>
          <rect x={x} y={y} width={W} height={H} rx="6" />
          <text x={x + W / 2} y={y + H / 2 + 4}>
            {state.replace('draining.', '')}
          </text>
        </g>
      ))}
    </svg>
  )
}
