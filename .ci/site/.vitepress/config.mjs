import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pagesFolder, sidebar } from '../pages.ts'

const typescript = path.join(pagesFolder, 'reference/typescript/sidebar.json')

/** A fence of Mermaid becomes an element that the theme draws. */
function drawDiagrams(markdown) {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index]
    if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest)
    return `<pre class="mermaid" v-pre>${markdown.utils.escapeHtml(content)}</pre>`
  }
}

export default {
  title: 'Interlock',
  description:
    'A job queue on PostgreSQL: two jobs that share a model never run at the same time, and each job that waits says why.',
  srcDir: '.pages',
  outDir: '.out',
  cacheDir: '.cache',
  cleanUrls: true,
  // Those of the pages are checked by test/servers/docs/links.test.ts; TypeDoc links to types that it does not show.
  ignoreDeadLinks: true,
  // What stands in angle brackets is meant as it stands.
  markdown: { html: false, config: drawDiagrams },
  vite: { logLevel: 'warn' },
  themeConfig: {
    search: {
      provider: 'local',
      // What is explained comes before what is listed.
      options: {
        miniSearch: {
          searchOptions: {
            boostDocument: (page) => (/^\/(?:reference\/typescript|inside)\//.test(page) ? 0.2 : 1),
          },
        },
      },
    },
    outline: [2, 3],
    sidebar: [
      ...sidebar(),
      ...(existsSync(typescript) ? [JSON.parse(readFileSync(typescript, 'utf8'))] : []),
    ],
    nav: [
      { text: 'Start', link: '/start/quick-start' },
      { text: '3 a.m.', link: '/guides/at-3-am' },
      { text: 'All pages', link: '/all' },
    ],
  },
}
