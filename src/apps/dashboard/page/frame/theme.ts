import { signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'
const themes: readonly Theme[] = ['system', 'light', 'dark']

const KEY = 'interlock-theme'
const kept = themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system'

export const theme = signal<Theme>(kept)

theme.subscribe((chosen) => {
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
  localStorage.setItem(KEY, chosen)
})

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system'
}
