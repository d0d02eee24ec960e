/** Machines with one thing changed. */
import { type AnyStateMachine, createMachine } from 'xstate'

/** As much of XState's configuration as is changed here. */
interface Arrow {
  target?: string
  guard?: string
}
interface Node {
  on?: Record<string, Arrow | Arrow[]>
  states?: Record<string, Node>
}

export interface Mutant {
  readonly name: string
  readonly machine: AnyStateMachine
}

/** The machine with its configuration changed, or one of its guards. */
export function mutantOf(
  machine: AnyStateMachine,
  change: (config: Node) => void,
  guards: Readonly<Record<string, unknown>> = {},
): AnyStateMachine {
  const config = structuredClone({ ...machine.config, context: undefined }) as Node
  change(config)
  const { implementations } = machine
  return createMachine({ ...config, context: machine.config.context } as never, {
    ...implementations,
    guards: { ...implementations.guards, ...guards } as never,
  })
}

/** Each arrow taken out, each led elsewhere, each guard of an arrow dropped, each guard turned round. */
export function* mutantsOf(machine: AnyStateMachine, elsewhere: readonly string[]): Generator<Mutant> {
  for (const place of placesIn(machine.config as Node)) {
    const change = (made: (arrow: Arrow, arrows: Arrow[]) => unknown) =>
      mutantOf(machine, (config) => {
        const arrows = arrowsAt(config, place)
        const arrow = arrows[place.index]
        if (arrow !== undefined) made(arrow, arrows)
      })
    const name = `${[...place.path, place.event].join('.')}[${place.index}]`
    yield { name: `${name} taken out`, machine: change((_, arrows) => arrows.splice(place.index, 1)) }
    for (const target of elsewhere) {
      if (target === place.target) continue
      yield { name: `${name} led to ${target}`, machine: change((arrow) => Object.assign(arrow, { target })) }
    }
    if (place.isGuarded)
      yield { name: `${name} unguarded`, machine: change((arrow) => void delete arrow.guard) }
  }
  for (const [guard, test] of Object.entries(machine.implementations.guards)) {
    const turned = (...given: unknown[]) => !(test as (...given: unknown[]) => boolean)(...given)
    yield { name: `${guard} turned round`, machine: mutantOf(machine, () => {}, { [guard]: turned }) }
  }
}

interface ArrowPlace {
  readonly path: readonly string[]
  readonly event: string
  readonly index: number
  readonly target: string | undefined
  readonly isGuarded: boolean
}

function* placesIn(node: Node, path: readonly string[] = []): Generator<ArrowPlace> {
  for (const [event, value] of Object.entries(node.on ?? {})) {
    for (const [index, { target, guard }] of [value].flat().entries()) {
      yield { path, event, index, target, isGuarded: guard !== undefined }
    }
  }
  for (const [name, inner] of Object.entries(node.states ?? {})) yield* placesIn(inner, [...path, name])
}

/** A list in the configuration itself, so that an arrow can be taken out of it. */
function arrowsAt(config: Node, { path, event }: ArrowPlace): Arrow[] {
  const node = path.reduce<Node | undefined>((inner, name) => inner?.states?.[name], config)
  if (node?.on === undefined) throw new Error(`there is no state ${path.join('.')}`)
  const arrows = [node.on[event] ?? []].flat()
  node.on[event] = arrows
  return arrows
}
