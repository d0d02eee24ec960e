import { type Broken, begin, hasWork, type State, type Step, stepsFrom } from './combining.ts'

export interface Explored {
  readonly states: number
  /** The most steps without a fault before some command commits, from any state that can be reached. */
  readonly longest: number
  /** A way on which none ever does, if there is one. */
  readonly stuck: readonly string[] | undefined
}

interface Node {
  readonly state: State
  readonly steps: readonly Step[]
}

/** Every state that this many processes can reach with so many faults, and what comes after each once faults stop. */
export function explore(processes: number, faults: number, broken: Broken = {}): Explored {
  const nodes = reachable(begin(processes, faults), broken)
  const walk = new Walk(nodes)
  let longest = 0
  for (const key of nodes.keys()) {
    const from = walk.from(key)
    if (from === null) return { states: nodes.size, longest: Number.POSITIVE_INFINITY, stuck: walk.way }
    longest = Math.max(longest, from)
  }
  return { states: nodes.size, longest, stuck: undefined }
}

/**
 * The same for states that differ only in which process is which: then one of them stands for all. Processes are sorted by what each is in
 * by itself, and whatever names one is renamed.
 */
function keyOf(state: State): string {
  const own = state.processes.map(({ hand, finished, call, ...rest }) => JSON.stringify([rest, call?.is]))
  const order = own.map((_, who) => who).toSorted((a, b) => compare(own[a], own[b]))
  const renamed = (who: number) => order.indexOf(who)
  const all = (those: readonly number[]) => those.map(renamed)
  const processes = order.map((who) => {
    const { hand, finished, call, answer, ...rest } = state.processes[who] as State['processes'][number]
    const names = [all(hand), all(finished)]
    return [
      ...[own[who], names, rest.version],
      call && { ...call, ...('commands' in call && { commands: all(call.commands) }) },
      call && 'finished' in call && all(call.finished),
      answer && { ...answer, ...('published' in answer && { published: all(answer.published) }) },
    ]
  })
  const { combiner, committed, published, version, elections, faults } = state
  return JSON.stringify([
    ...[processes, combiner && [renamed(combiner.who), combiner.election]],
    ...[all(committed).toSorted(), all(published), version, elections, faults],
  ])
}

const compare = (a = '', b = ''): number => (a < b ? -1 : Number(a > b))

function reachable(first: State, broken: Broken): Map<string, Node> {
  const nodes = new Map<string, Node>()
  const open: State[] = [first]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = keyOf(state)
    if (nodes.has(key)) continue
    const steps = stepsFrom(state, broken)
    nodes.set(key, { state, steps })
    for (const { to } of steps) open.push(to)
  }
  return nodes
}

/** Follows the steps without a price until a command commits. */
class Walk {
  readonly #nodes: ReadonlyMap<string, Node>
  readonly #lengths = new Map<string, number>()
  /** The steps on the way that is being walked. */
  readonly way: string[] = []

  constructor(nodes: ReadonlyMap<string, Node>) {
    this.#nodes = nodes
  }

  /** Null: some way from here goes round in a circle, or ends with work left; {@link way} is that one. */
  from(key: string, walked = new Set<string>()): number | null {
    const known = this.#lengths.get(key)
    if (known !== undefined) return known
    const { state, steps } = this.#nodes.get(key) as Node
    if (!hasWork(state)) return this.#found(key, 0)
    const free = steps.filter(({ price }) => price === 0)
    if (walked.has(key) || free.length === 0) return null
    walked.add(key)
    let longest = 0
    for (const { name, commits, to } of free) {
      this.way.push(name)
      const rest = commits ? 0 : this.from(keyOf(to), walked)
      if (rest === null) return null
      this.way.pop()
      longest = Math.max(longest, 1 + rest)
    }
    walked.delete(key)
    return this.#found(key, longest)
  }

  #found(key: string, length: number): number {
    this.#lengths.set(key, length)
    return length
  }
}
