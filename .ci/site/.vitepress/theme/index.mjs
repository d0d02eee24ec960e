/** VitePress's own theme, with the diagrams of the pages drawn: they are text in Mermaid's language. */
import { useData, useRoute, withBase } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { nextTick, onMounted, watch } from 'vue'

/** The text of each diagram stays beside it, to draw it again when the colours change. */
async function draw(isDark) {
  const diagrams = [...document.querySelectorAll('pre.mermaid')]
  if (diagrams.length === 0) return
  // As it was published: bundling it once more would take longer than all pages.
  const { default: mermaid } = await import(/* @vite-ignore */ withBase('/mermaid/mermaid.esm.min.mjs'))
  mermaid.initialize({ startOnLoad: false, theme: isDark ? 'dark' : 'default' })
  for (const diagram of diagrams) {
    diagram.dataset.text ??= diagram.textContent
    diagram.textContent = diagram.dataset.text
    delete diagram.dataset.processed
  }
  await mermaid.run({ nodes: diagrams })
}

export default {
  extends: DefaultTheme,
  setup() {
    const route = useRoute()
    const { isDark } = useData()
    const drawNow = () => nextTick(() => draw(isDark.value))
    onMounted(drawNow)
    watch([() => route.path, isDark], drawNow)
  },
}
