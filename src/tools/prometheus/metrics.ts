import { checkMetricsOptions, Figures, type MetricsOptions } from '../figures/index.ts'
import { answerTo } from './answer.ts'
import { type Format, written } from './exposition.ts'
import { checkFormat, checkRequest } from './options.ts'

/** The figures of the queues that a process has joined. */
export interface Metrics {
  /** All of them as text, for a registry of your own: put the text format after what that one says. */
  text(format?: Format): string
  /** Answers a scrape: mount it at `/metrics` of your server, behind your own authentication. */
  fetch(request: Request): Response
  /** Stops counting. The coordinators stay open. */
  close(): void
}

/**
 * Counts what a coordinator folds, from now on. A scrape asks the database nothing, and costs the same however many jobs wait.
 * @throws InterlockError `invalid_input`, naming the path
 * @example
 * const metrics = createMetrics({ coordinator, models: ['flux-dev'] })
 * app.get('/metrics', (context) => metrics.fetch(context.req.raw))
 */
export function createMetrics(options: MetricsOptions): Metrics {
  checkMetricsOptions(options)
  const figures = new Figures(options)
  return {
    text: (format = 'text') => {
      checkFormat(format)
      return written(figures.read(), format)
    },
    fetch: (request) => {
      checkRequest(request)
      return answerTo(request, figures.read())
    },
    close: () => figures.stop(),
  }
}
