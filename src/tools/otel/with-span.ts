import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'

/** Under which a context has its span. The API does not say, but sets it in whatever context it is given. */
let spanKey: symbol | undefined
trace.setSpan(
  {
    getValue: (key) => ROOT_CONTEXT.getValue(key),
    setValue(key) {
      spanKey = key
      return this
    },
    deleteValue: (key) => ROOT_CONTEXT.deleteValue(key),
  },
  trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }),
)

/**
 * The context with this span in it, as of `trace.setSpan`. That one copies a map and makes three functions: 500 bytes, twice for each job
 * whose trace nobody keeps. So they are made once something else is set in the context.
 */
export class WithSpan implements Context {
  readonly #context: Context
  readonly #span: Span

  constructor(context: Context, span: Span) {
    this.#context = context
    this.#span = span
  }

  getValue(key: symbol): unknown {
    return key === spanKey ? this.#span : this.#context.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#copied().setValue(key, value)
  }

  deleteValue(key: symbol): Context {
    return this.#copied().deleteValue(key)
  }

  #copied(): Context {
    return trace.setSpan(this.#context, this.#span)
  }
}
